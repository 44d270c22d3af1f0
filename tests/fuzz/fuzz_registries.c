/* fuzz_registries.c - registries.conf; the input is the file. */
#include <stdint.h>

#include "net/registry/registries.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "debian", "a/b:1", "docker.io/library/x", "h.example:5000/p/q@sha256:"
		"0000000000000000000000000000000000000000000000000000000000000000" };
	autoregistries *c = registries_new();
	struct err e = ERR_INIT;

	if (registries_add(c, "fuzz", (const char *)data, size, &e) < 0)
		return 0;
	for (size_t i = 0; i < 4; i++) {
		g_autoptr(GPtrArray) list = NULL;
		g_autofree struct endpoint *at = NULL;
		struct reference ref;
		size_t n;

		e = (struct err)ERR_INIT;
		(void)registries_names(c, names[i], &list, &e);
		if (reference_parse(names[i], &ref, &e) == 0)
			(void)registries_endpoints(c, &ref, false, &at, &n, &e);
	}
	return 0;
}
