/* fuzz_www_authenticate.c - challenges of a registry; the input is one header's value. */
#include <stdint.h>

#include "net/registry/challenge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct challenges c = { 0 };

	(void)challenges_add(&c, (const char *)data, size);
	(void)challenges_add(&c, (const char *)data, size);
	(void)challenges_choose(&c);
	challenges_clear(&c);
	return 0;
}
