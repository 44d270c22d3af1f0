/* enter.h - one more process in a running container: `exec`.
 *
 * enter() joins the namespaces of the container's first process, all at once by its pidfd (Linux 5.8; one by one
 * before), and forks the new program there, with the root, control group, capabilities, limits and system call filter
 * of the container's spec. Nothing is written anywhere. The caller itself stays where it is: a short-lived process joins
 * (vfork: it shares the caller's memory, so joining costs no copy), and forks with CLONE_PARENT, so that the program is
 * the caller's own child: to be waited for, and killed with it where that is wanted.
 *
 * What the container must not get: before the exec the new process is not dumpable, so nobody inside can trace it or look
 * through /proc at its descriptors or at coracle's own file; a program that is a link of /proc is refused where that file
 * could be written (program.h); descriptors that are not the user's are closed by the exec, before the kernel makes it
 * dumpable again; a directory of the host is not given as one of the three standard descriptors.
 */
#ifndef CORACLE_RUNTIME_ENTER_H
#define CORACLE_RUNTIME_ENTER_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/oci/runtime_spec.h"
#include "core/runtime/idmap.h"
#include "core/runtime/launch.h"

struct enter_params {
	pid_t pid;                      /* the container's first process */
	int pidfd;                      /* of the same process: the caller has made sure of that */
	const struct idmap *map;        /* of its user namespace: idmap_of(pid) */

	/* The container's spec with the new program in place of its `process`: args, env, cwd (must exist), user,
	 * capabilities, rlimits, no_new_privileges, labels, terminal and its size. */
	struct rspec *spec;
	const char *id, *bundle;        /* for a seccomp listener, or NULL */
	int stdio[3];                   /* ignored with spec->process.terminal */
	unsigned preserve_fds;          /* descriptors 3 ... 3+N-1 of this process go on to the program */
	const char *cgroup;             /* absolute directory of the container's control group, or NULL: the caller's */
	char *const *cgroups;           /* or these (any version); NULL: none */
	bool cgroups_must_work;         /* else a lack of rights to move there is a warning, as with `cgroup` */
	bool keep_groups;               /* setgroups is not called */
	bool pretend;                   /* as launch_params has it, and its owners_dir */
	int owners_dir;
	bool die_with_caller;           /* SIGKILL when the calling thread ends */

	/* In the new process, inside, as root of the container (where it has one) and before the terminal is made:
	 * what needs the container's files ("who is user X?"). `rootfd` is its root. 0 or -errno; NULL: nothing. */
	int (*inside)(void *ctx, int rootfd, struct rspec *spec, struct err *e);
	void *ctx;
};

/* Run it. 0 and ret->pid (a child of the caller: wait for it), ret->pidfd, ret->tty (the pty's master, or -1); or
 * -errno with nothing left, e->exit_status 126 or 127 where the program could not be executed. A process that is killed
 * before it could execute its program looks like a program that was killed. The calling process must have one thread, and
 * be in the namespaces in which the container was started; those that both share are left alone. */
int enter(const struct enter_params *p, struct launched *ret, struct err *e);

#endif
