/* data.h - descriptors of files, opened when the kernel first reads or writes one.
 *
 * open(2) and close(2) of a program are not told to us (the kernel is answered that we do not care), so a file
 * is known by its node alone, and its descriptor is kept until others need the room. A file without a name keeps it
 * for as long as the kernel knows the node.
 */
#ifndef CORACLE_STORAGE_OVERLAY_FUSE_DATA_H
#define CORACLE_STORAGE_OVERLAY_FUSE_DATA_H

#include "storage/overlay/fuse/node.h"

/* Make room for that many descriptors. */
void data_limit(struct ovl *o, unsigned descriptors);

/* A descriptor of the regular file `n`; `write`: the file is copied up first. The tree lock is held. 0 or -errno;
 * give it back. */
int data_get(struct ovl *o, struct node *n, bool write, struct handle **ret);
int data_fd(const struct handle *h);
void data_put(struct ovl *o, struct handle *h);

/* Before its last name is removed: hold on to it. 0 or -errno. */
int data_pin(struct ovl *o, struct node *n);

/* `fd` (taken over) is the file from now on. 0 or -errno. */
int data_replace(struct ovl *o, struct node *n, int fd);

/* stat of what is held, for a node without a name. 0 or -ENOENT. */
int data_stat(struct ovl *o, struct node *n, struct stat *ret);

/* The node goes. */
void data_forget(struct ovl *o, struct node *n);

#endif
