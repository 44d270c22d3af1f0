/* image_spec.c - see image_spec.h: foreign JSON to structs. A field that is null counts as absent, as in Go. */
#include "core/oci/image_spec.h"

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

#define LIST_MAX 10000          /* layers, manifests, history entries, strings of one list */

/* Where we are in the document, for messages, and where strings go. The first mistake stays in `e`. */
struct reader {
	struct arena *arena;
	struct err *e;
	bool failed;
};

#define FIELD_MAX 256

__attribute__((format(printf, 3, 4)))
static void wrong(struct reader *r, const char *path, const char *fmt, ...)
{
	g_autofree char *what = NULL, *shown = NULL;
	va_list ap;

	if (r->failed)
		return;
	va_start(ap, fmt);
	what = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	shown = text_printable(path);
	(void)err_msg(r->e, EINVAL, "%.300s: %.200s", shown, what);
	r->failed = true;
}

static const char *type_name(const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT: return "an object";
	case JSON_ARRAY: return "an array";
	case JSON_STRING: return "a string";
	case JSON_INTEGER: return "a number";
	case JSON_REAL: return "a fraction";
	case JSON_NULL: return "null";
	default: return "a boolean";
	}
}

static void join(char path[FIELD_MAX], const char *at, const char *key)
{
	snprintf(path, FIELD_MAX, "%.160s%s%.80s", at, *at ? "." : "", key);
}

/* The field, NULL where it is absent, null or not of `type` (which is remembered as a mistake). */
static json_t *field(struct reader *r, json_t *o, const char *at, const char *key, json_type type)
{
	json_t *v = json_object_get(o, key);
	char path[FIELD_MAX];

	if (!v || json_is_null(v))
		return NULL;
	if (json_typeof(v) == type)
		return v;
	join(path, at, key);
	wrong(r, path, "%s where %s belongs", type_name(v), type == JSON_STRING ? "a string" :
	      type == JSON_OBJECT ? "an object" : type == JSON_ARRAY ? "an array" : "a whole number");
	return NULL;
}

static void missing(struct reader *r, const char *at, const char *key)
{
	char path[FIELD_MAX];

	join(path, at, key);
	wrong(r, path, "missing");
}

static char *string(struct reader *r, json_t *o, const char *at, const char *key)
{
	return arena_strdup(r->arena, json_string_value(field(r, o, at, key, JSON_STRING)));
}

static bool boolean(struct reader *r, json_t *o, const char *at, const char *key)
{
	json_t *v = json_object_get(o, key);
	char path[FIELD_MAX];

	if (!v || json_is_null(v))
		return false;
	join(path, at, key);
	if (!json_is_boolean(v))
		wrong(r, path, "%s where true or false belongs", type_name(v));
	return json_is_true(v);
}

static int64_t number(struct reader *r, json_t *o, const char *at, const char *key, int64_t max)
{
	json_t *v = field(r, o, at, key, JSON_INTEGER);
	int64_t n = v ? json_integer_value(v) : 0;
	char path[FIELD_MAX];

	join(path, at, key);
	if (n < 0 || n > max)
		wrong(r, path, "%" G_GINT64_FORMAT " is out of range", n);
	return n;
}

static bool too_many(struct reader *r, const char *path, size_t n)
{
	if (n > LIST_MAX)
		wrong(r, path, "%zu entries, more than %d", n, LIST_MAX);
	return n > LIST_MAX;
}

/* An array of strings. */
static char **strings(struct reader *r, json_t *o, const char *at, const char *key)
{
	json_t *list = field(r, o, at, key, JSON_ARRAY);
	size_t n = json_array_size(list);
	char path[FIELD_MAX];
	char **v;

	join(path, at, key);
	if (!list || too_many(r, path, n))
		return NULL;
	v = arena_alloc(r->arena, (n + 1) * sizeof *v);
	for (size_t i = 0; i < n; i++) {
		json_t *s = json_array_get(list, i);

		if (!json_is_string(s)) {
			wrong(r, path, "entry %zu is %s where a string belongs", i, type_name(s));
			return NULL;
		}
		v[i] = arena_strdup(r->arena, json_string_value(s));
	}
	return v;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* An object's keys (values of any type are ignored), sorted. */
static char **keys(struct reader *r, json_t *o, const char *at, const char *key)
{
	json_t *map = field(r, o, at, key, JSON_OBJECT), *value;
	char path[FIELD_MAX];
	const char *name;
	size_t n = 0;
	char **v;

	join(path, at, key);
	if (!map || too_many(r, path, json_object_size(map)))
		return NULL;
	v = arena_alloc(r->arena, (json_object_size(map) + 1) * sizeof *v);
	json_object_foreach(map, name, value)
		v[n++] = arena_strdup(r->arena, name);
	qsort(v, n, sizeof *v, by_text);
	return v;
}

/* By key: '=' must not take part in the order ("a-b" comes before "a=" as text). */
static int by_key(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	size_t nx = strcspn(x, "="), ny = strcspn(y, "=");
	int c = memcmp(x, y, nx < ny ? nx : ny);

	return c ? c : nx < ny ? -1 : nx > ny;
}

/* An object of strings as sorted "key=value". */
static char **pairs(struct reader *r, json_t *o, const char *at, const char *key)
{
	json_t *map = field(r, o, at, key, JSON_OBJECT), *value;
	char path[FIELD_MAX];
	const char *name;
	size_t n = 0;
	char **v;

	join(path, at, key);
	if (!map || too_many(r, path, json_object_size(map)))
		return NULL;
	v = arena_alloc(r->arena, (json_object_size(map) + 1) * sizeof *v);
	json_object_foreach(map, name, value) {
		if (!json_is_string(value) && !json_is_null(value)) {
			wrong(r, path, "\"%s\" is %s where a string belongs", name, type_name(value));
			return NULL;
		}
		v[n++] = arena_printf(r->arena, "%s=%s", name,
				      json_is_null(value) ? "" : json_string_value(value));
	}
	qsort(v, n, sizeof *v, by_key);
	return v;
}

static char *digest(struct reader *r, json_t *o, const char *at, const char *key)
{
	char *s = string(r, o, at, key);
	char path[FIELD_MAX];

	join(path, at, key);
	if (!s)
		missing(r, at, key);
	else if (!digest_valid(s))
		wrong(r, path, "\"%.100s\" is not a sha256 or sha512 digest", s);
	return s;
}

static void read_descriptor(struct reader *r, json_t *o, const char *at, struct descriptor *d)
{
	json_t *platform;
	char path[FIELD_MAX];

	if (!json_is_object(o)) {
		wrong(r, at, "%s where an object belongs", o ? type_name(o) : "nothing");
		return;
	}
	d->media_type = string(r, o, at, "mediaType");
	if (!d->media_type)
		missing(r, at, "mediaType");
	d->digest = digest(r, o, at, "digest");
	if (!json_is_integer(json_object_get(o, "size")))
		missing(r, at, "size");
	d->size = number(r, o, at, "size", INT64_MAX);
	d->annotations = pairs(r, o, at, "annotations");
	platform = field(r, o, at, "platform", JSON_OBJECT);
	join(path, at, "platform");
	d->platform.os = string(r, platform, path, "os");
	d->platform.architecture = string(r, platform, path, "architecture");
	d->platform.variant = string(r, platform, path, "variant");
}

static struct descriptor *read_descriptors(struct reader *r, json_t *doc, const char *key, size_t *ret_n)
{
	json_t *list = field(r, doc, "", key, JSON_ARRAY);
	size_t n = json_array_size(list);
	struct descriptor *v;

	*ret_n = 0;
	if (!list) {
		missing(r, "", key);
		return NULL;
	}
	if (too_many(r, key, n))
		return NULL;
	v = arena_alloc(r->arena, (n + 1) * sizeof *v);
	for (size_t i = 0; i < n && !r->failed; i++) {
		char at[FIELD_MAX];

		snprintf(at, sizeof at, "%s[%zu]", key, i);
		read_descriptor(r, json_array_get(list, i), at, &v[i]);
	}
	*ret_n = n;
	return v;
}

/* The document's object, or NULL with the error set. */
static json_t *load(struct reader *r, const char *what, const char *text, size_t len, size_t max)
{
	json_error_t je;
	json_t *doc;

	if (len > max) {
		wrong(r, what, "%zu bytes, more than %zu", len, max);
		return NULL;
	}
	doc = json_loadb(text, len, 0, &je);
	if (!doc)
		wrong(r, what, "not JSON: line %d, column %d: %s", je.line, je.column, je.text);
	else if (!json_is_object(doc))
		wrong(r, what, "%s where an object belongs", type_name(doc));
	return doc;
}

static void check_version(struct reader *r, json_t *doc)
{
	json_t *v = json_object_get(doc, "schemaVersion");

	if (json_is_integer(v) && json_integer_value(v) == 1)
		wrong(r, "schemaVersion", "1: Docker's old manifests, of before 2016, are not supported; "
		      "push the image again with a current tool");
	else if (!json_is_integer(v) || json_integer_value(v) != 2)
		wrong(r, "schemaVersion", "not 2");
}

int manifest_parse(const char *text, size_t len, struct manifest *ret, struct err *e)
{
	struct manifest m = { 0 };
	struct reader r = { &m.arena, e, false };
	json_t *doc = load(&r, "manifest", text, len, MANIFEST_MAX);

	if (!r.failed)
		check_version(&r, doc);
	if (!r.failed) {
		m.media_type = string(&r, doc, "", "mediaType");
		read_descriptor(&r, json_object_get(doc, "config"), "config", &m.config);
		m.layers = read_descriptors(&r, doc, "layers", &m.n_layers);
		m.annotations = pairs(&r, doc, "", "annotations");
	}
	json_decref(doc);
	if (r.failed) {
		arena_free(&m.arena);
		return -e->code;
	}
	*ret = m;
	return 0;
}

int image_index_parse(const char *text, size_t len, struct image_index *ret, struct err *e)
{
	struct image_index idx = { 0 };
	struct reader r = { &idx.arena, e, false };
	json_t *doc = load(&r, "image index", text, len, 4 * MANIFEST_MAX);

	if (!r.failed)
		check_version(&r, doc);
	if (!r.failed) {
		idx.media_type = string(&r, doc, "", "mediaType");
		idx.manifests = read_descriptors(&r, doc, "manifests", &idx.n_manifests);
	}
	json_decref(doc);
	if (r.failed) {
		arena_free(&idx.arena);
		return -e->code;
	}
	*ret = idx;
	return 0;
}

static void read_healthcheck(struct reader *r, json_t *config, struct healthcheck *h)
{
	const char *at = "config.Healthcheck";
	json_t *o = field(r, config, "config", "Healthcheck", JSON_OBJECT);

	if (!o)
		return;
	h->test = strings(r, o, at, "Test");
	h->interval = number(r, o, at, "Interval", INT64_MAX);
	h->timeout = number(r, o, at, "Timeout", INT64_MAX);
	h->start_period = number(r, o, at, "StartPeriod", INT64_MAX);
	h->start_interval = number(r, o, at, "StartInterval", INT64_MAX);
	h->retries = (int)number(r, o, at, "Retries", INT32_MAX);
}

/* The part that says how to run it. */
static void read_run_config(struct reader *r, json_t *doc, struct image_config *c)
{
	json_t *o = field(r, doc, "", "config", JSON_OBJECT);

	if (!o)
		return;
	c->user = string(r, o, "config", "User");
	c->working_dir = string(r, o, "config", "WorkingDir");
	c->stop_signal = string(r, o, "config", "StopSignal");
	c->env = strings(r, o, "config", "Env");
	c->entrypoint = strings(r, o, "config", "Entrypoint");
	c->cmd = strings(r, o, "config", "Cmd");
	c->exposed_ports = keys(r, o, "config", "ExposedPorts");
	c->volumes = keys(r, o, "config", "Volumes");
	c->labels = pairs(r, o, "config", "Labels");
	c->onbuild = strings(r, o, "config", "OnBuild");
	c->shell = strings(r, o, "config", "Shell");
	read_healthcheck(r, o, &c->healthcheck);
}

static void read_diff_ids(struct reader *r, json_t *doc, struct image_config *c)
{
	json_t *rootfs = field(r, doc, "", "rootfs", JSON_OBJECT);

	if (!rootfs) {
		missing(r, "", "rootfs");
		return;
	}
	c->diff_ids = strings(r, rootfs, "rootfs", "diff_ids");
	for (c->n_diff_ids = 0; c->diff_ids && c->diff_ids[c->n_diff_ids]; c->n_diff_ids++)
		if (!digest_valid(c->diff_ids[c->n_diff_ids]))
			wrong(r, "rootfs.diff_ids", "entry %zu is not a sha256 or sha512 digest", c->n_diff_ids);
}

static void read_history(struct reader *r, json_t *doc, struct image_config *c)
{
	json_t *list = field(r, doc, "", "history", JSON_ARRAY);
	size_t n = json_array_size(list);

	if (!list || too_many(r, "history", n))
		return;
	c->history = arena_alloc(r->arena, (n + 1) * sizeof *c->history);
	for (size_t i = 0; i < n && !r->failed; i++) {
		struct image_history *h = &c->history[i];
		json_t *o = json_array_get(list, i);
		char at[FIELD_MAX];

		snprintf(at, sizeof at, "history[%zu]", i);
		if (!json_is_object(o)) {
			wrong(r, at, "%s where an object belongs", type_name(o));
			return;
		}
		h->created = string(r, o, at, "created");
		h->created_by = string(r, o, at, "created_by");
		h->author = string(r, o, at, "author");
		h->comment = string(r, o, at, "comment");
		h->empty_layer = boolean(r, o, at, "empty_layer");
	}
	c->n_history = n;
}

int image_config_parse(const char *text, size_t len, struct image_config *ret, struct err *e)
{
	struct image_config c = { 0 };
	struct reader r = { &c.arena, e, false };
	json_t *doc = load(&r, "image config", text, len, 2 * MANIFEST_MAX);

	if (!r.failed) {
		c.created = string(&r, doc, "", "created");
		c.author = string(&r, doc, "", "author");
		c.architecture = string(&r, doc, "", "architecture");
		c.os = string(&r, doc, "", "os");
		c.variant = string(&r, doc, "", "variant");
		read_run_config(&r, doc, &c);
		read_diff_ids(&r, doc, &c);
		read_history(&r, doc, &c);
	}
	json_decref(doc);
	if (r.failed) {
		arena_free(&c.arena);
		return -e->code;
	}
	*ret = c;
	return 0;
}
