/* fuzz_location.c - names of places of images; what is accepted names something. */
#include <glib.h>
#include <stdint.h>

#include "core/oci/location.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	struct location l;
	struct err e = ERR_INIT;

	if (location_parse(text, &l, &e) < 0)
		return 0;
	g_assert_true(location_has_transport(text));
	g_assert_true(l.path ? *l.path != '\0' : l.ref && *l.ref);
	location_clear(&l);
	return 0;
}
