/* vfs.h - the driver of last resort: each container has a copy of its image, with shared blocks (reflinks)
 * where the file system can.
 */
#ifndef CORACLE_STORAGE_OVERLAY_VFS_H
#define CORACLE_STORAGE_OVERLAY_VFS_H

#include <stddef.h>

#include "core/base/err.h"

/* Make root/ in `container_fd` from the `n` layers (top first, relative to `base`), merged, with owners,
 * modes, times, attributes and hard links kept. Runs in a child that is root of the store map. A root/ that
 * is there is complete and stays as it is. 0 or -errno. */
int vfs_prepare(const char *base, char *const *layers, size_t n, int container_fd, struct err *e);

#endif
