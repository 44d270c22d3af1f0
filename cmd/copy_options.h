/* copy_options.h - image copy and image sync: the tables, shared by coracle (help, completion) and coracle-image (which does it).
 * Names are skopeo's.
 */
#ifndef CORACLE_CMD_COPY_OPTIONS_H
#define CORACLE_CMD_COPY_OPTIONS_H

#include "cmd/command.h"

struct end_options { char *authfile, *cert_dir, *creds; bool tls_verify; };

/* What both have. */
struct transfer_options {
	bool all;                       /* first: never has a set_offset */
	bool preserve_digests;
	char *authfile, *format;
	int64_t retry;
	struct end_options src, dest;
};

struct copy_options {
	struct transfer_options t;      /* first: the group's offsets count from here */
	bool quiet, dest_compress, dest_decompress, accept_plain, level_set;
	char **tags, *compress_format, *digestfile, *multi_arch, *os, *arch, *variant;
	int64_t compress_level;
};

struct sync_options {
	struct transfer_options t;
	bool dry_run, keep_going, scoped;
	char *src, *dest;
};

extern const struct opt copy_opts[], sync_opts[];
void transfer_defaults(struct context *c, void *values);

#define COMMAND_IMAGE_COPY(function) { \
	.name = "image copy", .summary = "Copy an image from one place to another", .usage = "[options] SOURCE DESTINATION", \
	.opts = copy_opts, .values_size = sizeof(struct copy_options), .defaults = transfer_defaults, .run = function, \
	.min_args = 2, .max_args = 2, .complete = COMPLETE_FILE, .flags = COMMAND_IMAGE_PROGRAM }

#define COMMAND_IMAGE_SYNC(function) { \
	.name = "image sync", .summary = "Copy all images of a repository or directory", \
	.usage = "--src TRANSPORT --dest TRANSPORT [options] SOURCE DESTINATION", \
	.opts = sync_opts, .values_size = sizeof(struct sync_options), .defaults = transfer_defaults, .run = function, \
	.min_args = 2, .max_args = 2, .complete = COMPLETE_FILE, .flags = COMMAND_IMAGE_PROGRAM }

extern const struct command command_image_copy, command_image_sync;

#endif
