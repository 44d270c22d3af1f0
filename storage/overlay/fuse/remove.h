/* remove.h - names that go, and names that move. */
#ifndef CORACLE_STORAGE_OVERLAY_FUSE_REMOVE_H
#define CORACLE_STORAGE_OVERLAY_FUSE_REMOVE_H

#include "storage/overlay/fuse/place.h"

/* unlink(2), rmdir(2). The tree lock is held. 0 or -errno. */
int remove_file(struct ovl *o, struct node *parent, const char *name);
int remove_dir(struct ovl *o, struct node *parent, const char *name);

struct move {
	struct node *from, *to; /* directories */
	const char *old, *new;
	unsigned flags;         /* RENAME_NOREPLACE, RENAME_EXCHANGE */
};

/* rename(2). The tree lock is held exclusively. 0 or -errno. */
int rename_entry(struct ovl *o, const struct move *m);

/* The node at parent/name has gone from the disk: what is known of it follows. `left`: links on disk before. */
void remove_known(struct ovl *o, struct node *n, struct node *parent, const char *name);

/* Empty an upper directory of its whiteouts, aside, and remove it. The place must be a directory. 0 or -errno. */
int remove_upper_dir(struct ovl *o, const struct place *p, bool leave_whiteout);

#endif
