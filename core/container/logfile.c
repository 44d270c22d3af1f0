/* logfile.c - see logfile.h. No allocation: it runs in the keeper. */
#include "core/container/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/fd.h"

bool logfile_driver(const char *driver, enum logfile_format *ret)
{
	static const struct { const char *name; enum logfile_format format; } drivers[] = {
		{ "", LOGFILE_K8S }, { "k8s-file", LOGFILE_K8S }, { "json-file", LOGFILE_JSON },
		{ "none", LOGFILE_NONE }, { "passthrough", LOGFILE_NONE },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(drivers); i++) {
		if (strcmp(driver ? driver : "", drivers[i].name) != 0)
			continue;
		*ret = drivers[i].format;
		return true;
	}
	return false;
}

int logfile_open(struct logfile *l, int dirfd, const char *name, enum logfile_format format, struct err *e)
{
	struct stat st;

	l->dirfd = dirfd;
	l->name = name;
	l->format = format;
	if (l->files == 0)
		l->files = LOG_FILES_DEFAULT;
	l->used = 0;
	l->size = 0;
	l->fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_CLOEXEC, 0600);
	if (l->fd < 0)
		return err_set(e, errno, "open the log %s", name);
	if (fstat(l->fd, &st) == 0)
		l->size = st.st_size;
	return 0;
}

/* Every file moves on by one; false when the one that is written cannot. */
static bool shift(const struct logfile *l)
{
	char from[PATH_MAX], to[PATH_MAX];

	if (l->files < 2)
		return unlinkat(l->dirfd, l->name, 0) == 0;
	for (unsigned n = l->files - 1; n > 1; n--)
		if (snprintf(from, sizeof from, "%s.%u", l->name, n - 1) < (int)sizeof from &&
		    snprintf(to, sizeof to, "%s.%u", l->name, n) < (int)sizeof to)
			(void)renameat(l->dirfd, from, l->dirfd, to);   /* there may be fewer */
	return snprintf(to, sizeof to, "%s.1", l->name) < (int)sizeof to && renameat(l->dirfd, l->name, l->dirfd, to) == 0;
}

static void rotate(struct logfile *l)
{
	int fd;

	if (!shift(l))
		return;
	fd = openat(l->dirfd, l->name, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_CLOEXEC, 0600);
	if (fd < 0)
		return;         /* goes on in the old one */
	fd_close(&l->fd);
	l->fd = fd;
	l->size = 0;
}

static void flush(struct logfile *l)
{
	if (l->used == 0)
		return;
	if (fd_write_all(l->fd, l->buf, l->used) == 0)
		l->size += (int64_t)l->used;
	l->used = 0;
}

static void put(struct logfile *l, const char *s, size_t n)
{
	while (n > 0) {
		size_t part = MIN(n, sizeof l->buf - l->used);

		memcpy(l->buf + l->used, s, part);
		l->used += part;
		s += part;
		n -= part;
		if (l->used == sizeof l->buf)
			flush(l);
	}
}

/* The inside of a JSON string; bytes that are not UTF-8 become U+FFFD. */
static void put_json(struct logfile *l, const char *s, size_t n)
{
	const char *end = s + n;

	while (s < end) {
		const char *bad;
		char esc[8];

		(void)g_utf8_validate_len(s, (size_t)(end - s), &bad);
		while (s < bad) {
			const char *p = s;

			while (p < bad && (unsigned char)*p >= 0x20 && *p != '"' && *p != '\\')
				p++;
			put(l, s, (size_t)(p - s));
			s = p;
			if (s < bad)
				put(l, esc, (size_t)snprintf(esc, sizeof esc, "\\u%04x", (unsigned char)*s++));
		}
		if (s < end) {
			put(l, "\xef\xbf\xbd", 3);
			s++;
		}
	}
}

static void put_entry(struct logfile *l, int stream, const char *time, const char *line, size_t len, bool full)
{
	const char *name = stream == 2 ? "stderr" : "stdout";

	if (l->format == LOGFILE_K8S) {
		put(l, time, strlen(time));
		put(l, " ", 1);
		put(l, name, 6);
		put(l, full ? " F " : " P ", 3);
		put(l, line, len);
		put(l, "\n", 1);
		return;
	}
	put(l, "{\"log\":\"", 8);
	put_json(l, line, len);
	if (full)
		put(l, "\\n", 2);
	put(l, "\",\"stream\":\"", 12);
	put(l, name, 6);
	put(l, "\",\"time\":\"", 10);
	put(l, time, strlen(time));
	put(l, "\"}\n", 3);
}

void logfile_write(struct logfile *l, int stream, const char *data, size_t len, int64_t now_ns)
{
	time_t s = (time_t)(now_ns / 1000000000);
	const char *end = data + len;
	char time[64];
	struct tm tm;
	size_t n;

	if (l->fd < 0)
		return;
	n = strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S", gmtime_r(&s, &tm));
	snprintf(time + n, sizeof time - n, ".%09dZ", (int)(now_ns % 1000000000));
	while (data < end) {
		const char *nl = memchr(data, '\n', (size_t)(end - data));
		const char *stop = nl ? nl : end;

		put_entry(l, stream, time, data, (size_t)(stop - data), nl != NULL);
		data = nl ? nl + 1 : end;
	}
	flush(l);
	if (l->max > 0 && l->size >= l->max)
		rotate(l);
}

void logfile_close(struct logfile *l)
{
	fd_close(&l->fd);
}
