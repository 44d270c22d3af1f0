/* run_commands.h - the commands of this family, for commands.c. */
#ifndef CORACLE_CMD_RUN_COMMANDS_H
#define CORACLE_CMD_RUN_COMMANDS_H

#include "cmd/command.h"

extern const struct command command_create, command_overlay, command_run;

#endif
