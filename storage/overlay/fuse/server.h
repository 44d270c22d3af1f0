/* server.h - the overlay process: forked before a container's init exists, given its mount by init.
 *
 * The forker keeps a socket. Init, in its namespaces, opens /dev/fuse and mounts (fuse_mount), which hands the mount
 * to the process and waits for its word.
 */
#ifndef CORACLE_STORAGE_OVERLAY_FUSE_SERVER_H
#define CORACLE_STORAGE_OVERLAY_FUSE_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/err.h"

struct fuse_dirs {
	const char *base;               /* absolute; all others may be relative to it */
	char **lowers;                  /* top first */
	size_t n_lowers;
	const char *upper, *work;       /* NULL: read-only, or handed over by init */
	bool durable;                   /* what is copied up reaches the disk at once */
	bool own_ids;                   /* the container's id map is not the store's: the server needs one of its own */
};

/* Fork it. *ret_sock: for fuse_mount; *ret_pidfd: its end. 0 or -errno. */
int fuse_server_fork(const struct fuse_dirs *d, int *ret_sock, int *ret_pidfd, struct err *e);

/* In init: mount, hand over, wait until it is served. `upper_fd`, `work_fd`: directories in memory that only init
 * can see, or -1. `root_id`: an id that this user namespace has. A detached mount or -errno. */
int fuse_mount(int sock, unsigned root_id, int upper_fd, int work_fd, struct err *e);

/* Can it be used here? 0, or -errno with the reason. */
int fuse_trial(struct err *e);

/* The whole of it, by root of a user namespace in a mount namespace of its own: the device, a mount, the library. */
int fuse_trial_mount(struct err *e);

#endif
