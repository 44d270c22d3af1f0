/* copy_blob.h - one blob from an origin to a target, streaming: the origin's bytes come through a pipe from a forked feeder,
 * are verified, changed where that is wanted, and written. Memory is a few buffers, whatever the blob's size.
 */
#ifndef CORACLE_CMD_IMAGE_COPY_BLOB_H
#define CORACLE_CMD_IMAGE_COPY_BLOB_H

#include "cmd/image/origin.h"
#include "cmd/image/push_layer.h"
#include "cmd/image/target.h"

enum blob_change { BLOB_KEEP, BLOB_COMPRESS, BLOB_PLAIN };

struct blob {
	struct origin *from;
	struct target *to;
	const struct descriptor *d;     /* as the origin names it */
	enum blob_change change;
	enum media_kind kind;           /* BLOB_COMPRESS: what to make of it */
	int level;
	const char *plain_digest;       /* BLOB_PLAIN: what the tar must have, or NULL */
};

/* Copy it in this process, or find it there. 0 or -errno. */
int copy_blob(const struct blob *b, struct push_result *ret, struct err *e);

/* The same in a process of its own: push_layer_finish() waits for it. */
int copy_blob_start(const struct blob *b, pid_t *ret_pid, int *ret_fd, struct err *e);

/* A forked process that sends the blob's bytes to `out_fd` (closed there). *ret_fd tells its error, if any, at its end:
 * feeder_finish() reads it. 0 or -errno. */
struct feeder { pid_t pid; int fd; };
int feeder_start(struct origin *from, const struct descriptor *d, int out_fd, struct feeder *ret, struct err *e);
/* 0, or what it failed with; -EPIPE: its bytes were not read to the end, and the reader knows why. */
int feeder_finish(struct feeder *f, struct err *e);
void feeder_kill(struct feeder *f);

#endif
