/* lookup.h - from a name to a node: what the layers of a directory have under it. */
#ifndef CORACLE_STORAGE_OVERLAY_FUSE_LOOKUP_H
#define CORACLE_STORAGE_OVERLAY_FUSE_LOOKUP_H

#include "storage/overlay/fuse/place.h"

/* The attribute of copied up files and directories: the number that they had. */
#define OVL_INO_XATTR "user.overlay.coracle.ino"
/* The kernel's: how many more links there are than the file on disk has ("U+1"). */
#define OVL_NLINK_XATTR "user.overlay.nlink"
#define OVL_IMPURE_XATTR "user.overlay.impure"

/* The node, with one more lookup, and how it is now. 0 or -errno (-ENOENT: there is nothing). */
int lookup_node(struct ovl *o, struct node *parent, const char *name, struct node **ret, struct stat *st);

/* The same when the topmost layer that has it is known, from a list of the directory. */
int lookup_from(struct ovl *o, struct node *parent, const char *name, unsigned first, struct node **ret,
		struct stat *st);

/* The root of everything. 0 or -errno. */
int lookup_root(struct ovl *o);

#endif
