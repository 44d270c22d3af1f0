/* err.c - see err.h. No heap and no locale-dependent state besides strerror. */
#include "core/base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* How many bytes the UTF-8 letter at `p` has; 0: it is none. */
static int letter_len(const unsigned char *p)
{
	int n = *p >= 0xf0 && *p <= 0xf4 ? 4 : *p >= 0xe0 ? 3 : *p >= 0xc2 ? 2 : 0;

	if (*p > 0xf4)
		return 0;
	for (int i = 1; i < n; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	return n;
}

void err_one_line(char *s)
{
	unsigned char *p = (unsigned char *)s;

	while (*p) {
		int n = *p < 0x80 ? 1 : letter_len(p);

		if (n == 1 ? *p < 0x20 || *p == 0x7f : n == 0 && *p < 0xa0)
			*p = '?';
		else if (n == 2 && p[0] == 0xc2 && p[1] < 0xa0)
			p[0] = p[1] = '?';
		p += n ? n : 1;
	}
}

static void __attribute__((format(printf, 2, 0))) set_text(struct err *e, const char *fmt, va_list ap)
{
	char text[sizeof e->msg];

	/* The arguments may point into e->msg, so format aside first. */
	vsnprintf(text, sizeof text, fmt, ap);
	memcpy(e->msg, text, sizeof text);
}

static int normal_code(int code)
{
	if (code < 0)
		code = -code;
	return code ? code : EINVAL;
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;
	size_t n;

	code = normal_code(code);
	va_start(ap, fmt);
	set_text(e, fmt, ap);
	va_end(ap);
	n = strlen(e->msg);
	snprintf(e->msg + n, sizeof e->msg - n, ": %s", strerror(code));
	err_one_line(e->msg);
	e->code = code;
	e->exit_status = 0;
	return -code;
}

int err_msg(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	code = normal_code(code);
	va_start(ap, fmt);
	set_text(e, fmt, ap);
	va_end(ap);
	err_one_line(e->msg);
	e->code = code;
	e->exit_status = 0;
	return -code;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
	char front[sizeof e->msg], all[2 * sizeof e->msg + 2];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(front, sizeof front, fmt, ap);
	va_end(ap);
	snprintf(all, sizeof all, "%s: %s", front, e->msg);
	all[sizeof e->msg - 1] = '\0';
	memcpy(e->msg, all, sizeof e->msg);
	err_one_line(e->msg);
	return -normal_code(e->code);
}

int err_hint(struct err *e, const char *fmt, ...)
{
	size_t n = strlen(e->msg);
	va_list ap;

	if (n + 3 < sizeof e->msg) {
		memcpy(e->msg + n, "; ", 3);
		va_start(ap, fmt);
		vsnprintf(e->msg + n + 2, sizeof e->msg - n - 2, fmt, ap);
		va_end(ap);
		err_one_line(e->msg);
	}
	return -normal_code(e->code);
}

int err_exit(struct err *e, int exit_status)
{
	e->exit_status = exit_status;
	return -normal_code(e->code);
}

void err_clear(struct err *e)
{
	e->code = 0;
	e->exit_status = 0;
	e->msg[0] = '\0';
}

int err_status(const struct err *e)
{
	return e->exit_status ? e->exit_status : EXIT_OURS;
}
