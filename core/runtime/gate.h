/* gate.h - where a container that was created waits for its start.
 *
 * A listening SEQPACKET socket, "start" in the container's state directory. Its init holds the listener and waits in
 * accept(2), alone: the runtime that made it is gone. Who starts the container connects and says GO (steps.h); from
 * then on the connection is init's line to it: an error, or the end of file that a successful exec makes.
 */
#ifndef CORACLE_RUNTIME_GATE_H
#define CORACLE_RUNTIME_GATE_H

#include <sys/types.h>

#include "core/base/err.h"

struct gate { int listener; };

/* Make the socket in directory `dirfd`. 0 or -errno; close gate->listener afterwards. */
int gate_make(int dirfd, struct gate *ret, struct err *e);

/* In init: wait for GO. A caller that dies before it has said so is forgotten. The connection. */
int gate_wait(const struct gate *g);

/* Let the container of `dirfd` go, whose init is `pid`: 0 when it has executed its program, or -errno with the
 * reason. */
int gate_open(int dirfd, pid_t pid, struct err *e);

#endif
