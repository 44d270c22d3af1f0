/* launch.h - an OCI runtime spec becomes a process.
 *
 * launch() clones the container's init with all new namespaces, writes its id maps, walks through the
 * steps of steps.h with it, and returns when the program has been exec'ed (or the first error, with
 * everything undone). The caller is the container's keeper: it gets the pid, a pidfd and, with a
 * terminal, the pty's master.
 *
 * What the runtime cannot know (images, networks) it asks through launch_hooks, filled in by cmd/.
 */
#ifndef CORACLE_RUNTIME_LAUNCH_H
#define CORACLE_RUNTIME_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/oci/runtime_spec.h"
#include "core/runtime/idmap.h"

#define LAUNCH_FDS_MAX 4

struct gate;

/* Each hook returns 0 (or an fd) or -errno with `e` filled; NULL means nothing to do. Those marked "init"
 * run in the container's first process: they may change what they see of `ctx`, nobody else sees it. */
struct launch_hooks {
	void *ctx;

	/* init, root of all its new namespaces, in the host's file tree: mount the container's root and
	 * return a descriptor of that mount, detached (fsmount, open_tree OPEN_TREE_CLONE) and writable
	 * unless it can only be read. NULL: spec->root_path is bound. */
	int (*mount_root)(void *ctx, struct err *e);

	/* init, before the spec's mounts are made: `rootfd` is the root. Resolve what needs the
	 * image's files (user names, HOME) into `spec`, fill new volumes, make mount points. */
	int (*root_ready)(void *ctx, int rootfd, struct rspec *spec, struct err *e);

	/* init, in its new network namespace (called only when spec makes one), before pivot: set up
	 * interfaces and put descriptors for the keeper in fds (at most LAUNCH_FDS_MAX). */
	int (*net_inside)(void *ctx, int *fds, size_t *n_fds, struct err *e);

	/* keeper: those descriptors; starts the net process. The descriptors are closed by launch() after. */
	int (*net_outside)(void *ctx, pid_t init, int init_pidfd, const int *fds, size_t n_fds,
			   struct err *e);

	/* keeper: put the new process where its control groups are to be, before it does anything. */
	int (*cgroup)(void *ctx, pid_t init, struct err *e);

	/* keeper: all is made and the program is about to be executed: write the record. */
	int (*created)(void *ctx, pid_t init, struct err *e);
};

struct launch_params {
	const char *id;                 /* for messages and the hostname of last resort */
	struct rspec *spec;
	const struct idmap *idmap;      /* NULL: taken from spec's mappings */
	struct launch_hooks hooks;
	int stdio[3];                   /* the program's 0, 1, 2; ignored with spec->process.terminal */
	unsigned preserve_fds;          /* descriptors 3 ... 3+N-1 of this process go on to the program */
	const char *cgroup;             /* absolute cgroup v2 directory to be born in, or NULL */
	char *const *cgroups;           /* or these directories (any version) to be moved to; NULL: none */
	const char *init_path;          /* --init: host path of coracle-init, shown at /run/coracle-init; NULL */
	bool pretend;                   /* with a single id, calls for others succeed (pretend.h) */
	int owners_dir;                 /* and owners are written down here, see pretend_params; -1: nowhere */
	bool keep_groups;               /* --group-add keep-groups: setgroups is not called */
	bool new_session_keyring;
	bool same_session;              /* the caller has left its terminal (proc_leave_terminal): that will do */
	const char *bundle;             /* absolute: for the state that hooks are given; NULL: "/" */
	/* NULL: the program is executed at once, and init dies with the caller. Else init waits there until
	 * somebody opens it (gate.h), the caller being gone perhaps, and launch() returns when all is ready. */
	const struct gate *gate;
	bool no_pivot;                  /* chroot(2) instead of pivot_root(2): for roots that are no mount */
};

struct launched {
	pid_t pid;              /* in the keeper's pid namespace */
	int pidfd;
	int tty;                /* pty master, or -1 */
};

/* 0, or -errno with e->exit_status 126 or 127 where the program could not be executed. The container's init
 * dies with the caller. */
int launch(const struct launch_params *p, struct launched *ret, struct err *e);

/* Has this process executed a program since it was forked? Also of one that is dead by now; true when the kernel
 * does not tell. */
bool launch_has_executed(pid_t pid);

#endif
