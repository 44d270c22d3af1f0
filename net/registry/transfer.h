/* transfer.h - one layer's compressed bytes, from the registry into a pipe.
 *
 * A transfer moves the blob exactly once, in order and without holes, into `out_fd`, whatever happens on the way:
 *
 *   REPLAY    bytes that an earlier run left in the spool file go first
 *   RUN       the rest comes by HTTP, with Range from where we are; a server that ignores Range sends the beginning
 *             again, which is skipped
 *   WAIT      the connection broke, or the server asked for time; then RUN again
 *   FLUSH     all is here, the pipe takes the last of it
 *   DONE      the pipe is closed: its reader sees the end
 *
 * Memory: one buffer of what the pipe did not take (at most one of libcurl's). While it is not empty the transfer is
 * paused, so the reader's pace is the network's pace.
 *
 * The spool (optional) receives the same bytes, so that a later run can go on: see storage/partial.h. Nothing is
 * verified here but the length: the reader of the pipe hashes.
 */
#ifndef CORACLE_NET_REGISTRY_TRANSFER_H
#define CORACLE_NET_REGISTRY_TRANSFER_H

#include <poll.h>
#include <stdint.h>

#include "net/registry/registry.h"

struct transfer;

/* `out_fd` (O_NONBLOCK; taken) and `spool_fd` (taken; -1: none) with `spooled` bytes in it. `d` must outlive it. */
struct transfer *transfer_new(struct registry *g, const struct descriptor *d, int out_fd, int spool_fd,
			      int64_t spooled);
void transfer_free(struct transfer *t);

/* Do what can be done now. 1 when all bytes have been handed over, 0 while it goes on, -errno (EPIPE: the reader
 * is gone). Call after every registry_step. */
int transfer_advance(struct transfer *t, struct err *e);

/* What it waits for besides its connection: events in *ret (fd -1: nothing). Milliseconds until it has to be
 * advanced, -1 for none. */
int transfer_waits(const struct transfer *t, struct pollfd *ret);

/* Bytes here so far, and those of them that came by network in this run. */
int64_t transfer_bytes(const struct transfer *t, int64_t *ret_network);

#endif
