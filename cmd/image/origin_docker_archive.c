/* origin_docker_archive.c - docker-archive: what `docker save` writes, seen as an image of plain tars.
 *
 * Such an archive has no manifest of the kind that registries have: one is made of the config and of how long the layers
 * are. Layers that are compressed in it are counted and sent inflated.
 */
#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/image/new_image.h"
#include "cmd/image/origin.h"
#include "net/registry/digest.h"
#include "storage/archive_in.h"
#include "storage/inflate.h"
#include "storage/sink.h"

#define PIECE (128 * 1024)

struct docker_origin {
	struct origin p;
	struct archive_in *in;
	struct document config, manifest;
	char **diff_ids, **members;     /* of the layers, as many of each */
};

static int count(void *ctx, const void *bytes, size_t len)
{
	(void)bytes;
	*(int64_t *)ctx += (int64_t)len;
	return 0;
}

/* The layer's tar, whether it is compressed in the archive or not, to `sink`. */
static int stream(struct docker_origin *dp, const char *member, sink_function *sink, void *ctx, struct err *e)
{
	g_autofree uint8_t *in = g_malloc(PIECE), *out = g_malloc(INFLATE_PIECE);
	struct inflate *z = inflate_new();
	int64_t at = 0;
	ssize_t n;
	int r;

	do {
		n = archive_in_pread(dp->in, member, in, PIECE, at, e);
		r = n < 0 ? (int)n : inflate_to(z, in, (size_t)n, out, sink, ctx, e);
		at += MAX(n, 0);
	} while (r == 0 && n > 0);
	if (r == 0 && !inflate_complete(z))
		r = err_msg(e, EBADMSG, "%s: the compressed data ends too early", member);
	inflate_free(z);
	return r;
}

static int take_copy(const struct document *from, struct document *ret)
{
	ret->text = g_strndup(from->text, from->len);
	ret->len = from->len;
	g_strlcpy(ret->digest, from->digest, sizeof ret->digest);
	return 0;
}

static int get_manifest(struct origin *p, const char *digest, struct document *ret, struct err *e)
{
	struct docker_origin *dp = (struct docker_origin *)p;

	if (digest && strcmp(digest, dp->manifest.digest) != 0)
		return err_msg(e, ENOENT, "%s has no manifest %s", p->name.path, digest);
	return take_copy(&dp->manifest, ret);
}

static int get_blob(struct origin *p, const struct descriptor *d, struct document *ret, struct err *e)
{
	struct docker_origin *dp = (struct docker_origin *)p;

	if (strcmp(d->digest, dp->config.digest) != 0)
		return err_msg(e, ENOENT, "%s has no config %s", p->name.path, d->digest);
	return take_copy(&dp->config, ret);
}

static int send_blob(struct origin *p, const struct descriptor *d, int out_fd, struct err *e)
{
	struct docker_origin *dp = (struct docker_origin *)p;

	for (size_t i = 0; dp->diff_ids[i]; i++)
		if (strcmp(dp->diff_ids[i], d->digest) == 0)
			return stream(dp, dp->members[i], sink_to_fd, &out_fd, e);
	return err_msg(e, ENOENT, "%s has no layer %s", p->name.path, d->digest);
}

static void close_origin(struct origin *p)
{
	struct docker_origin *dp = (struct docker_origin *)p;

	if (dp->in)
		archive_in_close(dp->in);
	document_clear(&dp->config);
	document_clear(&dp->manifest);
	g_strfreev(dp->diff_ids);
	g_strfreev(dp->members);
}

static const struct origin_ops ops = { get_manifest, get_blob, send_blob, close_origin };

/* --- opening ------------------------------------------------------------------------------------------------------ */

static bool has_tag(json_t *image, const char *wanted)
{
	json_t *tags = json_object_get(image, "RepoTags"), *tag;
	size_t i;

	json_array_foreach(tags, i, tag) {
		struct err ignored = ERR_INIT;
		g_autofree char *full = NULL;
		struct reference ref;

		if (!json_is_string(tag) || reference_parse(json_string_value(tag), &ref, &ignored) < 0)
			continue;
		full = reference_name(&ref);
		if (strcmp(full, wanted) == 0)
			return true;
	}
	return false;
}

static int choose(struct origin *o, json_t *list, json_t **ret, struct err *e)
{
	const struct location *n = &o->name;
	size_t count_of = json_array_size(list);
	g_autofree char *wanted = NULL;

	*ret = NULL;
	if (n->index >= 0) {
		*ret = json_array_get(list, (size_t)n->index);
		return *ret ? 0 : err_msg(e, ENOENT, "%s has %zu images: there is no @%d", n->path, count_of, n->index);
	}
	if (!n->ref && count_of == 1) {
		*ret = json_array_get(list, 0);
		return 0;
	}
	if (!n->ref)
		return err_msg(e, EINVAL, "%s has %zu images: name one (docker-archive:%s:NAME or :@INDEX)", n->path, count_of,
			       n->path);
	if (reference_parse(n->ref, &o->ref, e) < 0)
		return -e->code;
	wanted = reference_name(&o->ref);
	for (size_t i = 0; i < count_of && !*ret; i++)
		if (has_tag(json_array_get(list, i), wanted))
			*ret = json_array_get(list, i);
	return *ret ? 0 : err_msg(e, ENOENT, "%s has no image %s", n->path, wanted);
}

static int take_layers(struct docker_origin *dp, json_t *layers, const struct image_config *config, struct err *e)
{
	size_t n = config->n_diff_ids;
	g_autofree int64_t *sizes = g_new0(int64_t, n + 1);
	char *text;
	int r = 0;

	if (json_array_size(layers) != n)
		return err_msg(e, EBADMSG, "manifest.json has %zu layers, the config %zu", json_array_size(layers), n);
	dp->diff_ids = g_new0(char *, n + 1);
	dp->members = g_new0(char *, n + 1);
	for (size_t i = 0; i < n && r == 0; i++) {
		const char *member = json_string_value(json_array_get(layers, i));

		if (!member)
			return err_msg(e, EBADMSG, "manifest.json: Layers: not a list of names");
		dp->diff_ids[i] = g_strdup(config->diff_ids[i]);
		dp->members[i] = g_strdup(member);
		r = stream(dp, member, count, &sizes[i], e);
	}
	if (r < 0)
		return r;
	text = new_manifest(IMAGE_DOCKER, dp->config.digest, dp->config.len, config->diff_ids, sizes, n);
	dp->manifest.text = g_strdup(text);
	dp->manifest.len = strlen(text);
	digest_of("sha256:", text, dp->manifest.len, dp->manifest.digest);
	free(text);
	return 0;
}

static int take_image(struct docker_origin *dp, json_t *image, struct err *e)
{
	const char *name = json_string_value(json_object_get(image, "Config"));
	struct image_config config;
	int r = name ? archive_in_read(dp->in, name, MANIFEST_MAX, &dp->config.text, &dp->config.len, e) :
		       err_msg(e, EBADMSG, "manifest.json: an image without Config");

	if (r < 0)
		return r;
	digest_of("sha256:", dp->config.text, dp->config.len, dp->config.digest);
	r = image_config_parse(dp->config.text, dp->config.len, &config, e);
	if (r < 0)
		return r;
	r = take_layers(dp, json_object_get(image, "Layers"), &config, e);
	arena_free(&config.arena);
	return r;
}

static int read_archive(struct docker_origin *dp, struct err *e)
{
	g_autofree char *text = NULL;
	json_t *list, *image;
	size_t len;
	int r = archive_in_read(dp->in, "manifest.json", MANIFEST_MAX, &text, &len, e);

	if (r < 0)
		return r;
	list = json_loadb(text, len, 0, NULL);
	r = json_array_size(list) ? choose(&dp->p, list, &image, e) :
				    err_msg(e, EBADMSG, "manifest.json lists no image");
	if (r == 0)
		r = take_image(dp, image, e);
	json_decref(list);
	return r;
}

int origin_open_docker_archive(struct context *c, struct origin **p, struct err *e)
{
	struct docker_origin *dp = g_new0(struct docker_origin, 1);
	int r;

	dp->p = **p;
	dp->p.ops = &ops;
	g_free(*p);
	*p = &dp->p;
	r = context_store(c, e);
	if (r == 0)
		r = archive_in_open(c->store, dp->p.name.path, &dp->in, e);
	if (r == 0 && (r = read_archive(dp, e)) < 0)
		err_wrap(e, "%s", dp->p.name.path);
	return r;
}
