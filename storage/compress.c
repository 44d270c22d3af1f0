/* compress.c - see compress.h. */
#include "storage/compress.h"

#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#ifdef HAVE_ISAL
#include <isa-l/igzip_lib.h>
#define ISAL_LEVEL 2
#endif

#define BLOCK (1024 * 1024)
#define BLOCK_ROOM (BLOCK + BLOCK / 64 + 4096)  /* what cannot be compressed is stored */
#define BLOCKS_MAX 8
#define ZLIB_LEVEL 6

struct block {
	uint8_t *in, *out;
	size_t in_len, out_len;
	int level;
	bool failed;
	pthread_t thread;
	bool threaded;
};

struct compress {
	enum media_kind kind;
	int level;
	sink_function *sink;
	void *ctx;
	/* gzip */
	struct block blocks[BLOCKS_MAX];
	unsigned n_blocks, filled;      /* filled: whole ones; blocks[filled] is being filled */
	uLong crc;
	uint64_t total;
	bool begun;
	/* zstd */
	ZSTD_CCtx *zstd;
	uint8_t *out;
	size_t out_room;
};

static unsigned processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return (unsigned)CLAMP(n, 1, BLOCKS_MAX);
}

static int new_zstd(struct compress *c, struct err *e)
{
	size_t r;

	c->zstd = ZSTD_createCCtx();
	if (!c->zstd)
		return err_set(e, ENOMEM, "zstd");
	r = ZSTD_CCtx_setParameter(c->zstd, ZSTD_c_compressionLevel, c->level < 0 ? ZSTD_CLEVEL_DEFAULT : c->level);
	if (ZSTD_isError(r))
		return err_msg(e, EINVAL, "zstd: %s", ZSTD_getErrorName(r));
	/* One worker at least: with none the output would be another. A library without threads refuses. */
	(void)ZSTD_CCtx_setParameter(c->zstd, ZSTD_c_nbWorkers, (int)processors());
	(void)ZSTD_CCtx_setParameter(c->zstd, ZSTD_c_checksumFlag, 1);
	c->out_room = ZSTD_CStreamOutSize();
	c->out = g_malloc(c->out_room);
	return 0;
}

int compress_new(enum media_kind kind, int level, sink_function *sink, void *ctx, struct compress **ret, struct err *e)
{
	int most = kind == MEDIA_LAYER_GZIP ? 9 : 19, r = 0;
	struct compress *c;

	if (level != COMPRESS_LEVEL_DEFAULT && (level < 1 || level > most))
		return err_msg(e, EINVAL, "compression level %d: it must be from 1 to %d", level, most);
	c = g_new0(struct compress, 1);
	c->kind = kind;
	c->level = level;
	c->sink = sink;
	c->ctx = ctx;
	c->crc = crc32(0, NULL, 0);
	if (kind == MEDIA_LAYER_ZSTD)
		r = new_zstd(c, e);
	c->n_blocks = kind == MEDIA_LAYER_GZIP ? processors() : 0;
	for (unsigned i = 0; i < c->n_blocks; i++) {
		c->blocks[i].in = g_malloc(BLOCK);
		c->blocks[i].out = g_malloc(BLOCK_ROOM);
		c->blocks[i].level = level;
	}
	if (r < 0)
		compress_free(c);
	else
		*ret = c;
	return r;
}

void compress_free(struct compress *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < c->n_blocks; i++) {
		g_free(c->blocks[i].in);
		g_free(c->blocks[i].out);
	}
	ZSTD_freeCCtx(c->zstd);
	g_free(c->out);
	g_free(c);
}

/* --- gzip ---------------------------------------------------------------------------------------------------- */

static bool deflate_zlib(struct block *b)
{
	z_stream z = { .next_in = b->in, .avail_in = (uInt)b->in_len, .next_out = b->out, .avail_out = BLOCK_ROOM };
	int r;

	if (deflateInit2(&z, b->level < 0 ? ZLIB_LEVEL : b->level, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	r = deflate(&z, Z_FULL_FLUSH);
	b->out_len = BLOCK_ROOM - z.avail_out;
	(void)deflateEnd(&z);
	return r == Z_OK && z.avail_in == 0 && z.avail_out > 0;
}

#ifdef HAVE_ISAL
static bool deflate_isal(struct block *b)
{
	g_autofree uint8_t *room = g_malloc(ISAL_DEF_LVL2_DEFAULT);
	struct isal_zstream z;

	isal_deflate_stateless_init(&z);
	z.level = ISAL_LEVEL;
	z.level_buf = room;
	z.level_buf_size = ISAL_DEF_LVL2_DEFAULT;
	z.next_in = b->in;
	z.avail_in = (uint32_t)b->in_len;
	z.next_out = b->out;
	z.avail_out = BLOCK_ROOM;
	z.flush = FULL_FLUSH;
	z.end_of_stream = 0;
	if (isal_deflate_stateless(&z) != COMP_OK || z.avail_in)
		return false;
	b->out_len = BLOCK_ROOM - z.avail_out;
	return true;
}
#endif

static void *deflate_block(void *data)
{
	struct block *b = data;

#ifdef HAVE_ISAL
	if (b->level < 0) {
		b->failed = !deflate_isal(b);
		return NULL;
	}
#endif
	b->failed = !deflate_zlib(b);
	return NULL;
}

static int begin_gzip(struct compress *c)
{
	static const uint8_t head[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff };

	if (c->begun)
		return 0;
	c->begun = true;
	return c->sink(c->ctx, head, sizeof head);
}

/* Compress what is filled, each block in a thread, and hand it on in order. */
static int flush_blocks(struct compress *c)
{
	int r = begin_gzip(c);

	for (unsigned i = 1; i < c->filled; i++)
		c->blocks[i].threaded =
			pthread_create(&c->blocks[i].thread, NULL, deflate_block, &c->blocks[i]) == 0;
	for (unsigned i = 0; i < c->filled; i++) {
		struct block *b = &c->blocks[i];

		if (b->threaded)
			pthread_join(b->thread, NULL);
		else
			(void)deflate_block(b);
		b->threaded = false;
		if (r == 0)
			r = b->failed ? -EIO : c->sink(c->ctx, b->out, b->out_len);
		b->in_len = 0;
	}
	c->filled = 0;
	return r;
}

static int write_gzip(struct compress *c, const uint8_t *bytes, size_t len)
{
	c->crc = crc32_z(c->crc, bytes, len);
	c->total += len;
	while (len) {
		struct block *b = &c->blocks[c->filled];
		size_t n = MIN(len, BLOCK - b->in_len);
		int r;

		memcpy(b->in + b->in_len, bytes, n);
		b->in_len += n;
		bytes += n;
		len -= n;
		if (b->in_len == BLOCK && ++c->filled == c->n_blocks) {
			r = flush_blocks(c);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int finish_gzip(struct compress *c)
{
	/* An empty last block, CRC and length. */
	uint8_t tail[10] = { 3, 0 };
	int r;

	if (c->filled < c->n_blocks && c->blocks[c->filled].in_len)
		c->filled++;
	r = flush_blocks(c);
	for (unsigned i = 0; i < 4; i++) {
		tail[2 + i] = (uint8_t)(c->crc >> (8 * i));
		tail[6 + i] = (uint8_t)(c->total >> (8 * i));
	}
	return r < 0 ? r : c->sink(c->ctx, tail, sizeof tail);
}

/* --- zstd ------------------------------------------------------------------------------------------------------ */

static int write_zstd(struct compress *c, const void *bytes, size_t len, ZSTD_EndDirective how)
{
	ZSTD_inBuffer in = { bytes, len, 0 };
	size_t left;

	do {
		ZSTD_outBuffer out = { c->out, c->out_room, 0 };
		int r;

		left = ZSTD_compressStream2(c->zstd, &out, &in, how);
		if (ZSTD_isError(left))
			return -EIO;
		r = out.pos ? c->sink(c->ctx, c->out, out.pos) : 0;
		if (r < 0)
			return r;
	} while (in.pos < in.size || (how == ZSTD_e_end && left));
	return 0;
}

int compress_write(void *compress, const void *bytes, size_t len)
{
	struct compress *c = compress;

	return c->zstd ? write_zstd(c, bytes, len, ZSTD_e_continue) : write_gzip(c, bytes, len);
}

int compress_finish(struct compress *c)
{
	return c->zstd ? write_zstd(c, NULL, 0, ZSTD_e_end) : finish_gzip(c);
}
