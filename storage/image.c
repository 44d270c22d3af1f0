/* image.c - see image.h: images are read and found. */
#include "storage/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/oci/reference.h"
#include "storage/image_index.h"
#include "storage/layer.h"

/* "host" in ASCII: nobody's config hashes to it. */
#define HOST_ID "686f737400000000000000000000000000000000000000000000000000000000"

void image_free(struct image *img)
{
	g_free(img->id);
	g_free(img->digest);
	g_strfreev(img->names);
	g_strfreev(img->repo_digests);
	arena_free(&img->manifest.arena);
	arena_free(&img->config.arena);
	g_free(img);
}

void image_list_free(struct image **list)
{
	for (struct image **i = list; i && *i; i++)
		image_free(*i);
	g_free(list);
}

static int check_digest(const char *digest, char **text, size_t len, struct err *e)
{
	bool is_512 = g_str_has_prefix(digest, "sha512:");
	g_autofree char *sum = g_compute_checksum_for_data(is_512 ? G_CHECKSUM_SHA512 : G_CHECKSUM_SHA256,
							   (const guchar *)*text, len);

	if (strcmp(sum, strchr(digest, ':') + 1) == 0)
		return 0;
	g_clear_pointer(text, g_free);
	return err_msg(e, EBADMSG, "the document %s has been changed: it is %s now", digest, sum);
}

int image_read_blob(struct store *s, const char *digest, char **ret, size_t *ret_len, struct err *e)
{
	char path[DIGEST_MAX + 16];
	char *colon;
	int r;

	if (!digest_valid(digest))
		return err_msg(e, EINVAL, "\"%.100s\" is not a digest", digest);
	snprintf(path, sizeof path, "blobs/%s", digest);
	colon = strchr(path, ':');
	*colon = '/';
	r = file_read(s->images_fd, path, 2 * (size_t)MANIFEST_MAX, ret, ret_len, e);
	return r == 0 && s->check_documents ? check_digest(digest, ret, *ret_len, e) : r;
}

static int load_documents(struct store *s, const char *digest, struct image *img, struct err *e)
{
	g_autofree char *manifest = NULL, *config = NULL;
	size_t len;
	int r = image_read_blob(s, digest, &manifest, &len, e);

	if (r == 0)
		r = manifest_parse(manifest, len, &img->manifest, e);
	if (r == 0)
		r = image_read_blob(s, img->manifest.config.digest, &config, &len, e);
	if (r == 0)
		r = image_config_parse(config, len, &img->config, e);
	if (r < 0) {
		err_wrap(e, "image with manifest %s is damaged", digest);
		return err_hint(e, "pull it again");
	}
	img->digest = g_strdup(digest);
	img->id = g_strdup(strchr(img->manifest.config.digest, ':') + 1);
	return 0;
}

static void add_new(GPtrArray *list, char *s)
{
	if (g_ptr_array_find_with_equal_func(list, s, g_str_equal, NULL))
		g_free(s);
	else
		g_ptr_array_add(list, s);
}

/* The names of all entries with the same config: tags, and digests under which it can be had. */
static void collect_names(const struct image_index *idx, const char *config, struct image *img)
{
	GPtrArray *names = g_ptr_array_new(), *digests = g_ptr_array_new();

	for (size_t i = 0; i < idx->n_manifests; i++) {
		const struct descriptor *d = &idx->manifests[i];
		const char *name = descriptor_annotation(d, ANNOTATION_NAME);
		const char *its = descriptor_annotation(d, ANNOTATION_CONFIG);
		const char *end;

		if (!name || (its ? strcmp(its, config) : strcmp(d->digest, img->digest)) != 0)
			continue;
		end = strchr(name, '@');
		if (end) {
			add_new(digests, g_strdup(name));
		} else {
			end = strrchr(name, ':');
			add_new(names, g_strdup(name));
		}
		if (end)
			add_new(digests, g_strdup_printf("%.*s@%s", (int)(end - name), name, d->digest));
	}
	g_ptr_array_add(names, NULL);
	g_ptr_array_add(digests, NULL);
	img->names = (char **)g_ptr_array_free(names, FALSE);
	img->repo_digests = (char **)g_ptr_array_free(digests, FALSE);
}

static int load_image(struct store *s, const struct image_index *idx, const struct descriptor *d,
		      struct image **ret, struct err *e)
{
	autoimage *img = g_new0(struct image, 1);
	int r = load_documents(s, d->digest, img, e);

	if (r < 0)
		return r;
	img->size = -1;
	collect_names(idx, img->manifest.config.digest, img);
	*ret = img;
	img = NULL;
	return 0;
}

/* The config's digest; reads the manifest only of an entry that somebody else has written. */
static char *config_of(struct store *s, const struct descriptor *d)
{
	const char *known = descriptor_annotation(d, ANNOTATION_CONFIG);
	struct err ignored = ERR_INIT;
	g_autofree char *text = NULL;
	struct manifest m;
	char *digest;
	size_t len;

	if (known)
		return g_strdup(known);
	if (image_read_blob(s, d->digest, &text, &len, &ignored) < 0 ||
	    manifest_parse(text, len, &m, &ignored) < 0)
		return NULL;
	digest = g_strdup(m.config.digest);
	arena_free(&m.arena);
	return digest;
}

static bool is_for(const struct platform *have, const struct platform *want)
{
	return g_strcmp0(have->os, want->os) == 0 && g_strcmp0(have->architecture, want->architecture) == 0 &&
	       (!want->variant || !*want->variant || !have->variant || strcmp(have->variant, want->variant) == 0);
}

/* Of several platforms under one name: the one that is wanted, else the one that was committed last. */
static const struct descriptor *find_name(const struct image_index *idx, const char *name, const struct platform *want)
{
	const struct descriptor *last = NULL, *best = NULL;

	for (size_t i = 0; i < idx->n_manifests; i++) {
		const struct descriptor *d = &idx->manifests[i];

		if (g_strcmp0(descriptor_annotation(d, ANNOTATION_NAME), name) != 0)
			continue;
		last = d;
		if (is_for(&d->platform, want))
			best = d;
	}
	return best ? best : last;
}

/* name@digest: an entry of that repository with that manifest, whatever its tag. */
static const struct descriptor *find_digest(const struct image_index *idx, const struct reference *ref)
{
	g_autofree char *repo = g_strdup_printf("%s/%s", ref->host, ref->path);
	size_t len = strlen(repo);

	for (size_t i = 0; i < idx->n_manifests; i++) {
		const struct descriptor *d = &idx->manifests[i];
		const char *name = descriptor_annotation(d, ANNOTATION_NAME);

		if (name && strcmp(d->digest, ref->digest) == 0 && strncmp(name, repo, len) == 0 &&
		    (name[len] == ':' || name[len] == '@'))
			return d;
	}
	return NULL;
}

/* A short name: localhost/, docker.io's, then any registry's repository that ends so. */
static const struct descriptor *find_short(const struct image_index *idx, const char *shown, const char *tag,
					   const struct platform *want)
{
	g_autofree char *local = g_strdup_printf("localhost/%s%s", shown, tag);
	g_autofree char *suffix = g_strdup_printf("/%s%s", shown, tag);
	const struct descriptor *d = find_name(idx, local, want);

	for (size_t i = 0; !d && i < idx->n_manifests; i++) {
		const char *name = descriptor_annotation(&idx->manifests[i], ANNOTATION_NAME);

		if (name && g_str_has_suffix(name, suffix))
			d = find_name(idx, name, want);
	}
	return d;
}

static const struct descriptor *find_reference(const struct image_index *idx, const char *text, const struct platform *want)
{
	struct err ignored = ERR_INIT;
	const struct descriptor *d;
	g_autofree char *full = NULL;
	struct reference ref;
	const char *slash;
	bool has_host;

	if (reference_parse(text, &ref, &ignored) < 0)
		return NULL;
	full = reference_name(&ref);
	slash = strchr(text, '/');
	has_host = slash && (strncmp(text, ref.host, (size_t)(slash - text)) == 0 ||
			     strcmp(ref.host, "docker.io") != 0 || g_str_has_prefix(text, "docker://"));
	if (!has_host && !*ref.digest) {
		/* "localhost/x" is what builds and tags make of "x": it comes before docker.io's. */
		g_autofree char *local = g_strdup_printf("localhost/%s%s", text,
							 strchr(slash ? slash : text, ':') ? "" : ":latest");
		d = find_name(idx, local, want);
		if (d)
			return d;
	}
	d = find_name(idx, full, want);
	if (!d && *ref.digest)
		d = find_digest(idx, &ref);
	if (!d && !has_host && !*ref.digest)
		d = find_short(idx, text, strchr(slash ? slash : text, ':') ? "" : ":latest", want);
	return d;
}

/* "sha256:..." of a config or manifest, an ID, or the beginning of an ID. */
static int find_id(struct store *s, const struct image_index *idx, const char *text,
		   const struct descriptor **ret, struct err *e)
{
	const char *hex = g_str_has_prefix(text, "sha256:") ? text + 7 : text;
	size_t len = strlen(hex);
	g_autofree char *found = NULL;

	*ret = NULL;
	if (len < 1 || len > 64 || !text_is_hex(hex, (unsigned)len))
		return 0;
	for (size_t i = 0; i < idx->n_manifests; i++) {
		const struct descriptor *d = &idx->manifests[i];
		g_autofree char *config = config_of(s, d);
		const char *id = config ? strchr(config, ':') : NULL;

		if (len == 64 && strcmp(d->digest + 7, hex) == 0) {
			*ret = d;
			return 0;
		}
		if (!id || strncmp(id + 1, hex, len) != 0)
			continue;
		if (found && strcmp(found, config) != 0)
			return err_msg(e, EINVAL, "more than one image has an ID that starts with \"%s\"; "
				       "give more digits", hex);
		if (!found)
			*ret = d;
		g_free(found);
		found = g_steal_pointer(&config);
	}
	return 0;
}

static struct image *host_image(void)
{
	struct image *img = g_new0(struct image, 1);
	struct arena *a = &img->config.arena;
	const char *path = getenv("PATH"), *shell = getenv("SHELL");
	const struct platform p = platform_host();

	img->host = true;
	img->id = g_strdup(HOST_ID);
	img->digest = g_strdup("");
	img->names = g_strsplit("host", ",", 0);
	img->repo_digests = g_new0(char *, 1);
	img->config.os = p.os;
	img->config.architecture = p.architecture;
	arena_strv_push(a, &img->config.env, arena_printf(a, "PATH=%s", path && *path ? path :
			"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"));
	arena_strv_push(a, &img->config.cmd, arena_strdup(a, shell && *shell == '/' ? shell : "/bin/sh"));
	img->config.working_dir = arena_strdup(a, "/");
	img->config.diff_ids = arena_alloc(a, sizeof(char *));
	return img;
}

/* The entry is a list: the image that it has for `want`, which must be here. */
static int find_in_list(struct store *s, const struct image_index *idx, const char *name, const struct platform *want,
			const struct descriptor **d, struct err *e)
{
	const struct descriptor *chosen, *found = NULL;
	g_autofree char *text = NULL;
	struct image_index list;
	size_t len;
	int r = image_read_blob(s, (*d)->digest, &text, &len, e);

	if (r == 0)
		r = image_index_parse(text, len, &list, e);
	if (r < 0)
		return err_wrap(e, "the list %s", name);
	chosen = image_index_choose(&list, want);
	for (size_t i = 0; chosen && i < idx->n_manifests; i++)
		if (strcmp(idx->manifests[i].digest, chosen->digest) == 0)
			found = &idx->manifests[i];
	*d = found;
	if (!chosen)
		r = err_msg(e, ENOENT, "the list %s has no image for %s/%s", name, want->os, want->architecture);
	else if (!found)
		r = err_msg(e, ENOENT, "the list %s has an image for %s/%s, but that is not in the store", name, want->os,
			    want->architecture);
	arena_free(&list.arena);
	return r;
}

int image_find(struct store *s, const char *name, struct image **ret, struct err *e)
{
	return image_find_for(s, name, NULL, ret, e);
}

int image_find_for(struct store *s, const char *name, const struct platform *want, struct image **ret, struct err *e)
{
	const struct platform host = platform_host();
	const struct descriptor *d;
	struct image_index idx;
	int r = image_index_read(s, &idx, e);

	if (r < 0)
		return r;
	if (!want)
		want = &host;
	d = find_reference(&idx, name, want);
	if (!d)
		r = find_id(s, &idx, name, &d, e);
	if (r == 0 && d && media_kind_of(d->media_type) == MEDIA_INDEX)
		r = find_in_list(s, &idx, name, want, &d, e);
	if (r == 0 && d) {
		r = load_image(s, &idx, d, ret, e);
		r = r < 0 ? err_wrap(e, "%s", name) : 1;
	} else if (r == 0 && (strcmp(name, "host") == 0 || strcmp(name, HOST_ID) == 0)) {
		*ret = host_image();
		r = 1;
	}
	arena_free(&idx.arena);
	return r;
}

int image_find_damaged(struct store *s, const char *name, struct image **ret, struct err *e)
{
	const struct platform host = platform_host();
	const struct descriptor *d;
	struct image_index idx;
	int r = image_index_read(s, &idx, e);

	if (r < 0)
		return r;
	d = find_reference(&idx, name, &host);
	if (!d)
		r = find_id(s, &idx, name, &d, e);
	if (r == 0 && d) {
		struct image *img = g_new0(struct image, 1);
		const char *config = descriptor_annotation(d, ANNOTATION_CONFIG);
		const char *hex = config ? strchr(config, ':') : NULL;

		img->size = -1;
		img->digest = g_strdup(d->digest);
		img->id = g_strdup(hex ? hex + 1 : d->digest);
		img->manifest.config.digest = arena_strdup(&img->manifest.arena, config ? config : "");
		collect_names(&idx, img->manifest.config.digest, img);
		*ret = img;
		r = 1;
	}
	arena_free(&idx.arena);
	return r;
}

int64_t image_size(struct store *s, const struct image *img)
{
	int64_t size = 0;

	for (size_t i = 0; i < img->config.n_diff_ids; i++)
		size += layer_size(s, img->config.diff_ids[i]);
	return size;
}

static int by_age(const void *a, const void *b)
{
	const struct image *x = *(struct image *const *)a, *y = *(struct image *const *)b;
	int64_t tx = 0, ty = 0;

	(void)text_time_parse(x->config.created ? x->config.created : "", &tx);
	(void)text_time_parse(y->config.created ? y->config.created : "", &ty);
	return tx > ty ? -1 : tx < ty ? 1 : strcmp(x->id, y->id);
}

int image_list(struct store *s, struct image ***ret, struct err *e)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) sizes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	GPtrArray *list = g_ptr_array_new();
	struct image_index idx;
	int r = image_index_read(s, &idx, e);

	if (r < 0) {
		g_ptr_array_free(list, TRUE);
		return r;
	}
	for (size_t i = 0; i < idx.n_manifests; i++) {
		char *config = config_of(s, &idx.manifests[i]);
		struct err damaged = ERR_INIT;
		struct image *img;

		if (!config || !g_hash_table_add(seen, config))
			continue;
		if (load_image(s, &idx, &idx.manifests[i], &img, &damaged) < 0) {
			log_warn("%s", damaged.msg);
			continue;
		}
		img->size = 0;
		for (size_t n = 0; n < img->config.n_diff_ids; n++) {
			int64_t *size = g_hash_table_lookup(sizes, img->config.diff_ids[n]);

			if (!size) {
				size = g_new(int64_t, 1);
				*size = layer_size(s, img->config.diff_ids[n]);
				g_hash_table_insert(sizes, g_strdup(img->config.diff_ids[n]), size);
			}
			img->size += *size;
		}
		g_ptr_array_add(list, img);
	}
	g_ptr_array_sort(list, by_age);
	g_ptr_array_add(list, NULL);
	*ret = (struct image **)g_ptr_array_free(list, FALSE);
	arena_free(&idx.arena);
	return 0;
}
