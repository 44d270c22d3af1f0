/* copy.h - the commands `coracle-image image copy` and `image sync`. */
#ifndef CORACLE_CMD_IMAGE_COPY_H
#define CORACLE_CMD_IMAGE_COPY_H

#include "cmd/copy_options.h"
#include "cmd/image/copy_image.h"

extern const struct command image_command_copy, image_command_sync;

/* What both commands' options say. */
void copy_how_of(const struct transfer_options *o, struct copy_how *ret);

#endif
