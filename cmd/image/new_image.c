/* new_image.c - see new_image.h. */
#include "cmd/image/new_image.h"

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "net/registry/digest.h"
#include "storage/image.h"
#include "storage/image_patch.h"

static const struct { const char *manifest, *config, *layer; } types[] = {
	[IMAGE_OCI] = { "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.config.v1+json",
			"application/vnd.oci.image.layer.v1.tar" },
	[IMAGE_DOCKER] = { "application/vnd.docker.distribution.manifest.v2+json",
			   "application/vnd.docker.container.image.v1+json",
			   "application/vnd.docker.image.rootfs.diff.tar" },
	[IMAGE_DOCKER_GZIP] = { "application/vnd.docker.distribution.manifest.v2+json",
				"application/vnd.docker.container.image.v1+json",
				"application/vnd.docker.image.rootfs.diff.tar.gzip" },
};

char *new_manifest(enum image_format f, const char *config_digest, size_t config_size, char *const *digests,
		   const int64_t *sizes, size_t n)
{
	json_t *layers = json_array(), *doc;
	char *text;

	for (size_t i = 0; i < n; i++)
		json_array_append_new(layers, json_pack("{s:s,s:s,s:I}", "mediaType", types[f].layer, "digest",
							digests[i], "size", (json_int_t)sizes[i]));
	doc = json_pack("{s:i,s:s,s:{s:s,s:s,s:I},s:o}", "schemaVersion", 2, "mediaType", types[f].manifest, "config",
			"mediaType", types[f].config, "digest", config_digest, "size", (json_int_t)config_size,
			"layers", layers);
	text = json_dumps(doc, JSON_COMPACT);
	json_decref(doc);
	return text;
}

int new_image_commit(struct store *s, const char *name, enum image_format f, const char *config, size_t len,
		     const int64_t *sizes, char **ret_id, struct err *e)
{
	char config_digest[DIGEST_MAX], digest[DIGEST_MAX];
	struct descriptor d = { .media_type = (char *)types[f].manifest, .digest = digest };
	struct image_config parsed;
	char *manifest;
	int r = image_config_parse(config, len, &parsed, e);

	if (r < 0)
		return r;
	digest_of("sha256:", config, len, config_digest);
	manifest = new_manifest(f, config_digest, len, parsed.diff_ids, sizes, parsed.n_diff_ids);
	r = image_patch_make(s, &parsed, config_digest, e);
	arena_free(&parsed.arena);
	digest_of("sha256:", manifest, strlen(manifest), digest);
	d.size = (int64_t)strlen(manifest);
	if (r == 0)
		r = image_put_blob(s, config_digest, config, len, e);
	if (r == 0)
		r = image_put_blob(s, digest, manifest, strlen(manifest), e);
	if (r == 0)
		r = image_commit(s, name, &d, e);
	free(manifest);
	if (r == 0)
		*ret_id = g_strdup(strchr(config_digest, ':') + 1);
	return r;
}

static json_t *member(json_t *object, const char *key, json_t *(*make)(void))
{
	json_t *value = json_object_get(object, key);

	if (!value) {
		value = make();
		json_object_set_new(object, key, value);
	}
	return value;
}

void new_config_add_layer(json_t *config, const char *diff_id)
{
	json_t *rootfs = member(config, "rootfs", json_object);

	json_object_set_new(rootfs, "type", json_string("layers"));
	json_array_append_new(member(rootfs, "diff_ids", json_array), json_string(diff_id));
}

void new_config_add_history(json_t *config, int64_t created_ns, const char *created_by, const char *comment,
			    const char *author, bool empty)
{
	g_autofree char *created = text_time_rfc3339(created_ns);
	json_t *entry = json_pack("{s:s}", "created", created);

	if (created_by && *created_by)
		json_object_set_new(entry, "created_by", json_string(created_by));
	if (author && *author)
		json_object_set_new(entry, "author", json_string(author));
	if (comment && *comment)
		json_object_set_new(entry, "comment", json_string(comment));
	if (empty)
		json_object_set_new(entry, "empty_layer", json_true());
	json_array_append_new(member(config, "history", json_array), entry);
}

int64_t new_image_time(void)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	int64_t s;

	return epoch && text_int(epoch, 0, INT64_MAX / 1000000000 - 1, &s) ? s * 1000000000 : text_now_ns();
}
