/* push_layer.h - the process that brings one layer to a registry.
 *
 * Forked by the push before that has said a word to the registry, so that each has connections of its own; root of the store
 * map. It looks for the layer there, asks the registry to take it from a repository that has it, and else sends the
 * tar, compressed. Ends when that is done, at the first fault, or with the push. It never prints. What it made of a layer
 * is noted beside that (packed-KIND-LEVEL: digest and size), so that the next push knows it without packing.
 */
#ifndef CORACLE_CMD_IMAGE_PUSH_LAYER_H
#define CORACLE_CMD_IMAGE_PUSH_LAYER_H

#include <sys/types.h>

#include "net/registry/upload.h"
#include "storage/store.h"

enum push_how { PUSH_THERE, PUSH_MOUNTED, PUSH_SENT };

struct push_layer {             /* what is to be done */
	struct store *s;
	struct registry *g;
	const struct descriptor *d;     /* as the image names it */
	const char *diff_id;
	char *mount_from;               /* repository of the same registry that has it, or NULL; g_free */
	enum media_kind kind;           /* how to pack it */
	int level;
	bool as_kind;                   /* another kind is no good, even when it is there */
};

struct push_result {            /* smaller than PIPE_BUF: written in one piece */
	int code;
	enum push_how how;
	enum media_kind kind;
	char digest[DIGEST_MAX];
	int64_t size;
	struct err e;
};

/* *ret_fd is readable when it has ended. 0 or -errno. */
int push_layer_start(const struct push_layer *l, pid_t *ret_pid, int *ret_fd, struct err *e);

/* Read its result and reap it. 0, or the -errno it failed with. */
int push_layer_finish(pid_t *pid, int *fd, struct push_result *ret, struct err *e);

#endif
