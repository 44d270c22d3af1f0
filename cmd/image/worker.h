/* worker.h - the process that unpacks one layer.
 *
 * Forked by the pull; holds the reading end of a pipe with the layer's compressed bytes, the staging directory and a pipe for
 * its result, and nothing else. Ends when the bytes do, at the first fault, or with the pull. It never prints and never
 * touches anything but its staging directory.
 */
#ifndef CORACLE_CMD_IMAGE_WORKER_H
#define CORACLE_CMD_IMAGE_WORKER_H

#include <sys/types.h>

#include "storage/unpack.h"

struct worker {
	pid_t pid;              /* -1: none */
	int result_fd;          /* readable when it has ended */
};
#define WORKER_NONE { -1, -1 }

/* Start unpacking; *ret_in is the (non-blocking) end to write the compressed bytes to. 0 or -errno. */
int worker_start(int stage_fd, const struct descriptor *d, const char *diff_id, struct worker *ret, int *ret_in,
		 struct err *e);

/* Its result_fd is readable: reap it. 0, or the -errno it failed with (e is its error). */
int worker_finish(struct worker *w, struct unpack_result *ret, struct err *e);

/* Kill it if it runs. */
void worker_kill(struct worker *w);

#endif
