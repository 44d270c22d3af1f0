/* sync.c - `coracle-image image sync`: all images of a repository or below a directory, see skopeo-sync(1).
 *
 * What is copied is a list of (from, to) that is complete before the first is touched.
 */
#include <dirent.h>
#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/image/copy.h"
#include "cmd/image/sources.h"
#include "core/base/path.h"
#include "net/registry/listing.h"

#define DEPTH_MAX 32

struct pair { char *from, *to, *dir; };         /* dir: to be made, or NULL */

struct sync {
	const struct sync_options *o;
	struct copy_how how;
	const char *destination;
	GArray *pairs;
};

static void clear_pair(void *pair)
{
	struct pair *p = pair;

	g_free(p->from);
	g_free(p->to);
	g_free(p->dir);
}

/* `name`: the source's, of which the destination gets the last part or all. */
static void add(struct sync *s, const char *transport, const char *from, const char *name)
{
	const char *slash = strrchr(name, '/');
	const char *suffix = s->o->scoped || !slash ? name : slash + 1;
	bool to_dir = strcmp(s->o->dest, "dir") == 0;
	g_autofree char *to = g_strdup_printf("%s/%s", s->destination, suffix);
	struct pair p = {
		.from = g_strconcat(transport, from, NULL),
		.to = g_strconcat(to_dir ? "dir:" : "docker://", to, NULL),
		.dir = to_dir ? g_path_get_dirname(to) : NULL,
	};

	g_array_append_val(s->pairs, p);
}

/* --- what there is -------------------------------------------------------------------------------------------------- */

static bool has_version(const char *text)
{
	const char *slash = strrchr(text, '/');

	return strpbrk(slash ? slash : text, ":@") != NULL;
}

static int add_tags(struct sync *s, const char *repository, const struct sources *from, struct err *e)
{
	g_autoptr(GPtrArray) tags = g_ptr_array_new_with_free_func(g_free);
	const struct source *first = &from->list[0];
	int r = registry_tags(first->registry, 0, tags, e);

	if (r < 0)
		return err_wrap(e, "tags of %s", repository);
	for (guint i = 0; i < tags->len; i++) {
		g_autofree char *name = g_strdup_printf("%s/%s:%s", first->ref.host, first->ref.path, (char *)tags->pdata[i]);

		add(s, "docker://", name, name);
	}
	return 0;
}

static int add_repository(struct sync *s, const char *text, struct err *e)
{
	struct sources from = { 0 };
	autoregistries *conf = NULL;
	g_autofree char *name = NULL;
	struct reference ref;
	int r;

	if (has_version(text)) {
		r = reference_parse(text, &ref, e);
		name = r == 0 ? reference_name(&ref) : NULL;
		if (name)
			add(s, "docker://", name, name);
		return r;
	}
	r = registries_load(&conf, e);
	if (r == 0)
		r = sources_open(conf, &s->how.src, text, &from, e);
	if (r == 0)
		r = add_tags(s, text, &from, e);
	sources_close(&from);
	return r;
}

/* Every directory below `base` that has a manifest.json is an image. `at`: its path within base, "" for that itself. */
static int add_directories(struct sync *s, const char *base, const char *at, unsigned depth, struct err *e)
{
	g_autofree char *path = *at ? g_strconcat(base, "/", at, NULL) : g_strdup(base);
	g_autofree char *manifest = g_strconcat(path, "/manifest.json", NULL);
	struct dirent *de;
	struct stat st;
	int r = 0;
	DIR *d;

	if (lstat(manifest, &st) == 0 && S_ISREG(st.st_mode)) {
		g_autofree char *base_name = g_path_get_basename(base);

		add(s, "dir:", path, *at ? at : base_name);
		return 0;
	}
	d = opendir(path);
	if (!d)
		return err_set(e, errno, "%s", path);
	while (r == 0 && (de = readdir(d))) {
		g_autofree char *below = *at ? g_strconcat(at, "/", de->d_name, NULL) : g_strdup(de->d_name);
		g_autofree char *whole = g_strconcat(base, "/", below, NULL);

		if (strcmp(de->d_name, ".") == 0 || strcmp(de->d_name, "..") == 0 || depth >= DEPTH_MAX)
			continue;
		if (lstat(whole, &st) == 0 && S_ISDIR(st.st_mode))
			r = add_directories(s, base, below, depth + 1, e);
	}
	closedir(d);
	return r;
}

static int collect(struct sync *s, const char *source, struct err *e)
{
	g_autofree char *base = g_strdup(source);
	size_t len = strlen(base);
	int r;

	while (len > 1 && base[len - 1] == '/')
		base[--len] = '\0';
	r = strcmp(s->o->src, "docker") == 0 ? add_repository(s, source, e) : add_directories(s, base, "", 0, e);
	if (r == 0 && s->pairs->len == 0)
		r = err_msg(e, ENOENT, "no images to sync found in %s", source);
	return r;
}

/* --- copying -------------------------------------------------------------------------------------------------------- */

static int sync_one(struct context *c, struct sync *s, const struct pair *p, struct err *e)
{
	char digest[DIGEST_MAX];
	int r = p->dir ? path_mkdirs(p->dir, 0755) : 0;

	if (r < 0)
		return err_set(e, -r, "%s", p->dir);
	r = copy_image(c, &s->how, p->from, p->to, digest, e);
	return r < 0 ? err_wrap(e, "copying %s to %s", p->from, p->to) : 0;
}

static int sync_all(struct context *c, struct sync *s, int *ret_worst, struct err *e)
{
	guint done = 0;
	int r = 0;

	for (guint i = 0; i < s->pairs->len && r == 0; i++) {
		const struct pair *p = &g_array_index(s->pairs, struct pair, i);

		progress_say(s->how.progress, "%s %s to %s (%u/%u)", s->o->dry_run ? "Would copy" : "Copying", p->from, p->to,
			     i + 1, s->pairs->len);
		if (s->o->dry_run)
			continue;
		r = sync_one(c, s, p, e);
		done += r == 0;
		if (r < 0 && s->o->keep_going) {
			fail_one(e, err_status(e), ret_worst);
			err_clear(e);
			r = 0;
		}
	}
	if (r == 0 && !s->o->dry_run)
		progress_say(s->how.progress, "Synced %u images", done);
	return r;
}

static int check(const struct sync_options *o, const char *destination, struct err *e)
{
	if (!o->src || !o->dest)
		return err_msg(e, EINVAL, "--src and --dest are needed: docker or dir");
	if (strcmp(o->src, "dir") == 0 && strcmp(o->dest, "dir") == 0)
		return err_msg(e, EINVAL, "sync from 'dir' to 'dir' not implemented, consider using rsync instead");
	return *destination ? 0 : err_msg(e, EINVAL, "the destination is empty");
}

static int sync_run(struct context *c, void *values, int argc, char **argv)
{
	struct sync s = { .o = values, .destination = argv[1] };
	struct err e = ERR_INIT;
	int worst = 0, r = check(s.o, argv[1], &e);

	(void)argc;
	signal(SIGPIPE, SIG_IGN);
	copy_how_of(&s.o->t, &s.how);
	s.pairs = g_array_new(FALSE, FALSE, sizeof(struct pair));
	g_array_set_clear_func(s.pairs, clear_pair);
	s.how.progress = progress_new(false);
	if (r == 0)
		r = collect(&s, argv[0], &e);
	if (r == 0)
		r = sync_all(c, &s, &worst, &e);
	progress_free(s.how.progress);
	g_array_unref(s.pairs);
	return r < 0 ? fail(&e) : worst;
}

const struct command image_command_sync = COMMAND_IMAGE_SYNC(sync_run);
