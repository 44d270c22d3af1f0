/* save.c - `coracle-image save`: images of the store as archives or directories that docker, podman, skopeo and umoci read.
 *
 * Layers are written as the very tars that they came as (storage/layer_tar.h), not compressed: their names and digests are
 * their DiffIDs, so everything streams and nothing is written twice. The config's bytes are the store's: the image ID stays.
 */
#include "cmd/image/save.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/archive_options.h"
#include "cmd/image/new_image.h"
#include "cmd/image/progress.h"
#include "cmd/image/save_out.h"
#include "cmd/image_use.h"
#include "core/base/fd.h"
#include "core/oci/reference.h"
#include "net/registry/digest.h"
#include "storage/compress.h"
#include "storage/layer_tar.h"

struct saved {                  /* one image and the names that it gets */
	struct image *img;
	GPtrArray *names;
};

struct save {
	struct context *c;
	const struct save_options *o;
	struct save_out *out;
	struct progress *progress;
	GHashTable *written;    /* names of members */
	GArray *images;         /* struct saved */
};

static void clear_saved(void *saved)
{
	struct saved *s = saved;

	image_free(s->img);
	g_ptr_array_unref(s->names);
}

/* `text` is an image; by its ID it gets no name. */
static int add_image(struct save *s, const char *text, struct err *e)
{
	struct saved x = { .names = g_ptr_array_new_with_free_func(g_free) };
	const char *name;
	int r = image_get(s->c, text, &x.img, e);

	if (r == 0 && x.img->host) {
		image_free(x.img);
		r = err_msg(e, EOPNOTSUPP, "the built-in image host has nothing to save");
	}
	if (r < 0) {
		g_ptr_array_unref(x.names);
		return err_exit(e, EXIT_OURS);
	}
	name = image_name_meant(x.img, text);
	if (name)
		g_ptr_array_add(x.names, g_strdup(name));
	g_array_append_val(s->images, x);
	return 0;
}

static int add_name(struct save *s, const char *text, struct err *e)
{
	struct reference ref;

	if (reference_parse_local(text, &ref, e) < 0)
		return -e->code;
	g_ptr_array_add(g_array_index(s->images, struct saved, 0).names, reference_name(&ref));
	return 0;
}

/* --- members --------------------------------------------------------------------------------------------------- */

static int put_once(struct save *s, const char *name, const void *bytes, size_t len, struct err *e)
{
	return g_hash_table_add(s->written, g_strdup(name)) ? save_out_put(s->out, name, bytes, len, e) : 0;
}

static int not_exact(const char *diff_id, struct err *e)
{
	err_msg(e, ENODATA, "layer %s came with an older version and cannot be given back as it was", diff_id);
	return err_hint(e, "remove the image and pull it again");
}

/* A layer's tar as member `name`, once. */
static int put_layer(struct save *s, const char *name, const char *diff_id, int64_t *ret_size, struct err *e)
{
	struct layer_tar given;
	int r = layer_tar_is_exact(s->c->store, diff_id, e);

	if (r == 0)
		return not_exact(diff_id, e);
	r = r < 0 ? r : layer_tar_size(s->c->store, diff_id, ret_size, e);
	if (r < 0 || !g_hash_table_add(s->written, g_strdup(name)))
		return r;
	progress_say(s->progress, "Copying blob %s", diff_id);
	r = save_out_begin(s->out, name, *ret_size, e);
	if (r == 0)
		r = layer_tar_stream(s->c->store, diff_id, save_out_write, s->out, &given, e);
	return r < 0 ? r : save_out_end(s->out, e);
}

static const char *hex_of(const char *digest)
{
	return strchr(digest, ':') + 1;
}

struct packed { struct save_out *out; EVP_MD_CTX *md; int64_t size; };

static int on_packed(void *ctx, const void *bytes, size_t len)
{
	struct packed *p = ctx;

	EVP_DigestUpdate(p->md, bytes, len);
	p->size += (int64_t)len;
	return save_out_write(p->out, bytes, len);
}

static char *digest_of_packed(struct packed *p)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	GString *text = g_string_new("sha256:");
	unsigned len = 0;

	EVP_DigestFinal_ex(p->md, sum, &len);
	for (unsigned i = 0; i < len; i++)
		g_string_append_printf(text, "%02x", sum[i]);
	return g_string_free(text, FALSE);
}

static int stream_packed(struct save *s, const char *diff_id, struct packed *p, struct err *e)
{
	struct layer_tar given;
	struct compress *z = NULL;
	int r = compress_new(MEDIA_LAYER_GZIP, COMPRESS_LEVEL_DEFAULT, on_packed, p, &z, e);

	if (r < 0)
		return r;
	r = layer_tar_stream(s->c->store, diff_id, compress_write, z, &given, e);
	if (r == 0 && (r = compress_finish(z)) < 0)
		err_set(e, -r, "compressing layer %s", diff_id);
	compress_free(z);
	return r;
}

/* A layer compressed, under its digest (g_free), which is known only at the end. */
static int put_packed(struct save *s, const char *diff_id, char **ret_digest, int64_t *ret_size, struct err *e)
{
	struct packed p = { .out = s->out, .md = EVP_MD_CTX_new() };
	int r = layer_tar_is_exact(s->c->store, diff_id, e);

	if (r == 0)
		r = not_exact(diff_id, e);
	progress_say(s->progress, "Copying blob %s", diff_id);
	if (r > 0)
		r = p.md && EVP_DigestInit_ex(p.md, EVP_sha256(), NULL) ? save_out_begin(s->out, "layer.part", 0, e) :
									 err_set(e, ENOMEM, "digest");
	if (r == 0)
		r = stream_packed(s, diff_id, &p, e);
	if (r == 0)
		r = save_out_end(s->out, e);
	if (r == 0) {
		*ret_digest = digest_of_packed(&p);
		*ret_size = p.size;
		r = save_out_rename(s->out, hex_of(*ret_digest), e);
	}
	EVP_MD_CTX_free(p.md);
	return r;
}

/* --- docker-archive ---------------------------------------------------------------------------------------------- */

static int save_docker_image(struct save *s, const struct saved *x, json_t *list, struct err *e)
{
	const struct image_config *c = &x->img->config;
	g_autofree char *config_name = g_strconcat(x->img->id, ".json", NULL), *config = NULL;
	json_t *layers = json_array(), *tags = json_array();
	size_t len = 0;
	int r = image_read_blob(s->c->store, x->img->manifest.config.digest, &config, &len, e);

	for (size_t i = 0; i < c->n_diff_ids && r == 0; i++) {
		g_autofree char *name = g_strconcat(hex_of(c->diff_ids[i]), ".tar", NULL);
		int64_t size;

		json_array_append_new(layers, json_string(name));
		r = put_layer(s, name, c->diff_ids[i], &size, e);
	}
	for (guint i = 0; i < x->names->len; i++)
		json_array_append_new(tags, json_string(x->names->pdata[i]));
	json_array_append_new(list, json_pack("{s:s,s:o,s:o}", "Config", config_name, "RepoTags", tags, "Layers", layers));
	return r < 0 ? r : put_once(s, config_name, config, len, e);
}

static int save_docker_archive(struct save *s, struct err *e)
{
	json_t *list = json_array();
	char *text;
	int r = 0;

	for (guint i = 0; i < s->images->len && r == 0; i++)
		r = save_docker_image(s, &g_array_index(s->images, struct saved, i), list, e);
	text = json_dumps(list, JSON_COMPACT);
	json_decref(list);
	if (r == 0)
		r = put_once(s, "manifest.json", text, strlen(text), e);
	free(text);
	return r;
}

/* --- blobs by digest ----------------------------------------------------------------------------------------------- */

/* All layers and the config, and the manifest's bytes: free() them. `prefix`: of blobs' names. */
static int save_blobs(struct save *s, const struct image *img, enum image_format f, const char *prefix, char **ret,
		      struct err *e)
{
	const struct image_config *c = &img->config;
	g_autofree int64_t *sizes = g_new0(int64_t, c->n_diff_ids + 1);
	g_autofree char *config_name = g_strconcat(prefix, img->id, NULL), *config = NULL;
	size_t len = 0;
	g_auto(GStrv) digests = g_new0(char *, c->n_diff_ids + 1);
	int r = image_read_blob(s->c->store, img->manifest.config.digest, &config, &len, e);

	for (size_t i = 0; i < c->n_diff_ids && r == 0; i++) {
		g_autofree char *name = g_strconcat(prefix, hex_of(c->diff_ids[i]), NULL);

		if (f == IMAGE_DOCKER_GZIP)
			r = put_packed(s, c->diff_ids[i], &digests[i], &sizes[i], e);
		else
			r = put_layer(s, name, digests[i] = g_strdup(c->diff_ids[i]), &sizes[i], e);
	}
	if (r == 0)
		r = put_once(s, config_name, config, len, e);
	if (r == 0)
		*ret = new_manifest(f, img->manifest.config.digest, len, digests, sizes, c->n_diff_ids);
	return r;
}

static json_t *index_entry(const struct image_config *c, const char *digest, size_t size, const char *name)
{
	json_t *entry = json_pack("{s:s,s:s,s:I}", "mediaType", "application/vnd.oci.image.manifest.v1+json", "digest",
				  digest, "size", (json_int_t)size);

	if (c->os && c->architecture)
		json_object_set_new(entry, "platform", json_pack("{s:s,s:s}", "architecture", c->architecture, "os", c->os));
	if (name)
		json_object_set_new(entry, "annotations",
				    json_pack("{s:s}", "org.opencontainers.image.ref.name", name));
	return entry;
}

static int save_oci(struct save *s, struct err *e)
{
	static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
	const struct saved *x = &g_array_index(s->images, struct saved, 0);
	json_t *entries = json_array(), *index;
	g_autofree char *member = NULL;
	char digest[DIGEST_MAX], *manifest = NULL, *text;
	int r = save_blobs(s, x->img, IMAGE_OCI, "blobs/sha256/", &manifest, e);

	if (r == 0) {
		digest_of("sha256:", manifest, strlen(manifest), digest);
		member = g_strconcat("blobs/sha256/", hex_of(digest), NULL);
		r = put_once(s, member, manifest, strlen(manifest), e);
		for (guint i = 0; i < MAX(x->names->len, 1); i++)
			json_array_append_new(entries, index_entry(&x->img->config, digest, strlen(manifest),
								   x->names->len ? x->names->pdata[i] : NULL));
	}
	index = json_pack("{s:i,s:o}", "schemaVersion", 2, "manifests", entries);
	text = json_dumps(index, JSON_COMPACT);
	json_decref(index);
	if (r == 0)
		r = put_once(s, "oci-layout", layout, strlen(layout), e);
	if (r == 0)
		r = put_once(s, "index.json", text, strlen(text), e);
	free(text);
	free(manifest);
	return r;
}

static int save_docker_dir(struct save *s, struct err *e)
{
	static const char version[] = "Directory Transport Version: 1.1\n";
	const struct saved *x = &g_array_index(s->images, struct saved, 0);
	char *manifest = NULL;
	int r = save_blobs(s, x->img, s->o->compress ? IMAGE_DOCKER_GZIP : IMAGE_DOCKER, "", &manifest, e);

	if (r == 0)
		r = put_once(s, "manifest.json", manifest, strlen(manifest), e);
	if (r == 0)
		r = put_once(s, "version", version, strlen(version), e);
	free(manifest);
	return r;
}

/* --- the command ------------------------------------------------------------------------------------------------- */

static bool is_dir_format(const struct save_options *o)
{
	return g_str_has_suffix(o->format, "-dir");
}

static int open_out(struct save *s, int *ret_fd, struct err *e)
{
	const struct save_options *o = s->o;

	if (is_dir_format(o) && !o->output)
		return err_msg(e, EINVAL, "--format %s writes a directory: name it with --output", o->format);
	if (!o->output && isatty(STDOUT_FILENO))
		return err_msg(e, EINVAL, "refusing to save to terminal. Use -o flag or redirect");
	if (is_dir_format(o))
		return save_out_dir(o->output, &s->out, e);
	*ret_fd = o->output ? open(o->output, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644) :
			      fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	return *ret_fd < 0 ? err_set(e, errno, "%s", o->output ? o->output : "standard output") :
			     save_out_tar(*ret_fd, &s->out, e);
}

static int choose(struct save *s, int argc, char **argv, struct err *e)
{
	int r;

	if (s->o->multi && strcmp(s->o->format, "docker-archive") != 0)
		return err_msg(e, EINVAL, "--multi-image-archive is for --format docker-archive only");
	if (s->o->compress && strcmp(s->o->format, "docker-dir") != 0)
		return err_msg(e, EINVAL, "--compress can only be set when --format is 'docker-dir'");
	r = context_store(s->c, e);
	for (int i = 0; i < argc && r == 0; i++)
		r = i == 0 || s->o->multi ? add_image(s, argv[i], e) : add_name(s, argv[i], e);
	return r;
}

static int save_all(struct save *s, struct err *e)
{
	int r = idmap_enter(idmap_store(), e);

	if (r < 0)
		return r;
	r = !strcmp(s->o->format, "docker-archive") ? save_docker_archive(s, e) :
	    !strcmp(s->o->format, "docker-dir") ? save_docker_dir(s, e) : save_oci(s, e);
	if (r == 0)
		r = save_out_finish(s->out, e);
	for (guint i = 0; r == 0 && i < s->images->len; i++)
		image_event(s->c->store, "save", g_array_index(s->images, struct saved, i).img->id, s->o->output);
	return r;
}

static int save_run(struct context *c, void *values, int argc, char **argv)
{
	struct save s = { .c = c, .o = values };
	struct err e = ERR_INIT;
	autofd lock = -1, fd = -1;
	struct stat st;
	int r;

	signal(SIGPIPE, SIG_IGN);
	s.images = g_array_new(FALSE, FALSE, sizeof(struct saved));
	g_array_set_clear_func(s.images, clear_saved);
	s.written = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	s.progress = progress_new(s.o->quiet);
	r = choose(&s, argc, argv, &e);
	if (r == 0)
		r = MIN(lock = store_lock_shared(c->store, &e), 0);
	if (r == 0)
		r = open_out(&s, &fd, &e);
	if (r == 0)
		r = save_all(&s, &e);
	/* Half an archive is no archive. */
	if (r < 0 && fd >= 0 && s.o->output && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		(void)unlink(s.o->output);
	save_out_free(s.out);
	progress_free(s.progress);
	g_hash_table_unref(s.written);
	g_array_unref(s.images);
	return r < 0 ? fail_writing(&e) : 0;
}

const struct command image_command_save = COMMAND_SAVE(save_run);
