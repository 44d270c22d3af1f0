/* template_funcs.c - the functions of templates: Go's own and those that podman adds. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/template_nodes.h"

static json_t *bad_call(struct template_run *run, const char *what)
{
	err_msg(run->e, EINVAL, "template: %s", what);
	return NULL;
}

static json_t *text_value(struct template_run *run, const char *s)
{
	json_t *v = json_string(s);

	return v ? template_keep(run, v) : bad_call(run, "text that is not UTF-8");
}

/* Steals `s`. */
static json_t *take_text(struct template_run *run, GString *s)
{
	json_t *v = text_value(run, s->str);

	g_string_free(s, TRUE);
	return v;
}

static const char *text_of(json_t *v)
{
	return json_is_string(v) ? json_string_value(v) : "";
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void print_map(json_t *v, GString *out)
{
	g_autoptr(GPtrArray) keys = g_ptr_array_new();
	const char *key;
	json_t *value;

	json_object_foreach(v, key, value) {
		g_ptr_array_add(keys, (void *)(uintptr_t)key);
	}
	g_ptr_array_sort(keys, by_text);
	g_string_append(out, "map[");
	for (guint i = 0; i < keys->len; i++) {
		g_string_append_printf(out, "%s%s:", i ? " " : "", (char *)keys->pdata[i]);
		template_print(json_object_get(v, keys->pdata[i]), out);
	}
	g_string_append_c(out, ']');
}

void template_print(json_t *v, GString *out)
{
	switch (json_typeof(v)) {
	case JSON_STRING:
		g_string_append_len(out, json_string_value(v), (gssize)json_string_length(v));
		break;
	case JSON_INTEGER:
		g_string_append_printf(out, "%lld", (long long)json_integer_value(v));
		break;
	case JSON_REAL:
		g_string_append_printf(out, "%g", json_real_value(v));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		g_string_append(out, json_is_true(v) ? "true" : "false");
		break;
	case JSON_NULL:
		g_string_append(out, "<nil>");
		break;
	case JSON_ARRAY:
		g_string_append_c(out, '[');
		for (size_t i = 0; i < json_array_size(v); i++) {
			if (i)
				g_string_append_c(out, ' ');
			template_print(json_array_get(v, i), out);
		}
		g_string_append_c(out, ']');
		break;
	case JSON_OBJECT:
		print_map(v, out);
		break;
	}
}

bool template_truth(json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_STRING:
		return json_string_length(v) > 0;
	case JSON_INTEGER:
		return json_integer_value(v) != 0;
	case JSON_REAL:
		return json_real_value(v) != 0;
	case JSON_ARRAY:
		return json_array_size(v) > 0;
	case JSON_OBJECT:
		return json_object_size(v) > 0;
	default:
		return json_is_true(v);
	}
}

static json_t *f_json(struct template_run *run, json_t **a, size_t n)
{
	char *dumped;
	json_t *v;

	if (n != 1)
		return bad_call(run, "json takes one value");
	dumped = json_dumps(a[0], JSON_ENCODE_ANY | JSON_COMPACT);
	v = text_value(run, dumped ? dumped : "");
	free(dumped);
	return v;
}

static json_t *f_join(struct template_run *run, json_t **a, size_t n)
{
	GString *s;

	if (n != 2 || !json_is_string(a[1]) || (!json_is_array(a[0]) && !json_is_null(a[0])))
		return bad_call(run, "join takes a list and a separator");
	s = g_string_new(NULL);
	for (size_t i = 0; i < json_array_size(a[0]); i++) {
		if (i)
			g_string_append(s, text_of(a[1]));
		template_print(json_array_get(a[0], i), s);
	}
	return take_text(run, s);
}

static json_t *f_len(struct template_run *run, json_t **a, size_t n)
{
	size_t len = 0;

	if (n != 1)
		return bad_call(run, "len takes one value");
	if (json_is_string(a[0]))
		len = json_string_length(a[0]);
	else if (json_is_array(a[0]))
		len = json_array_size(a[0]);
	else if (json_is_object(a[0]))
		len = json_object_size(a[0]);
	else if (!json_is_null(a[0]))
		return bad_call(run, "len of a value that has no length");
	return template_keep(run, json_integer((json_int_t)len));
}

static json_t *f_index(struct template_run *run, json_t **a, size_t n)
{
	json_t *v = n ? a[0] : NULL;

	for (size_t i = 1; v && i < n; i++) {
		if (json_is_array(v) && json_is_integer(a[i])) {
			json_int_t at = json_integer_value(a[i]);

			if (at < 0 || (size_t)at >= json_array_size(v))
				return bad_call(run, "index out of range");
			v = json_array_get(v, (size_t)at);
		} else if (json_is_object(v) && json_is_string(a[i])) {
			v = json_object_get(v, text_of(a[i]));
			if (!v)
				v = text_value(run, "");
		} else {
			return bad_call(run, "index of a value that has none, or by the wrong kind of key");
		}
	}
	return v ? v : bad_call(run, "index takes a value and keys");
}

/* The formats below are the template author's own verbs, checked and bounded by verb_length(). */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
/* One verb of printf: `spec` is "%-10s" ...; width and precision are bounded by our own parse. */
static bool print_verb(GString *out, const char *spec, char verb, json_t *v)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *format = NULL;

	if (strchr("dxXo", verb) && json_is_integer(v)) {
		format = g_strdup_printf("%.*sll%c", (int)strlen(spec) - 1, spec, verb);
		g_string_append_printf(out, format, (long long)json_integer_value(v));
		return true;
	}
	if (strchr("feEgG", verb) && json_is_number(v)) {
		g_string_append_printf(out, spec, json_number_value(v));
		return true;
	}
	if (verb == 't' && json_is_boolean(v))
		verb = 's';
	if (!strchr("svq", verb))
		return false;
	template_print(v, text);
	if (verb == 'q') {
		char *quoted = json_dumps(v, JSON_ENCODE_ANY);

		g_string_assign(text, quoted ? quoted : "");
		free(quoted);
	}
	format = g_strdup_printf("%.*ss", (int)strlen(spec) - 1, spec);
	g_string_append_printf(out, format, text->str);
	return true;
}

#pragma GCC diagnostic pop

static size_t verb_length(const char *spec)
{
	size_t n = 1 + strspn(spec + 1, "-+# 0");
	size_t digits = strspn(spec + n, "0123456789");

	n += digits;
	if (digits > 4)
		return 0;
	if (spec[n] == '.') {
		digits = strspn(spec + n + 1, "0123456789");
		if (digits > 4)
			return 0;
		n += 1 + digits;
	}
	return spec[n] ? n + 1 : 0;
}

static json_t *f_printf(struct template_run *run, json_t **a, size_t n)
{
	GString *s;
	size_t next = 1;

	if (n < 1 || !json_is_string(a[0]))
		return bad_call(run, "printf takes a format");
	s = g_string_new(NULL);
	for (const char *p = text_of(a[0]); *p;) {
		size_t len = *p == '%' ? verb_length(p) : 0;
		g_autofree char *spec = g_strndup(p, len);

		if (*p != '%') {
			g_string_append_c(s, *p++);
			continue;
		}
		if (p[1] == '%') {
			g_string_append_c(s, '%');
			p += 2;
			continue;
		}
		if (!len) {
			g_string_append(s, "%!(NOVERB)");
			break;
		}
		if (next >= n)
			g_string_append_printf(s, "%%!%c(MISSING)", spec[len - 1]);
		else if (!print_verb(s, spec, spec[len - 1], a[next]))
			g_string_append_printf(s, "%%!%c(BAD)", spec[len - 1]);
		next++;
		p += len;
	}
	return take_text(run, s);
}

static json_t *print_all(struct template_run *run, json_t **a, size_t n, bool line)
{
	GString *s = g_string_new(NULL);

	for (size_t i = 0; i < n; i++) {
		if (i && (line || (!json_is_string(a[i]) && !json_is_string(a[i - 1]))))
			g_string_append_c(s, ' ');
		template_print(a[i], s);
	}
	if (line)
		g_string_append_c(s, '\n');
	return take_text(run, s);
}

static json_t *f_print(struct template_run *run, json_t **a, size_t n)
{
	return print_all(run, a, n, false);
}

static json_t *f_println(struct template_run *run, json_t **a, size_t n)
{
	return print_all(run, a, n, true);
}

static json_t *changed_case(struct template_run *run, json_t **a, size_t n, char *(*change)(const char *, gssize))
{
	g_autofree char *s = NULL;

	if (n != 1 || !json_is_string(a[0]))
		return bad_call(run, "upper, lower and title take a text");
	s = change(text_of(a[0]), -1);
	return text_value(run, s);
}

static char *title_case(const char *s, gssize len)
{
	char *copy = g_strndup(s, len < 0 ? strlen(s) : (size_t)len);

	for (char *p = copy; *p; p++)
		if (p == copy || g_ascii_isspace(p[-1]))
			*p = g_ascii_toupper(*p);
	return copy;
}

static json_t *f_upper(struct template_run *run, json_t **a, size_t n)
{
	return changed_case(run, a, n, g_utf8_strup);
}

static json_t *f_lower(struct template_run *run, json_t **a, size_t n)
{
	return changed_case(run, a, n, g_utf8_strdown);
}

static json_t *f_title(struct template_run *run, json_t **a, size_t n)
{
	return changed_case(run, a, n, title_case);
}

static json_t *f_split(struct template_run *run, json_t **a, size_t n)
{
	g_auto(GStrv) parts = NULL;
	json_t *list;

	if (n != 2 || !json_is_string(a[0]) || !json_is_string(a[1]) || !json_string_length(a[1]))
		return bad_call(run, "split takes a text and a separator");
	parts = g_strsplit(text_of(a[0]), text_of(a[1]), -1);
	list = template_keep(run, json_array());
	for (char **p = parts; *p; p++)
		json_array_append_new(list, json_string(*p));
	return list;
}

static json_t *f_trim(struct template_run *run, json_t **a, size_t n)
{
	g_autofree char *s = NULL;

	if (n != 1 || !json_is_string(a[0]))
		return bad_call(run, "trim takes a text");
	s = g_strstrip(g_strdup(text_of(a[0])));
	return text_value(run, s);
}

static json_t *f_trim_prefix(struct template_run *run, json_t **a, size_t n)
{
	if (n != 2 || !json_is_string(a[0]) || !json_is_string(a[1]))
		return bad_call(run, "trimPrefix takes a text and a prefix");
	return text_value(run, text_of(a[0]) + (g_str_has_prefix(text_of(a[0]), text_of(a[1])) ?
						json_string_length(a[1]) : 0));
}

static json_t *f_trim_suffix(struct template_run *run, json_t **a, size_t n)
{
	g_autofree char *s = NULL;

	if (n != 2 || !json_is_string(a[0]) || !json_is_string(a[1]))
		return bad_call(run, "trimSuffix takes a text and a suffix");
	s = g_strdup(text_of(a[0]));
	if (g_str_has_suffix(s, text_of(a[1])))
		s[strlen(s) - json_string_length(a[1])] = '\0';
	return text_value(run, s);
}

/* <0, 0, >0; false when the two can't be compared. */
static bool compare(json_t *x, json_t *y, int *ret)
{
	if (json_is_string(x) && json_is_string(y)) {
		*ret = strcmp(text_of(x), text_of(y));
		return true;
	}
	if (json_is_number(x) && json_is_number(y)) {
		double a = json_number_value(x), b = json_number_value(y);

		*ret = (a > b) - (a < b);
		return true;
	}
	if (json_is_boolean(x) && json_is_boolean(y)) {
		*ret = json_is_true(x) - json_is_true(y);
		return true;
	}
	*ret = json_equal(x, y) ? 0 : 1;
	return json_is_null(x) || json_is_null(y);
}

enum relation { REL_EQ, REL_NE, REL_LT, REL_LE, REL_GT, REL_GE };

static json_t *relate(struct template_run *run, json_t **a, size_t n, enum relation rel)
{
	int c = 0;
	bool answer = false;

	if (n < 2 || (n > 2 && rel != REL_EQ))
		return bad_call(run, "a comparison takes two values");
	for (size_t i = 1; i < n && !answer; i++) {
		if (!compare(a[0], a[i], &c))
			return bad_call(run, "incompatible types for comparison");
		answer = (rel == REL_EQ && c == 0) || (rel == REL_NE && c != 0) || (rel == REL_LT && c < 0) ||
			 (rel == REL_LE && c <= 0) || (rel == REL_GT && c > 0) || (rel == REL_GE && c >= 0);
	}
	return json_boolean(answer);
}

#define RELATION(name, rel) \
	static json_t *name(struct template_run *run, json_t **a, size_t n) \
	{ \
		return relate(run, a, n, rel); \
	}
RELATION(f_eq, REL_EQ)
RELATION(f_ne, REL_NE)
RELATION(f_lt, REL_LT)
RELATION(f_le, REL_LE)
RELATION(f_gt, REL_GT)
RELATION(f_ge, REL_GE)

static json_t *f_and(struct template_run *run, json_t **a, size_t n)
{
	if (!n)
		return bad_call(run, "and takes values");
	for (size_t i = 0; i + 1 < n; i++)
		if (!template_truth(a[i]))
			return a[i];
	return a[n - 1];
}

static json_t *f_or(struct template_run *run, json_t **a, size_t n)
{
	if (!n)
		return bad_call(run, "or takes values");
	for (size_t i = 0; i + 1 < n; i++)
		if (template_truth(a[i]))
			return a[i];
	return a[n - 1];
}

static json_t *f_not(struct template_run *run, json_t **a, size_t n)
{
	return n == 1 ? json_boolean(!template_truth(a[0])) : bad_call(run, "not takes one value");
}

static json_t *slice_list(struct template_run *run, json_t *list, size_t from, size_t to)
{
	json_t *part = template_keep(run, json_array());

	for (size_t i = from; i < to; i++)
		json_array_append(part, json_array_get(list, i));
	return part;
}

static json_t *f_slice(struct template_run *run, json_t **a, size_t n)
{
	size_t len, from = 0, to;
	g_autofree char *part = NULL;

	if (n < 1 || n > 3 || (!json_is_string(a[0]) && !json_is_array(a[0])))
		return bad_call(run, "slice takes a text or list and at most two numbers");
	len = json_is_string(a[0]) ? json_string_length(a[0]) : json_array_size(a[0]);
	to = len;
	if (n > 1)
		from = (size_t)json_integer_value(a[1]);
	if (n > 2)
		to = (size_t)json_integer_value(a[2]);
	if (from > to || to > len)
		return bad_call(run, "slice out of range");
	if (json_is_array(a[0]))
		return slice_list(run, a[0], from, to);
	part = g_strndup(text_of(a[0]) + from, to - from);
	return text_value(run, part);
}

static json_t *f_urlquery(struct template_run *run, json_t **a, size_t n)
{
	g_autofree char *s = NULL;

	if (n != 1 || !json_is_string(a[0]))
		return bad_call(run, "urlquery takes a text");
	s = g_uri_escape_string(text_of(a[0]), NULL, FALSE);
	return text_value(run, s);
}

static json_t *f_html(struct template_run *run, json_t **a, size_t n)
{
	g_autofree char *s = NULL;

	if (n != 1 || !json_is_string(a[0]))
		return bad_call(run, "html takes a text");
	s = g_markup_escape_text(text_of(a[0]), -1);
	return text_value(run, s);
}

template_function *template_function_find(const char *name)
{
	static const struct { const char *name; template_function *f; } functions[] = {
		{ "json", f_json }, { "join", f_join }, { "len", f_len }, { "index", f_index },
		{ "printf", f_printf }, { "print", f_print }, { "println", f_println }, { "upper", f_upper },
		{ "lower", f_lower }, { "title", f_title }, { "split", f_split }, { "trim", f_trim },
		{ "trimPrefix", f_trim_prefix }, { "trimSuffix", f_trim_suffix }, { "eq", f_eq },
		{ "ne", f_ne }, { "lt", f_lt }, { "le", f_le }, { "gt", f_gt }, { "ge", f_ge },
		{ "and", f_and }, { "or", f_or }, { "not", f_not }, { "slice", f_slice },
		{ "urlquery", f_urlquery }, { "html", f_html },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(functions); i++)
		if (!strcmp(functions[i].name, name))
			return functions[i].f;
	return NULL;
}
