/* inflate.c - see inflate.h. ISA-L inflates about 2.5 times as fast as zlib; it exists for few machines. */
#include "storage/inflate.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#ifdef HAVE_ISAL
#include <isa-l/igzip_lib.h>
#else
#include <zlib.h>
#endif

enum inflate_kind { INFLATE_UNDECIDED, INFLATE_PLAIN, INFLATE_GZIP, INFLATE_ZSTD };

struct inflate {
	enum inflate_kind kind;
	uint8_t head[4];        /* first bytes, until the kind is known */
	size_t head_len, head_used;
	bool between;           /* at the end of a member or frame */
	ZSTD_DStream *zstd;
#ifdef HAVE_ISAL
	struct inflate_state gzip;
#else
	z_stream gzip;
#endif
};

struct inflate *inflate_new(void)
{
	return g_new0(struct inflate, 1);
}

void inflate_free(struct inflate *z)
{
	if (!z)
		return;
	if (z->zstd)
		ZSTD_freeDStream(z->zstd);
#ifndef HAVE_ISAL
	if (z->kind == INFLATE_GZIP)
		(void)inflateEnd(&z->gzip);
#endif
	g_free(z);
}

bool inflate_complete(const struct inflate *z)
{
	return z->kind == INFLATE_UNDECIDED || z->kind == INFLATE_PLAIN || z->between;
}

static int corrupt(struct err *e, const char *what)
{
	return err_msg(e, EBADMSG, "corrupt %s data", what);
}

#ifdef HAVE_ISAL
static void gzip_start(struct inflate *z)
{
	isal_inflate_init(&z->gzip);
	z->gzip.crc_flag = ISAL_GZIP;
}

static void gzip_next_member(struct inflate *z)
{
	isal_inflate_reset(&z->gzip);
	z->gzip.crc_flag = ISAL_GZIP;
}

static int gzip_step(struct inflate *z, const uint8_t **in, size_t *in_len, uint8_t *out, size_t room,
		     size_t *ret_len, struct err *e)
{
	int r;

	z->gzip.next_in = (uint8_t *)*in;
	z->gzip.avail_in = (uint32_t)*in_len;
	z->gzip.next_out = out;
	z->gzip.avail_out = (uint32_t)room;
	r = isal_inflate(&z->gzip);
	if (r != ISAL_DECOMP_OK && r != ISAL_END_INPUT)
		return corrupt(e, "gzip");
	*in = z->gzip.next_in;
	*in_len = z->gzip.avail_in;
	*ret_len = room - z->gzip.avail_out;
	z->between = z->gzip.block_state == ISAL_BLOCK_FINISH;
	return 0;
}
#else
static void gzip_start(struct inflate *z)
{
	(void)inflateInit2(&z->gzip, 15 + 16);
}

static void gzip_next_member(struct inflate *z)
{
	(void)inflateReset(&z->gzip);
}

static int gzip_step(struct inflate *z, const uint8_t **in, size_t *in_len, uint8_t *out, size_t room,
		     size_t *ret_len, struct err *e)
{
	int r;

	z->gzip.next_in = (uint8_t *)*in;
	z->gzip.avail_in = (unsigned)*in_len;
	z->gzip.next_out = out;
	z->gzip.avail_out = (unsigned)room;
	r = inflate(&z->gzip, Z_NO_FLUSH);
	if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
		return corrupt(e, "gzip");
	*in = z->gzip.next_in;
	*in_len = z->gzip.avail_in;
	*ret_len = room - z->gzip.avail_out;
	z->between = r == Z_STREAM_END;
	return 0;
}
#endif

static int zstd_step(struct inflate *z, const uint8_t **in, size_t *in_len, uint8_t *out, size_t room,
		     size_t *ret_len, struct err *e)
{
	ZSTD_inBuffer src = { *in, *in_len, 0 };
	ZSTD_outBuffer dst = { out, room, 0 };
	size_t r = z->zstd ? ZSTD_decompressStream(z->zstd, &dst, &src) : (size_t)-ZSTD_error_memory_allocation;

	if (ZSTD_isError(r) && ZSTD_getErrorCode(r) == ZSTD_error_frameParameter_windowTooLarge)
		return err_msg(e, EBADMSG, "the zstd data asks for a window of more than %d MiB of memory",
			       1 << (INFLATE_WINDOW_LOG - 20));
	if (ZSTD_isError(r) && ZSTD_getErrorCode(r) == ZSTD_error_memory_allocation)
		return err_set(e, ENOMEM, "zstd");
	if (ZSTD_isError(r))
		return corrupt(e, "zstd");
	*in += src.pos;
	*in_len -= src.pos;
	*ret_len = dst.pos;
	/* 0: a frame has ended and nothing of the next one has been read. */
	if (r == 0)
		z->between = true;
	else if (src.pos > 0 || dst.pos > 0)
		z->between = false;
	return 0;
}

static void decide(struct inflate *z)
{
	static const uint8_t zstd_magic[4] = { 0x28, 0xb5, 0x2f, 0xfd };

	if (z->head_len >= 2 && z->head[0] == 0x1f && z->head[1] == 0x8b) {
		z->kind = INFLATE_GZIP;
		gzip_start(z);
	} else if (z->head_len == 4 && (!memcmp(z->head, zstd_magic, 4) ||
					/* a skippable frame first, as zstd:chunked may have */
					((z->head[0] & 0xf0) == 0x50 && !memcmp(z->head + 1, "\x2a\x4d\x18", 3)))) {
		z->kind = INFLATE_ZSTD;
		z->zstd = ZSTD_createDStream();
		if (z->zstd)
			(void)ZSTD_DCtx_setParameter(z->zstd, ZSTD_d_windowLogMax, INFLATE_WINDOW_LOG);
	} else {
		z->kind = INFLATE_PLAIN;
	}
}

static int step(struct inflate *z, const uint8_t **in, size_t *in_len, uint8_t *out, size_t room,
		size_t *ret_len, struct err *e)
{
	size_t n = MIN(*in_len, room);

	switch (z->kind) {
	case INFLATE_GZIP:
		if (z->between && *in_len > 0) {
			if (**in != 0x1f)
				return err_msg(e, EBADMSG, "there is garbage after the end of the gzip data");
			gzip_next_member(z);
		} else if (z->between) {
			return 0;
		}
		return gzip_step(z, in, in_len, out, room, ret_len, e);
	case INFLATE_ZSTD:
		return zstd_step(z, in, in_len, out, room, ret_len, e);
	default:
		memcpy(out, *in, n);
		*in += n;
		*in_len -= n;
		*ret_len = n;
		return 0;
	}
}

int inflate_step(struct inflate *z, const uint8_t **in, size_t *in_len, uint8_t *out, size_t room,
		 size_t *ret_len, struct err *e)
{
	*ret_len = 0;
	if (z->kind == INFLATE_UNDECIDED) {
		bool last = *in_len == 0;

		while (z->head_len < sizeof z->head && *in_len > 0) {
			z->head[z->head_len++] = *(*in)++;
			(*in_len)--;
		}
		if (z->head_len < sizeof z->head && !last)
			return 0;
		decide(z);
	}
	if (z->head_used < z->head_len) {
		const uint8_t *head = z->head + z->head_used;
		size_t left = z->head_len - z->head_used;
		int r = step(z, &head, &left, out, room, ret_len, e);

		z->head_used = z->head_len - left;
		return r;
	}
	return step(z, in, in_len, out, room, ret_len, e);
}

int inflate_to(struct inflate *z, const uint8_t *in, size_t len, uint8_t *buf, sink_function *sink, void *ctx,
	       struct err *e)
{
	bool last = len == 0;
	size_t got;
	int r;

	do {
		r = inflate_step(z, &in, &len, buf, INFLATE_PIECE, &got, e);
		if (r == 0 && got && (r = sink(ctx, buf, got)) < 0)
			err_set(e, -r, "write");
	} while (r == 0 && (len > 0 || got == INFLATE_PIECE || (last && got > 0)));
	return r;
}
