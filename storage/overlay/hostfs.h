/* hostfs.h - the built-in image `host`: the user's own machine as a container's root.
 *
 * A tmpfs root with one overlay per top-level directory, the host's as its read-only lower layer and a
 * throw-away upper one; links are copied; /dev, /proc, /sys, /run and /tmp are the container's own. What
 * overlayfs refuses (file systems of some kinds) is bound read-only.
 */
#ifndef CORACLE_STORAGE_OVERLAY_HOSTFS_H
#define CORACLE_STORAGE_OVERLAY_HOSTFS_H

#include <stdbool.h>

#include "core/base/err.h"

/* Can the upper directories be in memory? */
bool hostfs_in_memory(void);

/* In init: mount it, detached. `container`: absolute path of the container's directory, where the upper
 * directories go; NULL when the container's ids may not look there: all is in memory then. The calling process
 * keeps file system id 0 in that case. A descriptor or -errno. */
int hostfs_mount(const char *container, bool volatile_upper, struct err *e);

#endif
