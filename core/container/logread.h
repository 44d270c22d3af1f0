/* logread.h - reading a container's log while its keeper goes on writing it. See logfile.h for what is in it.
 *
 * Files are read from the oldest (<name>.N) to <name>, and one that the keeper moves on meanwhile is read to its end
 * before the next. Nothing is ever whole in memory.
 */
#ifndef CORACLE_CONTAINER_LOGREAD_H
#define CORACLE_CONTAINER_LOGREAD_H

#include "core/container/logfile.h"

struct logread {
	int dirfd, fd;          /* fd -1: there is no file (yet) */
	const char *name;       /* the caller's, lives on */
	enum logfile_format format;
	char *buf, *decoded;    /* what is read of fd; the text of a JSON entry */
	size_t at, used;
	bool skipping;          /* to the next line: this one began before where we did, or is too long to be ours */
};

struct logread_entry {
	const char *time, *text;        /* valid until the next call */
	size_t time_len, len;
	int stream;                     /* 1 or 2 */
	bool full;                      /* a line ends here */
};

/* Begin with the last `tail` lines, or with the oldest entry (-1). 0 or -errno; `r` is closed by logread_close. */
int logread_open(struct logread *r, int dirfd, const char *name, enum logfile_format format, int64_t tail, struct err *e);

/* The next entry: 1, or 0 when there is no more for now. Lines that are no entries are passed over. */
int logread_next(struct logread *r, struct logread_entry *ret);

void logread_close(struct logread *r);

#endif
