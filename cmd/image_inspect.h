/* image_inspect.h - what inspect says of an image. */
#ifndef CORACLE_CMD_IMAGE_INSPECT_H
#define CORACLE_CMD_IMAGE_INSPECT_H

#include <jansson.h>

#include "cmd/command.h"
#include "storage/image.h"

/* podman's object for `inspect`; json_decref it. */
json_t *image_inspect_json(struct store *s, const struct image *img);

/* Does one of the names mean an image that is not in the store (docker://..., dir:...)? The store is open. */
bool image_inspect_is_elsewhere(struct context *c, int argc, char **argv);

/* Have coracle-image show them. Returns the exit status where that could not be executed. */
int image_inspect_elsewhere(struct context *c, int argc, char **argv, const char *format);

#endif
