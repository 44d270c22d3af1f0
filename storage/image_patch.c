/* image_patch.c - see image_patch.h. */
#include "storage/image_patch_private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "storage/below.h"
#include "storage/layer.h"

int image_patch_wanted(struct store *s, const struct image_config *c, const char *digest, struct err *e)
{
	int r = layer_exists(s, digest);

	if (r != 0)
		return r < 0 ? err_set(e, -r, "layer %s", digest) : 0;
	for (size_t i = 0; i < c->n_diff_ids; i++) {
		const char *name = layer_name(c->diff_ids[i]);
		g_autofree char *file = name ? g_strdup_printf("%s/below", name) : NULL;

		if (file && faccessat(s->layers_fd, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return 1;
	}
	return 0;
}

/* --- attributes ---------------------------------------------------------------------------------------------- */

char *patch_parent(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? g_strndup(path, (gsize)(slash - path)) : g_strdup("");
}

/* The layer whose attributes the directory `path`, which the image shows, should have: the first from above that names
 * it, else the lowest. -1: there is no such directory. */
static int attributes_of(const struct patch *p, const char *path, int *ret_shown)
{
	unsigned stop = 0;
	int k = -1;

	*ret_shown = -1;
	for (size_t i = stack_size(p->x); i-- > 0 && !stop;) {
		enum seen seen = stack_look(p->x, i, path, &stop);

		/* What it had in it is gone, but it is the same directory. */
		if (g_hash_table_contains(stack_below(p->x, i)->opaque, path))
			stop &= ~(unsigned)STOP_SELF;
		if (seen == SEEN_NOT)
			continue;
		if (seen != SEEN_DIR)
			break;
		k = (int)i;
		if (*ret_shown < 0)
			*ret_shown = k;
		if (!g_hash_table_contains(stack_below(p->x, i)->implied, path))
			break;
	}
	return k;
}

int patch_open_dir(const struct patch *p, int layer, const char *path)
{
	return path_open_beneath(stack_tree(p->x, (size_t)layer), *path ? path : ".", O_RDONLY | O_DIRECTORY, 0);
}

static bool is_marker(const char *name)
{
	return g_str_has_prefix(name, "user.overlay.");
}

/* The attributes' names and values, in order, as one text to compare. */
static GString *all_xattrs(int fd)
{
	char names[4096], value[4096];
	ssize_t len = flistxattr(fd, names, sizeof names);
	GString *all = g_string_new(NULL);

	for (const char *n = names; len > 0 && n < names + len; n += strlen(n) + 1) {
		ssize_t got = is_marker(n) ? -1 : fgetxattr(fd, n, value, sizeof value);

		if (got < 0)
			continue;
		g_string_append_printf(all, "%s=%zd:", n, got);
		g_string_append_len(all, value, got);
	}
	return all;
}

static bool same_attributes(int a, int b)
{
	struct stat x, y;
	GString *one, *other;
	bool same;

	if (fstat(a, &x) < 0 || fstat(b, &y) < 0 || x.st_mode != y.st_mode || x.st_uid != y.st_uid || x.st_gid != y.st_gid)
		return false;
	one = all_xattrs(a);
	other = all_xattrs(b);
	same = g_string_equal(one, other);
	g_string_free(one, TRUE);
	g_string_free(other, TRUE);
	return same;
}

int patch_copy_attributes(int from, int to)
{
	char names[4096], value[4096];
	ssize_t len = flistxattr(from, names, sizeof names);
	struct stat st;

	if (fstat(from, &st) < 0 || fchown(to, st.st_uid, st.st_gid) < 0 || fchmod(to, st.st_mode & 07777) < 0)
		return -errno;
	for (const char *n = names; len > 0 && n < names + len; n += strlen(n) + 1) {
		ssize_t got = is_marker(n) ? -1 : fgetxattr(from, n, value, sizeof value);

		if (got >= 0 && fsetxattr(to, n, value, (size_t)got, 0) < 0)
			return -errno;
	}
	return 0;
}

/* --- what is made ---------------------------------------------------------------------------------------------- */

int patch_begin(struct patch *p, struct err *e)
{
	if (p->stage)
		return 0;
	p->stage_fd = store_stage(p->s, &p->stage, &p->stage_lock, e);
	if (p->stage_fd < 0)
		return -e->code;
	if (mkdirat(p->stage_fd, "tree", 0755) < 0 ||
	    (p->tree = openat(p->stage_fd, "tree", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
		return err_set(e, errno, "tree");
	return 0;
}

int patch_need_dir(struct patch *p, const char *path, struct err *e)
{
	g_autofree char *above = patch_parent(path);
	autofd from = -1, to = -1;
	int shown, k = attributes_of(p, path, &shown), r;

	if (k < 0)
		return 0;
	if (patch_begin(p, e) < 0)
		return -e->code;
	if (g_hash_table_contains(p->dirs, path))
		return 1;
	r = *path ? patch_need_dir(p, above, e) : 1;
	if (r <= 0)
		return r;
	if (*path && mkdirat(p->tree, path, 0755) < 0)
		return err_set(e, errno, "%s", path);
	from = patch_open_dir(p, k, path);
	to = path_open_beneath(p->tree, *path ? path : ".", O_RDONLY | O_DIRECTORY, 0);
	r = from < 0 ? from : to < 0 ? to : patch_copy_attributes(from, to);
	if (r < 0)
		return err_set(e, -r, "%s", path);
	g_hash_table_insert(p->dirs, g_strdup(path), GINT_TO_POINTER(k));
	return 1;
}

/* A directory that the layer did not name, and that is named below. */
static int patch_implied(struct patch *p, const char *path, struct err *e)
{
	int shown, k = attributes_of(p, path, &shown), r;
	autofd a = -1, b = -1;

	if (k < 0 || k == shown)
		return 0;
	a = patch_open_dir(p, k, path);
	b = patch_open_dir(p, shown, path);
	if (a < 0 || b < 0)
		return err_set(e, a < 0 ? -a : -b, "%s", path);
	r = same_attributes(a, b) ? 0 : patch_need_dir(p, path, e);
	return MIN(r, 0);
}

/* A directory of a single layer is shown as it is, whiteouts and all: two are merged. */
static int patch_whiteouts(struct patch *p, size_t k, const char *path, struct err *e)
{
	unsigned stop = 0;
	size_t n = 0;
	int r = patch_vanish(p, k, path, e);

	if (r != 0)
		return MIN(r, 0);

	for (size_t i = stack_size(p->x); i-- > 0 && !stop;)
		n += stack_look(p->x, i, path, &stop) == SEEN_DIR;
	r = *path && n == 1 ? patch_need_dir(p, path, e) : 0;
	return MIN(r, 0);
}

int patch_place(struct patch *p, size_t k, const char *path, struct err *e)
{
	g_autofree char *above = patch_parent(path);
	int r = stack_hidden_above(p->x, path, k) ? 0 : patch_need_dir(p, above, e);

	if (r > 0 && unlinkat(p->tree, path, 0) < 0 && errno != ENOENT)
		r = err_set(e, errno, "%s", path);
	return r;
}

static int patch_device(struct patch *p, size_t k, const char *name, struct err *e)
{
	g_autofree char *path = patch_moved(p, name);
	enum seen seen;
	unsigned stop;
	int r;

	if (stack_look(p->x, k, path, &stop) != SEEN_NOT || stop || stack_find(p->x, path, k, &seen) < 0)
		return 0;
	r = patch_place(p, k, path, e);
	if (r > 0 && mknodat(p->tree, path, S_IFCHR, makedev(0, 0)) < 0)
		r = err_set(e, errno, "%s", path);
	return MIN(r, 0);
}

/* --- hard links ------------------------------------------------------------------------------------------------ */

char *patch_through_link(const struct patch *p, int k, const char *path, const char *rest)
{
	g_autofree char *link = g_strndup(path, (gsize)(rest - path)), *above = patch_parent(link), *name = g_path_get_basename(link);
	autofd dir = patch_open_dir(p, k, above);
	char to[4096];
	ssize_t n = dir < 0 ? -1 : readlinkat(dir, name, to, sizeof to - 1);
	g_autofree char *whole = NULL;
	char *clean;

	if (n <= 0)
		return NULL;
	to[n] = '\0';
	/* Of the image's root, whatever ".." it has. */
	whole = g_strconcat("/", *to == '/' ? "" : above, "/", to, rest, NULL);
	clean = path_normalize("/", whole);
	memmove(clean, clean + 1, strlen(clean));
	return clean;
}

/* The file `target` as seen below layer `below`: its layer, and its path there (*ret, g_free). -1: none. */
static int find_file(const struct patch *p, const char *target, size_t below, char **ret)
{
	g_autofree char *path = g_strdup(target);

	for (unsigned links = 0; links < LINKS_MAX; links++) {
		char *slash = path - 1, *further = NULL;
		enum seen seen = SEEN_DIR;
		int k = -1;

		while (seen == SEEN_DIR && slash) {
			g_autofree char *front = NULL;

			slash = strchr(slash + 1, '/');
			front = slash ? g_strndup(path, (gsize)(slash - path)) : g_strdup(path);
			k = stack_find(p->x, front, below, &seen);
			if (seen == SEEN_FILE && slash)
				further = patch_through_link(p, k, path, slash);
		}
		if (seen == SEEN_FILE && !slash) {
			*ret = g_steal_pointer(&path);
			return k;
		}
		if (!further)
			return -1;
		g_free(path);
		path = further;
	}
	return -1;
}

/* Of several links to one file of a layer below only the first was seen there. */
static int find_linked(const struct patch *p, const char *target, size_t below, char **ret)
{
	const char *known = g_hash_table_lookup(p->linked, target);
	int k = find_file(p, target, below, ret);

	if (k >= 0 || !known)
		return k;
	*ret = g_strdup(strchr(known, ' ') + 1);
	return atoi(known);
}

static int patch_link(struct patch *p, size_t k, const char *name, const char *target, struct err *e)
{
	g_autofree char *file = NULL, *path = patch_moved(p, name);
	int from = find_linked(p, target, k, &file), r;

	if (from < 0)
		return err_msg(e, EBADMSG, "%s: hard link to %s, which is no file of this layer or one below", path, target);
	g_hash_table_replace(p->linked, g_strdup(path), g_strdup_printf("%d %s", from, file));
	r = patch_place(p, k, path, e);
	if (r > 0 && linkat(stack_tree(p->x, (size_t)from), file, p->tree, path, 0) < 0)
		r = err_set(e, errno, "%s: hard link to %s", path, target);
	return MIN(r, 0);
}

/* --- all of it --------------------------------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In an order of its own: what is made must not depend on a hash. */
static GPtrArray *sorted(GHashTable *table)
{
	GPtrArray *paths = g_ptr_array_new();
	GHashTableIter it;
	gpointer path;

	g_hash_table_iter_init(&it, table);
	while (g_hash_table_iter_next(&it, &path, NULL))
		g_ptr_array_add(paths, path);
	g_ptr_array_sort(paths, by_text);
	return paths;
}

static bool is_moved(const struct patch *p, const char *path)
{
	g_autofree char *to = patch_moved(p, path);

	return strcmp(to, path) != 0;
}

static int patch_layer(struct patch *p, size_t k, struct err *e)
{
	const struct below *b = stack_below(p->x, k);
	g_autoptr(GPtrArray) implied = sorted(b->implied), whiteouts = sorted(b->whiteouts), devices = sorted(b->devices);
	g_autoptr(GPtrArray) links = sorted(b->links), opaque = sorted(b->opaque);
	int r;

	/* The lowest layer has nothing below it. */
	patch_vanish_begin(p, k);
	r = k > 0 ? patch_through(p, k, implied, e) : 0;
	for (guint i = 0; r == 0 && k > 0 && i < implied->len; i++)
		if (!is_moved(p, implied->pdata[i]) && g_hash_table_add(p->seen, implied->pdata[i]))
			r = patch_implied(p, implied->pdata[i], e);
	for (guint i = 0; r == 0 && i < whiteouts->len; i++)
		r = is_moved(p, whiteouts->pdata[i]) ? 0 : patch_whiteouts(p, k, whiteouts->pdata[i], e);
	for (guint i = 0; r == 0 && i < opaque->len; i++)
		r = is_moved(p, opaque->pdata[i]) ? 0 : MIN(patch_vanish(p, k, opaque->pdata[i], e), 0);
	for (guint i = 0; r == 0 && i < devices->len; i++)
		r = patch_device(p, k, devices->pdata[i], e);
	for (guint i = 0; r == 0 && i < links->len; i++)
		r = patch_link(p, k, links->pdata[i], g_hash_table_lookup(b->links, links->pdata[i]), e);
	if (r == 0 && k > 0 && g_hash_table_contains(b->opaque, "")) {
		char number[32];

		snprintf(number, sizeof number, "%zu", k);
		r = patch_need_dir(p, "", e);
		if (r > 0 && ((unlinkat(p->stage_fd, "from", 0) < 0 && errno != ENOENT) || symlinkat(number, p->stage_fd, "from") < 0))
			r = err_set(e, errno, "from");
	}
	return MIN(r, 0);
}

/* After all else: what was made changed them. */
static int set_times(struct patch *p, struct err *e)
{
	GHashTableIter it;
	gpointer path, layer;

	g_hash_table_iter_init(&it, p->dirs);
	while (g_hash_table_iter_next(&it, &path, &layer)) {
		autofd from = patch_open_dir(p, GPOINTER_TO_INT(layer), path);
		autofd to = path_open_beneath(p->tree, *(char *)path ? path : ".", O_RDONLY | O_DIRECTORY, 0);
		struct timespec times[2];
		struct stat st;

		if (from < 0 || to < 0 || fstat(from, &st) < 0)
			return err_msg(e, EIO, "%s has changed", (char *)path);
		times[0] = st.st_atim;
		times[1] = st.st_mtim;
		if (futimens(to, times) < 0)
			return err_set(e, errno, "%s", (char *)path);
	}
	return 0;
}

static void end(struct patch *p)
{
	struct err ignored = ERR_INIT;

	fd_close(&p->tree);
	fd_close(&p->stage_fd);
	if (p->stage && store_remove(p->s, p->s->tmp_fd, p->stage, &ignored) == 0)
		store_unstage(p->s, p->stage);
	g_free(p->stage);
	fd_close(&p->stage_lock);
	g_hash_table_unref(p->seen);
	g_hash_table_unref(p->dirs);
	g_hash_table_unref(p->linked);
	g_ptr_array_unref(p->moved);
	g_hash_table_unref(p->links);
	g_hash_table_unref(p->looked);
	g_hash_table_unref(p->kept);
	g_hash_table_unref(p->gone);
	stack_close(p->x);
}

int image_patch_make(struct store *s, const struct image_config *c, const char *digest, struct err *e)
{
	struct patch p = { .s = s, .stage_fd = -1, .stage_lock = -1, .tree = -1 };
	int r = image_patch_wanted(s, c, digest, e);

	if (r <= 0)
		return r;
	if (stack_open(s, c, &p.x, e) < 0)
		return -e->code;
	p.seen = g_hash_table_new(g_str_hash, g_str_equal);
	p.dirs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	p.moved = g_ptr_array_new_with_free_func(g_free);
	p.links = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	p.looked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	p.kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	p.gone = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	p.linked = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	r = 0;
	for (size_t k = 0; r == 0 && k < stack_size(p.x); k++)
		r = patch_layer(&p, k, e);
	if (r == 0)
		r = patch_show_links(&p, e);
	if (r == 0 && p.stage)
		r = set_times(&p, e);
	if (r == 0 && p.stage) {
		fd_close(&p.tree);
		fd_close(&p.stage_fd);
		r = layer_publish(s, p.stage, digest, e);
		if (r == 0)
			g_clear_pointer(&p.stage, g_free);
	}
	end(&p);
	return r < 0 ? err_wrap(e, "image %.19s", digest) : 0;
}
