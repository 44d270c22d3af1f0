/* dump.c - see dump.h. */
#include "core/oci/dump.h"

#include <glib.h>
#include <stdlib.h>

static void put_escaped(GString *s, unsigned char c)
{
	static const char names[] = "btn\0fr";

	if (c == '"' || c == '\\')
		g_string_append_printf(s, "\\%c", c);
	else if (c >= '\b' && c <= '\r' && names[c - '\b'])
		g_string_append_printf(s, "\\%c", names[c - '\b']);
	else
		g_string_append_printf(s, "\\u%04X", c);
}

static void put_string(GString *s, const char *text, size_t len)
{
	const char *from = text, *end = text + len;

	g_string_append_c(s, '"');
	for (const char *p = text; p < end; p++) {
		if ((unsigned char)*p >= 0x20 && *p != '"' && *p != '\\')
			continue;
		g_string_append_len(s, from, p - from);
		put_escaped(s, (unsigned char)*p);
		from = p + 1;
	}
	g_string_append_len(s, from, end - from);
	g_string_append_c(s, '"');
}

static void put_integer(GString *s, json_int_t v)
{
	char digits[24], *p = digits + sizeof digits;
	guint64 n = v < 0 ? 0 - (guint64)v : (guint64)v;

	do
		*--p = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	if (v < 0)
		*--p = '-';
	g_string_append_len(s, p, digits + sizeof digits - p);
}

static void put(GString *s, json_t *v);

static void put_object(GString *s, json_t *o)
{
	const char *key, *comma = "";
	json_t *v;

	g_string_append_c(s, '{');
	json_object_foreach(o, key, v) {
		g_string_append(s, comma);
		put_string(s, key, strlen(key));
		g_string_append_c(s, ':');
		put(s, v);
		comma = ",";
	}
	g_string_append_c(s, '}');
}

static void put_array(GString *s, json_t *a)
{
	g_string_append_c(s, '[');
	for (size_t i = 0; i < json_array_size(a); i++) {
		if (i > 0)
			g_string_append_c(s, ',');
		put(s, json_array_get(a, i));
	}
	g_string_append_c(s, ']');
}

static void put(GString *s, json_t *v)
{
	char *real;

	switch (json_typeof(v)) {
	case JSON_OBJECT:
		put_object(s, v);
		return;
	case JSON_ARRAY:
		put_array(s, v);
		return;
	case JSON_STRING:
		put_string(s, json_string_value(v), json_string_length(v));
		return;
	case JSON_INTEGER:
		put_integer(s, json_integer_value(v));
		return;
	case JSON_REAL:
		real = json_dumps(v, JSON_ENCODE_ANY);
		g_string_append(s, real ? real : "null");
		free(real);
		return;
	default:
		g_string_append(s, json_is_null(v) ? "null" : json_is_true(v) ? "true" : "false");
	}
}

char *json_compact(json_t *v)
{
	GString *s = g_string_sized_new(4096);

	put(s, v);
	return g_string_free(s, FALSE);
}
