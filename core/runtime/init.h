/* init.h - the container's first process, from its clone to the exec of the user's program. */
#ifndef CORACLE_RUNTIME_INIT_H
#define CORACLE_RUNTIME_INIT_H

#include "core/runtime/devices.h"
#include "core/runtime/launch.h"
#include "core/runtime/mounts.h"
#include "core/runtime/root.h"
#include "core/runtime/namespaces.h"
#include "core/runtime/seccomp_notify.h"

/* Everything that init inherits from the keeper's memory. */
struct init {
	const struct launch_params *p;
	const struct idmap *map;
	struct seccomp_program *filter;
	uint64_t make;          /* namespaces that are new */
	uint64_t joined;        /* namespaces that were joined */
	uint64_t make_late;     /* of these, what init makes itself once the keeper has put it into its cgroup */
	bool shared_mounts;     /* no mount namespace of our own: see shared_root.h */
	bool guard_exe;         /* coracle's own file could be written by the container's ids: see program_find */
	int sock;               /* to the keeper */

	/* made on the way */
	struct mounts mounts;
	struct devices devices;
	struct root_mounts root_mounts;
	int rootfd, tty_master, tty_slave;
	int label_fd;           /* /proc/self/attr/exec of the host's /proc, or -1 */
	pid_t host_pid;         /* ours, as the host's /proc has it */
	struct seccomp_notify notify;
	const char *program;
};

void init_run(struct init *in) __attribute__((noreturn));

#endif
