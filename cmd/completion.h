/* completion.h - completion for bash, zsh and fish, from the same tables as everything else. */
#ifndef CORACLE_CMD_COMPLETION_H
#define CORACLE_CMD_COMPLETION_H

#include "cmd/command.h"

extern const struct command command_completion;         /* coracle completion SHELL */
extern const struct command command_complete_words;     /* coracle __complete WORD... (asked by the scripts) */
extern const struct command command_commands;           /* coracle __commands (for tests) */

#endif
