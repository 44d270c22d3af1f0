/* fuzz_override.c - an attribute that a container's program may have written: what is read is written back the same. */
#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/override.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct override o, again;
	char text[OVERRIDE_TEXT_MAX];
	size_t n;

	if (!override_parse((const char *)data, size, &o) || !(o.mode & 0170000))
		return 0;
	n = override_format(&o, text);
	if (n >= sizeof text || !override_parse(text, n, &again) || memcmp(&o, &again, sizeof o) != 0)
		abort();
	return 0;
}
