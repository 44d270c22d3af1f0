/* target_layout.c - oci:, oci-archive: and dir:, blobs by their digests in a directory or tar.
 *
 * In a directory a blob gets its name when it is whole. What is there under a blob's name with its size is that blob, and
 * is not written again; of a dir: that held another image, what this one does not use goes at the end.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/image/save_out.h"
#include "cmd/image/target.h"
#include "cmd/image/target_file.h"
#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "storage/image_index.h"

#define VERSION_LINE "Directory Transport Version: 1.1\n"
#define LAYOUT_TEXT "{\"imageLayoutVersion\":\"1.0.0\"}"

struct layout_target {
	struct target t;
	struct save_out *out;
	struct target_file file;        /* of the archive */
	int dir_fd;                     /* or of the directory */
	int spool;                      /* in front of the archive, for a blob of unknown size */
	char *part;                     /* name of the blob in work, in a directory */
	char *mark;                     /* the names of all those that are in work for this copy begin with it */
	GHashTable *written;            /* names of what the archive has, or what is in use in dir: */
};

static struct layout_target *of(struct target *t)
{
	return (struct layout_target *)t;
}

static bool is_dir(const struct target *t)
{
	return t->name.transport == TRANSPORT_DIR;
}

static bool is_archive(const struct target *t)
{
	return t->name.transport == TRANSPORT_OCI_ARCHIVE;
}

static char *blob_name(const struct target *t, const char *digest)
{
	const char *hex = strchr(digest, ':') + 1;

	return is_dir(t) ? g_strdup(hex) : g_strdup_printf("blobs/%.*s/%s", (int)(hex - 1 - digest), digest, hex);
}

/* Where the blobs in work are. */
static const char *parts_dir(const struct target *t)
{
	return is_dir(t) ? "." : "blobs";
}

/* Remember that the image has it; false when it has it already. */
static bool note(struct layout_target *lt, const char *name)
{
	return g_hash_table_add(lt->written, g_strdup(name));
}

static int has(struct target *t, const struct descriptor *d, struct err *e)
{
	struct layout_target *lt = of(t);
	g_autofree char *name = blob_name(t, d->digest);
	struct stat st;

	(void)e;
	if (is_archive(t))
		return g_hash_table_contains(lt->written, name);
	if (fstatat(lt->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) || st.st_size != d->size)
		return 0;
	note(lt, name);
	return 1;
}

static int begin(struct target *t, const char *digest, int64_t size, struct err *e)
{
	struct layout_target *lt = of(t);
	g_autofree char *name = NULL;

	if (!is_archive(t)) {
		g_free(lt->part);
		lt->part = g_strdup_printf("%s/%s-%ld", parts_dir(t), lt->mark, (long)getpid());
		return save_out_begin(lt->out, lt->part, size, e);
	}
	if (!digest || size < 0)
		return MIN(lt->spool = target_file_spool(e), 0);
	name = blob_name(t, digest);
	note(lt, name);
	return save_out_begin(lt->out, name, size, e);
}

static int write_some(void *target, const void *bytes, size_t len)
{
	struct layout_target *lt = of(target);

	return lt->spool >= 0 ? fd_write_all(lt->spool, bytes, len) : save_out_write(lt->out, bytes, len);
}

static const struct err *fault(struct target *t)
{
	(void)t;
	return NULL;
}

/* The directory of blobs of one algorithm. */
static int make_dirs(struct layout_target *lt, const char *name, struct err *e)
{
	g_autofree char *dir = g_path_get_dirname(name);

	if (mkdirat(lt->dir_fd, dir, 0755) < 0 && errno != EEXIST)
		return err_set(e, errno, "%s/%s", lt->t.name.path, dir);
	return 0;
}

static int end(struct target *t, const char *digest, struct err *e)
{
	struct layout_target *lt = of(t);
	g_autofree char *name = blob_name(t, digest);
	int r;

	if (lt->spool >= 0) {
		r = note(lt, name) ? target_file_unspool(&lt->spool, lt->out, name, e) : 0;
		fd_close(&lt->spool);
		return r;
	}
	r = save_out_end(lt->out, e);
	if (r < 0 || is_archive(t))
		return r;
	r = make_dirs(lt, name, e);
	if (r == 0)
		r = save_out_rename(lt->out, name, e);
	if (r == 0)
		g_clear_pointer(&lt->part, g_free);
	note(lt, name);
	return r;
}

static void abandon(struct target *t)
{
	struct layout_target *lt = of(t);

	if (lt->part)
		(void)unlinkat(lt->dir_fd, lt->part, 0);
	g_clear_pointer(&lt->part, g_free);
	fd_close(&lt->spool);
}

/* A small file, once. */
static int put(struct layout_target *lt, const char *name, const char *text, size_t len, struct err *e)
{
	if (!note(lt, name) && is_archive(&lt->t))
		return 0;
	return save_out_put(lt->out, name, text, len, e);
}

static int put_config(struct target *t, const char *digest, const char *text, size_t len, struct err *e)
{
	g_autofree char *name = blob_name(t, digest);

	return put(of(t), name, text, len, e);
}

/* --- index.json ----------------------------------------------------------------------------------------------------- */

static int read_index(struct layout_target *lt, json_t **ret, struct err *e)
{
	g_autofree char *text = NULL;
	struct image_index checked;
	size_t len;
	int r;

	*ret = NULL;
	if (!is_archive(&lt->t) && faccessat(lt->dir_fd, "index.json", F_OK, 0) == 0) {
		r = file_read(lt->dir_fd, "index.json", MANIFEST_MAX, &text, &len, e);
		if (r == 0)
			r = image_index_parse(text, len, &checked, e);
		if (r < 0)
			return err_wrap(e, "%s", lt->t.name.path);
		arena_free(&checked.arena);
		*ret = json_loadb(text, len, 0, NULL);
	}
	if (!*ret)
		*ret = json_pack("{s:i,s:[]}", "schemaVersion", 2, "manifests");
	return 0;
}

/* The entry of the same reference is replaced; without one, that which has none. */
static void add_entry(json_t *index, const struct push_manifest *m, const char *ref)
{
	json_t *list = json_object_get(index, "manifests"), *entry;

	for (size_t i = 0; i < json_array_size(list);) {
		const char *name = index_entry_annotation(json_array_get(list, i), ANNOTATION_NAME);

		if (g_strcmp0(name, ref) == 0)
			json_array_remove(list, i);
		else
			i++;
	}
	entry = json_pack("{s:s,s:s,s:I}", "mediaType", m->media_type, "digest", m->digest, "size", (json_int_t)m->len);
	if (ref)
		index_entry_annotate(entry, ANNOTATION_NAME, ref);
	json_array_append_new(list, entry);
}

static int put_index(struct layout_target *lt, const struct push_manifest *m, struct err *e)
{
	json_t *index = NULL;
	char *text;
	int r = read_index(lt, &index, e);

	if (r < 0)
		return r;
	add_entry(index, m, lt->t.name.ref);
	text = json_dumps(index, JSON_COMPACT);
	json_decref(index);
	r = put(lt, "oci-layout", LAYOUT_TEXT, strlen(LAYOUT_TEXT), e);
	if (r == 0 && is_archive(&lt->t))
		r = put(lt, "index.json", text, strlen(text), e);
	else if (r == 0)
		r = file_replace(lt->dir_fd, "index.json", text, strlen(text), 0644, false, e);
	free(text);
	return r;
}

/* Other processes may have written them. */
static void note_blobs(struct layout_target *lt, const struct push_manifest *m)
{
	struct err ignored = ERR_INIT;
	struct manifest parsed;

	if (manifest_parse(m->text, m->len, &parsed, &ignored) < 0)
		return;
	for (size_t i = 0; i < parsed.n_layers; i++) {
		g_autofree char *name = blob_name(&lt->t, parsed.layers[i].digest);

		note(lt, name);
	}
	arena_free(&parsed.arena);
}

static int put_manifest(struct target *t, const struct push_manifest *m, bool top, struct err *e)
{
	struct layout_target *lt = of(t);
	g_autofree char *name = NULL;
	int r;

	note_blobs(lt, m);
	if (is_dir(t))
		name = top ? g_strdup("manifest.json") : g_strconcat(strchr(m->digest, ':') + 1, ".manifest.json", NULL);
	else
		name = blob_name(t, m->digest);
	if (!is_archive(t) && !is_dir(t) && (r = make_dirs(lt, name, e)) < 0)
		return r;
	r = put(lt, name, m->text, m->len, e);
	return r == 0 && top && !is_dir(t) ? put_index(lt, m, e) : r;
}

/* --- begin and end -------------------------------------------------------------------------------------------------- */

/* Is it a name that a dir: gives to its files? */
static bool is_ours(const char *name)
{
	size_t hex = strspn(name, "0123456789abcdef");

	return ((hex == 64 || hex == 128) && (!name[hex] || strcmp(name + hex, ".manifest.json") == 0)) ||
	       strcmp(name, "manifest.json") == 0 || g_str_has_prefix(name, "signature-") || g_str_has_prefix(name, "part-");
}

/* Each file of `dir` until f says false: 1 when it never does, 0, or -errno. */
static int each_file(struct layout_target *lt, const char *dir, bool (*f)(struct layout_target *lt, const char *name),
		     struct err *e)
{
	int fd = openat(lt->dir_fd, dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *de;
	bool all = true;

	if (!d) {
		fd_close(&fd);
		return err_set(e, errno, "%s", lt->t.name.path);
	}
	while (all && (de = readdir(d)))
		if (strcmp(de->d_name, ".") != 0 && strcmp(de->d_name, "..") != 0)
			all = f(lt, de->d_name);
	closedir(d);
	return all;
}

static bool none(struct layout_target *lt, const char *name)
{
	(void)lt;
	(void)name;
	return false;
}

static bool drop_manifest(struct layout_target *lt, const char *name)
{
	if (is_ours(name) && (g_str_has_suffix(name, "manifest.json") || g_str_has_prefix(name, "signature-")))
		(void)unlinkat(lt->dir_fd, name, 0);
	return true;
}

static bool drop_unused(struct layout_target *lt, const char *name)
{
	if (is_ours(name) && !g_hash_table_contains(lt->written, name))
		(void)unlinkat(lt->dir_fd, name, 0);
	return true;
}

/* It must be new, empty, or an older dir: image. */
static int take_dir(struct layout_target *lt, struct err *e)
{
	g_autofree char *version = NULL;
	struct err ignored = ERR_INIT;
	size_t len;
	int r = each_file(lt, ".", none, e);

	if (r == 0 && (file_read(lt->dir_fd, "version", 4096, &version, &len, &ignored) < 0 ||
		       !g_str_has_prefix(version, "Directory Transport Version: ")))
		return err_msg(e, ENOTEMPTY, "%s: not a containers image directory, don't want to overwrite important data",
			       lt->t.name.path);
	r = r < 0 ? r : each_file(lt, ".", drop_manifest, e);
	return r < 0 ? r : save_out_put(lt->out, "version", VERSION_LINE, strlen(VERSION_LINE), e);
}

static int finish(struct target *t, struct err *e)
{
	struct layout_target *lt = of(t);
	int r = save_out_finish(lt->out, e);

	if (r == 0 && is_archive(t))
		r = target_file_keep(&lt->file, e);
	else if (r == 0 && is_dir(t))
		r = MIN(each_file(lt, ".", drop_unused, e), 0);
	return r;
}

static int renew(struct target *t, struct err *e)
{
	(void)t;
	(void)e;
	return 0;
}

static bool drop_part(struct layout_target *lt, const char *name)
{
	g_autofree char *path = g_build_filename(parts_dir(&lt->t), name, NULL);

	if (g_str_has_prefix(name, lt->mark))
		(void)unlinkat(lt->dir_fd, path, 0);
	return true;
}

static void close_target(struct target *t)
{
	struct layout_target *lt = of(t);
	struct err ignored = ERR_INIT;

	abandon(t);
	/* Those of the processes that worked beside one that failed, which nobody let end. */
	if (!is_archive(t) && lt->dir_fd >= 0)
		(void)each_file(lt, parts_dir(t), drop_part, &ignored);
	g_free(lt->mark);
	save_out_free(lt->out);
	target_file_close(&lt->file);
	fd_close(&lt->dir_fd);
	g_hash_table_unref(lt->written);
}

static const struct target_ops ops = {
	has, begin, write_some, fault, end, abandon, put_config, put_manifest, finish, renew, close_target,
};

static int open_dir(struct layout_target *lt, struct err *e)
{
	int r = save_out_dir(lt->t.name.path, &lt->out, e);

	if (r < 0)
		return r;
	lt->dir_fd = open(lt->t.name.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lt->dir_fd < 0)
		return err_set(e, errno, "%s", lt->t.name.path);
	if (is_dir(&lt->t))
		return take_dir(lt, e);
	if (mkdirat(lt->dir_fd, "blobs", 0755) < 0 && errno != EEXIST)
		return err_set(e, errno, "%s/blobs", lt->t.name.path);
	return 0;
}

int target_open_layout(struct target **t, struct err *e)
{
	struct layout_target *lt = g_new0(struct layout_target, 1);
	g_autofree char *random = text_random_hex(16);
	int r;

	lt->t = **t;
	lt->t.ops = &ops;
	lt->t.lists = true;
	lt->t.parallel = !is_archive(*t);
	lt->t.layers = is_dir(*t) ? LAYERS_ANY : LAYERS_COMPRESSED;
	/* Lists and manifests of docker's kind are no part of the OCI layout. */
	lt->t.format = is_dir(*t) ? NULL : "oci";
	lt->dir_fd = lt->spool = -1;
	lt->file = (struct target_file)TARGET_FILE_NONE;
	lt->mark = g_strconcat("part-", random, NULL);
	lt->written = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_free(*t);
	*t = &lt->t;
	if (!is_archive(&lt->t))
		return open_dir(lt, e);
	r = target_file_open(lt->t.name.path, &lt->file, e);
	return r < 0 ? r : save_out_tar(lt->file.fd, &lt->out, e);
}
