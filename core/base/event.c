/* event.c - see event.h. Runs in the keeper too: without allocation. */
#include "core/base/event.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/lock.h"

#define LOG_PATH EVENT_DIR "/" EVENT_LOG
#define OLD_PATH EVENT_DIR "/" EVENT_LOG_OLD
#define LOCK_PATH EVENT_DIR "/lock"
#define TAIL_ROOM 4             /* what ends a record */

struct out {
	char text[EVENT_MAX * EVENTS_AT_ONCE];
	size_t len, end;        /* `end`: no further for this record */
	bool full;
};

static void put(struct out *o, const char *s, size_t len)
{
	o->full = o->full || len > o->end - o->len;
	if (o->full)
		return;
	memcpy(o->text + o->len, s, len);
	o->len += len;
}

static void put_text(struct out *o, const char *s)
{
	put(o, s, strlen(s));
}

/* Quoted as JSON wants it. Bytes that are no UTF-8 (a file's name) are shown as question marks. */
static void put_string(struct out *o, const char *s, size_t len)
{
	bool valid = g_utf8_validate(s, (gssize)len, NULL);

	put_text(o, "\"");
	for (; len > 0; s++, len--) {
		unsigned char c = (unsigned char)*s;
		char escaped[8];

		if (c == '"' || c == '\\')
			put(o, (char[]){ '\\', *s }, 2);
		else if (c < 0x20 || c == 0x7f)
			put(o, escaped, (size_t)snprintf(escaped, sizeof escaped, "\\u%04x", c));
		else
			put(o, c >= 0x80 && !valid ? "?" : s, 1);
	}
	put_text(o, "\"");
}

static void put_member(struct out *o, const char *key, const char *value)
{
	if (!value)
		return;
	put_text(o, ",\"");
	put_text(o, key);
	put_text(o, "\":");
	put_string(o, value, strlen(value));
}

/* Those before the first that does not fit in. */
static void put_labels(struct out *o, char *const *labels)
{
	const char *comma = "";
	size_t begin = o->len;

	if (!labels)
		return;
	put_text(o, ",\"Attributes\":{");
	if (o->full) {
		o->len = begin;
		o->full = false;
		return;
	}
	for (; !o->full && *labels; labels++) {
		const char *eq = strchr(*labels, '=');
		size_t key = eq ? (size_t)(eq - *labels) : strlen(*labels), before = o->len;

		put_text(o, comma);
		put_string(o, *labels, key);
		put_text(o, ":");
		put_string(o, eq ? eq + 1 : "", eq ? strlen(eq + 1) : 0);
		if (o->full)
			o->len = before;
		comma = ",";
	}
	o->full = false;
	o->end += 1;
	put_text(o, "}");
}

static int64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Left out whole where it does not fit in: then its names are longer than any that we make. */
static void put_event(struct out *o, const struct event *v)
{
	size_t begin = o->len;
	char text[64];

	o->end = begin + EVENT_MAX - TAIL_ROOM;
	o->full = false;
	put(o, (char[]){ EVENT_MARK }, 1);
	put(o, text, (size_t)snprintf(text, sizeof text, "{\"Time\":%lld", (long long)(v->time_ns ? v->time_ns : now_ns())));
	put_member(o, "Type", v->type);
	put_member(o, "Status", v->status);
	put_member(o, "ID", v->id);
	put_member(o, "Image", v->image);
	put_member(o, "Name", v->name);
	put_member(o, "health_status", v->health);
	if (v->exit_code)
		put(o, text, (size_t)snprintf(text, sizeof text, ",\"ContainerExitCode\":%d", v->exit_code));
	if (o->full) {
		o->len = begin;
		return;
	}
	put_labels(o, v->labels);
	o->end += 2;
	put_text(o, "}\n");
}

/* Somebody else may do the same, and then has it done. */
static void rotate(int root_fd, const struct stat *full)
{
	autofd lock = lock_open(root_fd, LOCK_PATH);
	struct stat st;

	if (lock < 0 || lock_try(lock, LOCK_EXCLUSIVE) < 0)
		return;
	if (fstatat(root_fd, LOG_PATH, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino == full->st_ino &&
	    st.st_dev == full->st_dev)
		(void)renameat(root_fd, LOG_PATH, root_fd, OLD_PATH);
}

static int open_log(int root_fd)
{
	const int flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	int fd = openat(root_fd, LOG_PATH, flags, 0600);

	/* A store of an older coracle. */
	if (fd < 0 && errno == ENOENT && mkdirat(root_fd, EVENT_DIR, 0700) == 0)
		fd = openat(root_fd, LOG_PATH, flags, 0600);
	return fd;
}

void event_write(int root_fd, const struct event *events, size_t n)
{
	autofd fd = root_fd > 0 ? open_log(root_fd) : -1;
	struct stat st;
	struct out o;

	o.len = 0;
	for (size_t i = 0; fd >= 0 && i < n && i < EVENTS_AT_ONCE; i++)
		put_event(&o, &events[i]);
	if (fd < 0 || o.len == 0 || write(fd, o.text, o.len) <= 0)
		return;
	if (fstat(fd, &st) == 0 && st.st_size >= EVENT_LOG_MAX)
		rotate(root_fd, &st);
}
