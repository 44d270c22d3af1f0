/* fuzz_inflate.c - compressed layers: the same bytes come out whatever the pieces, and the same as zlib's. */
#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "storage/inflate.h"

#define OUT_MAX (4u << 20)      /* a bomb is not waited for */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As unpack.c does it. 1: complete; 0: cut off; -1: corrupt, or more than OUT_MAX. */
static int inflate_all(const uint8_t *data, size_t size, size_t piece, size_t room, GByteArray *ret)
{
	struct inflate *z = inflate_new();
	g_autofree uint8_t *out = g_malloc(room);
	struct err e = ERR_INIT;
	bool last = false;
	int result = -1;

	while (!last) {
		size_t n = MIN(piece, size), len = n, got;

		last = n == 0;
		do {
			size_t before = len;

			if (inflate_step(z, &data, &len, out, room, &got, &e) < 0 || ret->len > OUT_MAX)
				goto out;
			/* It would be called for ever. */
			if (len > 0 && len == before && got == 0)
				abort();
			g_byte_array_append(ret, out, (guint)got);
		} while (len > 0 || got == room || (last && got > 0));
		size -= n;
	}
	result = inflate_complete(z);
out:
	inflate_free(z);
	return result;
}

/* All members with zlib; false when it finds a fault. */
static bool zlib_all(const uint8_t *data, size_t size, GByteArray *ret)
{
	uint8_t out[65536];
	z_stream z = { .next_in = (uint8_t *)data, .avail_in = (uInt)size };
	int r = inflateInit2(&z, 15 + 16);

	while (r == Z_OK || (r == Z_STREAM_END && z.avail_in > 0)) {
		if (r == Z_STREAM_END)
			(void)inflateReset(&z);
		z.next_out = out;
		z.avail_out = sizeof out;
		r = inflate(&z, Z_NO_FLUSH);
		g_byte_array_append(ret, out, (guint)(sizeof out - z.avail_out));
		if (ret->len > OUT_MAX)
			r = Z_DATA_ERROR;
	}
	(void)inflateEnd(&z);
	return r == Z_STREAM_END;
}

static bool same(const GByteArray *a, const GByteArray *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GByteArray) whole = g_byte_array_new(), pieces = g_byte_array_new(), reference = g_byte_array_new();
	size_t piece = size ? 1 + data[size - 1] % 97 : 1;
	int a = inflate_all(data, size, size ? size : 1, 128 * 1024, whole);
	int b = inflate_all(data, size, piece, 1 + piece * 31, pieces);

	if (a >= 0 && b >= 0 && (a != b || !same(whole, pieces)))
		abort();
	if (size > 2 && data[0] == 0x1f && data[1] == 0x8b && a == 1 && zlib_all(data, size, reference) &&
	    !same(whole, reference))
		abort();
	return 0;
}
