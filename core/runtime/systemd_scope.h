/* systemd_scope.h - ask the user's systemd for a transient scope, in a few D-Bus messages written by hand.
 *
 * Over the manager's private socket ($XDG_RUNTIME_DIR/systemd/private; root: /run/systemd/private): no bus daemon,
 * no library. See the D-Bus specification ("Message Protocol") and org.freedesktop.systemd1(5).
 */
#ifndef CORACLE_RUNTIME_SYSTEMD_SCOPE_H
#define CORACLE_RUNTIME_SYSTEMD_SCOPE_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/err.h"

/* Is there a manager to ask? One access(2). */
bool systemd_scope_available(void);

/* Start unit `name` ("coracle-....scope") holding `pid`, with Delegate=yes, in `slice` (NULL: systemd's choice),
 * and wait until systemd says that it is done: `pid` has been moved by then. 0 or -errno; `e` quotes systemd. */
int systemd_scope_start(const char *name, const char *slice, const char *description, pid_t pid, struct err *e);

/* Move `pid` into the cgroup `below` ("/name") of that unit: from a session, where only systemd may take it from. 0 or
 * -errno; `e` quotes systemd. */
int systemd_scope_attach(const char *name, const char *below, pid_t pid, struct err *e);

#endif
