/* manifest_options.h - the manifest commands: their tables, shared by coracle (help, completion) and coracle-image (which
 * does them).
 */
#ifndef CORACLE_CMD_MANIFEST_OPTIONS_H
#define CORACLE_CMD_MANIFEST_OPTIONS_H

#include "cmd/remote_options.h"

struct manifest_create_options { struct access_options access; bool all, amend; };

/* add's and annotate's. */
struct manifest_add_options {
	struct access_options access;
	bool all;
	char **annotations, **features, **os_features, *arch, *os, *os_version, *variant;
};

struct manifest_push_options {
	struct access_options access;
	bool all, quiet, rm;
	char *compression_format, *digestfile, *format;
};

extern const struct opt manifest_create_opts[], manifest_add_opts[], manifest_annotate_opts[], manifest_inspect_opts[],
	manifest_push_opts[], manifest_no_opts[];
void manifest_push_defaults(struct context *c, void *values);

#define MANIFEST_COMMAND(word, run_it, text, use, table, size, init, least, most) { \
	.name = "manifest " word, .summary = text, .usage = use, .opts = table, .values_size = size, .defaults = init, \
	.run = run_it, .min_args = least, .max_args = most, .complete = COMPLETE_IMAGE, .flags = COMMAND_IMAGE_PROGRAM }

#define COMMAND_MANIFEST_ADD(f) MANIFEST_COMMAND("add", f, "Add images to a list", "[options] LIST IMAGE [IMAGE...]", \
	manifest_add_opts, sizeof(struct manifest_add_options), access_defaults, 2, -1)
#define COMMAND_MANIFEST_ANNOTATE(f) MANIFEST_COMMAND("annotate", f, "Change what a list says of an image", \
	"[options] LIST IMAGE", manifest_annotate_opts, sizeof(struct manifest_add_options), access_defaults, 2, 2)
#define COMMAND_MANIFEST_CREATE(f) MANIFEST_COMMAND("create", f, "Make a list of images", "[options] LIST [IMAGE...]", \
	manifest_create_opts, sizeof(struct manifest_create_options), access_defaults, 1, -1)
#define COMMAND_MANIFEST_EXISTS(f) MANIFEST_COMMAND("exists", f, "Is a list here? Exit status 0 or 1", "LIST", \
	manifest_no_opts, 0, NULL, 1, 1)
#define COMMAND_MANIFEST_INSPECT(f) MANIFEST_COMMAND("inspect", f, "Show a list of images", "[options] LIST", \
	manifest_inspect_opts, sizeof(struct access_options), access_defaults, 1, 1)
#define COMMAND_MANIFEST_PUSH(f) MANIFEST_COMMAND("push", f, "Push a list and its images to a registry", \
	"[options] LIST DESTINATION", manifest_push_opts, sizeof(struct manifest_push_options), manifest_push_defaults, 2, 2)
#define COMMAND_MANIFEST_REMOVE(f) MANIFEST_COMMAND("remove", f, "Take an image from a list", "LIST DIGEST", \
	manifest_no_opts, 0, NULL, 2, 2)
#define COMMAND_MANIFEST_RM(f) MANIFEST_COMMAND("rm", f, "Remove lists", "LIST [LIST...]", manifest_no_opts, 0, NULL, 1, -1)

extern const struct command command_manifest_add, command_manifest_annotate, command_manifest_create,
	command_manifest_exists, command_manifest_inspect, command_manifest_push, command_manifest_remove,
	command_manifest_rm;

#endif
