/* copy_list.c - see copy_list.h. */
#include "cmd/image/copy_list.h"

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "net/registry/digest.h"

#define OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define DOCKER_LIST "application/vnd.docker.distribution.manifest.list.v2+json"

static bool is_docker(json_t *root)
{
	const char *type = json_string_value(json_object_get(root, "mediaType"));

	return type && strcmp(type, DOCKER_LIST) == 0;
}

/* 1 changed, 0 as it was. */
static int change_entry(json_t *entry, const struct push_manifest *now)
{
	const char *digest = json_string_value(json_object_get(entry, "digest"));

	if (g_strcmp0(digest, now->digest) == 0)
		return 0;
	json_object_set_new(entry, "mediaType", json_string(now->media_type));
	json_object_set_new(entry, "digest", json_string(now->digest));
	json_object_set_new(entry, "size", json_integer((json_int_t)now->len));
	return 1;
}

static int change(json_t *root, const char *format, const struct push_manifest *made)
{
	json_t *entry;
	bool was = is_docker(root), docker = format ? strcmp(format, "v2s2") == 0 : was;
	int changed = was != docker;
	size_t i;

	json_array_foreach(json_object_get(root, "manifests"), i, entry)
		if (made)
			changed |= change_entry(entry, &made[i]);
	if (was != docker)
		json_object_set_new(root, "mediaType", json_string(docker ? DOCKER_LIST : OCI_INDEX));
	return changed;
}

int copy_list_make(const struct document *doc, const char *format, const struct push_manifest *made,
		   struct push_manifest *ret, struct err *e)
{
	json_t *root = json_loadb(doc->text, doc->len, 0, NULL);
	bool changed;
	char *text;

	if (!root)
		return err_msg(e, EBADMSG, "the list is not JSON");
	changed = change(root, format, made);
	text = changed ? json_dumps(root, JSON_COMPACT) : NULL;
	ret->text = changed ? g_strdup(text) : g_memdup2(doc->text, doc->len);
	ret->len = changed ? strlen(text) : doc->len;
	ret->media_type = g_strdup(is_docker(root) ? DOCKER_LIST : OCI_INDEX);
	digest_of("sha256:", ret->text, ret->len, ret->digest);
	free(text);
	json_decref(root);
	return 0;
}
