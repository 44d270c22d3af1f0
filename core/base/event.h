/* event.h - the log of what happened in a store: ROOT/events/log, appended to by many processes.
 *
 * A record is a JSON text sequence's (RFC 7464): the byte 1E, a JSON object on one line, a line feed. One write(2) on an
 * O_APPEND descriptor appends all that a process says at once, so records of several processes never mix; a record that a
 * full disk or a power cut has torn ends, at the latest, where the next one begins, and is passed over. Nothing is read
 * and nothing waited for. Events tell people and scripts: nothing depends on them, and what cannot be written is lost.
 *
 * The log that has grown over EVENT_LOG_MAX becomes log.1 (whose last content is gone). The one file that is renamed
 * under a writer gets that writer's record all the same: a reader reads it on (event_reader.h).
 */
#ifndef CORACLE_BASE_EVENT_H
#define CORACLE_BASE_EVENT_H

#include <stddef.h>
#include <stdint.h>

#define EVENT_DIR "events"
#define EVENT_LOG "log"
#define EVENT_LOG_OLD "log.1"
#define EVENT_LOG_MAX (1024 * 1024)     /* bytes */
#define EVENT_MAX 4096                  /* bytes of one record; labels that do not fit in are left out */
#define EVENT_MARK '\x1e'
#define EVENTS_AT_ONCE 4

/* NULL members are not in the record. The names are podman's. */
struct event {
	const char *type;               /* "container", "image", "volume" */
	const char *status;             /* "create", "died" */
	const char *id, *image, *name, *health;
	char *const *labels;            /* "key=value" */
	int64_t time_ns;                /* 0: now */
	int exit_code;
};

/* Append `n` (at most EVENTS_AT_ONCE) events to the log of the store whose directory `root_fd` is; -1 or 0: none. */
void event_write(int root_fd, const struct event *events, size_t n);

#endif
