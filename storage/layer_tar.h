/* layer_tar.h - the tar of a layer of the store, bit for bit as it was when the layer came.
 *
 * It is put together from tree/ and the record that the unpacking left (tar_record.h), and its digest is checked: what is
 * given is the layer with that DiffID or an error. A layer without a record (made by an older version) is packed anew from
 * its tree, the same way each time but not as it was: then `exact` is false, and the caller must go by the digest that comes
 * out.
 *
 * The caller is root of the store map's user namespace (idmap_enter(idmap_store())): files may belong to anybody.
 */
#ifndef CORACLE_STORAGE_LAYER_TAR_H
#define CORACLE_STORAGE_LAYER_TAR_H

#include <stdbool.h>
#include <stdint.h>

#include "core/oci/image_spec.h"
#include "storage/sink.h"
#include "storage/store.h"

struct layer_tar {
	bool exact;             /* digest is the DiffID that was asked for */
	int64_t size;           /* bytes of the tar */
	char digest[DIGEST_MAX];        /* of the tar */
};

/* Can layer_tar_stream give the very tar? 1, 0 (it would make one), or -errno (no such layer). */
int layer_tar_is_exact(struct store *s, const char *diff_id, struct err *e);

/* How long the tar is, without reading files where its record says. 0 or -errno. */
int layer_tar_size(struct store *s, const char *diff_id, int64_t *ret, struct err *e);

/* Send the tar to `sink`. 0 or -errno: -EBADMSG when the files are not what they were (then wrong bytes have been sent), or
 * what the sink said. */
int layer_tar_stream(struct store *s, const char *diff_id, sink_function *sink, void *ctx, struct layer_tar *ret,
		     struct err *e);

/* The same for a directory that is made like one of layers/. */
int layer_tar_stream_dir(int layer_fd, const char *diff_id, sink_function *sink, void *ctx, struct layer_tar *ret,
			 struct err *e);

#endif
