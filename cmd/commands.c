/* commands.c - the list of all commands. One line each, by name. */
#include "cmd/command.h"
#include "cmd/completion.h"
#include "cmd/container_set.h"
#include "cmd/run_commands.h"
#include "cmd/pull_options.h"

const struct command *const commands[] = {
	&command_completion,
	&command_complete_words,
	&command_create,
	&command_run,
	&command_commands,
	&command_container_exists,
	&command_container_inspect,
	&command_kill,
	&command_ps,
	&command_rm,
	&command_start,
	&command_stop,
	&command_wait,
	&command_pull,
	NULL
};
