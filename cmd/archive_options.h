/* archive_options.h - load and save: the same tables in coracle, which executes coracle-image for them, and there. */
#ifndef CORACLE_CMD_ARCHIVE_OPTIONS_H
#define CORACLE_CMD_ARCHIVE_OPTIONS_H

#include "cmd/command.h"

struct load_options { bool none, quiet; char *input; };
struct save_options { bool none, quiet, multi; char *output, *format; };

extern const struct opt load_opts[], save_opts[];
void save_defaults(struct context *c, void *values);

#define COMMAND_LOAD(run_it) { .name = "load", .alias = "image load", .summary = "Load images from an archive", \
	.usage = "[options]", .opts = load_opts, .values_size = sizeof(struct load_options), .run = run_it, \
	.flags = COMMAND_IMAGE_PROGRAM }
#define COMMAND_SAVE(run_it) { .name = "save", .alias = "image save", .summary = "Save images to an archive", \
	.usage = "[options] IMAGE [NAME...]", .opts = save_opts, .values_size = sizeof(struct save_options), \
	.defaults = save_defaults, .run = run_it, .min_args = 1, .max_args = -1, .complete = COMPLETE_IMAGE, \
	.flags = COMMAND_IMAGE_PROGRAM }

/* coracle's. */
extern const struct command command_load, command_save;

#endif
