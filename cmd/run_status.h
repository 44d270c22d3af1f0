/* run_status.h - --status-fd: what happens to a container, one JSON object a line, for programs.
 *
 *   {"event":"start","id":"ID","pid":N}
 *   {"event":"exit","source":"program","code":N,"signal":N,"oom":BOOL,"timeout":BOOL}
 *   {"event":"error","source":"tool"|"runtime","code":N,"error":"TEXT"}
 *
 * Every run writes an exit or an error (after -d: or a start and no more), so nobody has to guess whose 125 it was.
 */
#ifndef CORACLE_CMD_RUN_STATUS_H
#define CORACLE_CMD_RUN_STATUS_H

#include "core/container/run.h"

struct run_status {
	int fd;                 /* -1: nobody wants to know */
	const char *id;
	struct container_watcher watcher;
};

/* `fd` is --status-fd's, or -1. It is kept from the container. 0 or -EBADF. */
int run_status_begin(struct run_status *s, int64_t fd, struct err *e);
/* The run failed: e's exit status says whether in coracle itself (125) or in executing the program (126, 127). */
void run_status_error(const struct run_status *s, const struct err *e);

#endif
