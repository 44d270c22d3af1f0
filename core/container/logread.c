/* logread.c - see logread.h. Foreign bytes: the container chose the text, and a --log-opt path may name any file. */
#include "core/container/logread.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"

#define BUFFER (256 * 1024)     /* longer than any entry: the keeper logs what it reads at once */
#define WINDOW (64 * 1024)      /* where the search for the last lines begins */

/* "log", or "log.3". */
static bool file_name(const struct logread *r, unsigned number, char *path)
{
	int n = number ? snprintf(path, PATH_MAX, "%s.%u", r->name, number) : snprintf(path, PATH_MAX, "%s", r->name);

	return n < PATH_MAX;
}

static int open_number(const struct logread *r, unsigned number)
{
	char path[PATH_MAX];

	if (!file_name(r, number, path))
		return -1;
	return openat(r->dirfd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static bool exists(const struct logread *r, unsigned number)
{
	char path[PATH_MAX];

	return file_name(r, number, path) && faccessat(r->dirfd, path, F_OK, 0) == 0;
}

/* The number of the oldest file. While the keeper moves them on, one by one from the oldest, a number is missing. */
static unsigned oldest_file(const struct logread *r)
{
	unsigned n = 0;

	while (n < LOG_MAX_FILES && (exists(r, n + 1) || exists(r, n + 2)))
		n++;
	return n;
}

static void use(struct logread *r, int fd, int64_t offset)
{
	if (fd != r->fd)
		fd_close(&r->fd);
	r->fd = fd;
	r->at = r->used = 0;
	r->skipping = offset > 0;
	/* From the byte before, so that a line which begins right there is not passed over. */
	if (fd >= 0)
		(void)lseek(fd, offset > 0 ? offset - 1 : 0, SEEK_SET);
}

/* Move what is left to the front and read on. False at the end of the file. */
static bool fill(struct logread *r)
{
	ssize_t n;

	if (r->fd < 0)
		return false;
	memmove(r->buf, r->buf + r->at, r->used - r->at);
	r->used -= r->at;
	r->at = 0;
	if (r->used == BUFFER) {
		r->used = 0;
		r->skipping = true;
	}
	do
		n = read(r->fd, r->buf + r->used, BUFFER - r->used);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return false;
	r->used += (size_t)n;
	return true;
}

/* The next whole line of this file, without its end. */
static bool next_line(struct logread *r, char **line, size_t *len)
{
	size_t looked = 0;

	for (;;) {
		char *start = r->buf + r->at, *nl = memchr(start + looked, '\n', r->used - r->at - looked);

		if (!nl) {
			looked = r->used - r->at;
			if (!fill(r))
				return false;
			if (looked > r->used)
				looked = 0;
			continue;
		}
		r->at = (size_t)(nl - r->buf) + 1;
		looked = 0;
		if (r->skipping) {
			r->skipping = false;
			continue;
		}
		*line = start;
		*len = (size_t)(nl - start);
		return true;
	}
}

/* "TIME stdout F text" */
static bool parse_k8s(char *line, size_t len, struct logread_entry *ret)
{
	char *space = memchr(line, ' ', len < 64 ? len : 64);

	if (!space || (size_t)(line + len - space) < 10)
		return false;
	if (memcmp(space, " stdout ", 8) != 0 && memcmp(space, " stderr ", 8) != 0)
		return false;
	if ((space[8] != 'F' && space[8] != 'P') || space[9] != ' ')
		return false;
	*ret = (struct logread_entry){ .time = line, .time_len = (size_t)(space - line), .text = space + 10,
				       .len = (size_t)(line + len - space - 10), .stream = space[4] == 'e' ? 2 : 1,
				       .full = space[8] == 'F' };
	ret->stream = space[4] == 'o' ? 1 : 2;
	return true;
}

static int hex4(const char *s, const char *end)
{
	int v = 0;

	if (end - s < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int d = g_ascii_xdigit_value(s[i]);

		if (d < 0)
			return -1;
		v = v * 16 + d;
	}
	return v;
}

/* One escape sequence at `s` (after the backslash) to `out`: how long it was, or 0. */
static size_t unescape(const char *s, const char *end, char *out, size_t *n)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *simple = s < end && *s ? strchr(from, *s) : NULL;
	int c, low;

	if (simple) {
		out[(*n)++] = to[simple - from];
		return 1;
	}
	c = s < end && *s == 'u' ? hex4(s + 1, end) : -1;
	if (c < 0)
		return 0;
	low = c >= 0xd800 && c < 0xdc00 && end - s > 7 && s[5] == '\\' && s[6] == 'u' ? hex4(s + 7, end) : -1;
	if (low >= 0xdc00 && low < 0xe000) {
		*n += (size_t)g_unichar_to_utf8(0x10000 + ((gunichar)(c - 0xd800) << 10) + (gunichar)(low - 0xdc00), out + *n);
		return 11;
	}
	*n += (size_t)g_unichar_to_utf8(c >= 0xd800 && c < 0xe000 ? 0xfffd : (gunichar)c, out + *n);
	return 5;
}

/* The string that begins at `s` (after the quote) to `out`, which has room for as many bytes. Its end (the quote), or
 * NULL. */
static const char *parse_string(const char *s, const char *end, char *out, size_t *ret_len)
{
	size_t n = 0;

	while (s < end && *s != '"') {
		const char *p = s;
		size_t used;

		while (p < end && *p != '"' && *p != '\\')
			p++;
		memcpy(out + n, s, (size_t)(p - s));
		n += (size_t)(p - s);
		s = p;
		if (s == end || *s == '"')
			break;
		used = unescape(s + 1, end, out, &n);
		if (used == 0)
			return NULL;
		s += 1 + used;
	}
	*ret_len = n;
	return s < end ? s : NULL;
}

/* {"log":"text\n","stream":"stdout","time":"TIME"}: as the keeper and docker write it; the order is theirs. */
static bool parse_json(struct logread *r, char *line, size_t len, struct logread_entry *ret)
{
	static const char head[] = "{\"log\":\"", middle[] = "\",\"stream\":\"std", time[] = "\",\"time\":\"";
	const char *end = line + len, *s, *quote;
	size_t n;

	if (len < sizeof head || memcmp(line, head, sizeof head - 1) != 0)
		return false;
	s = parse_string(line + sizeof head - 1, end, r->decoded, &n);
	if (!s || (size_t)(end - s) < sizeof middle + 2 + sizeof time || memcmp(s, middle, sizeof middle - 1) != 0)
		return false;
	s += sizeof middle - 1;
	if ((memcmp(s, "out", 3) != 0 && memcmp(s, "err", 3) != 0) || memcmp(s + 3, time, sizeof time - 1) != 0)
		return false;
	ret->stream = *s == 'o' ? 1 : 2;
	ret->time = s + 3 + sizeof time - 1;
	quote = memchr(ret->time, '"', (size_t)(end - ret->time));
	if (!quote)
		return false;
	ret->time_len = (size_t)(quote - ret->time);
	ret->full = n > 0 && r->decoded[n - 1] == '\n';
	ret->text = r->decoded;
	ret->len = n - ret->full;
	return true;
}

/* Of this file: 1 or 0. */
static int next_here(struct logread *r, struct logread_entry *ret)
{
	char *line;
	size_t len;

	while (next_line(r, &line, &len))
		if (r->format == LOGFILE_JSON ? parse_json(r, line, len, ret) : parse_k8s(line, len, ret))
			return 1;
	return 0;
}

/* The number that the open file has now, or -1: it is gone. */
static int own_number(const struct logread *r)
{
	unsigned last = oldest_file(r);
	char path[PATH_MAX];
	struct stat ours, st;

	if (r->fd < 0 || fstat(r->fd, &ours) < 0)
		return -1;
	/* It may be moved on meanwhile. */
	for (unsigned n = 0; n <= last + 2; n++)
		if (file_name(r, n, path) && fstatat(r->dirfd, path, &st, 0) == 0 && st.st_ino == ours.st_ino &&
		    st.st_dev == ours.st_dev)
			return (int)n;
	return -1;
}

static bool is_number(const struct logread *r, int fd, unsigned number)
{
	struct stat a, b;
	char path[PATH_MAX];

	return file_name(r, number, path) && fstatat(r->dirfd, path, &a, 0) == 0 && fstat(fd, &b) == 0 &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/* The file that comes after ours, which has `number`, or -1: there is none yet. *again: they were moved under us. */
static int open_next(struct logread *r, unsigned number, bool *again)
{
	autofd fd = open_number(r, number - 1);

	/* Ours has been moved on already, and the next one is where it was. */
	if (fd < 0 && number > 1) {
		fd = open_number(r, number - 2);
		*again = exists(r, number - 1) && !is_number(r, fd, number - 1);
	}
	*again |= own_number(r) != (int)number;
	return take_fd(&fd);
}

int logread_next(struct logread *r, struct logread_entry *ret)
{
	for (;;) {
		bool again = false;
		int number, fd;

		if (next_here(r, ret))
			return 1;
		number = own_number(r);
		if (number == 0)
			return 0;
		/* What was written between our last look and its being moved. */
		if (next_here(r, ret))
			return 1;
		fd = number > 0 ? open_next(r, (unsigned)number, &again) : open_number(r, oldest_file(r));
		if (again)
			fd_close(&fd);
		else if (fd < 0)
			return 0;
		else
			use(r, fd, 0);
	}
}

/* How many lines there are from `offset` to the end of this file; the last may be unfinished. */
static int64_t count_lines(struct logread *r, int64_t offset)
{
	struct logread_entry n = { .full = true };
	int64_t lines = 0;

	use(r, r->fd, offset);
	while (next_here(r, &n))
		lines += n.full;
	return lines + !n.full;
}

static void skip_lines(struct logread *r, int64_t offset, int64_t lines)
{
	struct logread_entry n;

	use(r, r->fd, offset);
	while (lines > 0 && next_here(r, &n))
		lines -= n.full;
}

/* Where in this file the last `want` lines begin: the reader stands there. How many of them it has not. */
static int64_t find_tail(struct logread *r, int64_t want)
{
	struct stat st;
	int64_t window = WINDOW, lines = 0, offset;

	if (fstat(r->fd, &st) < 0)
		return 0;
	do {
		offset = st.st_size > window ? st.st_size - window : 0;
		lines = want ? count_lines(r, offset) : 0;
		window *= 4;
	} while (lines <= want && offset > 0 && want > 0);
	if (want == 0)
		use(r, r->fd, st.st_size);
	else
		skip_lines(r, offset, lines - want);
	return lines < want ? want - lines : 0;
}

int logread_open(struct logread *r, int dirfd, const char *name, enum logfile_format format, int64_t tail, struct err *e)
{
	unsigned last;

	*r = (struct logread){ .dirfd = dirfd, .fd = -1, .name = name, .format = format };
	r->buf = g_malloc(BUFFER);
	r->decoded = g_malloc(BUFFER);
	last = oldest_file(r);
	if (tail < 0) {
		use(r, open_number(r, last), 0);
	} else {
		for (unsigned n = 0; n <= last; n++) {
			use(r, open_number(r, n), 0);
			tail = r->fd < 0 ? tail : find_tail(r, tail);
			if (tail == 0)
				break;
		}
	}
	if (r->fd < 0 && errno != ENOENT)
		return err_set(e, errno, "open the log %s", name);
	return 0;
}

void logread_close(struct logread *r)
{
	fd_close(&r->fd);
	g_free(r->buf);
	g_free(r->decoded);
}
