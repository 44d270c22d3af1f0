/* exec.h - `exec`, from the outside: the client of one more process in a container, until that ends.
 *
 * Without a terminal the process has the client's own descriptors, and the client only passes signals on and waits. With
 * one the client is the other end of the terminal itself: no keeper is between the two. The keeper knows nothing of it,
 * and no state is written; the event log is told by the client, so of the end of a detached one nobody is.
 */
#ifndef CORACLE_CONTAINER_EXEC_H
#define CORACLE_CONTAINER_EXEC_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/container/container.h"
#include "core/runtime/enter.h"

struct container_exec {
	struct enter_params enter;      /* stdio and die_with_caller are filled in here */
	bool detach;                    /* return at once; it has /dev/null, or a terminal that nobody reads */
	bool interactive;               /* it gets our stdin */
	const char *detach_keys;        /* as for `run` */
	/* Of the container, for the event log; NULL: what is not said (a health check). */
	const struct container_place *place;
	const struct container_record *record;
};

/* The exit status of the process (0 when detached), or -errno with `e` filled: its exit_status says 125, 126 or 127. */
int container_exec(struct container_exec *x, struct err *e);

#endif
