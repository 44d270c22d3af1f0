/* shared_root.h - the root of a container that has no mount namespace of its own: not listed, or one to be joined.
 *
 * Its root file system is then mounted on the root directory itself, in a mount namespace that others use, with all the
 * container's mounts below it, and entered by chroot(2). One unmount takes it away with all of them. What was on top of
 * the directory before is remembered by its mount id, so that nothing else is ever unmounted.
 */
#ifndef CORACLE_RUNTIME_SHARED_ROOT_H
#define CORACLE_RUNTIME_SHARED_ROOT_H

#include <stdint.h>

#include "core/base/err.h"
#include "core/oci/runtime_spec.h"

/* The mount that directory `root` (absolute) is on now, in the namespace that the spec names. 0 or -errno; *ret is 0
 * when the container has a mount namespace of its own. */
int shared_root_look(const struct rspec *spec, const char *root, uint64_t *ret, struct err *e);

/* Take away what was mounted on `root` since then. A namespace that is gone has nothing left. */
void shared_root_remove(const struct rspec *spec, const char *root, uint64_t below);

#endif
