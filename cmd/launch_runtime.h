/* launch_runtime.h - --runtime: a container that another OCI runtime runs, such as runc or crun.
 *
 * All that coracle makes of a container stays as it is: user namespace, network, limits, root file system, log, exit status.
 * Only the program is another: in a mount namespace that still shows the host, the runtime, with a bundle below the
 * container's directory whose config.json is the container's. Namespaces that it has already are not in that; the runtime
 * itself is process 1 of a pid namespace, so that all ends with it.
 */
#ifndef CORACLE_CMD_LAUNCH_RUNTIME_H
#define CORACLE_CMD_LAUNCH_RUNTIME_H

#include "cmd/launch_inside.h"

/* In the client, with x->job and x->net filled: the spec of the process that becomes the runtime, which takes the place of
 * the container's in launch_params (preserve: descriptors that go on to the program). The bundle's directories are made.
 * -EINVAL for what such a container cannot have. */
int launch_runtime_plan(struct launch_ctx *x, unsigned preserve, struct rspec **ret, struct err *e);

/* launch_hooks.mount_root of it: the host's tree, with the container's root and all its files in the bundle. */
int launch_runtime_mount_root(void *ctx, struct err *e);

#endif
