/* fuzz_policy.c - policy.json and signature payloads; the input is both. */
#include <stdint.h>

#include "net/registry/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "debian", "a.b.example:5000/p/q:1" };
	struct policy *p = NULL;
	struct err e = ERR_INIT;
	struct reference ref;

	for (size_t i = 0; i < 2; i++) {
		e = (struct err)ERR_INIT;
		if (reference_parse(names[i], &ref, &e) == 0)
			(void)policy_check_payload((const char *)data, size, "matchRepository", NULL, &ref, "sha256:0", &e);
	}
	e = (struct err)ERR_INIT;
	if (policy_parse("fuzz", (const char *)data, size, &p, &e) < 0)
		return 0;
	for (size_t i = 0; i < 2; i++)
		if (reference_parse(names[i], &ref, &e) == 0)
			(void)policy_check_name(p, &ref, &e);
	policy_free(p);
	return 0;
}
