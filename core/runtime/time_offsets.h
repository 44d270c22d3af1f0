/* time_offsets.h - clocks of a new time namespace, linux.timeOffsets. See time_namespaces(7). */
#ifndef CORACLE_RUNTIME_TIME_OFFSETS_H
#define CORACLE_RUNTIME_TIME_OFFSETS_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/oci/runtime_spec.h"

/* Does the spec set any? Then init must make the namespace by unshare(2): clone3(2) would enter it at once, and who is in
 * it can't set its clocks any more. */
bool time_offsets_given(const struct rspec *spec);

/* In init, with the host's /proc and after unshare: set the clocks, and go there. */
int time_offsets_enter(const struct rspec *spec, struct err *e);

#endif
