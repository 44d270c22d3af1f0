/* whiteout.h - how a layer says that something below it is gone.
 *
 * Read: 0:0 character devices, empty files with user.overlay.whiteout; directories with user.overlay.opaque. In
 * layers of other tools also files .wh.NAME and .wh..wh..opq, and fuse-overlayfs' own attribute. Written: 0:0
 * devices and user.overlay.opaque, which the kernel's driver reads too.
 */
#ifndef CORACLE_STORAGE_OVERLAY_FUSE_WHITEOUT_H
#define CORACLE_STORAGE_OVERLAY_FUSE_WHITEOUT_H

#include "storage/overlay/fuse/place.h"

#define OVL_OPAQUE "user.overlay.opaque"

/* Does what is at `p` hide its name? */
bool whiteout_is(const struct place *p, const struct stat *st);

/* In a foreign layer: is there a .wh.NAME beside it? */
bool whiteout_beside(struct ovl *o, const struct node *parent, const char *name, unsigned layer);

/* Is the directory at `p` opaque? */
bool whiteout_is_opaque(const struct ovl *o, const struct place *p);

/* Is it a name that only marks something (foreign layers)? */
bool whiteout_is_mark(const struct ovl *o, const char *name);

/* Would something show at parent/name if the upper directory had nothing there? 1, 0 or -errno. */
int whiteout_needed(struct ovl *o, struct node *parent, const char *name);

/* Put a whiteout at the place in the upper directory, over a file that may be there. 0 or -errno. */
int whiteout_put(struct ovl *o, const struct place *p);

/* The same where nothing is, for the name in a directory: in the work directory. */
int whiteout_make(struct ovl *o, int dirfd, const char *name);

/* Mark the directory at `p` opaque. 0 or -errno. */
int whiteout_make_opaque(const struct place *p);

#endif
