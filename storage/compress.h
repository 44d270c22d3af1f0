/* compress.h - plain bytes become gzip or zstd, on all processors.
 *
 * The output depends on the input, the kind, the level and the library alone, never on how many processors there are or how
 * the input was cut into pieces. gzip is one member of blocks that are compressed independently, without a name
 * and a time; the default level is ISA-L's where that is there, zlib's else.
 */
#ifndef CORACLE_STORAGE_COMPRESS_H
#define CORACLE_STORAGE_COMPRESS_H

#include "core/base/err.h"
#include "core/oci/image_spec.h"
#include "storage/sink.h"

#define COMPRESS_LEVEL_DEFAULT (-1)

struct compress;        /* opaque */

/* `kind` MEDIA_LAYER_GZIP (levels 1 to 9) or MEDIA_LAYER_ZSTD (1 to 19). The compressed bytes go to `sink`. 0 or -errno. */
int compress_new(enum media_kind kind, int level, sink_function *sink, void *ctx, struct compress **ret, struct err *e);

/* A sink_function: `compress` is the struct. 0 or -errno, also the sink's. */
int compress_write(void *compress, const void *bytes, size_t len);

/* The end of the stream. 0 or -errno. */
int compress_finish(struct compress *c);

void compress_free(struct compress *c);

#endif
