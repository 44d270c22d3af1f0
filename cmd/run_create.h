/* run_create.h - what `run` and `create` have in common: a container reserved, planned and not yet on disk. */
#ifndef CORACLE_CMD_RUN_CREATE_H
#define CORACLE_CMD_RUN_CREATE_H

#include "cmd/run_spec.h"

struct new_container {
	struct run_plan plan;
	struct image *img;
	char *rootfs;
	int dir_fd, lock_fd;            /* containers/<id> and its lock, -1 */
	bool reserved, committed;
	bool cid_made;                  /* the --cidfile is ours to remove */
};

/* Image, plan, directory, name, volumes, in this order. SIGINT, SIGTERM and SIGHUP are held back from the first change
 * on disk on. 0, or -errno with nothing left behind once new_container_end() was called. */
int new_container_begin(struct context *c, const struct run_options *o, int argc, char **argv,
			struct new_container *n, struct err *e);

/* The OCI config as text, g_free. */
char *new_container_config(const struct new_container *n);

/* Free, and undo what was made unless `committed`. */
void new_container_end(struct new_container *n);

/* Did somebody ask for the end meanwhile (Ctrl-C)? -EINTR with exit status 128+n. */
int new_container_interrupted(struct err *e);
/* Let held signals through again. */
void new_container_release_signals(void);

#endif
