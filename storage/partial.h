/* partial.h - the compressed beginning of a layer whose download did not end: partial/<digest>.
 *
 * Layers are unpacked while they come, so what is unpacked cannot be continued by another process; the compressed
 * bytes can. While a layer of PARTIAL_MIN bytes or more comes, its bytes are also written here, never synced, and
 * removed as soon as the layer is unpacked: on a good day they do not reach the disk, and there are never more of
 * them than layers in work. When the pull ends early, by an error, a signal, kill -9, the file stays, and the next
 * pull of that blob unpacks the beginning from it and asks for the rest by Range. The bytes need not be trusted: the
 * layer's digest is checked as always, and if it is wrong the file goes and the layer comes once more from the
 * start.
 *
 * The file is locked while somebody works with it; a second pull of the same blob then does without. What nobody
 * came back for in a week is removed by the next pull.
 */
#ifndef CORACLE_STORAGE_PARTIAL_H
#define CORACLE_STORAGE_PARTIAL_H

#include <stdint.h>

#include "core/oci/image_spec.h"
#include "storage/store.h"

#define PARTIAL_MIN (8 * 1024 * 1024)
#define PARTIAL_DAYS 7

struct partial {
	int dir_fd, fd;         /* fd: locked, -1 when there is none */
	char name[DIGEST_MAX];
};
#define PARTIAL_NONE { -1, -1, "" }

/* The file for blob `d`; *ret_have: how many of its bytes are there already. Failure only means that nothing is
 * kept: ret->fd is -1 then. */
void partial_open(struct store *s, const struct descriptor *d, struct partial *ret, int64_t *ret_have);

/* Done with it: `keep` what is there for a later pull, or remove it. Safe on PARTIAL_NONE. */
void partial_close(struct partial *p, bool keep);

/* Remove what has been left for long. */
void partial_collect(struct store *s);

#endif
