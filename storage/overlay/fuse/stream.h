/* stream.h - the bytes of large reads and writes go from file to kernel and back through pipes, not our memory.
 *
 * Whoever has written much is likely to write more: the thread's next request is then moved into a pipe instead of
 * being read. A pipe that is not to be had (each user has only so many pages of them) costs speed, nothing else.
 */
#ifndef CORACLE_STORAGE_OVERLAY_FUSE_STREAM_H
#define CORACLE_STORAGE_OVERLAY_FUSE_STREAM_H

#include <stdbool.h>
#include <sys/types.h>

#include "storage/overlay/fuse/libfuse.h"

#define STREAM_LEAST (64 * 1024)        /* bytes from which it is worth it */

/* This thread was just given that many bytes to write. */
void stream_wrote(size_t size);

/* Is the next request to come by stream_receive? */
bool stream_expects(void);

/* Move a request from `dev` into the thread's pipe; what is small, and whatever is no write, is read into buf->mem,
 * which has room for OPS_MAX_IO bytes at least. As read(2), with -errno. */
ssize_t stream_receive(int dev, struct fuse_buf *buf);

/* The request is answered: what nobody has taken from the pipe goes. */
void stream_done(void);

/* From a pipe into a file at `off`, by hand where the file system cannot take pages. Bytes, or -errno when it was
 * none. */
ssize_t stream_write(int pipe, int fd, size_t size, off_t off);

#endif
