/* place.h - where a node is in a layer: a directory descriptor and a name below it that the kernel takes.
 *
 * A path longer than PATH_MAX is walked in pieces. Attributes (getxattr(2) and its kin) have calls that take a path
 * but none that takes a directory: they are asked from the directory itself, each thread having its own.
 */
#ifndef CORACLE_STORAGE_OVERLAY_FUSE_PLACE_H
#define CORACLE_STORAGE_OVERLAY_FUSE_PLACE_H

#include <sys/stat.h>

#include "storage/overlay/fuse/node.h"

#define PLACE_FIXED 512

struct place {
	int fd;                 /* the layer's, or `held` */
	const char *name;       /* "." for the layer's top */
	int held;
	char *heap;
	char fixed[PLACE_FIXED];
};

/* The place of `n`, or of the entry `name` in it, in layer `l`. The caller calls place_done whatever this returns.
 * 0 or -errno (-ENOENT: the node has no name any more). */
int place_of(struct ovl *o, const struct node *n, const char *name, unsigned l, struct place *ret);
void place_done(struct place *p);
#define autoplace __attribute__((cleanup(place_done))) struct place
#define PLACE_INIT { .fd = -1, .held = -1 }

/* Give this thread a working directory of its own; called once by each. 0 or -errno. */
int place_thread(void);
/* Stand where `p` begins, for calls that take a bare path (p->name). 0 or -errno. */
int place_stand(const struct place *p);

/* openat, with O_NOFOLLOW and O_CLOEXEC, never through a link. fd or -errno. */
int place_open(const struct place *p, int flags);
int place_stat(const struct place *p, struct stat *st);

/* An attribute of it, not following links. Bytes or -errno. */
ssize_t place_xattr(const struct place *p, const char *name, void *value, size_t size);

#endif
