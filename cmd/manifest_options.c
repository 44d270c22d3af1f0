/* manifest_options.c - see manifest_options.h. */
#include "cmd/manifest_options.h"

#include <stddef.h>

#define CREATE(member) offsetof(struct manifest_create_options, member)

const struct opt manifest_create_opts[] = {
	OPT_GROUP(access_opts),
	{ .name = "all", .type = OPT_FLAG, .offset = CREATE(all), .help = "Add all images of lists that are added" },
	{ .name = "amend", .letter = 'a', .type = OPT_FLAG, .offset = CREATE(amend),
	  .help = "Go on with a list that is there already" },
	OPT_END
};

#define ADD(member) offsetof(struct manifest_add_options, member)

/* What a list says of an image. */
static const struct opt entry_opts[] = {
	{ .name = "annotation", .type = OPT_LIST, .offset = ADD(annotations), .arg = "key=value",
	  .help = "Annotation of the image's entry" },
	{ .name = "arch", .type = OPT_STRING, .offset = ADD(arch), .arg = "arch", .help = "Processor architecture" },
	{ .name = "features", .type = OPT_CSV, .offset = ADD(features), .arg = "feature",
	  .help = "Features of the processor that it needs" },
	{ .name = "os", .type = OPT_STRING, .offset = ADD(os), .arg = "os", .help = "Operating system" },
	{ .name = "os-features", .type = OPT_CSV, .offset = ADD(os_features), .arg = "feature",
	  .help = "Features of the operating system that it needs" },
	{ .name = "os-version", .type = OPT_STRING, .offset = ADD(os_version), .arg = "version",
	  .help = "Version of the operating system" },
	{ .name = "variant", .type = OPT_STRING, .offset = ADD(variant), .arg = "variant",
	  .help = "Variant of the architecture" },
	OPT_END
};

const struct opt manifest_add_opts[] = {
	OPT_GROUP(access_opts),
	OPT_GROUP(entry_opts),
	{ .name = "all", .type = OPT_FLAG, .offset = ADD(all), .help = "Add all images where one is a list" },
	OPT_END
};
const struct opt manifest_annotate_opts[] = { OPT_GROUP(entry_opts), OPT_END };
const struct opt manifest_inspect_opts[] = { OPT_GROUP(access_opts), OPT_END };
const struct opt manifest_no_opts[] = { OPT_END };

#define PUSH(member) offsetof(struct manifest_push_options, member)

const struct opt manifest_push_opts[] = {
	OPT_GROUP(access_opts),
	{ .name = "all", .type = OPT_FLAG, .offset = PUSH(all),
	  .help = "Push the images too (default); false: the list alone" },
	{ .name = "compression-format", .type = OPT_STRING, .offset = PUSH(compression_format), .arg = "format",
	  .help = "Compress layers that have to be compressed like this", .choices = "gzip|zstd",
	  .complete = COMPLETE_CHOICES },
	{ .name = "digestfile", .type = OPT_STRING, .offset = PUSH(digestfile), .arg = "path",
	  .help = "Write the digest of the pushed list to this file", .complete = COMPLETE_FILE },
	{ .name = "format", .letter = 'f', .type = OPT_STRING, .offset = PUSH(format), .arg = "type",
	  .help = "Manifest type (default: as the images have it)", .choices = "oci|v2s2", .complete = COMPLETE_CHOICES },
	{ .name = "quiet", .letter = 'q', .type = OPT_FLAG, .offset = PUSH(quiet), .help = "Show no progress" },
	{ .name = "remove-signatures", .type = OPT_IGNORED, .help = "Signatures are not pushed in any case" },
	{ .name = "rm", .type = OPT_FLAG, .offset = PUSH(rm), .help = "Remove the list when it has been pushed" },
	OPT_END
};

void manifest_push_defaults(struct context *c, void *values)
{
	access_defaults(c, values);
	((struct manifest_push_options *)values)->all = true;
}

static int execute(struct context *c, void *values, int argc, char **argv)
{
	(void)values;
	(void)argc;
	return run_image_program(c, argv);
}

const struct command command_manifest_add = COMMAND_MANIFEST_ADD(execute);
const struct command command_manifest_annotate = COMMAND_MANIFEST_ANNOTATE(execute);
const struct command command_manifest_create = COMMAND_MANIFEST_CREATE(execute);
const struct command command_manifest_exists = COMMAND_MANIFEST_EXISTS(execute);
const struct command command_manifest_inspect = COMMAND_MANIFEST_INSPECT(execute);
const struct command command_manifest_push = COMMAND_MANIFEST_PUSH(execute);
const struct command command_manifest_remove = COMMAND_MANIFEST_REMOVE(execute);
const struct command command_manifest_rm = COMMAND_MANIFEST_RM(execute);
