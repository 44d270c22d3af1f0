/* commands.c - the list of all commands. One line each, by name. */
#include "cmd/command.h"
#include "cmd/completion.h"

const struct command *const commands[] = {
	&command_completion,
	&command_complete_words,
	NULL
};
