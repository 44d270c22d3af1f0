/* commit.h - the command `coracle-image commit`. */
#ifndef CORACLE_CMD_IMAGE_COMMIT_H
#define CORACLE_CMD_IMAGE_COMMIT_H

#include "cmd/command.h"

extern const struct command image_command_commit;

#endif
