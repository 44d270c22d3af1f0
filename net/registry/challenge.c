/* challenge.c - the parser of WWW-Authenticate. */
#include "net/registry/challenge.h"

#include <glib.h>
#include <string.h>

struct cursor { const char *p, *end; };

static bool is_token(char c)
{
	return g_ascii_isalnum(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static void skip_space(struct cursor *c)
{
	while (c->p < c->end && (*c->p == ' ' || *c->p == '\t'))
		c->p++;
}

static void skip_separators(struct cursor *c)
{
	while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' || *c->p == ','))
		c->p++;
}

static size_t take_token(struct cursor *c, const char **ret)
{
	*ret = c->p;
	while (c->p < c->end && is_token(*c->p))
		c->p++;
	return (size_t)(c->p - *ret);
}

/* token68 (RFC 9110 11.2), as "Negotiate abc==" has: true and skipped when one stands here alone. */
static bool skip_token68(struct cursor *c)
{
	const char *q = c->p;

	while (q < c->end && (g_ascii_isalnum(*q) || strchr("-._~+/", *q)) && *q)
		q++;
	if (q == c->p)
		return false;
	while (q < c->end && *q == '=')
		q++;
	while (q < c->end && (*q == ' ' || *q == '\t'))
		q++;
	if (q < c->end && *q != ',')
		return false;
	c->p = q;
	return true;
}

/* A token or a quoted string; NULL when it is neither or holds a control character. */
static char *take_value(struct cursor *c)
{
	g_autoptr(GString) out = g_string_new(NULL);

	if (c->p < c->end && *c->p != '"') {
		const char *token;
		size_t n = take_token(c, &token);

		return n ? g_strndup(token, n) : NULL;
	}
	for (c->p++; c->p < c->end && *c->p != '"'; c->p++) {
		if (*c->p == '\\' && ++c->p == c->end)
			return NULL;
		if ((unsigned char)*c->p < 0x20 || *c->p == 0x7f)
			return NULL;
		g_string_append_c(out, *c->p);
	}
	if (c->p >= c->end)
		return NULL;
	c->p++;
	return g_strdup(out->str);
}

static bool same(const char *token, size_t n, const char *word)
{
	return n == strlen(word) && g_ascii_strncasecmp(token, word, n) == 0;
}

/* Keep a parameter of `to` (NULL: of a scheme that is not ours); the first of a name counts. */
static void keep(struct challenge *to, const char *name, size_t n, char *value)
{
	char **slot = NULL;

	if (to && same(name, n, "realm"))
		slot = &to->realm;
	else if (to && same(name, n, "service"))
		slot = &to->service;
	else if (to && same(name, n, "scope"))
		slot = &to->scope;
	else if (to && same(name, n, "error"))
		to->insufficient_scope = g_ascii_strcasecmp(value, "insufficient_scope") == 0;
	if (slot && !*slot)
		*slot = value;
	else
		g_free(value);
}

static struct challenge *begin(struct challenges *c, const char *name, size_t n)
{
	bool bearer = same(name, n, "Bearer");

	if ((!bearer && !same(name, n, "Basic")) || c->n == CHALLENGES_MAX)
		return NULL;
	c->list[c->n].scheme = bearer ? CHALLENGE_BEARER : CHALLENGE_BASIC;
	return &c->list[c->n++];
}

bool challenges_add(struct challenges *c, const char *value, size_t len)
{
	struct cursor at = { value, value + len };
	struct challenge *now = NULL;
	bool have_scheme = false;

	if (len > CHALLENGE_VALUE_MAX)
		return false;
	for (skip_separators(&at); at.p < at.end; skip_separators(&at)) {
		const char *name;
		size_t n = take_token(&at, &name);
		const char *after = at.p;
		char *text;

		if (!n)
			return false;
		skip_space(&at);
		if (have_scheme && at.p < at.end && *at.p == '=') {
			at.p++;
			skip_space(&at);
			text = take_value(&at);
			if (!text)
				return false;
			keep(now, name, n, text);
			continue;
		}
		/* A scheme ends the header, is followed by a comma, or by a space and its parameters. */
		if (at.p < at.end && *at.p != ',' && at.p == after)
			return false;
		now = begin(c, name, n);
		have_scheme = true;
		skip_token68(&at);
	}
	return true;
}

const struct challenge *challenges_choose(const struct challenges *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->list[i].scheme == CHALLENGE_BEARER && c->list[i].realm)
			return &c->list[i];
	for (size_t i = 0; i < c->n; i++)
		if (c->list[i].scheme == CHALLENGE_BASIC)
			return &c->list[i];
	return NULL;
}

void challenges_clear(struct challenges *c)
{
	for (size_t i = 0; i < c->n; i++) {
		g_free(c->list[i].realm);
		g_free(c->list[i].service);
		g_free(c->list[i].scope);
	}
	memset(c, 0, sizeof *c);
}
