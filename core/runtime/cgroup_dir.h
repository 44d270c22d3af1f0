/* cgroup_dir.h - small questions about one cgroup directory, shared by the cgroup_*.c files. */
#ifndef CORACLE_RUNTIME_CGROUP_DIR_H
#define CORACLE_RUNTIME_CGROUP_DIR_H

#include <stdbool.h>
#include <stddef.h>

#include "core/runtime/cgroup.h"

const char *cgroup_controller_name(enum cgroup_controller c);

/* The controller of that name, or -1. */
int cgroup_controller_parse(const char *name, size_t len);

/* The controllers named in `file` (cgroup.controllers, cgroup.subtree_control) as bits. */
unsigned cgroup_controllers(const char *dir, const char *file);

/* May we make sub-cgroups there, move processes into it and enable controllers? */
bool cgroup_writable(const char *dir);

/* Has systemd marked the directory as given away (Delegate=yes)? */
bool cgroup_delegated(const char *dir);

/* Absolute directory of the caller's cgroup; g_free it. */
char *cgroup_own_dir(const struct cgroup_host *h);

/* The controllers that the limits need, as bits; -EINVAL for a `unified` key that is no cgroup file's name. */
int cgroup_controllers_needed(const struct rspec_resources *r, unsigned *ret, struct err *e);

#endif
