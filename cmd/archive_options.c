/* archive_options.c - the tables of load and save. */
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
	{ .name = "format", .type = OPT_STRING, .offset = SAVE_AT(format), .arg = "format", .help = "What to write",
	  .choices = "docker-archive|oci-archive|oci-dir|docker-dir", .complete = COMPLETE_CHOICES },
	{ .name = "multi-image-archive", .letter = 'm', .type = OPT_FLAG, .offset = SAVE_AT(multi),
	  .help = "All arguments are images, not further names of the first (docker-archive only)" },
	{ .name = "output", .letter = 'o', .type = OPT_STRING, .offset = SAVE_AT(output), .arg = "path",
	  .help = "Write to this file or directory instead of standard output", .complete = COMPLETE_FILE },
	{ .name = "quiet", .letter = 'q', .type = OPT_FLAG, .offset = SAVE_AT(quiet), .help = "Show no progress" },
	OPT_END
};

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

const struct command command_load = COMMAND_LOAD(execute);
const struct command command_save = COMMAND_SAVE(execute);
