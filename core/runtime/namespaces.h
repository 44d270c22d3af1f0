/* namespaces.h - which namespaces a container's init makes, joins and keeps. See namespaces(7), clone3(2). */
#ifndef CORACLE_RUNTIME_NAMESPACES_H
#define CORACLE_RUNTIME_NAMESPACES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/oci/runtime_spec.h"

struct namespaces {
	uint64_t make;                  /* CLONE_NEW* of those that are new */
	int join[RSPEC_NS_COUNT];       /* descriptor of one to join, or -1 */
	uint64_t joined;                /* CLONE_NEW* of those */
};

#define NAMESPACES_INIT { 0, { -1, -1, -1, -1, -1, -1, -1, -1 }, 0 }

/* CLONE_NEW* of a kind, and its name in /proc/PID/ns. */
uint64_t namespace_flag(enum rspec_ns kind);
const char *namespace_file(enum rspec_ns kind);

/* Read the spec and open what is to be joined. `without_user`: no user namespace is wanted. 0 or -errno. */
int namespaces_open(const struct rspec *spec, bool without_user, struct namespaces *ret, struct err *e);
void namespaces_close(struct namespaces *ns);

/* In the process that becomes init (or its parent, for a pid namespace): join them, the user namespace first. */
int namespaces_join(struct namespaces *ns, struct err *e);

/* clone3(2) as fork: all of `flags` and a pidfd; `cgroup_fd` (or -1): be born there. 0 in the child, the pid, or
 * -errno. */
pid_t namespaces_clone(uint64_t flags, int cgroup_fd, int *ret_pidfd);

/* A detached copy of the mount at `path` in the mount namespace of process `pid`, whose user namespace is this user's:
 * a short-lived process goes there for it. Descriptor or -errno. */
int namespaces_borrow_mount(pid_t pid, const char *path, struct err *e);

/* Why a clone fails with `code`, and the administrator's command against it; NULL: not known, there is none. */
struct namespaces_remedy { const char *why, *command; };
struct namespaces_remedy namespaces_remedy(int code);

/* The same as a hint on `e`, the error of that clone. */
int namespaces_explain(int code, struct err *e);

#endif
