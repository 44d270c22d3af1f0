/* pull.h - the command `coracle-image pull`. */
#ifndef CORACLE_CMD_IMAGE_PULL_H
#define CORACLE_CMD_IMAGE_PULL_H

#include "cmd/command.h"

extern const struct command image_command_pull;

#endif
