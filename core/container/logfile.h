/* logfile.h - a container's log, written by its keeper.
 *
 * k8s-file: "2026-11-23T01:02:03.000000004Z stdout F text" (P instead of F: the line goes on in the next
 * entry of the stream), json-file: {"log":"text\n","stream":"stdout","time":"..."}, as podman and docker write them.
 * A log that would grow over its bound becomes <name>.1, that one <name>.2 and so on, up to a number of files; the oldest
 * goes away. So it takes at most so many times its bound, and an entry for each file.
 */
#ifndef CORACLE_CONTAINER_LOGFILE_H
#define CORACLE_CONTAINER_LOGFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

#define LOG_MAX_SIZE_DEFAULT (INT64_C(10) * 1024 * 1024)
#define LOG_FILES_DEFAULT 2
#define LOG_MAX_FILES 1000
#define LOG_NAME "log"

/* LOGFILE_JOURNAL: no file at all, see journal.h. */
enum logfile_format { LOGFILE_NONE, LOGFILE_K8S, LOGFILE_JSON, LOGFILE_JOURNAL };

struct logfile {
	int dirfd, fd;          /* fd -1: nothing is logged */
	enum logfile_format format;
	const char *name;       /* in dirfd, or an absolute path; the caller's, lives on */
	int64_t size, max;      /* bytes; max 0: no bound */
	int64_t full_at;        /* the size that makes it move on */
	unsigned files;         /* at most so many, the one that is written included */
	char *buf;              /* formatted, not yet written: `small`, or what was lent */
	size_t used, room;
	char small[8192];
};

/* What a --log-driver name means: false when we have no such driver. NULL and "" are k8s-file. */
bool logfile_driver(const char *driver, enum logfile_format *ret);

/* Open for appending; l->max and l->files (0: LOG_FILES_DEFAULT) are filled in. 0 or -errno. */
int logfile_open(struct logfile *l, int dirfd, const char *name, enum logfile_format format, struct err *e);

/* Log what stream 1 or 2 said at `now_ns` and write it out. A full disk loses whole entries, never the container. */
void logfile_write(struct logfile *l, int stream, const char *data, size_t len, int64_t now_ns);

/* Gather entries in `buf` from now on, until it is taken back (NULL): for a program that says much. */
void logfile_lend(struct logfile *l, char *buf, size_t room);

void logfile_close(struct logfile *l);

#endif
