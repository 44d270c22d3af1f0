/* manifest_add.c - entries of lists: what an image is, where it lies, what the user says of it. */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "cmd/image/manifest.h"
#include "cmd/image/origin.h"

struct addition {
	json_t *entries;                /* to be added */
	const char *source;             /* where they lie, NULL: in the store */
	const struct manifest_add_options *o;
};

/* --- options -------------------------------------------------------------------------------------------------------- */

static json_t *strings(char *const *list)
{
	json_t *out = json_array();

	for (; *list; list++)
		json_array_append_new(out, json_string(*list));
	return out;
}

static json_t *member(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	if (!json_is_object(value)) {
		value = json_object();
		json_object_set_new(object, key, value);
	}
	return value;
}

static int set_annotations(json_t *entry, char *const *list, struct err *e)
{
	for (; list && *list; list++) {
		const char *eq = strchr(*list, '=');
		g_autofree char *key = eq ? g_strndup(*list, (gsize)(eq - *list)) : NULL;

		if (!key || !*key)
			return err_msg(e, EINVAL, "--annotation %s: key=value is needed", *list);
		json_object_set_new(member(entry, "annotations"), key, json_string(eq + 1));
	}
	return 0;
}

int manifest_entry_set(json_t *entry, const struct manifest_add_options *o, struct err *e)
{
	const struct { const char *key, *value; } texts[] = {
		{ "architecture", o->arch }, { "os", o->os }, { "os.version", o->os_version }, { "variant", o->variant },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		if (texts[i].value)
			json_object_set_new(member(entry, "platform"), texts[i].key, json_string(texts[i].value));
	if (o->features)
		json_object_set_new(member(entry, "platform"), "features", strings(o->features));
	if (o->os_features)
		json_object_set_new(member(entry, "platform"), "os.features", strings(o->os_features));
	return set_annotations(entry, o->annotations, e);
}

/* --- what there is -------------------------------------------------------------------------------------------------- */

static json_t *platform_json(const struct image_config *c)
{
	json_t *p = json_object();

	if (c->architecture)
		json_object_set_new(p, "architecture", json_string(c->architecture));
	if (c->os)
		json_object_set_new(p, "os", json_string(c->os));
	if (c->variant && *c->variant)
		json_object_set_new(p, "variant", json_string(c->variant));
	return p;
}

/* The entry of a single image: its platform is in its config. */
static int entry_of(struct origin *from, const struct document *doc, json_t *out, struct err *e)
{
	struct document config_doc = { 0 };
	struct image_config config;
	struct manifest m;
	int r = manifest_parse(doc->text, doc->len, &m, e);

	if (r < 0)
		return r;
	r = from->ops->blob(from, &m.config, &config_doc, e);
	if (r == 0)
		r = image_config_parse(config_doc.text, config_doc.len, &config, e);
	if (r == 0) {
		json_array_append_new(out, json_pack("{s:s,s:s,s:I,s:o}", "mediaType", m.media_type ? m.media_type :
						     "application/vnd.oci.image.manifest.v1+json", "digest", doc->digest,
						     "size", (json_int_t)doc->len, "platform", platform_json(&config)));
		arena_free(&config.arena);
	}
	document_clear(&config_doc);
	arena_free(&m.arena);
	return r;
}

/* Entries of a list, as they are: all, or that for this machine. */
static int entries_of(const struct document *doc, bool all, json_t *out, struct err *e)
{
	const struct platform host = platform_host();
	json_t *root = json_loadb(doc->text, doc->len, 0, NULL), *entry;
	const struct descriptor *chosen = NULL;
	struct image_index idx;
	size_t i;
	int r = image_index_parse(doc->text, doc->len, &idx, e);
	bool parsed = r == 0;

	if (r == 0 && !all) {
		chosen = image_index_choose(&idx, &host);
		r = chosen ? 0 : remote_no_platform(&idx, &host, e);
	}
	json_array_foreach(json_object_get(root, "manifests"), i, entry) {
		if (r == 0 && (all || strcmp(json_string_value(json_object_get(entry, "digest")), chosen->digest) == 0))
			json_array_append(out, entry);
		/* Once is enough. */
		if (!all && json_array_size(out))
			break;
	}
	if (parsed)
		arena_free(&idx.arena);
	json_decref(root);
	return r;
}

static int gather(struct origin *from, bool all, json_t *out, struct err *e)
{
	struct document doc = { 0 };
	enum media_kind kind;
	int r = origin_document(from, NULL, &doc, &kind, e);

	if (r == 0)
		r = kind == MEDIA_INDEX ? entries_of(&doc, all, out, e) : entry_of(from, &doc, out, e);
	document_clear(&doc);
	return r;
}

/* --- adding ---------------------------------------------------------------------------------------------------------- */

static void replace(json_t *list, json_t *entry)
{
	const char *digest = json_string_value(json_object_get(entry, "digest"));

	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *old = json_array_get(list, i);

		if (g_strcmp0(json_string_value(json_object_get(old, "digest")), digest) == 0) {
			json_array_set(list, i, entry);
			return;
		}
	}
	json_array_append(list, entry);
}

static int add(json_t *doc, json_t *sources, void *data, struct err *e)
{
	const struct addition *a = data;
	json_t *entry;
	size_t i;

	json_array_foreach(a->entries, i, entry) {
		const char *digest = json_string_value(json_object_get(entry, "digest"));
		int r = manifest_entry_set(entry, a->o, e);

		if (r < 0)
			return r;
		replace(json_object_get(doc, "manifests"), entry);
		if (a->source)
			json_object_set_new(sources, digest, json_string(a->source));
		else
			json_object_del(sources, digest);
	}
	return 0;
}

/* Where the user's word points: an image of the store, or a registry's. g_free it. */
static int place_of(struct context *c, const char *image, char **ret, struct err *e)
{
	struct image *img = NULL;
	int r;

	if (location_has_transport(image)) {
		*ret = g_strdup(image);
		return 0;
	}
	r = image_find(c->store, image, &img, e);
	if (r < 0)
		return r;
	*ret = r > 0 ? g_strconcat("store:", image, NULL) : g_strconcat("docker://", image, NULL);
	if (img)
		image_free(img);
	return 0;
}

/* What will be asked for when the list is pushed: a registry's repository, whatever its tags mean by then. */
static char *source_of(const struct origin *from, const char *place)
{
	if (from->name.transport == TRANSPORT_STORE)
		return NULL;
	if (from->name.transport == TRANSPORT_DOCKER)
		return g_strdup_printf("docker://%s/%s", from->ref.host, from->ref.path);
	return g_strdup(place);
}

int manifest_add_image(struct context *c, const char *list_id, const char *image, const struct manifest_add_options *o,
		       struct err *e)
{
	struct registry_options ro = manifest_access(&o->access);
	struct addition a = { .entries = json_array(), .o = o };
	g_autofree char *place = NULL, *source = NULL;
	struct origin *from = NULL;
	int r = place_of(c, image, &place, e);

	if (r == 0)
		r = origin_open(c, place, &ro, &from, e);
	if (r == 0)
		r = gather(from, o->all, a.entries, e);
	if (r == 0 && json_array_size(a.entries) == 0)
		r = err_msg(e, ENOENT, "%s: the list is empty", image);
	if (r == 0) {
		a.source = source = source_of(from, place);
		r = manifest_list_change(c->store, list_id, add, &a, e);
	}
	origin_close(from);
	json_decref(a.entries);
	return r;
}
