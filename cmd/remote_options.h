/* remote_options.h - image inspect, digest and delete of images that are not in the store: the tables, shared by coracle
 * (help, completion) and coracle-image (which asks the registry).
 */
#ifndef CORACLE_CMD_REMOTE_OPTIONS_H
#define CORACLE_CMD_REMOTE_OPTIONS_H

#include "cmd/command.h"

struct access_options {                 /* how a registry is asked */
	bool tls_verify;                /* first: never has a set_offset */
	char *authfile, *cert_dir, *creds;
	int64_t retry;
};

struct inspect_options {
	struct access_options access;   /* first: the group's offsets count from here */
	bool config, raw, no_tags;
	char *format;
};

struct digest_options { struct access_options access; char *platform; };

extern const struct opt access_opts[], inspect_opts[], digest_opts[], delete_opts[];
void access_defaults(struct context *c, void *values);

/* Is any of the options set that only make sense outside of the store? */
bool inspect_is_remote(const struct inspect_options *o);

#define COMMAND_IMAGE_INSPECT(function) { \
	.name = "image inspect", .summary = "Show an image's configuration", \
	.usage = "[options] IMAGE [IMAGE...]", .opts = inspect_opts, .values_size = sizeof(struct inspect_options), \
	.defaults = access_defaults, .run = function, .min_args = 1, .max_args = -1, .complete = COMPLETE_IMAGE }

#define COMMAND_IMAGE_DIGEST(function) { \
	.name = "image digest", .summary = "Print the digest of an image's manifest", \
	.usage = "[options] IMAGE [IMAGE...]", .opts = digest_opts, .values_size = sizeof(struct digest_options), \
	.defaults = access_defaults, .run = function, .min_args = 1, .max_args = -1, .complete = COMPLETE_IMAGE, \
	.flags = COMMAND_IMAGE_PROGRAM }

#define COMMAND_IMAGE_DELETE(function) { \
	.name = "image delete", .summary = "Remove an image from a registry", .usage = "[options] docker://IMAGE", \
	.opts = delete_opts, .values_size = sizeof(struct access_options), .defaults = access_defaults, .run = function, \
	.min_args = 1, .max_args = 1, .flags = COMMAND_IMAGE_PROGRAM }

extern const struct command command_image_digest, command_image_delete;

#endif
