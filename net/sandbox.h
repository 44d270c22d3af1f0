/* sandbox.h - a process of ours that handles the container's bytes gives up everything else.
 *
 *   1. sandbox_close: no descriptor but its own
 *   2. sandbox_enter: an empty root in namespaces of its own, no capabilities that it has no use for, not debuggable
 *   3. sandbox_filter: a seccomp allow-list; after it nothing new can be gained, and no program run
 */
#ifndef CORACLE_NET_SANDBOX_H
#define CORACLE_NET_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

/* Close all descriptors but 0, 1, 2 and the `n` in `keep` (any number, any order). Returns one of /dev/null, for
 * sandbox_mute. */
int sandbox_close(const int *keep, size_t n);

/* Put it on 0, 1 and 2: from here on this process has nobody to talk to. */
void sandbox_mute(int null);

/* Move into a root that holds nothing but `resolv_conf` as /etc/resolv.conf (NULL: nothing at all). `own_userns`:
 * make a user namespace for it first; else the caller has CAP_SYS_ADMIN in the one that it is in.
 * Afterwards there are no capabilities but those in `keep` (bits), and no way to gain privileges. 0 or -errno. */
int sandbox_enter(bool own_userns, const char *resolv_conf, uint64_t keep, struct err *e);

/* All of this on a start that could not be: the reason on stderr, and the end of the process. */
_Noreturn void sandbox_fail(const char *who, const struct err *e);

/* Allow only what moving bytes between sockets takes. Other calls fail with EPERM; executing a program or
 * touching another process kills. 0 or -errno. */
int sandbox_filter(struct err *e);

/* As many descriptors as the hard limit gives. */
void sandbox_raise_nofile(void);

#endif
