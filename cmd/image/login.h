/* login.h - the commands `coracle-image login` and `logout`. */
#ifndef CORACLE_CMD_IMAGE_LOGIN_H
#define CORACLE_CMD_IMAGE_LOGIN_H

#include "cmd/command.h"

extern const struct command image_command_login, image_command_logout;

#endif
