/* text.c - see text.h. */
#include "core/base/text.h"

#include <errno.h>
#include <glib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "core/base/err.h"

#define NS_PER_S 1000000000LL

bool text_int(const char *s, int64_t min, int64_t max, int64_t *ret)
{
	char *end;
	long long v;

	if (!*s || g_ascii_isspace(*s))
		return false;
	errno = 0;
	v = strtoll(s, &end, 10);
	if (errno || *end || v < min || v > max)
		return false;
	*ret = v;
	return true;
}

bool text_size(const char *s, int64_t *ret)
{
	static const char units[] = "bkmgtp";
	char *end;
	double v;
	const char *unit;

	if (!g_ascii_isdigit(*s))
		return false;
	v = g_ascii_strtod(s, &end);
	while (*end == ' ')
		end++;
	unit = *end ? strchr(units, g_ascii_tolower(*end)) : units;
	if (!unit)
		return false;
	if (*end) {
		end++;
		if (unit != units && g_ascii_tolower(*end) == 'i')
			end++;
		if (unit != units && g_ascii_tolower(*end) == 'b')
			end++;
	}
	v = ldexp(v, 10 * (int)(unit - units));
	if (*end || v > 9e18)
		return false;
	*ret = (int64_t)v;
	return true;
}

bool text_duration(const char *s, int64_t *ret_ns)
{
	static const struct { const char *name; double ns; } units[] = {
		{ "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 }, { "m", 60e9 }, { "h", 3600e9 },
	};
	double sum = 0;
	bool negative = *s == '-';

	s += negative;
	if (!g_ascii_isdigit(*s) && *s != '.')
		return false;
	while (*s) {
		char *end;
		double v = g_ascii_strtod(s, &end), scale = 0;
		size_t len = strcspn(end, "0123456789.");

		if (end == s)
			return false;
		if (len == 0 && !*end && sum == 0)
			scale = 1e9;
		for (unsigned i = 0; i < G_N_ELEMENTS(units); i++)
			if (strlen(units[i].name) == len && !strncmp(units[i].name, end, len))
				scale = units[i].ns;
		if (scale == 0 && v != 0)
			return false;
		sum += v * scale;
		s = end + len;
	}
	if (sum > 9e18)
		return false;
	*ret_ns = (int64_t)(negative ? -sum : sum);
	return true;
}

char *text_short_size(int64_t bytes)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB" };
	double v = (double)bytes;
	unsigned n = 0;

	for (; v >= 1000 && n + 1 < G_N_ELEMENTS(units); n++)
		v /= 1000;
	return g_strdup_printf("%.4g%s", v, units[n]);
}

char *text_human_size(int64_t bytes)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB", "EB" };
	double v = (double)bytes;
	unsigned i = 0;

	while (v >= 1000.0 && i + 1 < G_N_ELEMENTS(units)) {
		v /= 1000.0;
		i++;
	}
	return g_strdup_printf("%.3g %s", v >= 999.5 ? (double)(int64_t)(v + 0.5) : v, units[i]);
}

char *text_span(int64_t s)
{
	if (s < 1)
		return g_strdup("Less than a second");
	if (s == 1)
		return g_strdup("1 second");
	if (s < 60)
		return g_strdup_printf("%d seconds", (int)s);
	if (s < 120)
		return g_strdup("About a minute");
	if (s < 3600)
		return g_strdup_printf("%d minutes", (int)(s / 60));
	if (s < 2 * 3600)
		return g_strdup("About an hour");
	if (s < 48 * 3600)
		return g_strdup_printf("%d hours", (int)(s / 3600));
	if (s < 14 * 86400)
		return g_strdup_printf("%d days", (int)(s / 86400));
	if (s < 60 * 86400LL)
		return g_strdup_printf("%d weeks", (int)(s / (7 * 86400)));
	if (s < 2 * 365 * 86400LL)
		return g_strdup_printf("%d months", (int)(s / (30 * 86400)));
	return g_strdup_printf("%d years", (int)(s / (365 * 86400)));
}

char *text_ago(int64_t seconds)
{
	g_autofree char *span = text_span(seconds);

	return g_strconcat(span, " ago", NULL);
}

char *text_time_rfc3339(int64_t unix_ns)
{
	time_t t = (time_t)(unix_ns / NS_PER_S);
	long ns = (long)(unix_ns % NS_PER_S);
	struct tm tm;
	char day[32];

	gmtime_r(&t, &tm);
	strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
	return g_strdup_printf("%s.%09ldZ", day, ns);
}

char *text_time_go(int64_t unix_ns)
{
	g_autofree char *s = text_time_rfc3339(unix_ns);
	char *end = s + strlen(s) - 1;          /* at the Z */

	while (end[-1] == '0')
		end--;
	if (end[-1] == '.')
		end--;
	*end = '\0';
	*strchr(s, 'T') = ' ';
	return g_strconcat(s, " +0000 UTC", NULL);
}

bool text_time_parse(const char *s, int64_t *ret)
{
	g_autoptr(GDateTime) t = NULL;
	const char *dot = strchr(s, '.');
	int64_t ns = 0, unit = NS_PER_S / 10;

	/* GDateTime keeps microseconds only, so the fraction is read here. */
	t = g_date_time_new_from_iso8601(s, NULL);
	if (!t)
		return false;
	for (const char *p = dot ? dot + 1 : ""; g_ascii_isdigit(*p) && unit > 0; p++, unit /= 10)
		ns += (*p - '0') * unit;
	*ret = g_date_time_to_unix(t) * NS_PER_S + ns;
	return true;
}

bool text_moment(const char *s, int sign, int64_t *ret)
{
	int64_t n;

	if (text_time_parse(s, ret))
		return true;
	if (text_int(s, 0, INT64_MAX / NS_PER_S, &n))
		*ret = n * NS_PER_S;
	else if (text_duration(s, &n))
		*ret = text_now_ns() + sign * n;
	else
		return false;
	return true;
}

int64_t text_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int64_t text_steady_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

char *text_random_hex(unsigned n)
{
	char *out = g_malloc(2 * n + 1);
	g_autofree unsigned char *raw = g_malloc(n);

	for (size_t got = 0; got < n;) {
		ssize_t r = getrandom(raw + got, n - got, 0);

		got += r > 0 ? (size_t)r : 0;
	}
	for (unsigned i = 0; i < n; i++) {
		out[2 * i] = "0123456789abcdef"[raw[i] >> 4];
		out[2 * i + 1] = "0123456789abcdef"[raw[i] & 15];
	}
	out[2 * n] = '\0';
	return out;
}

bool text_is_hex(const char *s, unsigned len)
{
	return strlen(s) == len && strspn(s, "0123456789abcdef") == len;
}

char *text_printable(const char *s)
{
	char *copy = g_strdup(s);

	err_one_line(copy);
	return copy;
}

#define DISTANCE_MAX 63

unsigned text_distance(const char *a, const char *b)
{
	size_t n = strnlen(a, DISTANCE_MAX), m = strnlen(b, DISTANCE_MAX);
	unsigned d[DISTANCE_MAX + 1][DISTANCE_MAX + 1];

	for (size_t i = 0; i <= n; i++)
		d[i][0] = (unsigned)i;
	for (size_t j = 0; j <= m; j++)
		d[0][j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		for (size_t j = 1; j <= m; j++) {
			unsigned same = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			d[i][j] = MIN(same, MIN(d[i - 1][j], d[i][j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d[i][j] = MIN(d[i][j], d[i - 2][j - 2] + 1);
		}
	}
	return d[n][m];
}
