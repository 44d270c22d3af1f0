/* image_index.c - see image_index.h. */
#include "storage/image_index.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/lock.h"

#define INDEX_FILE "index.json"
#define INDEX_MAX ((size_t)16 * 1024 * 1024)

static int read_text(struct store *s, char **ret, size_t *ret_len, struct err *e)
{
	int r = file_read(s->images_fd, INDEX_FILE, INDEX_MAX, ret, ret_len, e);

	if (r == -ENOENT) {
		err_clear(e);
		*ret = NULL;
		return 0;
	}
	return r < 0 ? err_wrap(e, "%s/images", s->root) : 0;
}

int image_index_read(struct store *s, struct image_index *ret, struct err *e)
{
	g_autofree char *text = NULL;
	size_t len;
	int r = read_text(s, &text, &len, e);

	if (r < 0)
		return r;
	if (!text) {
		*ret = (struct image_index){ 0 };
		return 0;
	}
	r = image_index_parse(text, len, ret, e);
	return r < 0 ? err_wrap(e, "%s/images/" INDEX_FILE, s->root) : 0;
}

const char *descriptor_annotation(const struct descriptor *d, const char *key)
{
	size_t len = strlen(key);

	for (char **a = d->annotations; a && *a; a++)
		if (strncmp(*a, key, len) == 0 && (*a)[len] == '=')
			return *a + len + 1;
	return NULL;
}

const char *index_entry_annotation(json_t *entry, const char *key)
{
	return json_string_value(json_object_get(json_object_get(entry, "annotations"), key));
}

void index_entry_annotate(json_t *entry, const char *key, const char *value)
{
	json_t *annotations = json_object_get(entry, "annotations");

	if (!json_is_object(annotations)) {
		annotations = json_object();
		json_object_set_new(entry, "annotations", annotations);
	}
	if (value)
		json_object_set_new(annotations, key, json_string(value));
	else
		json_object_del(annotations, key);
}

/* One descriptor a line: people look into this file. */
static char *print_index(json_t *doc)
{
	json_t *manifests = json_object_get(doc, "manifests"), *entry;
	GString *out = g_string_new("{\"schemaVersion\":2,"
				    "\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[");
	size_t i;

	json_array_foreach(manifests, i, entry) {
		char *text = json_dumps(entry, JSON_COMPACT);

		g_string_append_printf(out, "%s\n%s", i ? "," : "", text);
		free(text);
	}
	g_string_append(out, "\n]}\n");
	return g_string_free(out, FALSE);
}

static int load(struct store *s, json_t **ret, struct err *e)
{
	g_autofree char *text = NULL;
	struct image_index checked;
	size_t len;
	int r = read_text(s, &text, &len, e);

	if (r < 0)
		return r;
	if (!text) {
		*ret = json_pack("{s:[]}", "manifests");
		return 0;
	}
	/* What is damaged is refused, not written over. */
	r = image_index_parse(text, len, &checked, e);
	if (r < 0)
		return err_wrap(e, "%s/images/" INDEX_FILE, s->root);
	arena_free(&checked.arena);
	*ret = json_loadb(text, len, 0, NULL);
	return 0;
}

int image_index_update(struct store *s, image_index_change *change, void *data, struct err *e)
{
	autofd lock = lock_open(s->root_fd, "locks/images");
	g_autofree char *text = NULL;
	json_t *doc = NULL;
	int r = lock < 0 ? lock : lock_wait(lock, LOCK_EXCLUSIVE);

	if (r < 0)
		return err_set(e, -r, "lock the list of images of %s", s->root);
	r = load(s, &doc, e);
	if (r < 0)
		return r;
	r = change(json_object_get(doc, "manifests"), data, e);
	if (r > 0) {
		text = print_index(doc);
		r = file_replace(s->images_fd, INDEX_FILE, text, strlen(text), 0600, true, e);
		if (r < 0)
			r = err_wrap(e, "%s/images", s->root);
	}
	json_decref(doc);
	return r;
}
