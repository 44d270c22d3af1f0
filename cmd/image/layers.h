/* layers.h - the layers of an image that are not here yet: fetched and unpacked, several at once.
 *
 * For each missing layer one transfer (this process) feeds one worker (a forked process) through a pipe. All or
 * nothing becomes visible per layer, by one rename after one syncfs for the whole pull. Order:
 *
 *   1. lock what is missing, in the order of DiffIDs (so two pulls never wait for each other in a circle), and look
 *      again: another pull may have made it meanwhile
 *   2. biggest first, as many at a time as there are processors and one more (4 to 6)
 *   3. transfers and workers run in one loop; the first fault stops it all
 *   4. syncfs, then layer_publish of every layer that is complete: after a fault too, so that it need not come again
 *
 * From 2 on SIGINT, SIGTERM and SIGHUP are taken as a fault (-EINTR): staging directories go, and beginnings of big layers
 * stay as storage/partial.h says.
 */
#ifndef CORACLE_CMD_IMAGE_LAYERS_H
#define CORACLE_CMD_IMAGE_LAYERS_H

#include "cmd/image/progress.h"
#include "cmd/image/remote.h"
#include "storage/store.h"

/* The calling process must be root of the store map. *ret_signal: the signal behind -EINTR. 0 or -errno. */
int layers_fetch(struct store *s, struct registry *g, const struct remote_image *img, struct progress *p,
		 int *ret_signal, struct err *e);

/* How many of its layers are missing. -errno or the count. */
int layers_missing(struct store *s, const struct remote_image *img, struct err *e);

#endif
