/* file.h - whole files: read with a bound, replaced atomically. */
#ifndef CORACLE_BASE_FILE_H
#define CORACLE_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/err.h"

/* Read all of `name` (terminated, g_free it). More than `max` bytes is -EFBIG. 0 or -errno; `e` is filled. */
int file_read(int dirfd, const char *name, size_t max, char **ret, size_t *ret_len, struct err *e);

/* Make `name` hold `data`, all or nothing: a temporary in the same directory, renamed over it.
 * `durable`: fsync the file before, and the directory after. 0 or -errno; `e` is filled. */
int file_replace(int dirfd, const char *name, const void *data, size_t len, mode_t mode, bool durable,
		 struct err *e);

/* Write `text` to an existing file such as one of /proc with a single write. 0 or -errno. */
int file_poke(int dirfd, const char *name, const char *text);

#endif
