/* save_out.h - where an image is saved to: members of a tar, or files in a directory. Nothing of the machine gets in: members
 * are root's, read-only, of 1970. */
#ifndef CORACLE_CMD_IMAGE_SAVE_OUT_H
#define CORACLE_CMD_IMAGE_SAVE_OUT_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

struct save_out;        /* opaque */

/* A tar to `fd` (the caller's), or files in directory `path`, which is made. 0 or -errno. */
int save_out_tar(int fd, struct save_out **ret, struct err *e);
int save_out_dir(const char *path, struct save_out **ret, struct err *e);

/* A member at once. */
int save_out_put(struct save_out *o, const char *name, const void *bytes, size_t len, struct err *e);

/* A member of `size` bytes, in pieces: begin, save_out_write (a sink_function; ctx is the save_out), end. */
int save_out_begin(struct save_out *o, const char *name, int64_t size, struct err *e);
int save_out_write(void *ctx, const void *bytes, size_t len);
int save_out_end(struct save_out *o, struct err *e);
/* In a directory: the member gets its name only now. */
int save_out_rename(struct save_out *o, const char *name, struct err *e);

/* Write what is left. 0 or -errno. */
int save_out_finish(struct save_out *o, struct err *e);
void save_out_free(struct save_out *o);

#endif
