/* tar_record.h - the bytes of a layer's tar that are not in its files, kept while the layer is unpacked.
 *
 * layers/<diffid>/tar is one zstd stream: the eight bytes "CORTAR1\n", then operations until END:
 *
 *   LITERAL n bytes            n bytes of the tar as they were: headers, padding, trailers, content of what has no file
 *   CONTENT offset n len path  n bytes of file `path` from `offset` on; path has len bytes and is relative to tree/,
 *                              without links on the way; len 0: the file of the CONTENT before
 *   END size                   the tar has had `size` bytes
 *
 * An operation is one byte (0 LITERAL, 1 CONTENT, 2 END); numbers are LEB128, unsigned.
 *
 * A file whose name something else takes later in the same tar is not removed but moved to replaced/N. The file
 * `replaced/index` says so: records "SEQ N PATH", each ended by a NUL byte, in order: CONTENT operations with a number
 * (from 0) below SEQ that name PATH or something below it mean replaced/N from here on. Layers with a name twice are
 * rare: most have no such directory.
 *
 * What gives the tar back is layer_tar.h.
 */
#ifndef CORACLE_STORAGE_TAR_RECORD_H
#define CORACLE_STORAGE_TAR_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

#define TAR_RECORD_FILE "tar"
#define TAR_RECORD_MAGIC "CORTAR1\n"
#define TAR_REPLACED "replaced"
enum tar_op { TAR_LITERAL, TAR_CONTENT, TAR_END };

struct tar_record;      /* opaque */

/* Begin `tar` in the staging directory. NULL on failure, `e` filled. */
struct tar_record *tar_record_new(int stage_fd, struct err *e);

/* The next bytes of the tar, in order; they stay valid until tar_record_release, which comes before the next feed. What
 * lies before position `passed` of the tar and has not been said to be content never will be. */
void tar_record_feed(struct tar_record *r, const void *bytes, size_t len);
void tar_record_release(struct tar_record *r, uint64_t passed);

/* The `len` bytes at `position` of the tar are now in the file `path` at `offset`. */
void tar_record_content(struct tar_record *r, uint64_t position, size_t len, const char *path, uint64_t offset);

/* `path` and what is below it is about to make room: is any content in question? Then it must be moved to
 * replaced/<the result>, and this has been noted. -errno on failure. */
int tar_record_replaced(struct tar_record *r, const char *path);

/* Write the rest. The first failure of any call is told here. 0 or -errno. Frees nothing. */
int tar_record_finish(struct tar_record *r, struct err *e);
void tar_record_free(struct tar_record *r);

#endif
