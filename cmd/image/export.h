/* export.h - the command `coracle-image export`. */
#ifndef CORACLE_CMD_IMAGE_EXPORT_H
#define CORACLE_CMD_IMAGE_EXPORT_H

#include "cmd/command.h"

extern const struct command image_command_export;

#endif
