/* runtime_spec_reader.c - see runtime_spec_reader.h. */
#include "core/oci/runtime_spec_reader.h"

#include <errno.h>
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/oci/runtime_spec_private.h"

#define FOUND_MAX 80   /* characters of the document that a message quotes */

void reader_wrong(struct reader *r, const char *path, const char *key, const char *what, const json_t *found)
{
	g_autofree char *text = NULL;
	char *dump;

	if (r->e->code)
		return;
	err_msg(r->e, EINVAL, "%s%s%s: %s", path, *path ? "." : "", key, what);
	dump = found ? json_dumps(found, JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII) : NULL;
	if (!dump)
		return;
	text = g_strndup(dump, FOUND_MAX);
	err_msg(r->e, EINVAL, "%s%s%s: %s: %s%s", path, *path ? "." : "", key, what, text,
		strlen(dump) > FOUND_MAX ? "..." : "");
	free(dump);
}

/* The member, or NULL when it is absent or null; one of another type is an error. */
static json_t *member(struct reader *r, json_t *o, const char *path, const char *key, json_type type,
		      const char *what)
{
	json_t *v = json_object_get(o, key);

	if (!v || json_is_null(v))
		return NULL;
	if (json_typeof(v) == type)
		return v;
	reader_wrong(r, path, key, what, v);
	return NULL;
}

json_t *reader_object(struct reader *r, json_t *o, const char *path, const char *key)
{
	return member(r, o, path, key, JSON_OBJECT, "not an object");
}

json_t *reader_array(struct reader *r, json_t *o, const char *path, const char *key)
{
	return member(r, o, path, key, JSON_ARRAY, "not an array");
}

char *reader_string(struct reader *r, json_t *o, const char *path, const char *key)
{
	json_t *v = member(r, o, path, key, JSON_STRING, "not a string");

	if (v && strlen(json_string_value(v)) != json_string_length(v)) {
		reader_wrong(r, path, key, "contains a NUL character", v);
		return NULL;
	}
	return v ? arena_strdup(&r->s->arena, json_string_value(v)) : NULL;
}

bool reader_flag(struct reader *r, json_t *o, const char *path, const char *key)
{
	json_t *v = json_object_get(o, key);

	if (v && !json_is_null(v) && !json_is_boolean(v))
		reader_wrong(r, path, key, "not true or false", v);
	return json_is_true(v);
}

/* A whole number; as a real where the document was read so, see rspec_parse(). */
bool reader_integer(const json_t *v, int64_t *ret)
{
	double d = json_real_value(v);

	if (json_is_integer(v)) {
		*ret = json_integer_value(v);
		return true;
	}
	if (!json_is_real(v) || d < -9.2e18 || d > 9.2e18 || d != (double)(int64_t)d)
		return false;
	*ret = (int64_t)d;
	return true;
}

static void number_range(struct reader *r, const char *path, const char *key, int64_t min, int64_t max,
			 const json_t *v)
{
	char text[96];

	snprintf(text, sizeof text, "not a number from %" PRId64 " to %" PRId64, min, max);
	reader_wrong(r, path, key, text, v);
}

bool reader_number(struct reader *r, json_t *o, const char *path, const char *key, int64_t min, int64_t max,
		   int64_t *ret)
{
	json_t *v = json_object_get(o, key);
	int64_t n;

	if (!v || json_is_null(v))
		return false;
	if (!reader_integer(v, &n))
		reader_wrong(r, path, key, "not a number", v);
	else if (n < min || n > max)
		number_range(r, path, key, min, max, v);
	else {
		*ret = n;
		return true;
	}
	return false;
}

/* Numbers up to 2^64-1 (rlimits, cpu shares), where what is beyond 63 bits means "all there is". */
bool reader_large_number(struct reader *r, json_t *o, const char *path, const char *key, uint64_t *ret)
{
	json_t *v = json_object_get(o, key);
	int64_t n;

	if (!v || json_is_null(v))
		return false;
	if (reader_integer(v, &n))
		*ret = (uint64_t)n;
	else if (json_is_real(v) ? json_real_value(v) >= 9.2e18 :
		 json_is_string(v) && !strcmp(json_string_value(v), RSPEC_LARGEST))
		*ret = UINT64_MAX;
	else {
		reader_wrong(r, path, key, "not a number", v);
		return false;
	}
	return true;
}

char **reader_strings(struct reader *r, json_t *o, const char *path, const char *key)
{
	json_t *a = reader_array(r, o, path, key), *v;
	size_t i, n = json_array_size(a);
	char **out;

	if (!a)
		return NULL;
	out = arena_alloc(&r->s->arena, (n + 1) * sizeof *out);
	json_array_foreach(a, i, v) {
		if (!json_is_string(v)) {
			reader_wrong(r, path, key, "not an array of strings", v);
			return NULL;
		}
		out[i] = arena_strdup(&r->s->arena, json_string_value(v));
	}
	return arena_strv_dup(&r->s->arena, (const char *const *)out);
}

void reader_pairs(struct reader *r, json_t *o, const char *path, const char *key, struct rspec_kv **kv, size_t *n)
{
	json_t *map = reader_object(r, o, path, key), *v;
	const char *k;

	json_object_foreach(map, k, v) {
		if (!*k) {
			reader_wrong(r, path, key, "a key is empty", NULL);
			return;
		}
		if (!json_is_string(v)) {
			reader_wrong(r, path, key, "not an object of strings", v);
			return;
		}
		rspec_add_kv(r->s, kv, n, k, json_string_value(v));
	}
}

/* The next element of an array of objects, its path in `at` ("mounts[3]"). */
json_t *reader_element(struct reader *r, json_t *a, size_t i, const char *name, char *at, size_t size)
{
	json_t *v = json_array_get(a, i);

	snprintf(at, size, "%s[%zu]", name, i);
	if (v && !json_is_object(v))
		reader_wrong(r, "", at, "not an object", v);
	return r->e->code ? NULL : v;
}

void reader_mappings(struct reader *r, json_t *o, const char *path, const char *key, struct rspec_id_mapping **out,
			  size_t *n_out)
{
	json_t *a = reader_array(r, o, path, key);
	char name[64], at[96];
	int64_t n = 0;

	snprintf(name, sizeof name, "%s.%s", path, key);
	for (size_t i = 0; i < json_array_size(a); i++) {
		json_t *v = reader_element(r, a, i, name, at, sizeof at);
		struct rspec_id_mapping *m = ARENA_PUSH(&r->s->arena, *out, *n_out);

		if (reader_number(r, v, at, "containerID", 0, UINT32_MAX, &n))
			m->container_id = (uint32_t)n;
		if (reader_number(r, v, at, "hostID", 0, UINT32_MAX, &n))
			m->host_id = (uint32_t)n;
		if (reader_number(r, v, at, "size", 1, UINT32_MAX, &n))
			m->size = (uint32_t)n;
		else
			reader_wrong(r, at, "size", "is missing", NULL);
	}
}
