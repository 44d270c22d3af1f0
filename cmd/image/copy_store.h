/* copy_store.h - an image from any origin into our store: layers are unpacked while they come, several at once. */
#ifndef CORACLE_CMD_IMAGE_COPY_STORE_H
#define CORACLE_CMD_IMAGE_COPY_STORE_H

#include "cmd/image/origin.h"
#include "cmd/image/progress.h"

/* Bring the image's layers (its config is parsed), unless they are here, then its documents, then give it the name (NULL:
 * none). The caller is root of the store map and holds store_lock_shared. 0 or -errno. */
int copy_to_store(struct store *s, struct origin *from, const struct remote_image *img, const char *name,
		  struct progress *p, struct err *e);

#endif
