/* steps.h - the handshake between a keeper and the container's init.
 *
 * One table names every step, who says it and what it means; the enum, the traces and the list in the manual
 * come from it. A message is one record of a SEQPACKET socket pair: the step, and an error. Descriptors may ride
 * along. Both sides are straight lines through the same names: each step is said even when there was nothing to
 * do in it. A message with an error, another step than expected, or end of file are failures; the last one tells
 * that the peer died and before which step.
 */
#ifndef CORACLE_RUNTIME_STEPS_H
#define CORACLE_RUNTIME_STEPS_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

#define STEPS(X) \
	X(MAPPED, KEEPER, "the id maps are written") \
	X(NETTED, INIT, "namespaces and network interfaces are made") \
	X(BUILT, INIT, "root, mounts and devices are made, not yet entered") \
	X(SERVED, KEEPER, "the network is served, the hooks have run") \
	X(ROOTED, INIT, "the root is entered") \
	X(GO, KEEPER, "the container is recorded") \
	X(EXEC, INIT, "rights are dropped, the program is executed next")

enum step {
#define X(name, who, text) STEP_##name,
	STEPS(X)
#undef X
	STEP_COUNT
};

const char *step_name(enum step s);     /* "MAPPED" */
const char *step_text(enum step s);     /* "the id maps are written" */

#define STEP_FDS_MAX 6

/* Say that a step is done. `fds` may be NULL. 0 or -errno. */
int step_say(int sock, enum step s, const int *fds, size_t n_fds, struct err *e);

/* Say that it could not be done, and why. Never fails: a peer that is gone needs no news. */
void step_fail(int sock, enum step s, const struct err *why);

/* Wait for a step. *n_fds: room in, how many came out; both may be NULL. 0, or -errno with the peer's error, or
 * -EPIPE when the peer is gone. */
int step_expect(int sock, enum step s, int *fds, size_t *n_fds, struct err *e);

/* After EXEC: wait for the end of file that a successful exec causes. 0, or the error that was said instead. */
int step_expect_end(int sock, struct err *e);

#endif
