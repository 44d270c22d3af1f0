/* toml.c - see toml.h. */
#include "net/registry/toml.h"

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <string.h>

struct toml {
	const char *at, *end;
	unsigned line, depth;
	json_t *root, *table;           /* table: where "key = value" goes now (borrowed) */
	GHashTable *sealed;             /* values that were defined whole (arrays, inline tables, seen [tables]) */
	struct err *e;
};

static int bad(struct toml *t, const char *what)
{
	return err_msg(t->e, EINVAL, "line %u: %s", t->line, what);
}

static int peek(const struct toml *t)
{
	return t->at < t->end ? (unsigned char)*t->at : -1;
}

static bool starts(const struct toml *t, const char *s)
{
	size_t n = strlen(s);

	return (size_t)(t->end - t->at) >= n && memcmp(t->at, s, n) == 0;
}

static void blanks(struct toml *t)
{
	while (peek(t) == ' ' || peek(t) == '\t')
		t->at++;
}

/* Spaces and a comment up to the end of the line; the line break itself stays. */
static void blanks_and_comment(struct toml *t)
{
	blanks(t);
	if (peek(t) == '#')
		while (t->at < t->end && *t->at != '\n')
			t->at++;
	if (starts(t, "\r\n"))
		t->at++;
}

/* The same over any number of lines. */
static void space(struct toml *t)
{
	for (blanks_and_comment(t); peek(t) == '\n'; blanks_and_comment(t)) {
		t->at++;
		t->line++;
	}
}

static bool was_sealed(const struct toml *t, json_t *value)
{
	return g_hash_table_contains(t->sealed, value);
}

/* --- strings ------------------------------------------------------------------------------------------------ */

static int add_unicode(struct toml *t, GString *out, unsigned digits)
{
	gunichar c = 0;

	for (unsigned i = 0; i < digits; i++, t->at++) {
		if (t->at >= t->end || !g_ascii_isxdigit(*t->at))
			return bad(t, "a \\u escape without its digits");
		c = c * 16 + (gunichar)g_ascii_xdigit_value(*t->at);
	}
	if (!g_unichar_validate(c) || c == 0)
		return bad(t, "a \\u escape that is no character");
	g_string_append_unichar(out, c);
	return 0;
}

static int add_escape(struct toml *t, GString *out, bool lines)
{
	static const char names[] = "btnfre\"\\", values[] = "\b\t\n\f\r\033\"\\";
	const char *p;
	int c;

	t->at++;
	c = peek(t);
	p = c > 0 ? strchr(names, c) : NULL;
	if (p) {
		t->at++;
		g_string_append_c(out, values[p - names]);
		return 0;
	}
	if (c == 'u' || c == 'U') {
		t->at++;
		return add_unicode(t, out, c == 'u' ? 4 : 8);
	}
	/* The line's end is taken away with all space up to the next word. */
	if (lines && (c == '\n' || c == '\r' || c == ' ' || c == '\t')) {
		while (t->at < t->end && strchr(" \t\r\n", *t->at))
			t->line += *t->at++ == '\n';
		return 0;
	}
	return bad(t, "an unknown escape in a string");
}

/* The text up to `close`, of which the opening has been read. */
static int string_body(struct toml *t, const char *close, GString *out)
{
	bool escapes = *close == '"', lines = strlen(close) == 3;
	int r = 0;

	if (lines && starts(t, "\r\n"))
		t->at++;
	if (lines && peek(t) == '\n') {
		t->at++;
		t->line++;
	}
	while (r == 0 && !starts(t, close)) {
		int c = peek(t);

		if (c < 0 || (c == '\n' && !lines))
			return bad(t, "a string that does not end");
		if (c == 0 || (c < ' ' && !strchr("\t\r\n", c)) || c == 127)
			return bad(t, "a control character in a string");
		if (c == '\\' && escapes) {
			r = add_escape(t, out, lines);
			continue;
		}
		t->line += c == '\n';
		g_string_append_c(out, (char)c);
		t->at++;
	}
	t->at += r == 0 ? strlen(close) : 0;
	/* Up to two quotes may stand right before the closing three. */
	for (unsigned i = 0; r == 0 && lines && i < 2 && peek(t) == *close; i++, t->at++)
		g_string_append_c(out, *close);
	return r;
}

static int string(struct toml *t, bool multi, char **ret)
{
	const char *close = starts(t, "\"\"\"") ? "\"\"\"" : starts(t, "'''") ? "'''" : *t->at == '"' ? "\"" : "'";
	g_autoptr(GString) out = g_string_new(NULL);
	int r;

	if (strlen(close) == 3 && !multi)
		return bad(t, "a key of several lines");
	t->at += strlen(close);
	r = string_body(t, close, out);
	if (r == 0 && !g_utf8_validate(out->str, (gssize)out->len, NULL))
		r = bad(t, "a string that is not UTF-8");
	if (r == 0)
		*ret = g_strdup(out->str);
	return r;
}

static int key_part(struct toml *t, char **ret)
{
	const char *from = t->at;
	int c = peek(t);

	if (c == '"' || c == '\'')
		return string(t, false, ret);
	while (t->at < t->end && (g_ascii_isalnum(*t->at) || *t->at == '_' || *t->at == '-'))
		t->at++;
	if (t->at == from)
		return bad(t, "a key is expected");
	*ret = g_strndup(from, (size_t)(t->at - from));
	return 0;
}

/* --- keys ------------------------------------------------------------------------------------------------------- */

/* The table `name` of `in`, made where there is none; of an array of tables the last one. */
static int enter(struct toml *t, json_t *in, const char *name, json_t **ret)
{
	json_t *sub = json_object_get(in, name);

	if (!sub) {
		sub = json_object();
		json_object_set_new(in, name, sub);
	}
	if (json_is_array(sub) && !was_sealed(t, sub))
		sub = json_array_get(sub, json_array_size(sub) - 1);
	if (!json_is_object(sub))
		return bad(t, "a key that is no table");
	*ret = sub;
	return 0;
}

/* a.b.c: *ret_in becomes a.b below it, *ret_name "c". */
static int dotted(struct toml *t, json_t **ret_in, char **ret_name)
{
	g_autofree char *name = NULL;
	unsigned parts = 0;
	int r = key_part(t, &name);

	while (r == 0) {
		blanks(t);
		if (peek(t) != '.')
			break;
		if (++parts > TOML_DEPTH_MAX)
			return bad(t, "a key of too many parts");
		t->at++;
		blanks(t);
		r = enter(t, *ret_in, name, ret_in);
		g_clear_pointer(&name, g_free);
		if (r == 0)
			r = key_part(t, &name);
	}
	if (r == 0)
		*ret_name = g_steal_pointer(&name);
	return r;
}

/* --- values ------------------------------------------------------------------------------------------------------- */

static int value(struct toml *t, json_t **ret);

static int array(struct toml *t, json_t **ret)
{
	json_t *list = json_array(), *item = NULL;
	int r = 0;

	t->at++;
	for (;;) {
		space(t);
		if (peek(t) == ']')
			break;
		r = value(t, &item);
		if (r < 0)
			break;
		json_array_append_new(list, item);
		space(t);
		if (peek(t) == ']')
			break;
		if (peek(t) != ',') {
			r = bad(t, "a comma or ] is expected");
			break;
		}
		t->at++;
	}
	if (r < 0) {
		json_decref(list);
		return r;
	}
	t->at++;
	g_hash_table_add(t->sealed, list);
	*ret = list;
	return 0;
}

static int pair(struct toml *t, json_t *in)
{
	g_autofree char *name = NULL;
	json_t *v = NULL;
	int r = dotted(t, &in, &name);

	if (r < 0)
		return r;
	if (json_object_get(in, name))
		return bad(t, "a key that was there before");
	blanks(t);
	if (peek(t) != '=')
		return bad(t, "= is expected after a key");
	t->at++;
	blanks(t);
	r = value(t, &v);
	if (r == 0)
		json_object_set_new(in, name, v);
	return r;
}

static int inline_table(struct toml *t, json_t **ret)
{
	json_t *table = json_object();
	int r = 0;

	t->at++;
	blanks(t);
	while (r == 0 && peek(t) != '}') {
		r = pair(t, table);
		blanks(t);
		if (r < 0 || peek(t) == '}')
			break;
		r = peek(t) == ',' ? 0 : bad(t, "a comma or } is expected");
		t->at++;
		blanks(t);
		if (r == 0 && peek(t) == '}')
			r = bad(t, "a comma before }");
	}
	if (r < 0) {
		json_decref(table);
		return r;
	}
	t->at++;
	g_hash_table_add(t->sealed, table);
	*ret = table;
	return 0;
}

/* Whole numbers in four bases, decimal fractions, inf and nan (which JSON lacks and nobody needs: refused). */
static int number(struct toml *t, json_t **ret)
{
	g_autoptr(GString) digits = g_string_new(NULL);
	bool real = false;
	char *end = NULL;
	gint64 whole;
	int base = 10;

	for (; t->at < t->end && (g_ascii_isalnum(*t->at) || strchr("+-._", *t->at)); t->at++) {
		if (*t->at != '_')
			g_string_append_c(digits, *t->at);
	}
	if (g_str_has_prefix(digits->str, "0x") || g_str_has_prefix(digits->str, "0o") || g_str_has_prefix(digits->str, "0b")) {
		base = digits->str[1] == 'x' ? 16 : digits->str[1] == 'o' ? 8 : 2;
		g_string_erase(digits, 0, 2);
	} else {
		real = strpbrk(digits->str, ".eE") != NULL;
	}
	if (!digits->len || !(g_ascii_isxdigit(digits->str[digits->len - 1])))
		return bad(t, "a value is expected: text needs quotes");
	if (real) {
		double d = g_ascii_strtod(digits->str, &end);

		*ret = *end ? NULL : json_real(d);
	} else {
		errno = 0;
		whole = g_ascii_strtoll(digits->str, &end, (guint)base);
		*ret = *end || errno ? NULL : json_integer(whole);
	}
	return *ret ? 0 : bad(t, "a value is expected: text needs quotes");
}

static int value_here(struct toml *t, json_t **ret)
{
	g_autofree char *text = NULL;
	int c = peek(t), r;

	if (c == '"' || c == '\'') {
		r = string(t, true, &text);
		if (r == 0)
			*ret = json_string(text);
		return r;
	}
	if (c == '[')
		return array(t, ret);
	if (c == '{')
		return inline_table(t, ret);
	for (int yes = 0; yes < 2; yes++) {
		const char *word = yes ? "true" : "false";

		if (!starts(t, word))
			continue;
		t->at += strlen(word);
		*ret = json_boolean(yes);
		return 0;
	}
	return number(t, ret);
}

static int value(struct toml *t, json_t **ret)
{
	int r = ++t->depth > TOML_DEPTH_MAX ? bad(t, "values inside values, too deep") : value_here(t, ret);

	t->depth--;
	return r;
}

/* --- lines ---------------------------------------------------------------------------------------------------------- */

/* [name] or [[name]]. */
static int header(struct toml *t)
{
	bool list = starts(t, "[[");
	g_autofree char *name = NULL;
	json_t *in = t->root, *there;
	int r;

	t->at += list ? 2 : 1;
	blanks(t);
	r = dotted(t, &in, &name);
	if (r < 0)
		return r;
	if (!starts(t, list ? "]]" : "]"))
		return bad(t, "] is expected");
	t->at += list ? 2 : 1;
	there = json_object_get(in, name);
	if (list) {
		if (!there) {
			there = json_array();
			json_object_set_new(in, name, there);
		}
		if (!json_is_array(there) || was_sealed(t, there))
			return bad(t, "a table that was something else before");
		t->table = json_object();
		json_array_append_new(there, t->table);
		return 0;
	}
	if (there && (!json_is_object(there) || was_sealed(t, there)))
		return bad(t, "a table that was there before");
	if (!there) {
		there = json_object();
		json_object_set_new(in, name, there);
	}
	g_hash_table_add(t->sealed, there);
	t->table = there;
	return 0;
}

static int lines(struct toml *t)
{
	int r = 0;

	for (space(t); r == 0 && t->at < t->end; space(t)) {
		r = peek(t) == '[' ? header(t) : pair(t, t->table);
		if (r < 0)
			return r;
		blanks_and_comment(t);
		if (t->at < t->end && peek(t) != '\n')
			return bad(t, "something behind the value");
	}
	return r;
}

int toml_parse(const char *text, size_t len, json_t **ret, struct err *e)
{
	struct toml t = { .at = text, .end = text + len, .line = 1, .e = e };
	int r;

	if (len > TOML_MAX)
		return err_msg(e, EFBIG, "more than %d bytes", TOML_MAX);
	t.root = t.table = json_object();
	t.sealed = g_hash_table_new(NULL, NULL);
	r = lines(&t);
	g_hash_table_destroy(t.sealed);
	if (r < 0)
		json_decref(t.root);
	else
		*ret = t.root;
	return r;
}
