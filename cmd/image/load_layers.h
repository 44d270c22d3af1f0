/* load_layers.h - the layers of one image of an archive, several at once.
 *
 * For each missing layer a feeder (a forked process) sends the member's bytes to a worker (new_layer.h). Archives are files,
 * so that members can be read in any order by several.
 */
#ifndef CORACLE_CMD_IMAGE_LOAD_LAYERS_H
#define CORACLE_CMD_IMAGE_LOAD_LAYERS_H

#include "cmd/image/progress.h"
#include "storage/archive_in.h"
#include "storage/store.h"

struct wanted_layer {
	char *name;             /* of the member; g_free */
	const char *digest;     /* of its bytes, or NULL */
	const char *diff_id;
	int64_t size;           /* of its tar, afterwards */
};

/* Bring the `n` layers into the store, unless they are there. The same conditions as for new_layer_begin. 0 or -errno. */
int load_layers(struct store *s, struct archive_in *in, struct progress *p, struct wanted_layer *list, size_t n,
		struct err *e);

#endif
