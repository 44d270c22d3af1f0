/* confine.h - the overlay server gives up what serving files does not take. */
#ifndef CORACLE_STORAGE_OVERLAY_FUSE_CONFINE_H
#define CORACLE_STORAGE_OVERLAY_FUSE_CONFINE_H

#include "storage/overlay/fuse/ovl.h"

/* No file but those of its layers (Landlock, where the kernel has it, and a root of its own), only the capabilities
 * that concern files, no way to gain others, no program, no socket, no other process. Before threads are
 * started. 0 or -errno. */
int confine_server(const struct ovl *o, struct err *e);

#endif
