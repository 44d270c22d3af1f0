/* new_layer.h - a layer for the store from a stream of bytes that this process writes: load, import, commit.
 *
 * The bytes go into a worker (worker.h) through a pipe; it checks what is known of them beforehand. Order: begin, write to
 * `in` and close it, finish. The caller is root of the store map, holds store_lock_shared, and ignores SIGPIPE: when a
 * write fails with EPIPE, new_layer_finish says why.
 */
#ifndef CORACLE_CMD_IMAGE_NEW_LAYER_H
#define CORACLE_CMD_IMAGE_NEW_LAYER_H

#include "cmd/image/worker.h"
#include "storage/store.h"

struct new_layer {
	struct store *s;
	char *stage;                    /* name in tmp/, NULL: none */
	int stage_fd, stage_lock;
	int in;                         /* write here; close it (fd_close) at the end */
	struct worker worker;
	struct descriptor expected;
	struct unpack_result result;    /* after new_layer_finish */
};

/* `digest` of the bytes and `diff_id` of the tar may be NULL. 0 or -errno. */
int new_layer_begin(struct store *s, const char *digest, const char *diff_id, struct new_layer *ret, struct err *e);

/* Wait for the worker. Makes it durable and visible when all is well. 0 or -errno. */
int new_layer_finish(struct new_layer *n, struct err *e);

/* Whatever is left of it: safe after begin, also after finish. */
void new_layer_end(struct new_layer *n);

#endif
