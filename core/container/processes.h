/* processes.h - the processes of a running container, found in /proc by its pid namespace.
 *
 * Needs no control group. A process belongs to the container when its pid namespace is that of the container's
 * process 1 or one made inside it; so nothing that forks, daemonizes or changes its ids can hide. The caller must
 * be the container's owner, whom the kernel lets look into the user namespaces that he made.
 */
#ifndef CORACLE_CONTAINER_PROCESSES_H
#define CORACLE_CONTAINER_PROCESSES_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"

struct process {
	pid_t pid;              /* as the caller sees it */
	pid_t ppid, pgid;       /* as the caller sees them */
	uint64_t utime, stime;  /* clock ticks */
	uint64_t start;         /* clock ticks since boot */
	uint64_t vsz, rss;      /* bytes */
	int tty, nice, threads;
	char state;
	char comm[64];
};

/* All processes of the container whose process 1 is `init`, oldest first: an array of struct process (g_array_unref).
 * -ESRCH when `init` is gone, -EOPNOTSUPP when it shares the host's pid namespace: then they cannot be told. */
int container_processes(pid_t init, GArray **ret, struct err *e);

/* Read /proc/PID/stat. 0 or -errno (-ESRCH, -ENOENT: gone). */
int process_read(pid_t pid, struct process *ret);

/* Stop all of them, so that none runs any more, also ones being forked meanwhile; or let them go on, children before
 * their parents, so that none sees the other stopped. 0 or -errno. */
int processes_stop(pid_t init, struct err *e);
int processes_continue(pid_t init, struct err *e);

#endif
