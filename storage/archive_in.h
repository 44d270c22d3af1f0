/* archive_in.h - the members of an image archive, by name: a tar (plain, gzip, zstd) from a file or pipe, or a directory.
 *
 * Members come in any order, so a pipe or a compressed tar is written to a file without a name in the store first. Names
 * are cleaned as text; a link in the archive leads to another member and never to a file of the machine.
 */
#ifndef CORACLE_STORAGE_ARCHIVE_IN_H
#define CORACLE_STORAGE_ARCHIVE_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "storage/sink.h"
#include "storage/store.h"

struct archive_in;      /* opaque */

/* `path` NULL: standard input. 0 or -errno. */
int archive_in_open(struct store *s, const char *path, struct archive_in **ret, struct err *e);
void archive_in_close(struct archive_in *a);
static inline void archive_in_cleanup(struct archive_in **a) { if (*a) archive_in_close(*a); }
#define autoarchive __attribute__((cleanup(archive_in_cleanup))) struct archive_in

bool archive_in_is_directory(const struct archive_in *a);
bool archive_in_has(struct archive_in *a, const char *name);

/* A member of at most `max` bytes (terminated, g_free it). 0 or -errno: -ENOENT, -EFBIG. */
int archive_in_read(struct archive_in *a, const char *name, size_t max, char **ret, size_t *ret_len, struct err *e);

/* Bytes of a member from `offset` on: how many there were (0: its end), or -errno. */
ssize_t archive_in_pread(struct archive_in *a, const char *name, void *buf, size_t len, int64_t offset, struct err *e);

/* Send a member to `out_fd`. 0 or -errno; -EPIPE where nobody reads it. */
int archive_in_send(struct archive_in *a, const char *name, int out_fd, struct err *e);

/* Everything of a file or standard input, whatever it is, to `out_fd`. */
int archive_in_send_all(const char *path, int out_fd, struct err *e);

#endif
