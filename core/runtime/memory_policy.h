/* memory_policy.h - on which memory nodes a program's memory is to be: linux.memoryPolicy. See set_mempolicy(2). */
#ifndef CORACLE_RUNTIME_MEMORY_POLICY_H
#define CORACLE_RUNTIME_MEMORY_POLICY_H

#include "core/base/err.h"
#include "core/oci/runtime_spec.h"

/* Set it for this process and what it executes. 0 or -errno. */
int memory_policy_set(const struct rspec_memory_policy *p, struct err *e);

#endif
