/* overlay.h - the kernel's overlayfs, mounted in the user's own namespace.
 *
 * A mount is described with names relative to one directory, `base`, so that they stay short: fsconfig(2)
 * takes 256 bytes a value, mount(2) one page for everything. All names are opened by the process that mounts,
 * because overlayfs refuses descriptors that belong to another mount namespace.
 */
#ifndef CORACLE_STORAGE_OVERLAY_OVERLAY_H
#define CORACLE_STORAGE_OVERLAY_OVERLAY_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"

#define OVERLAY_LOWERS_MAX 500  /* the kernel's OVL_MAX_STACK */

struct overlay_spec {
	const char *base;               /* absolute */
	char **lowers;                  /* top first; relative to base, or absolute */
	size_t n_lowers;                /* at least one with an upper directory, else at least two */
	const char *upper, *work;       /* likewise; NULL: read-only */
	bool volatile_upper;            /* copy-up and unmount need not reach the disk */
};

/* Mount it and return the detached mount, or -errno. Root of the mount's user namespace only. Leaves the
 * working directory somewhere else. */
int overlay_mount(const struct overlay_spec *o, struct err *e);

/* Do kernel and file system allow this driver for a store on the file system of the empty directory `dirfd`?
 * Tries whiteouts, opaque directories, and a mount with both, in a child that is root of the store map.
 * Leaves the directory empty. 0, or -errno with the reason. */
int overlay_trial(int dirfd, struct err *e);

#endif
