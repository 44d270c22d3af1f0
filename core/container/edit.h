/* edit.h - change the record of an existing container: one writer at a time, replaced whole. */
#ifndef CORACLE_CONTAINER_EDIT_H
#define CORACLE_CONTAINER_EDIT_H

#include "core/container/container.h"

/* Give it the name `name`, also while it runs. -EEXIST names the holder, -EINVAL: not a name. 0 or -errno. When it is
 * killed half-way, the container has its old name, and for others the new one is taken until it is removed. */
int container_rename(const struct container_place *p, const char *id, const char *name, struct err *e);

/* The host's ports that this start was given, where the user left the choice open: `ports` has as many as the record, in
 * its order; only the host ports are taken over. Nothing is written when they are the same. 0 or -errno. */
int container_set_host_ports(const struct container_place *p, const char *id, const struct port_mapping *ports, size_t n,
			     struct err *e);

/* Replace its config.json (`update`). A container that does not run is one whose lock the caller holds. 0 or -errno. */
int container_set_config(const struct container_place *p, const char *id, const char *config_json, struct err *e);

#endif
