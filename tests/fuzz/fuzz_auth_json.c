/* fuzz_auth_json.c - credential files; the input is the file. */
#include <stdint.h>
#include <string.h>

#include "net/registry/credential.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const hosts[] = { "docker.io", "localhost:5000", "h" };

	for (size_t i = 0; i < 3; i++) {
		struct auth_answer a = { 0 };
		struct err e = ERR_INIT;

		(void)auth_json_lookup((const char *)data, size, hosts[i], "library/x", &a, &e);
		auth_answer_clear(&a);
	}
	return 0;
}
