/* fuzz_config.c - image configs. */
#include <stdint.h>

#include "core/oci/image_spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image_config c;
	struct err e = ERR_INIT;

	if (image_config_parse((const char *)data, size, &c, &e) == 0)
		arena_free(&c.arena);
	return 0;
}
