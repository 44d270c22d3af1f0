/* reown.h - give the files of layers the owners that could not be set when they were unpacked.
 *
 * A layer that was unpacked with one id has its owners in `owners`. Once the user has subordinate ids they are
 * set for real, in place, before the next container of the image starts: no new pull. layers/<hex>/owned holds
 * how many uids and gids there were then, so that it is done once, and again when there are more.
 */
#ifndef CORACLE_STORAGE_REOWN_H
#define CORACLE_STORAGE_REOWN_H

#include "storage/image.h"
#include "storage/store.h"

/* For all layers of `img`. Costs one failed access(2) a layer where nothing is to be done. Takes the lock of a
 * layer that it changes. 0 or -errno. */
int reown_image(struct store *s, const struct image *img, struct err *e);

#endif
