/* memory_policy.c - see memory_policy.h. */
#include "core/runtime/memory_policy.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MPOL_PREFERRED_MANY
#define MPOL_PREFERRED_MANY 5
#endif
#define WEIGHTED_INTERLEAVE 6   /* of Linux 6.9 */
#define NODES_MAX 1024
#define BITS (8 * sizeof(unsigned long))

/* The reader has checked the words. */
static const struct named { const char *name; int value; } modes[] = {
	{ "MPOL_DEFAULT", MPOL_DEFAULT }, { "MPOL_BIND", MPOL_BIND }, { "MPOL_INTERLEAVE", MPOL_INTERLEAVE },
	{ "MPOL_WEIGHTED_INTERLEAVE", WEIGHTED_INTERLEAVE }, { "MPOL_PREFERRED", MPOL_PREFERRED },
	{ "MPOL_PREFERRED_MANY", MPOL_PREFERRED_MANY }, { "MPOL_LOCAL", MPOL_LOCAL }, { NULL, 0 },
};
static const struct named flags[] = {
	{ "MPOL_F_NUMA_BALANCING", 1 << 13 }, { "MPOL_F_RELATIVE_NODES", MPOL_F_RELATIVE_NODES },
	{ "MPOL_F_STATIC_NODES", MPOL_F_STATIC_NODES }, { NULL, 0 },
};

static int value_of(const struct named *n, const char *name)
{
	for (; n->name; n++)
		if (!strcmp(n->name, name))
			return n->value;
	return 0;
}

/* "0-3,7" to bits. */
static int parse_nodes(const char *list, unsigned long *mask, struct err *e)
{
	for (const char *s = list; s && *s;) {
		char *end;
		unsigned long from = strtoul(s, &end, 10), to = from;

		if (end != s && *end == '-') {
			s = end + 1;
			to = strtoul(s, &end, 10);
		}
		if (end == s || (*end && *end != ',') || to < from || to >= NODES_MAX)
			return err_msg(e, EINVAL, "linux.memoryPolicy.nodes: invalid memory policy nodes, not a list such as "
				       "0-3,7: \"%s\"", list);
		for (; from <= to; from++)
			mask[from / BITS] |= 1UL << (from % BITS);
		s = *end ? end + 1 : end;
	}
	return 0;
}

int memory_policy_set(const struct rspec_memory_policy *p, struct err *e)
{
	unsigned long mask[NODES_MAX / BITS] = { 0 };
	bool nodes = p->nodes && *p->nodes;
	int mode;

	if (!p->mode)
		return 0;
	mode = value_of(modes, p->mode);
	for (char **f = p->flags; f && *f; f++)
		mode |= value_of(flags, *f);
	if (parse_nodes(p->nodes, mask, e) < 0)
		return -e->code;
	if (syscall(SYS_set_mempolicy, mode, nodes ? mask : NULL, nodes ? NODES_MAX : 0) < 0)
		return err_set(e, errno, "linux.memoryPolicy %s: set_mempolicy", p->mode);
	return 0;
}
