/* save.h - the command `coracle-image save`. */
#ifndef CORACLE_CMD_IMAGE_SAVE_H
#define CORACLE_CMD_IMAGE_SAVE_H

#include "cmd/command.h"

extern const struct command image_command_save;

#endif
