/* idmapped.h - mounts whose files show other owners than they have: mounts[].uidMappings and gidMappings, idmap and ridmap.
 *
 * The map is that of a user namespace, made for the purpose and never used otherwise; the kernel takes it for a mount that is
 * not attached yet, from who has CAP_SYS_ADMIN over the file system: real root, as a rule. See mount_setattr(2).
 */
#ifndef CORACLE_RUNTIME_IDMAPPED_H
#define CORACLE_RUNTIME_IDMAPPED_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/oci/runtime_spec.h"

/* Does this mount want it? An own mapping, or the option idmap or ridmap (then, without one, the container's). */
bool idmapped_wanted(const struct rspec_mount *m);

/* Map the detached tree `fd` of mount `m`. 0 or -errno. */
int idmapped_apply(const struct rspec *spec, const struct rspec_mount *m, int fd, struct err *e);

#endif
