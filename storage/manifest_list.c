/* manifest_list.c - see manifest_list.h. */
#include "storage/manifest_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/base/text.h"
#include "core/oci/reference.h"
#include "storage/image.h"
#include "storage/image_index.h"

#define EMPTY_LIST "{\"schemaVersion\":2,\"mediaType\":\"" OCI_INDEX "\",\"manifests\":[]}"

void manifest_list_free(struct manifest_list *l)
{
	g_free(l->id);
	g_free(l->digest);
	g_strfreev(l->names);
	g_free(l->text);
	json_decref(l->sources);
	g_free(l);
}

/* --- reading -------------------------------------------------------------------------------------------------------- */

static int load(struct store *s, const struct image_index *idx, const struct descriptor *d, struct manifest_list **ret,
		struct err *e)
{
	const char *id = descriptor_annotation(d, ANNOTATION_LIST), *sources = descriptor_annotation(d, ANNOTATION_SOURCES);
	autolist *l = g_new0(struct manifest_list, 1);
	GPtrArray *names = g_ptr_array_new();
	int r;

	l->id = g_strdup(id);
	l->digest = g_strdup(d->digest);
	l->sources = sources ? json_loads(sources, 0, NULL) : NULL;
	if (!json_is_object(l->sources)) {
		json_decref(l->sources);
		l->sources = json_object();
	}
	for (size_t i = 0; i < idx->n_manifests; i++) {
		const struct descriptor *other = &idx->manifests[i];
		const char *name = descriptor_annotation(other, ANNOTATION_NAME);

		if (name && g_strcmp0(descriptor_annotation(other, ANNOTATION_LIST), id) == 0)
			g_ptr_array_add(names, g_strdup(name));
	}
	g_ptr_array_add(names, NULL);
	l->names = (char **)g_ptr_array_free(names, FALSE);
	r = image_read_blob(s, d->digest, &l->text, &l->len, e);
	if (r < 0)
		return err_wrap(e, "the list %s is damaged", l->names[0] ? l->names[0] : l->id);
	*ret = l;
	l = NULL;
	return 0;
}

/* The full names that `text` may mean; g_free the strings. */
static void full_names(const char *text, char *ret[2])
{
	struct err ignored = ERR_INIT;
	struct reference ref;

	ret[0] = reference_parse_local(text, &ref, &ignored) == 0 ? reference_name(&ref) : NULL;
	ret[1] = reference_parse(text, &ref, &ignored) == 0 ? reference_name(&ref) : NULL;
}

static const struct descriptor *by_name(const struct image_index *idx, const char *name)
{
	for (size_t i = 0; name && i < idx->n_manifests; i++)
		if (descriptor_annotation(&idx->manifests[i], ANNOTATION_LIST) &&
		    g_strcmp0(descriptor_annotation(&idx->manifests[i], ANNOTATION_NAME), name) == 0)
			return &idx->manifests[i];
	return NULL;
}

/* 1 and the entry, 0, or -errno where it is the beginning of several. */
static int by_id(const struct image_index *idx, const char *text, const struct descriptor **ret, struct err *e)
{
	const char *found = NULL;
	size_t len = strlen(text);

	if (len < 3 || len > 64 || !text_is_hex(text, (unsigned)len))
		return 0;
	for (size_t i = 0; i < idx->n_manifests; i++) {
		const char *id = descriptor_annotation(&idx->manifests[i], ANNOTATION_LIST);

		if (!id || strncmp(id, text, len) != 0)
			continue;
		if (found && strcmp(found, id) != 0)
			return err_msg(e, EINVAL, "more than one list has an ID that starts with \"%s\"; give more digits", text);
		found = id;
		*ret = &idx->manifests[i];
	}
	return found != NULL;
}

int manifest_list_find(struct store *s, const char *name, struct manifest_list **ret, struct err *e)
{
	const struct descriptor *d;
	char *names[2];
	struct image_index idx;
	int r = image_index_read(s, &idx, e);

	if (r < 0)
		return r;
	full_names(name, names);
	d = by_name(&idx, names[0]);
	if (!d)
		d = by_name(&idx, names[1]);
	r = d ? 1 : by_id(&idx, name, &d, e);
	if (r > 0 && load(s, &idx, d, ret, e) < 0)
		r = -e->code;
	g_free(names[0]);
	g_free(names[1]);
	arena_free(&idx.arena);
	return r;
}

static void free_list(void *list)
{
	manifest_list_free(list);
}

int manifest_list_all(struct store *s, GPtrArray **ret, struct err *e)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GPtrArray *list = g_ptr_array_new_with_free_func(free_list);
	struct image_index idx;
	int r = image_index_read(s, &idx, e);

	for (size_t i = 0; r == 0 && i < idx.n_manifests; i++) {
		const char *id = descriptor_annotation(&idx.manifests[i], ANNOTATION_LIST);
		struct manifest_list *one;

		if (!id || !g_hash_table_add(seen, g_strdup(id)))
			continue;
		r = load(s, &idx, &idx.manifests[i], &one, e);
		if (r == 0)
			g_ptr_array_add(list, one);
	}
	if (r < 0)
		g_ptr_array_unref(list);
	else
		*ret = list;
	arena_free(&idx.arena);
	return r;
}

/* --- changing ------------------------------------------------------------------------------------------------------- */

struct change {
	struct store *s;
	const char *id, *name;
	manifest_list_edit *edit;
	void *data;
	GPtrArray *removed;
	size_t n;
};

static bool is_list(json_t *entry, const char *id)
{
	return g_strcmp0(index_entry_annotation(entry, ANNOTATION_LIST), id) == 0;
}

static json_t *find_list(json_t *manifests, const char *id)
{
	for (size_t i = 0; i < json_array_size(manifests); i++)
		if (is_list(json_array_get(manifests, i), id))
			return json_array_get(manifests, i);
	return NULL;
}

/* Put the document and have the entry name it. */
static int set_document(struct store *s, json_t *entry, const char *text, struct err *e)
{
	g_autofree char *hex = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
	g_autofree char *digest = g_strconcat("sha256:", hex, NULL);
	int r = image_put_blob(s, digest, text, strlen(text), e);

	json_object_set_new(entry, "mediaType", json_string(OCI_INDEX));
	json_object_set_new(entry, "digest", json_string(digest));
	json_object_set_new(entry, "size", json_integer((json_int_t)strlen(text)));
	return r;
}

static int add_new(json_t *manifests, void *data, struct err *e)
{
	const struct change *c = data;
	json_t *entry;
	size_t i;
	int r;

	json_array_foreach(manifests, i, entry)
		if (g_strcmp0(index_entry_annotation(entry, ANNOTATION_NAME), c->name) == 0)
			return err_msg(e, EEXIST, "image name \"%s\" is already in use", c->name);
	entry = json_object();
	r = set_document(c->s, entry, EMPTY_LIST, e);
	index_entry_annotate(entry, ANNOTATION_NAME, c->name);
	index_entry_annotate(entry, ANNOTATION_LIST, c->id);
	json_array_append_new(manifests, entry);
	return r < 0 ? r : 1;
}

/* A collection must not take the blob before the index names it. */
static int update(struct store *s, image_index_change *change, struct change *c, struct err *e)
{
	int lock = store_lock_shared(s, e), r;

	if (lock < 0)
		return lock;
	r = image_index_update(s, change, c, e);
	fd_close(&lock);
	return r;
}

int manifest_list_create(struct store *s, const char *full_name, char **ret_id, struct err *e)
{
	g_autofree char *id = text_random_hex(32);
	struct change c = { .s = s, .id = id, .name = full_name };
	int r = update(s, add_new, &c, e);

	if (r == 0)
		*ret_id = g_steal_pointer(&id);
	return r;
}

static json_t *load_document(struct store *s, json_t *entry, struct err *e)
{
	const char *digest = json_string_value(json_object_get(entry, "digest"));
	g_autofree char *text = NULL;
	json_t *doc;
	size_t len;

	if (image_read_blob(s, digest ? digest : "", &text, &len, e) < 0)
		return NULL;
	doc = json_loadb(text, len, 0, NULL);
	if (!json_is_array(json_object_get(doc, "manifests"))) {
		json_decref(doc);
		err_msg(e, EBADMSG, "the list %s is damaged", digest);
		return NULL;
	}
	return doc;
}

/* All entries of the list (one a name) get the new document. */
static int write_back(json_t *manifests, const struct change *c, json_t *doc, json_t *sources, struct err *e)
{
	char *text = json_dumps(doc, JSON_COMPACT), *where = json_dumps(sources, JSON_COMPACT);
	json_t *entry;
	size_t i;
	int r = strlen(text) < MANIFEST_MAX ? 0 : err_msg(e, EFBIG, "the list becomes too long");

	json_array_foreach(manifests, i, entry) {
		if (r < 0 || !is_list(entry, c->id))
			continue;
		r = set_document(c->s, entry, text, e);
		index_entry_annotate(entry, ANNOTATION_SOURCES, json_object_size(sources) ? where : NULL);
	}
	free(text);
	free(where);
	return r < 0 ? r : 1;
}

static int change_document(json_t *manifests, void *data, struct err *e)
{
	const struct change *c = data;
	json_t *entry = find_list(manifests, c->id), *doc, *sources;
	const char *where;
	int r;

	if (!entry)
		return err_msg(e, ENOENT, "the list has been removed meanwhile");
	doc = load_document(c->s, entry, e);
	if (!doc)
		return -e->code;
	where = index_entry_annotation(entry, ANNOTATION_SOURCES);
	sources = where ? json_loads(where, 0, NULL) : json_object();
	r = c->edit(doc, sources, c->data, e);
	if (r == 0)
		r = write_back(manifests, c, doc, sources, e);
	json_decref(doc);
	json_decref(sources);
	return r;
}

int manifest_list_change(struct store *s, const char *id, manifest_list_edit *edit, void *data, struct err *e)
{
	struct change c = { .s = s, .id = id, .edit = edit, .data = data };

	return update(s, change_document, &c, e);
}

static int add_name(json_t *manifests, void *data, struct err *e)
{
	const struct change *c = data;
	json_t *entry, *copy = find_list(manifests, c->id);
	size_t i;

	json_array_foreach(manifests, i, entry)
		if (g_strcmp0(index_entry_annotation(entry, ANNOTATION_NAME), c->name) == 0)
			return is_list(entry, c->id) ? 0 : err_msg(e, EEXIST, "image name \"%s\" is already in use", c->name);
	if (!copy)
		return err_msg(e, ENOENT, "the list has been removed meanwhile");
	copy = json_deep_copy(copy);
	index_entry_annotate(copy, ANNOTATION_NAME, c->name);
	json_array_append_new(manifests, copy);
	return 1;
}

int manifest_list_tag(struct store *s, const struct manifest_list *l, const char *full_name, struct err *e)
{
	struct change c = { .s = s, .id = l->id, .name = full_name };

	return update(s, add_name, &c, e);
}

static int drop(json_t *manifests, void *data, struct err *e)
{
	struct change *c = data;

	(void)e;
	for (size_t i = 0; i < json_array_size(manifests);) {
		json_t *entry = json_array_get(manifests, i);
		const char *name = index_entry_annotation(entry, ANNOTATION_NAME);

		if (!is_list(entry, c->id) || (c->name && g_strcmp0(name, c->name) != 0)) {
			i++;
			continue;
		}
		if (name)
			g_ptr_array_add(c->removed, g_strdup_printf("Untagged: %s", name));
		json_array_remove(manifests, i);
		c->n++;
	}
	return c->n > 0;
}

int manifest_list_remove(struct store *s, const struct manifest_list *l, const char *name, GPtrArray *removed, struct err *e)
{
	struct change c = { .s = s, .id = l->id, .name = name, .removed = removed };
	int r = update(s, drop, &c, e);

	if (r < 0 || name)
		return r;
	g_ptr_array_add(removed, g_strdup_printf("Deleted: %s", l->id));
	return image_collect(s, e);
}
