/* push.h - the command `coracle-image push`. */
#ifndef CORACLE_CMD_IMAGE_PUSH_H
#define CORACLE_CMD_IMAGE_PUSH_H

#include "cmd/image/progress.h"
#include "cmd/push_options.h"
#include "core/oci/image_spec.h"

/* Push the store's image `name` to `destination` (NULL: its own name). 0 or -errno. */
int push_image(struct context *c, struct push_options *o, struct progress *progress, const char *name, const char *destination,
	       char ret_digest[static DIGEST_MAX], struct err *e);

extern const struct command image_command_push;

#endif
