/* journal.h - a container's log in systemd's journal, by its native protocol: one datagram an entry, without its library.
 *
 * Fields are podman's (conmon's): MESSAGE, PRIORITY (6 standard output, 3 standard error), CONTAINER_NAME, CONTAINER_ID,
 * CONTAINER_ID_FULL, SYSLOG_IDENTIFIER (the name), and CONTAINER_PARTIAL_MESSAGE where the line goes on in the next entry.
 * See https://systemd.io/JOURNAL_NATIVE_PROTOCOL.
 */
#ifndef CORACLE_CONTAINER_JOURNAL_H
#define CORACLE_CONTAINER_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

struct journal {
	int fd;                 /* connected; -1: nothing is logged there */
	bool stuck;             /* it took nothing for a while: what it does not take at once is lost */
	char *fields;           /* of every entry */
	size_t fields_len;
};

/* 0, or -errno: there is no journal that listens at `path`. */
int journal_open(struct journal *j, const char *path, const char *id, const char *name, struct err *e);

/* What stream 1 or 2 said, an entry a line. A journal that does not listen loses lines, never the container. */
void journal_write(struct journal *j, int stream, const char *data, size_t len);

void journal_close(struct journal *j);

#endif
