/* seccomp_notify.h - SCMP_ACT_NOTIFY: who answers system calls in the program's place gets a descriptor for them.
 *
 * It listens on linux.seccomp.listenerPath. The connection is made while the host's names are there; the descriptor exists
 * once the filter is loaded, and goes there at once, with the specification's "container process state" as JSON. From then
 * on calls of the rule wait for its answer, ours, too: what loading needs afterwards (sendmsg) cannot have such a rule.
 */
#ifndef CORACLE_RUNTIME_SECCOMP_NOTIFY_H
#define CORACLE_RUNTIME_SECCOMP_NOTIFY_H

#include "core/base/err.h"
#include "core/oci/runtime_spec.h"
#include "core/runtime/hooks.h"
#include "core/runtime/seccomp.h"

struct seccomp_notify {
	int sock;               /* to the listener */
	char *text;             /* what it is told */
};

/* Does this filter notify? */
bool seccomp_notify_wanted(const struct seccomp_program *p);

/* Connect to the listener. 0 or -errno. */
int seccomp_notify_connect(const struct rspec *spec, struct seccomp_notify *ret, struct err *e);

/* What it is to be told of process `pid` (as the host sees it) of the container in `state`. g_free ret->text. */
void seccomp_notify_tell(const struct rspec *spec, const struct hook_state *state, pid_t pid, struct seccomp_notify *ret);

/* Send the descriptor. 0 or -errno. */
int seccomp_notify_send(const struct seccomp_notify *n, int fd);

#endif
