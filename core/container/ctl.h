/* ctl.h - what clients and the keeper say to each other.
 *
 * Records over SEQPACKET sockets: the pair that the foreground client was forked with, and
 * run/containers/<id>/ctl, which everybody else connects to. Each record is a head and up to CTL_DATA_MAX bytes.
 * A client that only connects is told the end (CTL_EXIT); end of file without it means that the keeper was killed.
 */
#ifndef CORACLE_CONTAINER_CTL_H
#define CORACLE_CONTAINER_CTL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/container/container.h"

#define CTL_SOCKET "ctl"
#define CTL_DATA_MAX 16384

enum ctl_type {
	/* client to keeper */
	CTL_ATTACH = 1,         /* send me the output from now on */
	CTL_INPUT,              /* bytes for the program's stdin */
	CTL_INPUT_END,          /* my input is over */
	CTL_RESIZE,             /* a rows, b columns */
	CTL_SIGNAL,             /* value: signal number; answered by CTL_DONE */
	CTL_STOP,               /* value: signal (0: the container's own), a: seconds until SIGKILL; CTL_DONE */
	CTL_HEALTH,             /* run the health check now; CTL_DONE: 0 passed, 1 failed, -ENOENT there is none */
	CTL_OUTPUT_CLOSED,      /* value 1 or 2: nobody reads that stream of mine any more (EPIPE) */
	CTL_PAUSE,              /* value 1: is about to be paused, 0: goes on again; CTL_DONE (pause.h) */
	CTL_CGROUP,             /* CTL_DONE with the path of the container's own cgroup, "" without one */
	CTL_RENAMED,            /* data: the container's new name */
	/* keeper to client */
	CTL_STARTED,            /* value: pid */
	CTL_FAILED,             /* data: struct err */
	CTL_OUTPUT,             /* value 1 stdout, 2 stderr */
	CTL_NOTE,               /* text: a warning for the user */
	CTL_DONE,               /* value: 0 or -errno */
	CTL_EXIT,               /* value: exit status; a: CTL_EXIT_... bits; b: the signal that killed it, or 0 */
};

enum { CTL_EXIT_TIMEOUT = 1, CTL_EXIT_OOM = 2 };

struct ctl_head {
	uint32_t type;
	int32_t value;
	uint32_t a, b;
};

struct ctl_msg {
	struct ctl_head head;
	char data[CTL_DATA_MAX];
};

/* Send without waiting. 0, -EAGAIN when the other side does not keep up, -EPIPE when it is gone, or -errno. */
int ctl_send(int sock, enum ctl_type type, int value, uint32_t a, uint32_t b, const void *data, size_t len);

/* Receive one record into `m`, waiting unless the socket is non-blocking. 1 and *ret_len data bytes, 0 at the end
 * of file, or -errno (-EBADMSG: not a record of ours). */
int ctl_recv(int sock, struct ctl_msg *m, size_t *ret_len);

/* Listen at run/containers/<id>/ctl (making the directory). fd or -errno. */
int ctl_listen(const struct container_place *p, const char *id, struct err *e);

/* Connect to a container's keeper. fd (blocking), or -ENOENT when it has none. */
int ctl_connect(const struct container_place *p, const char *id);

/* Wait for the next answer of `type` or CTL_EXIT; other records are dropped. The type (and *m filled), 0 at end of
 * file, or -errno. */
int ctl_await(int sock, enum ctl_type type, struct ctl_msg *m);

#endif
