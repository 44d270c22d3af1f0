/* archive_options.c - the tables of load, save, import, export and commit. */
#include "cmd/archive_options.h"

#include <glib.h>
#include <stddef.h>

#define LOAD_AT(member) offsetof(struct load_options, member)
#define SAVE_AT(member) offsetof(struct save_options, member)

const struct opt load_opts[] = {
	{ .name = "input", .letter = 'i', .type = OPT_STRING, .offset = LOAD_AT(input), .arg = "path",
	  .help = "Read this archive or directory instead of standard input", .complete = COMPLETE_FILE },
	{ .name = "quiet", .letter = 'q', .type = OPT_FLAG, .offset = LOAD_AT(quiet), .help = "Show no progress" },
	OPT_END
};

const struct opt save_opts[] = {
	{ .name = "compress", .type = OPT_FLAG, .offset = SAVE_AT(compress),
	  .help = "Compress the layers with gzip (docker-dir only)" },
	{ .name = "format", .type = OPT_STRING, .offset = SAVE_AT(format), .arg = "format", .help = "What to write",
	  .choices = "docker-archive|oci-archive|oci-dir|docker-dir", .complete = COMPLETE_CHOICES },
	{ .name = "multi-image-archive", .letter = 'm', .type = OPT_FLAG, .offset = SAVE_AT(multi),
	  .help = "All arguments are images, not further names of the first (docker-archive only)" },
	{ .name = "output", .letter = 'o', .type = OPT_STRING, .offset = SAVE_AT(output), .arg = "path",
	  .help = "Write to this file or directory instead of standard output", .complete = COMPLETE_FILE },
	{ .name = "quiet", .letter = 'q', .type = OPT_FLAG, .offset = SAVE_AT(quiet), .help = "Show no progress" },
	OPT_END
};

#define IMPORT_AT(member) offsetof(struct import_options, member)
#define EXPORT_AT(member) offsetof(struct export_options, member)
#define COMMIT_AT(member) offsetof(struct commit_options, member)

const struct opt import_opts[] = {
	{ .name = "arch", .type = OPT_STRING, .offset = IMPORT_AT(arch), .arg = "arch",
	  .help = "The image is for this processor architecture, not the machine's" },
	{ .name = "change", .letter = 'c', .type = OPT_LIST, .offset = IMPORT_AT(changes), .arg = "instruction",
	  .help = "Set CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME or WORKDIR" },
	{ .name = "message", .letter = 'm', .type = OPT_STRING, .offset = IMPORT_AT(message), .arg = "text",
	  .help = "Comment in the image's history" },
	{ .name = "os", .type = OPT_STRING, .offset = IMPORT_AT(os), .arg = "os",
	  .help = "The image is for this operating system" },
	{ .name = "quiet", .letter = 'q', .type = OPT_FLAG, .offset = IMPORT_AT(quiet), .help = "Show no progress" },
	{ .name = "variant", .type = OPT_STRING, .offset = IMPORT_AT(variant), .arg = "variant",
	  .help = "The image is for this variant of the architecture" },
	OPT_END
};

const struct opt export_opts[] = {
	{ .name = "output", .letter = 'o', .type = OPT_STRING, .offset = EXPORT_AT(output), .arg = "file",
	  .help = "Write to this file instead of standard output", .complete = COMPLETE_FILE },
	OPT_END
};

const struct opt volume_import_opts[] = { OPT_END };

const struct opt commit_opts[] = {
	{ .name = "author", .letter = 'a', .type = OPT_STRING, .offset = COMMIT_AT(author), .arg = "name",
	  .help = "Author of the image" },
	{ .name = "change", .letter = 'c', .type = OPT_LIST, .offset = COMMIT_AT(changes), .arg = "instruction",
	  .help = "Set CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME or WORKDIR" },
	{ .name = "format", .letter = 'f', .type = OPT_STRING, .offset = COMMIT_AT(format), .arg = "format",
	  .help = "Format of the manifest", .choices = "oci|docker", .complete = COMPLETE_CHOICES },
	{ .name = "iidfile", .type = OPT_STRING, .offset = COMMIT_AT(iidfile), .arg = "file",
	  .help = "Write the image ID to this file", .complete = COMPLETE_FILE },
	{ .name = "include-volumes", .type = OPT_FLAG, .offset = COMMIT_AT(include_volumes),
	  .help = "Name the container's volumes in the image's config" },
	{ .name = "message", .letter = 'm', .type = OPT_STRING, .offset = COMMIT_AT(message), .arg = "text",
	  .help = "Comment in the image's history" },
	{ .name = "pause", .letter = 'p', .type = OPT_FLAG, .offset = COMMIT_AT(pause),
	  .help = "Pause the container meanwhile" },
	{ .name = "quiet", .letter = 'q', .type = OPT_FLAG, .offset = COMMIT_AT(quiet), .help = "Show no progress" },
	{ .name = "squash", .letter = 's', .type = OPT_FLAG, .offset = COMMIT_AT(squash),
	  .help = "One layer with all that the container has" },
	OPT_END
};

void commit_defaults(struct context *c, void *values)
{
	(void)c;
	((struct commit_options *)values)->format = g_strdup("oci");
}

void save_defaults(struct context *c, void *values)
{
	(void)c;
	((struct save_options *)values)->format = g_strdup("docker-archive");
}

static int execute(struct context *c, void *values, int argc, char **argv)
{
	(void)values;
	(void)argc;
	return run_image_program(c, argv);
}

const struct command command_commit = COMMAND_COMMIT(execute);
const struct command command_export = COMMAND_EXPORT(execute);
const struct command command_import = COMMAND_IMPORT(execute);
const struct command command_load = COMMAND_LOAD(execute);
const struct command command_save = COMMAND_SAVE(execute);
const struct command command_volume_export = COMMAND_VOLUME_EXPORT(execute);
const struct command command_volume_import = COMMAND_VOLUME_IMPORT(execute);
