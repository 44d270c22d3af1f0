/* sysctl.h - kernel parameters that belong to the container's namespaces. See sysctl(8), namespaces(7). */
#ifndef CORACLE_RUNTIME_SYSCTL_H
#define CORACLE_RUNTIME_SYSCTL_H

#include "core/base/err.h"
#include "core/oci/runtime_spec.h"

/* Set spec->sysctl through the /proc of the attached root. One that is not the container's own is an error. */
int sysctl_set_all(const struct rspec *spec, int rootfd, struct err *e);

#endif
