/* cp.h - cp: between files it is done by coracle, tars of stdin and stdout by coracle-image, which has the same table. */
#ifndef CORACLE_CMD_CP_H
#define CORACLE_CMD_CP_H

#include "cmd/command.h"
#include "cmd/container_files.h"
#include "core/container/copy.h"

struct cp_options { bool none, archive, overwrite; };

extern const struct opt cp_opts[];
void cp_defaults(struct context *c, void *values);

#define COMMAND_CP(run_it) { .name = "cp", .alias = "container cp", \
	.summary = "Copy files into and out of containers", .usage = "[options] [CONTAINER:]SOURCE|- [CONTAINER:]TARGET|-", \
	.opts = cp_opts, .values_size = sizeof(struct cp_options), .defaults = cp_defaults, .run = run_it, \
	.min_args = 2, .max_args = 2, .complete = COMPLETE_CONTAINER }
extern const struct command command_cp; /* coracle's */

/* One end of a copy. */
struct cp_side {
	char *container;                /* NULL: the host */
	const char *path;
	struct container_files *files;  /* of the container, opened */
};

struct cp {
	const struct cp_options *o;
	struct cp_side from, to;
	bool stream;                    /* the host's end is "-" */
};

/* The two arguments. 0 or -EINVAL. */
int cp_parse(struct cp *k, char **argv, struct err *e);
/* Open the containers. 0 or -errno. */
int cp_open(struct context *c, struct cp *k, struct err *e);
/* Let go of all; `done`: it was copied. */
void cp_close(struct cp *k, bool done);

/* In a forked process: work on that side from now on. `root` is what the place lies in. 0 or -errno. */
int cp_enter(struct cp_side *s, struct copy_place *ret, struct container_root *root, struct err *e);

/* Fork `work`, and wait for what it says: its result. The process is told by SIGTERM when this one ends. */
int cp_in_worker(struct cp *k, int (*work)(struct cp *k, struct err *e), struct err *e);

#endif
