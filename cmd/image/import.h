/* import.h - the command `coracle-image import`. */
#ifndef CORACLE_CMD_IMAGE_IMPORT_H
#define CORACLE_CMD_IMAGE_IMPORT_H

#include "cmd/command.h"

extern const struct command image_command_import;

#endif
