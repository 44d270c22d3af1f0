/* inflate.h - gzip, zstd or plain bytes become plain bytes, in pieces.
 *
 * The kind is told by the first bytes, whatever the media type says. Several gzip members or zstd frames in a
 * row are one stream; anything else after one is corrupt.
 */
#ifndef CORACLE_STORAGE_INFLATE_H
#define CORACLE_STORAGE_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "storage/sink.h"

/* Memory goes with the window of the data: 32 KiB for gzip, mostly 8 MiB at most for zstd (what RFC 8878 recommends), and up
 * to this (2^27 bytes, `zstd --long`) where the data needs it; more is refused. */
#define INFLATE_WINDOW_LOG 27

struct inflate;         /* opaque */

struct inflate *inflate_new(void);
void inflate_free(struct inflate *z);

/* Take from *in (advanced) and write to `out`, as far as either goes; *ret_len bytes were written. With
 * *in_len 0: what is still inside. 0, or -EBADMSG for corrupt data. */
int inflate_step(struct inflate *z, const uint8_t **in, size_t *in_len, uint8_t *out, size_t room,
		 size_t *ret_len, struct err *e);

/* The next piece of the input (len 0: its end) to `sink`, inflated; `buf` is of INFLATE_PIECE bytes. 0 or -errno, also the
 * sink's (then e says "write"). */
#define INFLATE_PIECE (256 * 1024)
int inflate_to(struct inflate *z, const uint8_t *in, size_t len, uint8_t *buf, sink_function *sink, void *ctx,
	       struct err *e);

/* Has all been read that was begun? Otherwise the input was cut off. */
bool inflate_complete(const struct inflate *z);

#endif
