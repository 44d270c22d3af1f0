/* image_inspect.h - what inspect says of an image. */
#ifndef CORACLE_CMD_IMAGE_INSPECT_H
#define CORACLE_CMD_IMAGE_INSPECT_H

#include <jansson.h>

#include "storage/image.h"

/* podman's object for `inspect`; json_decref it. */
json_t *image_inspect_json(struct store *s, const struct image *img);

#endif
