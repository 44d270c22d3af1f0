/* rootfs.h - a container's root file system: planned by the client, mounted by the container's init.
 *
 * The plan is made outside (paths, layer list, driver) and copied into init by fork. rootfs_mount runs as root
 * of the container's new user and mount namespaces; the mount lives and dies with them.
 */
#ifndef CORACLE_STORAGE_ROOTFS_H
#define CORACLE_STORAGE_ROOTFS_H

#include "core/runtime/idmap.h"
#include "storage/image.h"
#include "storage/store.h"

struct rootfs_plan;     /* opaque */

struct rootfs_options {
	int container_fd;       /* containers/<id>: upper/ and work/ (or root/ for vfs) are made here; -1: none,
				 * the root can only be read */
	bool read_only;         /* --read-only: only mount points will be made, then the runtime closes it */
	bool volatile_upper;    /* --rm: copy-up need not reach the disk */
	bool mountpoints;       /* /etc/hosts and its like will be mounted over: they may be there already */
	const struct idmap *idmap;      /* what the container will be mapped with */
};

/* Plan the root of a container of `img` (also img->host). Fails where the driver cannot show the image's
 * owners through o->idmap, naming the driver that can. 0 or -errno. */
int rootfs_plan_image(struct store *s, const struct image *img, const struct rootfs_options *o,
		      struct rootfs_plan **ret, struct err *e);

/* Plan for --rootfs DIR; `overlay`: DIR:O, changes go to a throw-away upper directory. */
int rootfs_plan_dir(struct store *s, const char *dir, bool overlay, const struct rootfs_options *o,
		    struct rootfs_plan **ret, struct err *e);

/* What must happen on disk before launch and outside init (vfs: the copy). 0 or -errno. */
int rootfs_prepare(struct rootfs_plan *p, struct err *e);

/* In the keeper, before init exists: start what serves it, if anything does. *ret_pidfd: its end, or -1. The caller
 * owns that. 0 or -errno. */
int rootfs_serve(struct rootfs_plan *p, int *ret_pidfd, struct err *e);

/* In init: mount it; a detached mount descriptor (see launch_hooks.mount_root) or -errno. The mount is writable
 * also for --read-only, so that the runtime can make mount points before it closes the root. Changes the
 * working directory. */
int rootfs_mount(struct rootfs_plan *p, struct err *e);

/* Plan a mount of an image inside a container, for --mount type=image: read-only, or, `rw`, with a throw-away upper
 * layer in memory. Served and mounted as a root is. `m`: the container's map. 0 or -errno. */
int rootfs_plan_volume(struct store *s, const struct image *img, bool rw, const struct idmap *m,
		       struct rootfs_plan **ret, struct err *e);

/* What container `id` of `img` has now, without what is mounted into it: a read-only descriptor of its root. The caller is
 * root of the store map in a mount namespace of its own. fd or -errno. */
int rootfs_open_container(struct store *s, const struct image *img, const char *id, struct err *e);

/* "overlay", "fuse", "vfs", "dir" ... for inspect. */
const char *rootfs_driver(const struct rootfs_plan *p);

void rootfs_plan_free(struct rootfs_plan *p);

#endif
