/* attr.h - what stat(2) says, and changing it. */
#ifndef CORACLE_STORAGE_OVERLAY_FUSE_ATTR_H
#define CORACLE_STORAGE_OVERLAY_FUSE_ATTR_H

#include "storage/overlay/fuse/place.h"

/* How it is now. 0 or -errno. */
int attr_get(struct ovl *o, struct node *n, struct stat *ret);

/* From what the file on disk says to what is shown: number, links, owner. */
void attr_fix(const struct ovl *o, struct node *n, struct stat *st);

/* Change what `valid` names (FUSE_SET_ATTR_*). 0 or -errno. */
int attr_set(struct ovl *o, struct node *n, const struct stat *want, int valid);

/* The owner of something new in a directory with attributes `dir`: what the kernel has not set. */
int attr_give(const struct ovl *o, const struct place *p, const struct stat *dir, uid_t uid, gid_t gid);

#endif
