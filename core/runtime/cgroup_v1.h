/* cgroup_v1.h - limits of a spec as files of cgroup v1 hierarchies, for root on machines that have them. cgroups(7),
 * the kernel's admin-guide/cgroup-v1. */
#ifndef CORACLE_RUNTIME_CGROUP_V1_H
#define CORACLE_RUNTIME_CGROUP_V1_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/oci/runtime_spec.h"

#define CGROUP_SETTINGS_MAX 128

/* What is to be written into which file, in this order. */
struct cgroup_settings {
	struct { char file[80], value[80]; } list[CGROUP_SETTINGS_MAX];
	unsigned n;
};

/* Write those whose controller is the one of `dir` (every file that exists); a file that is missing there is skipped. */
int cgroup_v1_apply(const char *dir, const struct rspec_resources *r, struct err *e);

/* The settings of cgroup v2 besides memory, pids, cpu shares, quota and cpuset: i/o, huge pages, rdma, burst, idle. */
void cgroup_v2_more(const struct rspec_resources *r, struct cgroup_settings *s);

/* Write all; a missing file is an error. */
int cgroup_settings_write(const char *dir, const struct cgroup_settings *s, struct err *e);

/* A new cpuset has no processors and no memory: give it its parent's. Nothing for other hierarchies. */
void cgroup_v1_inherit(const char *dir);

/* Freeze or thaw by freezer.state, and wait (bounded). */
int cgroup_v1_freeze(const char *dir, bool frozen, struct err *e);

/* Kill who is left and remove the directories. */
int cgroup_v1_remove(const char *dir, struct err *e);

#endif
