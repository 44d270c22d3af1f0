/* header.c - Content-Range, Retry-After, and how long to wait. */
#include "net/registry/header.h"

#include <curl/curl.h>
#include <glib.h>
#include <string.h>

/* Digits at *p as a number, *p moved behind them; false when there are none or too many. */
static bool take_number(const char **p, int64_t *ret)
{
	int64_t n = 0;
	const char *start = *p;

	for (; g_ascii_isdigit(**p); (*p)++) {
		if (*p - start >= 18)
			return false;
		n = n * 10 + (**p - '0');
	}
	*ret = n;
	return *p > start;
}

bool content_range_parse(const char *value, struct content_range *ret)
{
	struct content_range r = { .total = -1 };
	const char *p = value;

	if (g_ascii_strncasecmp(p, "bytes", 5) != 0)
		return false;
	p += 5;
	if (*p != ' ' && *p != '\t')
		return false;
	p += strspn(p, " \t");
	if (!take_number(&p, &r.first) || *p++ != '-' || !take_number(&p, &r.last) || *p++ != '/')
		return false;
	if (*p == '*')
		p++;
	else if (!take_number(&p, &r.total))
		return false;
	p += strspn(p, " \t");
	if (*p || r.first > r.last || (r.total >= 0 && r.last >= r.total))
		return false;
	*ret = r;
	return true;
}

int64_t retry_after_parse(const char *value, time_t now)
{
	const char *p = value + strspn(value, " \t");
	int64_t n;
	time_t when;

	if (take_number(&p, &n)) {
		p += strspn(p, " \t");
		if (!*p)
			return n;
	}
	when = curl_getdate(value, NULL);
	if (when == (time_t)-1)
		return -1;
	return when > now ? (int64_t)(when - now) : 0;
}

int64_t retry_wait_ms(unsigned attempt, int64_t fixed_ms, int64_t asked_s)
{
	int64_t ms = fixed_ms;

	if (ms < 0)
		ms = attempt > 5 ? 30000 : (int64_t)1000 << (attempt ? attempt - 1 : 0);
	return ms > asked_s * 1000 ? ms : asked_s * 1000;
}

/* Do the parameters of one link ("; rel=...; x=y") name the relation? */
static bool is_next(const char *parameters, size_t len)
{
	g_autofree char *text = g_ascii_strdown(parameters, (gssize)len);
	g_auto(GStrv) parts = g_strsplit(text, ";", -1);

	for (char **p = parts; *p; p++) {
		char *one = g_strstrip(*p);

		if (strcmp(one, "rel=next") == 0 || strcmp(one, "rel=\"next\"") == 0)
			return true;
	}
	return false;
}

char *link_next(const char *value)
{
	const char *at = value;

	while ((at = strchr(at, '<'))) {
		const char *close = strchr(at, '>'), *end;

		if (!close)
			return NULL;
		/* A comma ends the link; in its target it would have been inside the brackets. */
		end = close + strcspn(close, ",");
		if (is_next(close + 1, (size_t)(end - close - 1)))
			return g_strndup(at + 1, (size_t)(close - at - 1));
		at = end;
	}
	return NULL;
}
