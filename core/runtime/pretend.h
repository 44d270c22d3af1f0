/* pretend.h - in a container with a single id, system calls for other ids succeed, and owners are remembered.
 *
 * The kernel refuses chown(2) to an id that the user namespace has not, whatever the file system: neither overlayfs nor a FUSE
 * server is asked. Package managers and tar, as root, take that for a failure. So root of such a container runs under one
 * more filter of system calls:
 *   chown and its relatives, mknod of devices  do what can be done, so that errors are the kernel's own, and the owner is
 *	written down where the container's root is changed: override.h. commit, export and cp read it;
 *   setuid, setgid, setgroups and their relatives  succeed or fail as if the ids were there, and getuid, geteuid, getgid,
 *	getegid tell what was set (pretend_ids.h). No right changes hands.
 * A process of ours answers (SECCOMP_RET_USER_NOTIF). What stat(2) shows is what is stored: the single id. In a root
 * without /proc nobody is asked: owners are set in vain, and nothing is written down.
 *
 * Who is not root, or lacks the capability for a call, gets the kernel's answer as ever.
 */
#ifndef CORACLE_RUNTIME_PRETEND_H
#define CORACLE_RUNTIME_PRETEND_H

#include <linux/filter.h>
#include <stdbool.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/oci/runtime_spec.h"
#include "core/runtime/idmap.h"

#define PRETEND_INSNS_MAX 128

struct pretend {
	struct sock_filter insns[PRETEND_INSNS_MAX];
	unsigned short n;
	int sock;               /* to the process that answers */
	pid_t pid;              /* that process, the caller's child */
};

#define PRETEND_INIT { .n = 0, .sock = -1, .pid = -1 }

struct pretend_params {
	const struct rspec *spec;       /* the capabilities of its process */
	const struct idmap *map;
	int dir;                /* containers/<id>: the root's changes are in upper/ or root/; -1: owners are not written down */
	int until;              /* pidfd: end with that process at the latest; -1: with the calling thread */
};

/* Is there anything to pretend: a single id, and a filter of system calls at all? */
bool pretend_wanted(const struct rspec *spec, const struct idmap *m);

/* Make the filter and start the process. 0 or -errno. */
int pretend_start(const struct pretend_params *p, struct pretend *ret, struct err *e);

/* In the process that becomes the program, inside, with CAP_SYS_ADMIN or no_new_privs: load the filter. Allocates nothing.
 * 0 or -errno. */
int pretend_install(const struct pretend *p, struct err *e);

/* Close what is ours; `end`: the process, too. */
void pretend_free(struct pretend *p, bool end);

#endif
