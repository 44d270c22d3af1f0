/* tar_record.c - see tar_record.h. */
#include "storage/tar_record.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "core/base/fd.h"

#define LEVEL 1                 /* headers shrink to a twentieth with the fastest one */
#define OUT_SIZE (64 * 1024)

struct tar_record {
	int stage, fd, replaced;        /* replaced: the open index, -1 while there is none */
	ZSTD_CCtx *zstd;
	char *out;
	int failed;                     /* -errno of the first failure */
	/* Bytes that are not decided on: `carry`, then what is left of the slot. */
	GByteArray *carry;
	const uint8_t *slot;
	size_t slot_len;
	uint64_t at;                    /* position of the first of them */
	/* A run of content that may go on with the next call. */
	char *path;
	uint64_t offset, len;
	bool told;                      /* the path has been written before */
	uint64_t n_content;             /* operations, the run included */
	unsigned n_replaced;
};

static void compress_some(struct tar_record *r, const void *bytes, size_t len, ZSTD_EndDirective how)
{
	ZSTD_inBuffer in = { bytes, len, 0 };
	size_t left;

	do {
		ZSTD_outBuffer out = { r->out, OUT_SIZE, 0 };
		int w;

		if (r->failed)
			return;
		left = ZSTD_compressStream2(r->zstd, &out, &in, how);
		w = ZSTD_isError(left) ? -ENOMEM : out.pos ? fd_write_all(r->fd, out.dst, out.pos) : 0;
		if (w < 0)
			r->failed = w;
	} while (in.pos < in.size || (how == ZSTD_e_end && left > 0));
}

static void put(struct tar_record *r, const void *bytes, size_t len)
{
	compress_some(r, bytes, len, ZSTD_e_continue);
}

static size_t number(uint8_t *to, uint64_t n)
{
	size_t len = 0;

	for (; n >= 0x80; n >>= 7)
		to[len++] = (uint8_t)(n | 0x80);
	to[len++] = (uint8_t)n;
	return len;
}

/* Write the content run that is open. */
static void flush_content(struct tar_record *r)
{
	uint8_t head[1 + 30] = { TAR_CONTENT };
	size_t n = 1, path_len = r->told || !r->path ? 0 : strlen(r->path);

	if (r->len == 0)
		return;
	n += number(head + n, r->offset);
	n += number(head + n, r->len);
	n += number(head + n, path_len);
	put(r, head, n);
	put(r, r->path, path_len);
	r->told = true;
	r->offset += r->len;
	r->len = 0;
}

static void literal(struct tar_record *r, const void *bytes, size_t len)
{
	uint8_t head[1 + 10] = { TAR_LITERAL };

	if (len == 0)
		return;
	flush_content(r);
	put(r, head, 1 + number(head + 1, len));
	put(r, bytes, len);
}

struct tar_record *tar_record_new(int stage_fd, struct err *e)
{
	struct tar_record *r = g_new0(struct tar_record, 1);

	r->stage = stage_fd;
	r->replaced = -1;
	r->carry = g_byte_array_new();
	r->out = g_malloc(OUT_SIZE);
	r->zstd = ZSTD_createCCtx();
	r->fd = openat(stage_fd, TAR_RECORD_FILE, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (!r->zstd || r->fd < 0) {
		err_set(e, r->zstd ? errno : ENOMEM, "the record of the tar");
		tar_record_free(r);
		return NULL;
	}
	(void)ZSTD_CCtx_setParameter(r->zstd, ZSTD_c_compressionLevel, LEVEL);
	put(r, TAR_RECORD_MAGIC, strlen(TAR_RECORD_MAGIC));
	return r;
}

/* Everything before position `to` that has been fed: literal, or (content) already elsewhere. */
static void advance(struct tar_record *r, uint64_t to, bool content)
{
	size_t n = to > r->at ? (size_t)MIN(to - r->at, (uint64_t)r->carry->len + r->slot_len) : 0;
	size_t first = MIN(n, r->carry->len), second = n - first;

	if (!content) {
		literal(r, r->carry->data, first);
		literal(r, r->slot, second);
	}
	if (first)
		(void)g_byte_array_remove_range(r->carry, 0, (guint)first);
	if (second) {
		r->slot += second;
		r->slot_len -= second;
	}
	r->at += n;
}

void tar_record_feed(struct tar_record *r, const void *bytes, size_t len)
{
	r->slot = bytes;
	r->slot_len = len;
}

void tar_record_release(struct tar_record *r, uint64_t passed)
{
	advance(r, passed, false);
	if (r->slot_len)
		g_byte_array_append(r->carry, r->slot, (guint)r->slot_len);
	r->slot_len = 0;
}

void tar_record_content(struct tar_record *r, uint64_t position, size_t len, const char *path, uint64_t offset)
{
	if (len == 0)
		return;
	/* What cannot be is told by the digest when the tar is given back; it must only not break this. */
	if (position < r->at || position + len > r->at + r->carry->len + r->slot_len) {
		r->failed = r->failed ? r->failed : -EBADMSG;
		return;
	}
	advance(r, position, false);
	if (r->len == 0 || offset != r->offset + r->len || strcmp(path, r->path) != 0) {
		flush_content(r);
		if (!r->path || strcmp(path, r->path) != 0) {
			g_free(r->path);
			r->path = g_strdup(path);
			r->told = false;
		}
		r->offset = offset;
		r->n_content++;
	}
	r->len += len;
	advance(r, position + len, true);
}

int tar_record_replaced(struct tar_record *r, const char *path)
{
	g_autofree char *line = NULL;
	int w;

	flush_content(r);
	/* The same name again is another file from now on. */
	r->told = false;
	if (r->replaced < 0) {
		if (mkdirat(r->stage, TAR_REPLACED, 0700) < 0)
			return -errno;
		r->replaced = openat(r->stage, TAR_REPLACED "/index", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
		if (r->replaced < 0)
			return -errno;
	}
	line = g_strdup_printf("%llu %u %s", (unsigned long long)r->n_content, r->n_replaced, path);
	w = fd_write_all(r->replaced, line, strlen(line) + 1);
	return w < 0 ? w : (int)r->n_replaced++;
}

int tar_record_finish(struct tar_record *r, struct err *e)
{
	uint8_t tail[1 + 10] = { TAR_END };

	advance(r, UINT64_MAX, false);
	flush_content(r);
	compress_some(r, tail, 1 + number(tail + 1, r->at), ZSTD_e_end);
	return r->failed ? err_set(e, -r->failed, "the record of the tar") : 0;
}

void tar_record_free(struct tar_record *r)
{
	if (!r)
		return;
	fd_close(&r->fd);
	fd_close(&r->replaced);
	(void)ZSTD_freeCCtx(r->zstd);
	g_byte_array_unref(r->carry);
	g_free(r->path);
	g_free(r->out);
	g_free(r);
}
