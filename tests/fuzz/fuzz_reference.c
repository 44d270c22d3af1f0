/* fuzz_reference.c - image names; what is accepted must be accepted again in its full form. */
#include <glib.h>
#include <stdint.h>

#include "core/oci/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autofree char *name = NULL, *again = NULL;
	struct reference r, full;
	struct err e = ERR_INIT;

	if (reference_parse(text, &r, &e) < 0)
		return 0;
	name = reference_name(&r);
	if (reference_parse(name, &full, &e) < 0)
		g_error("%s: %s", name, e.msg);
	again = reference_name(&full);
	g_assert_cmpstr(name, ==, again);
	(void)reference_parse_local(text, &r, &e);
	return 0;
}
