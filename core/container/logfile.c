/* logfile.c - see logfile.h. No allocation: it runs in the keeper. */
#include "core/container/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <limits.h>
#include <stdint.h>
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
		{ "journald", LOGFILE_JOURNAL }, { "none", LOGFILE_NONE }, { "passthrough", LOGFILE_NONE },
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
	logfile_lend(l, NULL, 0);
	l->used = 0;
	l->size = 0;
	l->full_at = l->max > 0 ? l->max : INT64_MAX;
	l->fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_CLOEXEC, 0600);
	if (l->fd < 0)
		return err_set(e, errno, "open the log %s", name);
	if (fstat(l->fd, &st) == 0)
		l->size = st.st_size;
	return 0;
}

void logfile_lend(struct logfile *l, char *buf, size_t room)
{
	l->buf = buf ? buf : l->small;
	l->room = buf ? room : sizeof l->small;
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

static void flush(struct logfile *l)
{
	if (l->used == 0)
		return;
	if (fd_write_all(l->fd, l->buf, l->used) == 0)
		l->size += (int64_t)l->used;
	else
		(void)!ftruncate(l->fd, l->size);       /* no part of an entry, which the next would go on */
	l->used = 0;
}

static void rotate(struct logfile *l)
{
	int fd;

	flush(l);
	l->full_at = l->size + l->max;  /* when the next lines fail: no try for each entry */
	if (!shift(l))
		return;
	fd = openat(l->dirfd, l->name, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_CLOEXEC, 0600);
	if (fd < 0)
		return;         /* goes on in the old one */
	fd_close(&l->fd);
	l->fd = fd;
	l->size = 0;
	l->full_at = l->max;
}

static void put(struct logfile *l, const char *s, size_t n)
{
	while (n > l->room - l->used) {
		size_t part = l->room - l->used;

		memcpy(l->buf + l->used, s, part);
		l->used += part;
		s += part;
		n -= part;
		flush(l);
	}
	memcpy(l->buf + l->used, s, n);
	l->used += n;
}

/* How many bytes from `s` on are ASCII that JSON takes as it is. */
static size_t plain_length(const char *s, size_t n)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	size_t i = 0;

	for (uint64_t w; i + sizeof w <= n; i += sizeof w) {
		uint64_t quote, slash;

		memcpy(&w, s + i, sizeof w);
		quote = w ^ (ones * '"');
		slash = w ^ (ones * '\\');
		/* Has a byte a top bit, or is one below 0x20, or zero in one of the two? */
		if ((w | (w - ones * 0x20) | (quote - ones) | (slash - ones)) & tops)
			break;
	}
	while (i < n && (unsigned char)s[i] >= 0x20 && (unsigned char)s[i] < 0x80 && s[i] != '"' && s[i] != '\\')
		i++;
	return i;
}

/* The inside of a JSON string; bytes that are not UTF-8 become U+FFFD. */
static void put_json(struct logfile *l, const char *s, size_t n)
{
	const char *end = s + n;

	while (s < end) {
		size_t plain = plain_length(s, (size_t)(end - s)), others = 0;
		const char *bad;
		char esc[8];

		put(l, s, plain);
		s += plain;
		if (s == end)
			return;
		if ((unsigned char)*s < 0x80) {
			put(l, esc, (size_t)snprintf(esc, sizeof esc, "\\u%04x", (unsigned char)*s++));
			continue;
		}
		while (s + others < end && (unsigned char)s[others] >= 0x80)
			others++;
		(void)g_utf8_validate_len(s, others, &bad);
		put(l, s, (size_t)(bad - s));
		if (bad < s + others)
			put(l, "\xef\xbf\xbd", 3);
		s = bad < s + others ? bad + 1 : bad;
	}
}

/* What is the same for all the lines of a chunk. */
struct frame { char head[2][64], tail[96]; size_t head_len, tail_len; };

static void make_frame(struct frame *f, enum logfile_format format, int stream, int64_t now_ns)
{
	time_t s = (time_t)(now_ns / 1000000000);
	const char *name = stream == 2 ? "stderr" : "stdout";
	char time[40];
	struct tm tm;
	size_t n = strftime(time, sizeof time - 11, "%Y-%m-%dT%H:%M:%S", gmtime_r(&s, &tm));

	snprintf(time + n, sizeof time - n, ".%09dZ", (int)(now_ns % 1000000000));
	if (format == LOGFILE_K8S) {
		f->head_len = (size_t)snprintf(f->head[0], sizeof f->head[0], "%s %s P ", time, name);
		snprintf(f->head[1], sizeof f->head[1], "%s %s F ", time, name);
		f->tail_len = (size_t)snprintf(f->tail, sizeof f->tail, "\n");
		return;
	}
	f->tail_len = (size_t)snprintf(f->tail, sizeof f->tail, "\",\"stream\":\"%s\",\"time\":\"%s\"}\n", name, time);
}

static void put_entry(struct logfile *l, const struct frame *f, const char *line, size_t len, bool full)
{
	if (l->format == LOGFILE_K8S) {
		put(l, f->head[full], f->head_len);
		put(l, line, len);
	} else {
		put(l, "{\"log\":\"", 8);
		put_json(l, line, len);
		if (full)
			put(l, "\\n", 2);
	}
	put(l, f->tail, f->tail_len);
}

void logfile_write(struct logfile *l, int stream, const char *data, size_t len, int64_t now_ns)
{
	const char *end = data + len;
	struct frame f;

	if (l->fd < 0)
		return;
	make_frame(&f, l->format, stream, now_ns);
	while (data < end) {
		const char *nl = memchr(data, '\n', (size_t)(end - data));
		const char *stop = nl ? nl : end;

		if (l->size + (int64_t)l->used >= l->full_at)
			rotate(l);
		put_entry(l, &f, data, (size_t)(stop - data), nl != NULL);
		data = nl ? nl + 1 : end;
	}
	flush(l);
	if (l->size >= l->full_at)
		rotate(l);
}

void logfile_close(struct logfile *l)
{
	fd_close(&l->fd);
}
