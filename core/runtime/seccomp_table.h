/* seccomp_table.h - the built-in system call profile.
 *
 * An allow list: what podman's and docker's default profiles allow. A call that is on no list fails with
 * ENOSYS, so that a C library newer than the profile falls back to what it did before; calls that are known and
 * refused fail with EPERM. Some groups need a capability that the container has been given.
 */
#ifndef CORACLE_RUNTIME_SECCOMP_TABLE_H
#define CORACLE_RUNTIME_SECCOMP_TABLE_H

#include <stdint.h>

#include "core/runtime/seccomp_policy.h"

/* The bits of `capabilities` (bit n: capability n) that the profile looks at: its filters differ by these only. */
uint64_t seccomp_table_key(uint64_t capabilities);

/* Fill an empty policy with the profile for this machine's architecture and its companions. */
void seccomp_table_policy(uint64_t capabilities, struct seccomp_policy *ret);

#endif
