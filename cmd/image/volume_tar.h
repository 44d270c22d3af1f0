/* volume_tar.h - the commands `coracle-image volume export` and `volume import`. */
#ifndef CORACLE_CMD_IMAGE_VOLUME_TAR_H
#define CORACLE_CMD_IMAGE_VOLUME_TAR_H

#include "cmd/command.h"

extern const struct command image_command_volume_export, image_command_volume_import;

#endif
