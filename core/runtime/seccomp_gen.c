/* seccomp_gen.c - run by make: prints the built-in profile, compiled, as C arrays (seccomp_default.inc).
 *
 * One variant for each set of capabilities that is common; the others are compiled when they are needed.
 */
#include <glib.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/runtime/seccomp_table.h"

#define BIT(c) (UINT64_C(1) << (c))

static const struct { uint64_t caps; const char *what; } variants[] = {
	{ BIT(CAP_SYS_CHROOT), "podman's default capabilities" },
	{ BIT(CAP_SYS_CHROOT) | BIT(CAP_AUDIT_WRITE), "docker's default capabilities" },
	{ 0, "--cap-drop all" },
	{ BIT(CAP_SYS_CHROOT) | BIT(CAP_SYS_PTRACE), "--cap-add SYS_PTRACE" },
	{ BIT(CAP_SYS_CHROOT) | BIT(CAP_SYS_ADMIN), "--cap-add SYS_ADMIN" },
	{ UINT64_MAX, "--cap-add all" },
};

static void print_variant(size_t i)
{
	struct seccomp_policy p = SECCOMP_POLICY_INIT;
	g_autofree struct sock_filter *insns = NULL;
	struct err e = ERR_INIT;
	unsigned short n = 0;

	seccomp_table_policy(variants[i].caps, &p);
	if (seccomp_policy_compile(&p, &insns, &n, &e) < 0) {
		fprintf(stderr, "seccomp_gen: %s\n", e.msg);
		exit(1);
	}
	printf("/* %s */\nstatic const struct sock_filter default_%zu[] = {\n", variants[i].what, i);
	for (unsigned short k = 0; k < n; k++)
		printf("\t{ 0x%x, %u, %u, 0x%x },\n", insns[k].code, insns[k].jt, insns[k].jf, insns[k].k);
	printf("};\n");
	seccomp_policy_free(&p);
}

int main(void)
{
	printf("/* Made by seccomp_gen from seccomp_table.c. */\n");
	for (size_t i = 0; i < G_N_ELEMENTS(variants); i++)
		print_variant(i);
	printf("static const struct {\n\tuint64_t key;\n\tconst struct sock_filter *insns;\n\tunsigned short n;\n"
	       "} default_variants[] = {\n");
	for (size_t i = 0; i < G_N_ELEMENTS(variants); i++)
		printf("\t{ UINT64_C(0x%llx), default_%zu, G_N_ELEMENTS(default_%zu) },\n",
		       (unsigned long long)seccomp_table_key(variants[i].caps), i, i);
	printf("};\n");
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
