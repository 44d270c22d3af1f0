/* xattr.h - extended attributes, with the file system's own kept out of sight.
 *
 * "user.overlay.*" is ours. A container's attribute of such a name is stored as "user.overlay.overlay.*", as
 * the kernel's driver does, so that overlays can be made inside of overlays.
 */
#ifndef CORACLE_STORAGE_OVERLAY_FUSE_XATTR_H
#define CORACLE_STORAGE_OVERLAY_FUSE_XATTR_H

#include "storage/overlay/fuse/place.h"

/* As getxattr(2) and its kin, by node. Bytes or 0, or -errno. */
ssize_t xattr_get(struct ovl *o, struct node *n, const char *name, char *value, size_t size);
ssize_t xattr_list(struct ovl *o, struct node *n, char *list, size_t size);
int xattr_set(struct ovl *o, struct node *n, const char *name, const char *value, size_t size, int flags);
int xattr_remove(struct ovl *o, struct node *n, const char *name);

/* All that are not the file system's own. 0 or -errno. */
int xattr_copy(const struct place *from, const struct place *to);

#endif
