/* caps.h - capabilities of a process, straight to the kernel; names: core/oci/capability.h. See capabilities(7). */
#ifndef CORACLE_RUNTIME_CAPS_H
#define CORACLE_RUNTIME_CAPS_H

#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/oci/runtime_spec.h"

/* Does this process have it in its effective set? */
bool caps_have(int number);

/* What init does, in this order. All take bits of capability numbers. 0 or -errno. */

/* Drop from the bounding set everything but `keep`. Needs CAP_SETPCAP. */
int caps_bound(uint64_t keep, struct err *e);
/* Set the three sets of the calling thread. */
int caps_set(uint64_t effective, uint64_t permitted, uint64_t inheritable, struct err *e);
/* The permitted set of the calling thread. */
uint64_t caps_permitted(void);
/* Raise these in the ambient set, which is empty before. */
int caps_ambient(uint64_t caps, struct err *e);

#endif
