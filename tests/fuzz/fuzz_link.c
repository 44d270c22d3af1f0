/* fuzz_link.c - Link headers; the input is the value. */
#include <glib.h>
#include <stdint.h>

#include "net/registry/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *value = g_strndup((const char *)data, size);
	g_autofree char *target = link_next(value);

	return 0;
}
