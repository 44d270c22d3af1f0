/* run_image.h - the image of a container: the one that is here, or pulled as --pull says. */
#ifndef CORACLE_CMD_RUN_IMAGE_H
#define CORACLE_CMD_RUN_IMAGE_H

#include "cmd/run_options.h"
#include "storage/image.h"

/* The image, and the store's use lock (store_use_end) so that it stays. 0 with the image, or -errno (exit status 125) with podman's words about what is missing. */
int run_image_get(struct context *c, const struct run_options *o, const char *name, struct image **ret, struct err *e);

#endif
