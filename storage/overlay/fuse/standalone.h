/* standalone.h - an overlay mounted anywhere, for other programs: what `coracle overlay` does.
 *
 * Who may mount (root of a user namespace) mounts; others ask fusermount3. The server is forked, serves until the
 * mount is gone, and is in no session of the caller's.
 */
#ifndef CORACLE_STORAGE_OVERLAY_FUSE_STANDALONE_H
#define CORACLE_STORAGE_OVERLAY_FUSE_STANDALONE_H

#include <stdint.h>

#include "storage/overlay/fuse/server.h"

struct fuse_standalone {
	struct fuse_dirs dirs;          /* upper NULL: read-only */
	const char *mountpoint;         /* absolute */
	uint64_t attributes;            /* MOUNT_ATTR_* */
	bool no_acl;
	bool static_links;              /* directories are shown with one link */
	const struct ids *ids;          /* of owners, or NULL (fuse/ids.h). Without access control lists then: they name ids too */
	bool allow_other;               /* asked of fusermount3; who mounts allows it anyway */
	double lifetime;                /* seconds that the kernel believes what it was told; the directories may be changed by
					 * others */
	bool foreground;                /* return when the mount is gone, else when it is there */
};

/* 0 or -errno. */
int fuse_serve_at(const struct fuse_standalone *s, struct err *e);

#endif
