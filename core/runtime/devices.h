/* devices.h - /dev of a container: the host's harmless nodes bound, links, and what the spec adds. */
#ifndef CORACLE_RUNTIME_DEVICES_H
#define CORACLE_RUNTIME_DEVICES_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/oci/runtime_spec.h"

#define DEVICES_DEFAULT 6

/* Copies of the host's nodes, opened before the root is made. */
struct devices { int fds[DEVICES_DEFAULT]; };

int devices_open(struct devices *d, struct err *e);

/* Fill /dev below the attached root. `make_nodes`: real root, who may mknod(2). 0 or -errno. */
int devices_make(struct devices *d, const struct rspec *spec, int rootfd, bool make_nodes, struct err *e);

#endif
