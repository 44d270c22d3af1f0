/* push_options.h - options of `push`, shared by coracle (help, completion) and coracle-image (which does it). */
#ifndef CORACLE_CMD_PUSH_OPTIONS_H
#define CORACLE_CMD_PUSH_OPTIONS_H

#include "cmd/command.h"

struct push_options {
	bool quiet;                     /* first: never has a set_offset */
	bool all, tls_verify, force_compression, level_set, retry_delay_set;
	char *creds, *authfile, *cert_dir;
	char *compression_format, *format, *digestfile;
	int64_t compression_level, retry, retry_delay_ns;
};

extern const struct opt push_opts[];
void push_defaults(struct context *c, void *values);

/* Both programs' command; `function` is what it does. */
#define COMMAND_PUSH(function) { \
	.name = "push", .alias = "image push", .summary = "Push an image to a registry", \
	.usage = "[options] IMAGE [DESTINATION]", .opts = push_opts, .values_size = sizeof(struct push_options), \
	.defaults = push_defaults, .run = function, .min_args = 1, .max_args = 2, .complete = COMPLETE_IMAGE, \
	.flags = COMMAND_IMAGE_PROGRAM }

/* coracle's entry: executes coracle-image. */
extern const struct command command_push;

#endif
