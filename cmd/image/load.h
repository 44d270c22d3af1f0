/* load.h - the command `coracle-image load`. */
#ifndef CORACLE_CMD_IMAGE_LOAD_H
#define CORACLE_CMD_IMAGE_LOAD_H

#include "cmd/command.h"

extern const struct command image_command_load;

#endif
