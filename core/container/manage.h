/* manage.h - what one command does to a container that another one keeps: signal it, stop it, wait for it.
 *
 * All go through the keeper's control socket, so no pid can be reused under us, and waiting is waiting for the
 * keeper's word: nothing polls.
 */
#ifndef CORACLE_CONTAINER_MANAGE_H
#define CORACLE_CONTAINER_MANAGE_H

#include "core/container/container.h"

/* Send `sig` to the program. 0, -ESRCH when the container is not running, or -errno. */
int container_signal(const struct container_place *p, const char *id, int sig, struct err *e);

/* Send `sig` (0: the container's own stop signal), SIGKILL after `seconds` (0: at once), and wait for the end.
 * 1, 0 when it was not running, or -errno. */
int container_stop(const struct container_place *p, const char *id, int sig, int64_t seconds, struct err *e);

/* Run its health check now, and wait for the result: 0 passed, 1 failed, -ESRCH when it does not run, -ENOENT when there is
 * none, or another -errno. */
int container_check_health(const struct container_place *p, const char *id, struct err *e);

/* Bits of `wanted`. */
#define CONTAINER_WAIT_STATUS(s) (1U << (s))
#define CONTAINER_WAIT_HEALTH(h) (1U << (CONTAINER_STATUS_COUNT + (h)))

/* Wait until the container has one of the states or healths of `wanted` or is gone. *ret_code: its exit code when that is
 * EXITED, else -1. 0 or -errno. */
int container_wait(const struct container_place *p, const char *id, unsigned wanted, int *ret_code, struct err *e);

/* A pidfd of the program of a running container in state `st`: its number is that of the keeper's child still. fd, -ESRCH
 * when it has ended meanwhile, or -errno. */
int container_pidfd(const struct container_state *st, struct err *e);

#endif
