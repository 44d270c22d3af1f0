/* fuzz_frames.c - what the net process looks at in frames: each is a direction byte, two of length, the frame. */
#include <stddef.h>
#include <stdint.h>

#include "net/closing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct closing c;

	closing_init(&c);
	while (size >= 3) {
		size_t len = MIN((size_t)(data[1] << 8 | data[2]), size - 3);
		uint8_t *frame = g_memdup2(data + 3, len);

		(data[0] & 1 ? closing_from_guest : closing_from_slirp)(&c, frame, len);
		g_free(frame);
		data += 3 + len;
		size -= 3 + len;
	}
	closing_free(&c);
	return 0;
}
