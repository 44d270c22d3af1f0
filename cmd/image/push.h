/* push.h - the command `coracle-image push`. */
#ifndef CORACLE_CMD_IMAGE_PUSH_H
#define CORACLE_CMD_IMAGE_PUSH_H

#include "cmd/command.h"

extern const struct command image_command_push;

#endif
