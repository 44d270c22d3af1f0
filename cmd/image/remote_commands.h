/* remote_commands.h - coracle-image's image inspect, image digest and image delete. */
#ifndef CORACLE_CMD_IMAGE_REMOTE_COMMANDS_H
#define CORACLE_CMD_IMAGE_REMOTE_COMMANDS_H

#include "cmd/command.h"

extern const struct command image_command_inspect, image_command_digest, image_command_delete;

#endif
