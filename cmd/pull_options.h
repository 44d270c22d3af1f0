/* pull_options.h - options of `pull`, shared by coracle (help, completion) and coracle-image (which does it). */
#ifndef CORACLE_CMD_PULL_OPTIONS_H
#define CORACLE_CMD_PULL_OPTIONS_H

#include <stdint.h>

#include "cmd/command.h"

struct pull_options {
	bool all_tags;                  /* first: never has a set_offset */
	bool quiet;
	bool tls_verify;
	char *platform, *arch, *os, *variant;
	char *creds, *authfile, *cert_dir;
	char *policy;
	int64_t retry;
	int64_t retry_delay_ns;
	bool retry_delay_set;
};

extern const struct opt pull_opts[];

/* Values before the command line. */
void pull_defaults(struct context *c, void *values);

/* coracle's entry: executes coracle-image. */
extern const struct command command_pull;

#endif
