/* archive_options.h - load, save, import, export, commit: the same tables in coracle, which executes coracle-image for them, and there. */
#ifndef CORACLE_CMD_ARCHIVE_OPTIONS_H
#define CORACLE_CMD_ARCHIVE_OPTIONS_H

#include "cmd/command.h"

struct load_options { bool none, quiet; char *input; };
struct save_options { bool none, quiet, multi, compress; char *output, *format; };

struct import_options { bool none, quiet; char **changes, *message, *arch, *os, *variant; };
struct export_options { bool none; char *output; };     /* volume export's too */
struct commit_options {
	bool none, quiet, squash, include_volumes, pause;
	char *author, **changes, *message, *format, *iidfile;
};

extern const struct opt load_opts[], save_opts[], import_opts[], export_opts[], commit_opts[],
	volume_import_opts[];
void save_defaults(struct context *c, void *values);
void commit_defaults(struct context *c, void *values);

#define COMMAND_LOAD(run_it) { .name = "load", .alias = "image load", .summary = "Load images from an archive", \
	.usage = "[options]", .opts = load_opts, .values_size = sizeof(struct load_options), .run = run_it, \
	.flags = COMMAND_IMAGE_PROGRAM }
#define COMMAND_SAVE(run_it) { .name = "save", .alias = "image save", .summary = "Save images to an archive", \
	.usage = "[options] IMAGE [NAME...]", .opts = save_opts, .values_size = sizeof(struct save_options), \
	.defaults = save_defaults, .run = run_it, .min_args = 1, .max_args = -1, .complete = COMPLETE_IMAGE, \
	.flags = COMMAND_IMAGE_PROGRAM }

#define COMMAND_IMPORT(run_it) { .name = "import", .alias = "image import", \
	.summary = "Make an image of a tar of a root file system", .usage = "[options] FILE|- [NAME]", \
	.opts = import_opts, .values_size = sizeof(struct import_options), .run = run_it, .min_args = 1, .max_args = 2, \
	.complete = COMPLETE_FILE, .flags = COMMAND_IMAGE_PROGRAM }
#define COMMAND_EXPORT(run_it) { .name = "export", .alias = "container export", \
	.summary = "Write a container's root file system as a tar", .usage = "[options] CONTAINER", \
	.opts = export_opts, .values_size = sizeof(struct export_options), .run = run_it, .min_args = 1, .max_args = 1, \
	.complete = COMPLETE_CONTAINER, .flags = COMMAND_IMAGE_PROGRAM }
#define COMMAND_COMMIT(run_it) { .name = "commit", .alias = "container commit", \
	.summary = "Make an image of what a container changed", .usage = "[options] CONTAINER [NAME]", \
	.opts = commit_opts, .values_size = sizeof(struct commit_options), .defaults = commit_defaults, .run = run_it, \
	.min_args = 1, .max_args = 2, .complete = COMPLETE_CONTAINER, .flags = COMMAND_IMAGE_PROGRAM }

#define COMMAND_VOLUME_EXPORT(run_it) { .name = "volume export", .summary = "Write a volume's files as a tar", \
	.usage = "[options] VOLUME", .opts = export_opts, .values_size = sizeof(struct export_options), .run = run_it, \
	.min_args = 1, .max_args = 1, .complete = COMPLETE_VOLUME, .flags = COMMAND_IMAGE_PROGRAM }
#define COMMAND_VOLUME_IMPORT(run_it) { .name = "volume import", .summary = "Unpack a tar into a volume", \
	.usage = "VOLUME [FILE|-]", .opts = volume_import_opts, .run = run_it, .min_args = 1, .max_args = 2, \
	.complete = COMPLETE_VOLUME, .flags = COMMAND_IMAGE_PROGRAM }

/* coracle's. */
extern const struct command command_load, command_save, command_import, command_export, command_commit,
	command_volume_export, command_volume_import;

#endif
