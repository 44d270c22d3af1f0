/* search_options.h - options of `search`, shared by coracle (help, completion) and coracle-image (which does it). */
#ifndef CORACLE_CMD_SEARCH_OPTIONS_H
#define CORACLE_CMD_SEARCH_OPTIONS_H

#include "cmd/command.h"

struct search_options {
	bool list_tags;                 /* first: never has a set_offset */
	bool no_trunc, tls_verify, compatible;
	char **filter;
	char *authfile, *cert_dir, *creds, *format;
	int64_t limit;                  /* 0: 25 repositories, all tags */
};

extern const struct opt search_opts[];
void search_defaults(struct context *c, void *values);

/* Both programs' command; `function` is what it does. */
#define COMMAND_SEARCH(function) { \
	.name = "search", .summary = "Search a registry for images", .usage = "[options] TERM", \
	.opts = search_opts, .values_size = sizeof(struct search_options), .defaults = search_defaults, \
	.run = function, .min_args = 1, .max_args = 1, .flags = COMMAND_IMAGE_PROGRAM }

/* coracle's entry: executes coracle-image. */
extern const struct command command_search;

#endif
