/* jread.c - see jread.h. */
#include "core/base/jread.h"

#include <glib.h>
#include <string.h>

#define DEPTH_MAX 64

/* Most of what we read: known for UTF-8 at eight bytes a time. (NULs are found where they stand.) */
static bool is_ascii(const char *p, size_t len)
{
	uint64_t high = 0, word;

	for (; len >= sizeof word; p += sizeof word, len -= sizeof word) {
		memcpy(&word, p, sizeof word);
		high |= word;
	}
	for (; len > 0; len--)
		high |= (uint64_t)(unsigned char)*p++;
	return !(high & UINT64_C(0x8080808080808080));
}

void jread_init(struct jread *r, const char *text, size_t len)
{
	bool valid = is_ascii(text, len) || g_utf8_validate(text, (gssize)len, NULL);

	*r = (struct jread){ .at = text, .end = text + len, .bad = !valid };
}

static bool bad(struct jread *r)
{
	r->bad = true;
	return false;
}

/* The next byte that is not white space, not yet read; NUL at the end. */
static char peek(struct jread *r)
{
	while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r'))
		r->at++;
	return r->bad || r->at == r->end ? '\0' : *r->at;
}

static bool take(struct jread *r, char c)
{
	if (peek(r) != c)
		return bad(r);
	r->at++;
	return true;
}

bool jread_begin(struct jread *r, char open)
{
	if (!take(r, open) || ++r->depth > DEPTH_MAX)
		return bad(r);
	r->first = true;
	return true;
}

bool jread_more(struct jread *r, char close)
{
	bool first = r->first;

	r->first = false;
	if (peek(r) == close) {
		r->at++;
		r->depth--;
		return false;
	}
	return first ? !r->bad : take(r, ',');
}

/* From the opening quote to the closing one; what is between them, and whether it has escapes. */
static bool quoted(struct jread *r, const char **ret, size_t *ret_len, bool *escapes)
{
	const char *p;

	if (!take(r, '"'))
		return false;
	*escapes = false;
	for (p = r->at; p < r->end && *p != '"'; p++) {
		if ((unsigned char)*p < 0x20)
			return bad(r);
		if (*p != '\\')
			continue;
		*escapes = true;
		p++;
	}
	if (p >= r->end)
		return bad(r);
	*ret = r->at;
	*ret_len = (size_t)(p - r->at);
	r->at = p + 1;
	return true;
}

bool jread_key(struct jread *r, const char **ret, size_t *ret_len)
{
	bool escapes;

	return quoted(r, ret, ret_len, &escapes) && take(r, ':');
}

/* Four hex digits at `p`; -1: they are not. */
static int32_t unit(const char *p, const char *end)
{
	int32_t v = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = g_ascii_xdigit_value(p[i]);

		if (digit < 0)
			return -1;
		v = v << 4 | digit;
	}
	return v;
}

/* "uXXXX", or two of them for one character, at *p. False: no character. */
static bool unicode(const char **p, const char *end, char **to)
{
	int32_t v = unit(*p + 1, end), low;

	if (v <= 0 || (v >= 0xdc00 && v <= 0xdfff))
		return false;
	*p += 5;
	if (v >= 0xd800 && v <= 0xdbff) {
		low = end - *p > 2 && (*p)[0] == '\\' && (*p)[1] == 'u' ? unit(*p + 2, end) : -1;
		if (low < 0xdc00 || low > 0xdfff)
			return false;
		*p += 6;
		v = 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00);
	}
	*to += g_unichar_to_utf8((gunichar)v, *to);
	return true;
}

/* `to` has room for all of it: no escape is shorter than what it stands for. */
static bool unescape(const char *p, const char *end, char *to)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";

	while (p < end) {
		const char *name;

		if (*p != '\\') {
			*to++ = *p++;
			continue;
		}
		p++;
		if (*p == 'u') {
			if (!unicode(&p, end, &to))
				return false;
			continue;
		}
		name = *p ? strchr(names, *p) : NULL;
		if (!name)
			return false;
		*to++ = values[name - names];
		p++;
	}
	*to = '\0';
	return true;
}

bool jread_string(struct jread *r, struct arena *a, char **ret)
{
	const char *text;
	bool escapes;
	size_t len;
	char *s;

	if (!quoted(r, &text, &len, &escapes))
		return false;
	s = arena_strndup(a, text, len);
	if (escapes && !unescape(text, text + len, s))
		return bad(r);
	*ret = s;
	return true;
}

bool jread_int(struct jread *r, int64_t *ret)
{
	bool negative = peek(r) == '-';
	const char *p = r->at + negative;
	uint64_t v = 0, most = (uint64_t)INT64_MAX + negative;
	const char *digits = p;

	for (; p < r->end && g_ascii_isdigit(*p); p++) {
		if (v > (most - (uint64_t)(*p - '0')) / 10)
			return bad(r);
		v = v * 10 + (uint64_t)(*p - '0');
	}
	if (r->bad || p == digits || (p - digits > 1 && *digits == '0') || (p < r->end && strchr(".eE", *p)))
		return bad(r);
	*ret = negative ? (int64_t)(0 - v) : (int64_t)v;
	r->at = p;
	return true;
}

/* Is it this word? Then it is read. */
static bool word(struct jread *r, const char *w)
{
	size_t n = strlen(w);

	if (peek(r) != *w || (size_t)(r->end - r->at) < n || memcmp(r->at, w, n) != 0)
		return false;
	r->at += n;
	return true;
}

bool jread_bool(struct jread *r, bool *ret)
{
	*ret = word(r, "true");
	return *ret || word(r, "false") || bad(r);
}

bool jread_null(struct jread *r)
{
	return word(r, "null");
}

static bool skip_number(struct jread *r)
{
	const char *from = r->at;
	char *end;

	while (r->at < r->end && *r->at && (g_ascii_isdigit(*r->at) || strchr("+-.eE", *r->at)))
		r->at++;
	{
		g_autofree char *text = g_strndup(from, (size_t)(r->at - from));

		(void)g_ascii_strtod(text, &end);
		return (*text == '-' || g_ascii_isdigit(*text)) && *end == '\0' ? true : bad(r);
	}
}

bool jread_skip(struct jread *r)
{
	char c = peek(r), close = c == '{' ? '}' : ']';
	const char *text;
	size_t len;
	bool b;

	switch (c) {
	case '{':
	case '[':
		if (!jread_begin(r, c))
			return false;
		while (jread_more(r, close))
			if ((c == '{' && !jread_key(r, &text, &len)) || !jread_skip(r))
				return false;
		return !r->bad;
	case '"':
		return quoted(r, &text, &len, &b);
	case 't':
	case 'f':
		return jread_bool(r, &b);
	case 'n':
		return jread_null(r) || bad(r);
	default:
		return skip_number(r);
	}
}

bool jread_end(struct jread *r)
{
	return !r->bad && peek(r) == '\0' && r->at == r->end;
}
