/* listing.h - what a merged directory contains.
 *
 * Each entry has a place in the list that depends on its name alone (a hash), so that a list can be made anew at any
 * time: a reader that comes back neither skips nor repeats what stayed, whatever came and went meanwhile. Lists are
 * kept only while somebody reads.
 */
#ifndef CORACLE_STORAGE_OVERLAY_FUSE_LISTING_H
#define CORACLE_STORAGE_OVERLAY_FUSE_LISTING_H

#include "storage/overlay/fuse/node.h"

struct entry {
	uint64_t cookie;        /* ascending, greater than 2 */
	uint64_t ino;
	char *name;
	uint16_t layer;         /* the topmost */
	uint8_t type;           /* DT_* */
	bool hides;             /* a whiteout (while the list is made) */
};

/* A list of the directory; give it back. *ret is NULL on error. 0 or -errno. */
int listing_get(struct ovl *o, struct node *dir, struct listing **ret);
void listing_put(struct ovl *o, struct listing *l);

size_t listing_count(const struct listing *l);
const char *listing_name(const struct listing *l, size_t i);
const struct entry *listing_entry(const struct listing *l, size_t i);
/* The first entry after `cookie`. */
size_t listing_after(const struct listing *l, uint64_t cookie);

/* The directory has changed, has been read to its end, or goes. */
void listing_drop(struct ovl *o, struct node *dir);

/* Does the merged directory have entries? 1, 0 or -errno. */
int listing_is_empty(struct ovl *o, struct node *dir);

#endif
