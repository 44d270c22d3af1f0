/* cp.h - `coracle-image cp`: a container's files as a tar, and a tar's files into a container. */
#ifndef CORACLE_CMD_IMAGE_CP_H
#define CORACLE_CMD_IMAGE_CP_H

#include "cmd/command.h"

extern const struct command image_command_cp;

#endif
