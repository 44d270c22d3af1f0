/* seccomp_policy.c - see seccomp_policy.h. */
#include "core/runtime/seccomp_policy.h"

#include <errno.h>
#include <glib.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/fd.h"

struct seccomp_rule *seccomp_policy_add(struct seccomp_policy *p, const char *name, uint32_t action)
{
	struct seccomp_rule *r = ARENA_PUSH(&p->arena, p->rules, p->n_rules);

	r->name = name;
	r->number = -1;
	r->action = action;
	return r;
}

void seccomp_policy_free(struct seccomp_policy *p)
{
	arena_free(&p->arena);
	*p = (struct seccomp_policy)SECCOMP_POLICY_INIT;
}

static void filter_release(scmp_filter_ctx *f)
{
	if (*f)
		seccomp_release(*f);
}

static struct scmp_arg_cmp comparison(const struct seccomp_arg *a)
{
	static const enum scmp_compare op[SECCOMP_OP_COUNT] = {
		[SECCOMP_OP_NE] = SCMP_CMP_NE, [SECCOMP_OP_LT] = SCMP_CMP_LT, [SECCOMP_OP_LE] = SCMP_CMP_LE,
		[SECCOMP_OP_EQ] = SCMP_CMP_EQ, [SECCOMP_OP_GE] = SCMP_CMP_GE, [SECCOMP_OP_GT] = SCMP_CMP_GT,
		[SECCOMP_OP_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
	};

	return (struct scmp_arg_cmp){ a->index, op[a->op], a->value, a->value_two };
}

/* libseccomp's actions have the kernel's values. EEXIST: a rule that is already there, or wider. A rule
 * that says what the default says is EACCES to libseccomp and nothing to us. */
static int add_rule(scmp_filter_ctx f, const struct seccomp_rule *r, int number, struct err *e)
{
	struct scmp_arg_cmp args[SECCOMP_ARGS_MAX];
	unsigned seen = 0;
	bool twice = false;
	int rc = 0;

	for (unsigned i = 0; i < r->n_args; i++) {
		args[i] = comparison(&r->args[i]);
		twice |= (seen >> r->args[i].index) & 1;
		seen |= 1U << r->args[i].index;
	}
	/* Two conditions on one argument cannot be joined in one rule; every runtime reads them as "or". */
	if (twice)
		for (unsigned i = 0; i < r->n_args && (rc == 0 || rc == -EEXIST); i++)
			rc = seccomp_rule_add_array(f, r->action, number, 1, &args[i]);
	else
		rc = seccomp_rule_add_array(f, r->action, number, r->n_args, args);
	if (rc < 0 && rc != -EEXIST)
		return err_set(e, -rc, "seccomp rule for %s", r->name);
	return 0;
}

static int add_rules(scmp_filter_ctx f, const struct seccomp_policy *p, struct err *e)
{
	/* Numbers count only for the architecture they are of, and a filter's rules are not given to
	 * architectures that are added later: so these go first. */
	for (size_t i = 0; i < p->n_rules; i++) {
		const struct seccomp_rule *r = &p->rules[i];

		if (r->number >= 0 && r->action != p->default_action &&
		    seccomp_syscall_resolve_name(r->name) == __NR_SCMP_ERROR && add_rule(f, r, r->number, e) < 0)
			return -e->code;
	}
	for (size_t i = 0; i < p->n_archs; i++) {
		int rc = seccomp_arch_add(f, p->archs[i]);

		if (rc < 0 && rc != -EEXIST)
			return err_set(e, -rc, "seccomp architecture 0x%x", p->archs[i]);
	}
	for (size_t i = 0; i < p->n_rules; i++) {
		const struct seccomp_rule *r = &p->rules[i];
		int number = seccomp_syscall_resolve_name(r->name);

		if (number == __NR_SCMP_ERROR || r->action == p->default_action)
			continue;
		if (add_rule(f, r, number, e) < 0)
			return -e->code;
	}
	return 0;
}

static int export(scmp_filter_ctx f, struct sock_filter **ret, unsigned short *ret_n, struct err *e)
{
	autofd fd = memfd_create("seccomp", MFD_CLOEXEC);
	g_autofree char *text = NULL;
	size_t len = 0;
	int rc;

	if (fd < 0)
		return err_set(e, errno, "memfd_create");
	rc = seccomp_export_bpf(f, fd);
	if (rc < 0)
		return err_set(e, -rc, "compile the seccomp filter");
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_set(e, errno, "compile the seccomp filter");
	rc = fd_read_all(fd, 16 * BPF_MAXINSNS * sizeof(struct sock_filter), &text, &len);
	if (rc < 0)
		return err_set(e, -rc, "compile the seccomp filter");
	if (len / sizeof **ret > BPF_MAXINSNS)
		return err_msg(e, E2BIG, "the seccomp filter has %zu instructions, the kernel takes %d",
			       len / sizeof **ret, BPF_MAXINSNS);
	*ret = (struct sock_filter *)(void *)g_steal_pointer(&text);
	*ret_n = (unsigned short)(len / sizeof **ret);
	return 0;
}

int seccomp_policy_compile(const struct seccomp_policy *p, struct sock_filter **ret, unsigned short *ret_n,
			   struct err *e)
{
	__attribute__((cleanup(filter_release))) scmp_filter_ctx f = seccomp_init(p->default_action);

	if (!f)
		return err_msg(e, EINVAL, "libseccomp refuses the default action 0x%x", p->default_action);
	/* A call of an architecture that is not listed is answered as an unlisted call is. */
	(void)seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, p->default_action);
	/* A binary tree over the numbers instead of a list: fewer instructions on every call. */
	(void)seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (add_rules(f, p, e) < 0)
		return -e->code;
	return export(f, ret, ret_n, e);
}
