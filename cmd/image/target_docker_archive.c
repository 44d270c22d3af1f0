/* target_docker_archive.c - docker-archive: one image as `docker load` reads it, its layers plain tars. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/image/save_out.h"
#include "cmd/image/target.h"
#include "cmd/image/target_file.h"
#include "core/base/fd.h"

struct docker_target {
	struct target t;
	struct target_file file;
	struct save_out *out;
	GHashTable *written;
	json_t *tags;
	int spool;
};

static struct docker_target *of(struct target *t)
{
	return (struct docker_target *)t;
}

static char *member_name(const char *digest, const char *suffix)
{
	return g_strconcat(strchr(digest, ':') + 1, suffix, NULL);
}

static int has(struct target *t, const struct descriptor *d, struct err *e)
{
	g_autofree char *name = member_name(d->digest, ".tar");

	(void)e;
	return g_hash_table_contains(of(t)->written, name);
}

static int begin(struct target *t, const char *digest, int64_t size, struct err *e)
{
	struct docker_target *dt = of(t);
	g_autofree char *name = NULL;

	if (!digest || size < 0)
		return MIN(dt->spool = target_file_spool(e), 0);
	name = member_name(digest, ".tar");
	g_hash_table_add(dt->written, g_strdup(name));
	return save_out_begin(dt->out, name, size, e);
}

static int write_some(void *target, const void *bytes, size_t len)
{
	struct docker_target *dt = of(target);

	return dt->spool >= 0 ? fd_write_all(dt->spool, bytes, len) : save_out_write(dt->out, bytes, len);
}

static const struct err *fault(struct target *t)
{
	(void)t;
	return NULL;
}

static int end(struct target *t, const char *digest, struct err *e)
{
	struct docker_target *dt = of(t);
	g_autofree char *name = member_name(digest, ".tar");
	int r = 0;

	if (dt->spool < 0)
		return save_out_end(dt->out, e);
	if (g_hash_table_add(dt->written, g_strdup(name)))
		r = target_file_unspool(&dt->spool, dt->out, name, e);
	fd_close(&dt->spool);
	return r;
}

static void abandon(struct target *t)
{
	fd_close(&of(t)->spool);
}

static int put_config(struct target *t, const char *digest, const char *text, size_t len, struct err *e)
{
	g_autofree char *name = member_name(digest, ".json");

	return save_out_put(of(t)->out, name, text, len, e);
}

static int put_manifest(struct target *t, const struct push_manifest *m, bool top, struct err *e)
{
	struct docker_target *dt = of(t);
	g_autofree char *config = NULL;
	struct manifest parsed;
	json_t *layers, *list;
	char *text;
	int r = manifest_parse(m->text, m->len, &parsed, e);

	(void)top;
	if (r < 0)
		return r;
	layers = json_array();
	for (size_t i = 0; i < parsed.n_layers; i++) {
		g_autofree char *name = member_name(parsed.layers[i].digest, ".tar");

		json_array_append_new(layers, json_string(name));
	}
	config = member_name(parsed.config.digest, ".json");
	list = json_pack("[{s:s,s:O,s:o}]", "Config", config, "RepoTags", dt->tags, "Layers", layers);
	text = json_dumps(list, JSON_COMPACT);
	r = save_out_put(dt->out, "manifest.json", text, strlen(text), e);
	free(text);
	json_decref(list);
	arena_free(&parsed.arena);
	return r;
}

static int finish(struct target *t, struct err *e)
{
	int r = save_out_finish(of(t)->out, e);

	return r < 0 ? r : target_file_keep(&of(t)->file, e);
}

static int renew(struct target *t, struct err *e)
{
	(void)t;
	(void)e;
	return 0;
}

static void close_target(struct target *t)
{
	struct docker_target *dt = of(t);

	abandon(t);
	save_out_free(dt->out);
	target_file_close(&dt->file);
	g_hash_table_unref(dt->written);
	json_decref(dt->tags);
}

static const struct target_ops ops = {
	has, begin, write_some, fault, end, abandon, put_config, put_manifest, finish, renew, close_target,
};

static int add_tag(struct docker_target *dt, const char *text, struct err *e)
{
	g_autofree char *name = NULL;
	struct reference ref;

	if (reference_parse(text, &ref, e) < 0)
		return -e->code;
	if (*ref.digest)
		return err_msg(e, EINVAL, "%s: a docker archive has names with tags, not digests", text);
	name = reference_name(&ref);
	json_array_append_new(dt->tags, json_string(name));
	return 0;
}

int target_open_docker_archive(char *const *tags, struct target **t, struct err *e)
{
	struct docker_target *dt = g_new0(struct docker_target, 1);
	const char *path, *ref;
	struct stat st;
	int r = 0;

	dt->t = **t;
	dt->t.ops = &ops;
	dt->t.layers = LAYERS_PLAIN;
	dt->t.format = "v2s2";
	dt->spool = -1;
	dt->file = (struct target_file)TARGET_FILE_NONE;
	dt->written = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	dt->tags = json_array();
	g_free(*t);
	*t = &dt->t;
	path = dt->t.name.path;
	ref = dt->t.name.ref;
	if (dt->t.name.index >= 0)
		return err_msg(e, EINVAL, "docker-archive:%s: a destination has no @%d", path, dt->t.name.index);
	if (stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
		return err_msg(e, EEXIST, "%s: docker-archive doesn't support modifying existing images", path);
	if (ref)
		r = add_tag(dt, ref, e);
	for (; r == 0 && tags && *tags; tags++)
		r = add_tag(dt, *tags, e);
	if (r == 0)
		r = target_file_open(path, &dt->file, e);
	return r < 0 ? r : save_out_tar(dt->file.fd, &dt->out, e);
}
