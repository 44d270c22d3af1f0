/* seccomp_policy.h - a system call policy as rules, and compiling it to BPF with libseccomp.
 *
 * Both sources of a filter, the built-in table and a user's document, become this. Only seccomp_policy.c knows
 * how libseccomp wants to be asked. See seccomp_rule_add(3).
 */
#ifndef CORACLE_RUNTIME_SECCOMP_POLICY_H
#define CORACLE_RUNTIME_SECCOMP_POLICY_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/err.h"

#define SECCOMP_ARGS_MAX 6
#define SECCOMP_ARCHS_MAX 16

enum seccomp_op { SECCOMP_OP_NE, SECCOMP_OP_LT, SECCOMP_OP_LE, SECCOMP_OP_EQ, SECCOMP_OP_GE, SECCOMP_OP_GT,
	SECCOMP_OP_MASKED_EQ, SECCOMP_OP_COUNT };

struct seccomp_arg {
	unsigned index;
	enum seccomp_op op;
	uint64_t value, value_two;      /* MASKED_EQ: (arg & value) == value_two */
};

struct seccomp_rule {
	const char *name;
	int number;             /* on the native architecture, for calls that libseccomp may not know yet; -1 */
	uint32_t action;        /* SECCOMP_RET_* with its data */
	unsigned n_args;        /* all must match */
	struct seccomp_arg args[SECCOMP_ARGS_MAX];
};

struct seccomp_policy {
	struct arena arena;
	uint32_t default_action;
	uint32_t archs[SECCOMP_ARCHS_MAX];      /* libseccomp's tokens, besides the native one */
	size_t n_archs;
	unsigned flags;                         /* SECCOMP_FILTER_FLAG_* */
	struct seccomp_rule *rules;
	size_t n_rules;
};

#define SECCOMP_POLICY_INIT { .arena = ARENA_INIT }

/* Add a rule without arguments; change the returned one before the next is added. */
struct seccomp_rule *seccomp_policy_add(struct seccomp_policy *p, const char *name, uint32_t action);

/* Compile. Names that no architecture knows are skipped, as every runtime does. *ret is g_malloc'd.
 * 0 or -errno. */
int seccomp_policy_compile(const struct seccomp_policy *p, struct sock_filter **ret, unsigned short *ret_n,
			   struct err *e);

void seccomp_policy_free(struct seccomp_policy *p);

#endif
