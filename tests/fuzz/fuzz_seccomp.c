/* fuzz_seccomp.c - profiles of users: parsing any bytes, and compiling what parses. */
#include <glib.h>
#include <stdint.h>

#include "core/runtime/seccomp_document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seccomp_policy p = SECCOMP_POLICY_INIT;
	g_autofree struct sock_filter *insns = NULL;
	g_autofree char *text = NULL;
	struct err e = ERR_INIT;
	unsigned short n;

	if (seccomp_document_parse((const char *)data, size, UINT64_C(0x5555555555), &p, &e) == 0 && p.n_rules < 200) {
		(void)seccomp_policy_compile(&p, &insns, &n, &e);
		text = seccomp_document_print(&p);
	}
	seccomp_policy_free(&p);
	return 0;
}
