/* owners.h - what a layer's tree could not store: the `owners` file.
 *
 * One record an entry, ended by a NUL byte: "uid gid mode type major:minor path", numbers in decimal but the
 * mode in octal; type is one of f d l p c b; the path is relative to tree/ and may hold any other byte. Only
 * entries that differ from what tree/ shows are listed; a later record of the same path holds.
 */
#ifndef CORACLE_STORAGE_OWNERS_H
#define CORACLE_STORAGE_OWNERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"

struct owner {
	uint32_t uid, gid;
	mode_t mode;            /* with the type, as st_mode */
	uint32_t major, minor;  /* of a device */
	const char *path;
};

struct owners_writer;           /* opaque */

/* Nothing is created in `dirfd` until there is a record; with -1 records are forgotten. */
struct owners_writer *owners_writer_new(int dirfd);
int owners_add(struct owners_writer *w, const struct owner *o);
/* What was recorded of `path` so far (and `below` it) holds no longer: something else has the name now. Such records are
 * not in the file that owners_writer_close leaves. */
void owners_drop(struct owners_writer *w, const char *path, bool below);
/* Write what is left and free. 0 or -errno. */
int owners_writer_close(struct owners_writer *w);

/* Call `each` for the records of dirfd's `owners`; it ends the reading by another result than 0, which is
 * returned. A missing file has none. 0 or -errno. */
int owners_read(int dirfd, int (*each)(void *ctx, const struct owner *o), void *ctx, struct err *e);

#endif
