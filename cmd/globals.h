/* globals.h - what coracle and coracle-image have in common before a command runs: the options in front of it,
 * coracle.conf, messages, and finding the command.
 */
#ifndef CORACLE_CMD_GLOBALS_H
#define CORACLE_CMD_GLOBALS_H

#include "cmd/command.h"

extern const struct opt global_options[];

/* Be the program: parse, find the command in `list`, run it. `gives_away`: what is read of images must be what it was
 * (context.check_documents). Returns the exit status. */
int program_main(int argc, char **argv, const struct command *const *list, bool gives_away);

/* The help texts, to stdout. `group` is NULL or the first word of a family ("image"). */
void help_program(const struct command *const *list, const char *group);
void help_command(const struct command *cmd);

/* The command that argv[0...] names (two words before one), or NULL; *words: how many words it took. */
const struct command *command_find(const struct command *const *list, int argc, char **argv, int *words);

/* Is `word` the first word of a family of commands? */
bool command_is_group(const struct command *const *list, const char *word);

/* The argv with which coracle, or coracle-image, runs `words` with the global options that were given here: NULL-terminated,
 * g_strfreev. */
char **own_command(const struct context *c, const char *const *words);

/* Use `n` words of a command line that is being completed as global options, as far as they make sense. */
void globals_use_words(struct context *c, int n, char **words);

/* Parse argv[1...] by the command's table and run it. Its exit status. */
int command_execute(struct context *c, const struct command *cmd, int argc, char **argv);

#endif
