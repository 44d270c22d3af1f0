/* cgroup.h - a container's control group (v2): made where the user has rights, refused or warned about where not.
 *
 * Called in the keeper, before launch(). What podman's --cgroups means here:
 *   enabled      (default) a cgroup is made when there is something to limit, or when `wanted` says that the
 *                user asked for one; a container without limits stays in the caller's cgroup: nothing is
 *                written, nothing is asked of systemd.
 *   disabled     never; limits are an error.
 *   no-conmon    as enabled: the keeper is never in the program's cgroup, nor under its limits.
 *   split        the caller's own cgroup (a systemd service with Delegate=yes) is split in two: "supervisor" with
 *                every process that was there, and the program's beside it. No scope is made.
 *
 * Where the cgroup comes from, first that works:
 *   1. the caller's cgroup itself, when its directory is ours to write and holds nobody but this process and
 *      its parent (they move to its sub-cgroup "supervisor"): a delegated service, scope or batch job;
 *   2. the user's systemd (root's: the system's), asked over its private socket for a transient scope
 *      coracle-ID.scope with delegated controllers: see systemd_scope.h;
 *   3. a sibling of the caller's cgroup, when the parent directory is ours.
 * CGROUP_MANAGER_SYSTEMD tries only 2, CGROUP_MANAGER_CGROUPFS only 1 and 3.
 *
 * Limits are on the program's cgroup, and the keeper is outside it: an out-of-memory kill or cgroup.kill there
 * never takes the keeper. A controller counts only when the file cgroup.controllers of that very cgroup names it:
 * on hybrid machines systemd accepts limits and drops them. What can't be applied is never dropped silently: on
 * cgroup v1 and hybrid machines, where no ordinary user can have limits, it is a warning in `note`, as podman's; on
 * a v2 machine it is an error with the remedy. See cgroups(7), kernel Documentation/admin-guide/cgroup-v2.rst.
 */
#ifndef CORACLE_RUNTIME_CGROUP_H
#define CORACLE_RUNTIME_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/oci/runtime_spec.h"

enum cgroup_mode { CGROUP_ENABLED, CGROUP_DISABLED, CGROUP_NO_CONMON, CGROUP_SPLIT, CGROUP_MODE_COUNT };
enum cgroup_manager { CGROUP_MANAGER_AUTO, CGROUP_MANAGER_SYSTEMD, CGROUP_MANAGER_CGROUPFS, CGROUP_MANAGER_COUNT };

/* By podman's names ("no-conmon", "cgroupfs"; NULL or "" is the default); false when there is no such one. */
bool cgroup_mode_parse(const char *s, enum cgroup_mode *ret);
bool cgroup_manager_parse(const char *s, enum cgroup_manager *ret);

enum cgroup_layout {
	CGROUP_LAYOUT_NONE,     /* no cgroup2 mount at all */
	CGROUP_LAYOUT_V1,       /* v1, perhaps with a cgroup2 mount that has no controllers (hybrid) */
	CGROUP_LAYOUT_V2,
};

enum cgroup_controller { CGROUP_MEMORY, CGROUP_PIDS, CGROUP_CPU, CGROUP_CPUSET, CGROUP_IO, CGROUP_HUGETLB,
	CGROUP_RDMA, CGROUP_MISC, CGROUP_CONTROLLER_COUNT };

/* What this process may do, for `info` and for decisions before anything is started. */
struct cgroup_host {
	enum cgroup_layout layout;
	bool own_writable;              /* the caller's cgroup is ours to write (delegated) */
	bool systemd;                   /* there is a systemd manager of ours to ask */
	char mount[256], own[1024];     /* "/sys/fs/cgroup", and the caller's cgroup below it ("/user.slice/...") */
	unsigned controllers;           /* bit per cgroup_controller: named by own's cgroup.controllers */
};

void cgroup_probe(struct cgroup_host *ret);

struct cgroup_request {
	const char *id;                 /* container's: names the directory */
	const struct rspec_resources *resources;
	const char *parent;             /* --cgroup-parent: a slice for systemd, a path for cgroupfs; NULL */
	enum cgroup_mode mode;
	enum cgroup_manager manager;
	bool wanted;                    /* make one even without limits */
};

/* Does this spec ask for any limit? */
bool cgroup_has_limits(const struct rspec_resources *r);

/* Could the limits be applied as far as one can know without making anything? 0; or -errno with the error
 * that cgroup_make would give; *ret_note (may be NULL) gets warnings for the user, one a line, or NULL (g_free).
 * For the client, before a container exists. Without limits it costs nothing. */
int cgroup_check(const struct cgroup_request *req, char **ret_note, struct err *e);

struct cgroup {
	char *path;             /* the program's cgroup, absolute: launch_params.cgroup. NULL: none was made */
	char *top;              /* what was made for us: removed with it. May equal path */
	bool scope;             /* `top` belongs to a systemd scope, which systemd removes */
	char *note;             /* warnings for the user, one a line; NULL: none */
};

/* Make the cgroup of a container and set its limits; *ret is always set on success (path may be NULL). The calling
 * process may be moved to another cgroup. 0 or -errno with nothing left behind. */
int cgroup_make(const struct cgroup_request *req, struct cgroup **ret, struct err *e);

/* Free the struct only. */
void cgroup_free(struct cgroup *c);
static inline void cgroup_cleanup(struct cgroup **c) { if (*c) cgroup_free(*c); }
#define autocgroup __attribute__((cleanup(cgroup_cleanup))) struct cgroup

/* Kill what is left inside, wait for it (bounded) and remove the directories. 0 or -errno. */
int cgroup_destroy(struct cgroup *c, struct err *e);

/* Set or change limits on a cgroup directory (`update`). 0, or -errno naming the file that could not be written. */
int cgroup_apply(const char *path, const struct rspec_resources *r, struct err *e);

/* Ask systemd to move `pid` into the cgroup at `path`, of a scope of ours, when the kernel does not let us. 0 or -errno. */
int cgroup_attach(const char *path, pid_t pid, struct err *e);

/* The following take the path kept in the container's record. */

/* SIGKILL to every process, also to ones being forked. 0 or -errno. */
int cgroup_kill(const char *path, struct err *e);
/* Stop or continue every process, and wait (bounded) until they are. 0 or -errno. */
int cgroup_freeze(const char *path, bool frozen, struct err *e);
/* Processes killed for lack of memory so far, 0 when that is unknown. */
uint64_t cgroup_oom_kills(const char *path);
/* Processes inside, 0 or more, or -errno; *ret (g_free) may be NULL. */
int cgroup_pids(const char *path, pid_t **ret);
/* The single number in `file` ("memory.current"), or -errno; "max" is INT64_MAX. */
int64_t cgroup_read_number(const char *path, const char *file);
/* The number behind `key` in `file` ("cpu.stat", "usage_usec"), or -errno. */
int64_t cgroup_read_key(const char *path, const char *file, const char *key);

#endif
