/* pause.h - stop a running container where it stands, and let it go on.
 *
 * By the freezer of its cgroup where it has one of its own, else by SIGSTOP to every process of its pid namespace
 * (processes.h). The keeper records the state, before the first process stops and after the last one goes on: when
 * the command is killed in between, the container is "paused", and unpausing it helps.
 */
#ifndef CORACLE_CONTAINER_PAUSE_H
#define CORACLE_CONTAINER_PAUSE_H

#include "core/container/container.h"

/* 0; -ESRCH when it is not running, -EALREADY when it is in that state, or another -errno. */
int container_pause(const struct container_place *p, const char *id, bool paused, struct err *e);

/* The cgroup directory that was made for the running container (g_free), or NULL: it has none of its own, or is not
 * running. */
char *container_cgroup(const struct container_place *p, const char *id);

#endif
