/* copyup.h - what only lower layers have comes into the upper directory before it is changed.
 *
 * It is made whole in the work directory - data (shared blocks where the file system can, holes as holes), owner,
 * mode, attributes, times - and renamed into place, so that it is there or not. A file with several links is kept in
 * the work directory's links/ too: its other names become links of the same copy when they are next looked up.
 */
#ifndef CORACLE_STORAGE_OVERLAY_FUSE_COPYUP_H
#define CORACLE_STORAGE_OVERLAY_FUSE_COPYUP_H

#include "storage/overlay/fuse/node.h"

enum copyup_what { COPYUP_ALL, COPYUP_EMPTY /* without data: it is about to be truncated */ };

/* `n` and the directories above it. The tree lock is held. 0 or -errno (-EROFS). */
int copyup_node(struct ovl *o, struct node *n, enum copyup_what what);

/* A directory with everything below it; afterwards it is opaque and has no lower parts. The tree lock is held
 * exclusively. 0 or -errno. */
int copyup_tree(struct ovl *o, struct node *dir);

/* The lower file `st`, seen as parent/name, has several links: was it copied up by another name? Then this name
 * becomes a link of the copy: 1. 0: it was not. -errno. */
int copyup_relink(struct ovl *o, struct node *parent, const char *name, const struct stat *st);

/* One name of an indexed file was removed; the last one takes our own link along. `left`: links that are left,
 * as shown. */
void copyup_unlinked(struct ovl *o, struct node *n, long left);

/* The entry moved into `parent`: its number is not the file's own. */
void copyup_mark_impure(struct ovl *o, struct node *parent);

/* Everything of a regular file's data. 0 or -errno. */
int copyup_data(int in, int out, off_t size);

pthread_mutex_t *copyup_lock(struct ovl *o, const void *of);

#endif
