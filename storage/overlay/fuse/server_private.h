/* server_private.h - what the two kinds of servers share (server.c, standalone.c). */
#ifndef CORACLE_STORAGE_OVERLAY_FUSE_SERVER_PRIVATE_H
#define CORACLE_STORAGE_OVERLAY_FUSE_SERVER_PRIVATE_H

#include "storage/overlay/fuse/server.h"
#include "storage/overlay/fuse/session.h"

struct server_dirs {
	int lowers[OVL_LAYERS_MAX];
	size_t n;
	int upper, work;        /* -1: none */
};

int server_open_dirs(const struct fuse_dirs *d, struct server_dirs *ret, struct err *e);

/* As many descriptors as the hard limit gives, half of them for files. */
void server_limits(struct ovl *o);

/* mount.c: /dev/fuse, with the remedy where it cannot be opened; a detached mount of it. fd or -errno. */
int fuse_open_device(struct err *e);
int fuse_mount_device(int dev, unsigned root_id, struct err *e);

#endif
