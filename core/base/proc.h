/* proc.h - child processes that are never forgotten. */
#ifndef CORACLE_BASE_PROC_H
#define CORACLE_BASE_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/err.h"

/* autochild pid_t pid = fork(): killed with SIGKILL and reaped on every early return, until taken. */
void proc_kill_and_reap(pid_t *pid);
#define autochild __attribute__((cleanup(proc_kill_and_reap))) pid_t

static inline pid_t take_child(pid_t *pid)
{
	pid_t taken = *pid;

	*pid = -1;
	return taken;
}

/* Reap `pid`: its exit status as a shell gives it (0-255, or 128 + signal), or -errno. */
int proc_wait(pid_t pid);

/* The shell's number for a waitpid(2) status. */
int proc_status_code(int wait_status);

/* Die with SIGKILL when the parent does. `parent` is the pid that forked us, read before the fork:
 * closes the race of a parent that is gone already (then this process exits at once). */
void proc_die_with_parent(pid_t parent);

/* The same for a process whose parent is in an outer pid namespace (getppid() is 0 there). */
void proc_die_with_outer_parent(void);

/* A program started by proc_start. */
struct proc {
	pid_t pid;
	int err_fd;     /* its stderr */
};

/* Start argv[0] (searched on PATH) with stdin /dev/null, stdout to `out_fd` (-1: /dev/null), stderr to
 * a pipe. All other descriptors are O_CLOEXEC by our rule. 0 or -errno; `e` is filled. */
int proc_start(char *const argv[], int out_fd, struct proc *ret, struct err *e);

/* Wait for it; a status other than 0 is an error that quotes the last line it wrote to stderr. */
int proc_finish(struct proc *p, const char *what, struct err *e);

/* Have no controlling terminal any more, and a process group of one's own, but stay in the session: then the scheduler
 * goes on treating this process and the caller's others as one (autogroups, sched(7)), and a pipe between them keeps
 * its speed. What setsid() promises holds: no way back to the terminal, none of its signals. False: that cannot be had
 * here, and nothing has changed. */
bool proc_leave_terminal(void);

/* This process's number as a procfs shows it: `name` in `dirfd` is its link "self". 0 when that shows none. */
pid_t proc_self_in(int dirfd, const char *name);

/* Leave every signal as a new program expects it: default dispositions, empty mask. */
void proc_reset_signals(void);

/* Name this process in ps (PR_SET_NAME, at most 15 bytes) and, where room allows, its argv. */
void proc_set_name(const char *name);

#endif
