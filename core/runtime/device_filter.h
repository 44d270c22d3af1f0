/* device_filter.h - the rules of linux.resources.devices on cgroup v2: an eBPF program on the cgroup. bpf(2),
 * BPF_PROG_TYPE_CGROUP_DEVICE. */
#ifndef CORACLE_RUNTIME_DEVICE_FILTER_H
#define CORACLE_RUNTIME_DEVICE_FILTER_H

#include "core/base/err.h"
#include "core/oci/runtime_spec.h"

/* Attach to the cgroup directory. Where this user has no right to (EPERM) nothing happens: such a user has no right to
 * make device nodes either. 0 or -errno. */
int device_filter_attach(const char *dir, const struct rspec_resources *r, struct err *e);

#endif
