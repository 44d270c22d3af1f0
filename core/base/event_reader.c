/* event_reader.c - see event_reader.h.
 *
 * At most two files are read at a time: the log, and the one that was the log before it. Writers that had opened that one
 * when it was renamed still append to it.
 */
#include "core/base/event_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/event.h"
#include "core/base/fd.h"
#include "core/base/path.h"

#define LINE_MAX_BYTES ((gsize)EVENT_MAX * 4)   /* more without a line feed is nothing of ours */

struct source {
	int fd;
	GString *text;          /* read, and not given out yet */
};

struct event_reader {
	int dir, watch;
	struct source old, log;
	GString *record;
};

static void source_close(struct source *s)
{
	fd_close(&s->fd);
	g_string_truncate(s->text, 0);
}

void event_reader_free(struct event_reader *r)
{
	fd_close(&r->dir);
	fd_close(&r->watch);
	fd_close(&r->old.fd);
	fd_close(&r->log.fd);
	g_string_free(r->old.text, TRUE);
	g_string_free(r->log.text, TRUE);
	g_string_free(r->record, TRUE);
	g_free(r);
}

static int open_file(const struct event_reader *r, const char *name)
{
	return openat(r->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

/* Is that the file which is called the log now? */
static bool is_log(const struct event_reader *r, int fd)
{
	struct stat a, b;

	return fd >= 0 && fstat(fd, &a) == 0 && fstatat(r->dir, EVENT_LOG, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/* Both as they are at one moment: the log again where it was renamed meanwhile. */
static void open_both(struct event_reader *r)
{
	do {
		source_close(&r->old);
		source_close(&r->log);
		r->log.fd = open_file(r, EVENT_LOG);
		r->old.fd = open_file(r, EVENT_LOG_OLD);
	} while (r->log.fd >= 0 && !is_log(r, r->log.fd));
}

/* There to be opened, so that the first log is not missed where it is log.1 when we look again. */
static void make_log(const struct event_reader *r)
{
	autofd fd = openat(r->dir, EVENT_LOG, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);

	(void)fd;
}

static int watch_directory(struct event_reader *r, struct err *e)
{
	char path[64];

	r->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (r->watch < 0 || inotify_add_watch(r->watch, path_of_fd(r->dir, path), IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0)
		return err_set(e, errno, "watch the event log");
	return 0;
}

int event_reader_open(int root_fd, bool from_start, bool follow, struct event_reader **ret, struct err *e)
{
	struct event_reader *r = g_new0(struct event_reader, 1);
	int x = 0;

	r->watch = r->old.fd = r->log.fd = -1;
	r->old.text = g_string_new(NULL);
	r->log.text = g_string_new(NULL);
	r->record = g_string_new(NULL);
	if (mkdirat(root_fd, EVENT_DIR, 0700) < 0 && errno != EEXIST)
		x = errno == EROFS || errno == EACCES ? 0 : err_set(e, errno, "create the directory of the event log");
	r->dir = openat(root_fd, EVENT_DIR, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (x == 0 && r->dir < 0)
		x = err_set(e, errno, "open the directory of the event log");
	if (x == 0 && follow)
		x = watch_directory(r, e);
	if (x < 0) {
		event_reader_free(r);
		return x;
	}
	if (follow)
		make_log(r);
	open_both(r);
	if (!from_start) {
		if (r->log.fd >= 0)
			(void)lseek(r->log.fd, 0, SEEK_END);
		source_close(&r->old);
	}
	*ret = r;
	return 0;
}

/* One complete line of the source into r->record: 1; 0 when there is none. */
static int take_line(struct event_reader *r, struct source *s)
{
	const char *end = memchr(s->text->str, '\n', s->text->len);
	gsize len;

	if (!end)
		return 0;
	len = (gsize)(end - s->text->str);
	g_string_truncate(r->record, 0);
	g_string_append_len(r->record, s->text->str, (gssize)len);
	g_string_erase(s->text, 0, (gssize)len + 1);
	return 1;
}

/* 1: a line in r->record, 0: no more in this file now, or -errno. */
static int read_line(struct event_reader *r, struct source *s, struct err *e)
{
	char buf[16384];

	while (s->fd >= 0 && !take_line(r, s)) {
		ssize_t n = read(s->fd, buf, sizeof buf);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(e, errno, "read the event log");
		if (n == 0)
			return 0;
		if (s->text->len > LINE_MAX_BYTES)
			g_string_truncate(s->text, 0);
		g_string_append_len(s->text, buf, n);
	}
	return s->fd >= 0;
}

/* Was the log renamed? Then what was it is the old one now. */
static bool turn_over(struct event_reader *r)
{
	struct source old = r->old;

	if (is_log(r, r->log.fd))
		return false;
	if (r->log.fd >= 0) {
		source_close(&old);
		r->old = r->log;
		r->log = old;
	}
	r->log.fd = open_file(r, EVENT_LOG);
	return r->log.fd >= 0;
}

/* Was anything written since the last look? After that look, so that nothing is missed, the files are read again. */
static bool was_told(const struct event_reader *r)
{
	char events[4096];
	bool told = false;

	while (r->watch >= 0 && read(r->watch, events, sizeof events) > 0)
		told = true;
	return told;
}

int event_reader_next(struct event_reader *r, const char **ret, struct err *e)
{
	const char *mark;
	int n;

	for (;;) {
		n = read_line(r, &r->old, e);
		if (n == 0)
			n = read_line(r, &r->log, e);
		if (n == 0 && (turn_over(r) || was_told(r)))
			continue;
		if (n <= 0)
			break;
		mark = memrchr(r->record->str, EVENT_MARK, r->record->len);
		if (!mark)
			continue;
		*ret = mark + 1;
		return 1;
	}
	return n;
}

int event_reader_fd(const struct event_reader *r)
{
	return r->watch;
}
