/* closing.h - connections that libslirp would keep for ten seconds after their end.
 *
 * When the host's side closes first, libslirp holds the finished connection in TIME_WAIT with its descriptor
 * and two buffers of 200 kB: a few thousand short connections are a gigabyte. There is no setting for that, so
 * the frames in both directions are watched: once both sides have closed and acknowledged, and libslirp has
 * passed on all it received, it is told of a reset by the container, on which it forgets the connection.
 */
#ifndef CORACLE_NET_CLOSING_H
#define CORACLE_NET_CLOSING_H

#include <glib.h>
#include <libslirp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct closing {
	GHashTable *flows;      /* those with a FIN on at least one side */
	unsigned done;          /* of them, finished on both */
	int64_t due_ms;         /* when to look at those, -1: none */
};

void closing_init(struct closing *c);
void closing_free(struct closing *c);

/* Look at an Ethernet frame on its way. Anything but TCP is ignored; hostile frames are expected. Frames of
 * the guest are shown before slirp_input. */
void closing_from_slirp(struct closing *c, const uint8_t *frame, size_t len);
void closing_from_guest(struct closing *c, const uint8_t *frame, size_t len);

/* When closing_turn has something to do (CLOCK_MONOTONIC milliseconds), or -1. */
int64_t closing_due_ms(const struct closing *c);

/* Make libslirp forget finished connections. Not from within one of its callbacks. */
void closing_turn(struct closing *c, Slirp *slirp, int64_t now_ms);

/* Is there TCP data that the guest sent, or may still send, and the host has not got? */
bool closing_in_flight(Slirp *slirp);

#endif
