/* push_manifest.c - descriptors replaced, formats changed. */
#include "cmd/image/push_manifest.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "net/registry/digest.h"

#define OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"

void push_manifest_clear(struct push_manifest *m)
{
	g_free(m->text);
	g_free(m->media_type);
	memset(m, 0, sizeof *m);
}

static bool is_docker(json_t *root)
{
	const char *type = json_string_value(json_object_get(root, "mediaType"));

	return type && strcmp(type, DOCKER_MANIFEST) == 0;
}

bool push_manifest_is_docker(const char *text, size_t len)
{
	json_t *root = json_loadb(text, len, 0, NULL);
	bool ret = is_docker(root);

	json_decref(root);
	return ret;
}

static const char *layer_type(enum media_kind kind, bool docker)
{
	switch (kind) {
	case MEDIA_LAYER_GZIP:
		return docker ? "application/vnd.docker.image.rootfs.diff.tar.gzip" :
				"application/vnd.oci.image.layer.v1.tar+gzip";
	case MEDIA_LAYER_ZSTD:
		return docker ? NULL : "application/vnd.oci.image.layer.v1.tar+zstd";
	default:
		return docker ? "application/vnd.docker.image.rootfs.diff.tar" : "application/vnd.oci.image.layer.v1.tar";
	}
}

/* 1 changed, 0 as it was, -errno. */
static int change_layer(json_t *layer, const struct push_result *now, bool convert, bool docker, struct err *e)
{
	const char *digest = json_string_value(json_object_get(layer, "digest"));
	const char *type = layer_type(now->kind, docker);
	bool same = digest && strcmp(digest, now->digest) == 0;

	if (same && !convert)
		return 0;
	if (!type)
		return err_msg(e, EINVAL, "docker's format (v2s2) has no zstd layers: --format oci has");
	json_object_set_new(layer, "mediaType", json_string(type));
	json_object_set_new(layer, "digest", json_string(now->digest));
	json_object_set_new(layer, "size", json_integer(now->size));
	/* Annotations describe the compressed bytes (zstd:chunked, estargz), and docker's format has none. */
	if (!same || docker)
		json_object_del(layer, "annotations");
	return 1;
}

static void convert_rest(json_t *root, bool docker)
{
	json_object_set_new(root, "mediaType", json_string(docker ? DOCKER_MANIFEST : OCI_MANIFEST));
	json_object_set_new(json_object_get(root, "config"), "mediaType",
			    json_string(docker ? "application/vnd.docker.container.image.v1+json" :
						 "application/vnd.oci.image.config.v1+json"));
	if (docker)
		json_object_del(root, "annotations");
}

/* 1 changed, 0 as it was, -errno. */
static int change(json_t *root, const char *format, const struct push_result *layers, size_t n, struct err *e)
{
	json_t *list = json_object_get(root, "layers");
	bool was = is_docker(root), docker = format ? strcmp(format, "v2s2") == 0 : was;
	int changed = was != docker;

	if (json_array_size(list) != n)
		return err_msg(e, EBADMSG, "the stored manifest has another number of layers");
	for (size_t i = 0; i < n; i++) {
		int r = change_layer(json_array_get(list, i), &layers[i], was != docker, docker, e);

		if (r < 0)
			return r;
		changed |= r;
	}
	if (was != docker)
		convert_rest(root, docker);
	return changed;
}

int push_manifest_make(const char *text, size_t len, const char *format, const struct push_result *layers, size_t n,
		       struct push_manifest *ret, struct err *e)
{
	json_t *root = json_loadb(text, len, 0, NULL);
	int r = root ? change(root, format, layers, n, e) : err_msg(e, EBADMSG, "the stored manifest is not JSON");

	if (r >= 0) {
		ret->text = r > 0 ? json_dumps(root, JSON_COMPACT) : g_memdup2(text, len);
		ret->len = r > 0 ? strlen(ret->text) : len;
		ret->media_type = g_strdup(is_docker(root) ? DOCKER_MANIFEST : OCI_MANIFEST);
		digest_of("sha256:", ret->text, ret->len, ret->digest);
	}
	json_decref(root);
	return MIN(r, 0);
}
