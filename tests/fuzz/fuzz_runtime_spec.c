/* fuzz_runtime_spec.c - config.json of a bundle, to our struct and back to JSON; and process objects of exec. */
#include <glib.h>
#include <stdint.h>
#include <string.h>

#include "core/oci/runtime_spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rspec *s = NULL, *again = NULL;
	struct err e = ERR_INIT;

	if (rspec_parse((const char *)data, size, &s, &e) == 0) {
		g_autofree char *text = rspec_to_text(s);

		rspec_free(s);
		/* What we write, we read. */
		if (rspec_parse(text, strlen(text), &again, &e) < 0)
			g_error("%s: %s", e.msg, text);
		rspec_free(again);
	}
	s = NULL;
	if (rspec_parse_process((const char *)data, size, &s, &e) == 0)
		rspec_free(s);
	s = NULL;
	if (rspec_parse_resources((const char *)data, size, &s, &e) == 0)
		rspec_free(s);
	return 0;
}
