/* mounts.h - the mounts of a spec, made by descriptor: a name inside the container's root is resolved once, in
 * that root, and what is mounted there is mounted on the descriptor. See fsopen(2), open_tree(2), move_mount(2),
 * mount_setattr(2).
 */
#ifndef CORACLE_RUNTIME_MOUNTS_H
#define CORACLE_RUNTIME_MOUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/oci/runtime_spec.h"
#include "core/runtime/idmap.h"

/* What the mounts of one container have in common. */
struct mounts {
	const struct rspec *spec;
	const struct idmap *map;
	int *sources;           /* per mount of the spec: the tree to bind, or -1. Made by mounts_open_sources */
	size_t n_sources;
	bool own_pid, own_ipc;  /* the namespace belongs to our user namespace */
	char *const *cgroups;   /* the container's directories in the hierarchies of the host, or NULL */
};

/* Open what is to be bound while this process still has the user's own ids and groups: detached copies of the
 * trees. Mounts whose source cannot be opened are an error that names source and destination. */
int mounts_open_sources(struct mounts *m, struct err *e);

/* Make all mounts of the spec below the attached root `rootfd`. */
int mounts_make(struct mounts *m, int rootfd, struct err *e);

/* Does the spec put the host's own /dev (a bind) there? Then no devices are made in it. */
bool mounts_dev_is_foreign(const struct rspec *spec);

/* A detached copy of the tree at `path` (-1 and "" parts as open_tree(2)). fd or -errno. */
int mount_clone(int dirfd, const char *path, bool recursive);

/* Attach a detached mount on what `target` refers to. 0 or -errno. */
int mount_attach(int mount_fd, int target);

/* Change attributes (MOUNT_ATTR_*) and propagation (MS_*, 0: keep) of an attached mount; flags that the host
 * locked stay. 0 or -errno. */
int mount_change(int mount_fd, bool recursive, uint64_t set, uint64_t clear, uint64_t propagation);

/* A new detached mount of a file system; data as "key=value" or "flag". fd, or -errno with the kernel's reason. */
int mount_new(const char *type, const char *source, const char *const *data, unsigned n_data, uint64_t attr,
	      struct err *e);

/* The same for the types that need thought (mounts_special.c): proc, sysfs, cgroup, mqueue, devpts.
 * -ENOTSUP: an ordinary one. */
struct mount_options;
/* What belongs into one of those, once it is attached: the container's own cgroups of version 1. 0 or -errno. */
int mount_fill_special(const struct mounts *m, const struct rspec_mount *s, int fd, const struct mount_options *o,
		       struct err *e);

int mount_new_special(const struct mounts *m, const struct rspec_mount *s, struct mount_options *o, struct err *e);

#endif
