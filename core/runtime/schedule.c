/* schedule.c - see schedule.h. */
#include "core/runtime/schedule.h"

#include <errno.h>
#include <glib.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct named { const char *name; unsigned value; };

static const struct named policies[] = {
	{ "SCHED_OTHER", 0 }, { "SCHED_FIFO", 1 }, { "SCHED_RR", 2 }, { "SCHED_BATCH", 3 }, { "SCHED_ISO", 4 },
	{ "SCHED_IDLE", 5 }, { "SCHED_DEADLINE", 6 },
};
static const struct named flags[] = {
	{ "SCHED_FLAG_RESET_ON_FORK", 0x01 }, { "SCHED_FLAG_RECLAIM", 0x02 }, { "SCHED_FLAG_DL_OVERRUN", 0x04 },
	{ "SCHED_FLAG_KEEP_POLICY", 0x08 }, { "SCHED_FLAG_KEEP_PARAMS", 0x10 },
	{ "SCHED_FLAG_UTIL_CLAMP_MIN", 0x20 }, { "SCHED_FLAG_UTIL_CLAMP_MAX", 0x40 },
};
static const struct named classes[] = {
	{ "IOPRIO_CLASS_RT", IOPRIO_CLASS_RT }, { "IOPRIO_CLASS_BE", IOPRIO_CLASS_BE },
	{ "IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE },
};

/* The reader has checked the names. */
static unsigned value_of(const struct named *table, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(table[i].name, name))
			return table[i].value;
	return 0;
}

/* sched_attr of the kernel's uapi, which glibc has not. */
struct attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

static int set_scheduler(const struct rspec_scheduler *s, struct err *e)
{
	struct attr a = { .size = sizeof a, .nice = s->nice, .priority = (uint32_t)s->priority,
			  .runtime = s->runtime, .deadline = s->deadline, .period = s->period };

	a.policy = value_of(policies, G_N_ELEMENTS(policies), s->policy);
	for (char **f = s->flags; f && *f; f++)
		a.flags |= value_of(flags, G_N_ELEMENTS(flags), *f);
	return syscall(SYS_sched_setattr, 0, &a, 0) < 0 ? err_set(e, errno, "process.scheduler %s", s->policy) : 0;
}

int schedule_set(const struct rspec_process *p, struct err *e)
{
	unsigned class;

	if (p->scheduler.policy && set_scheduler(&p->scheduler, e) < 0)
		return -e->code;
	if (!p->io_class)
		return 0;
	class = value_of(classes, G_N_ELEMENTS(classes), p->io_class);
	if (syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(class, p->io_priority)) < 0)
		return err_set(e, errno, "process.ioPriority %s", p->io_class);
	return 0;
}

void schedule_all_cpus(void)
{
	cpu_set_t set;

	memset(&set, 0xff, sizeof set);
	(void)sched_setaffinity(0, sizeof set, &set);
}

int schedule_cpus(const char *list, struct err *e)
{
	cpu_set_t set;
	const char *s = list;

	if (!list || !*list)
		return 0;
	CPU_ZERO(&set);
	while (*s) {
		char *end;
		unsigned long from = strtoul(s, &end, 10), to = from;

		if (end != s && *end == '-') {
			s = end + 1;
			to = strtoul(s, &end, 10);
		}
		if (end == s || (*end && *end != ',') || to < from || to >= CPU_SETSIZE)
			return err_msg(e, EINVAL, "processors '%s': not a list such as 0-3,7", list);
		for (; from <= to; from++)
			CPU_SET(from, &set);
		s = *end ? end + 1 : end;
	}
	return sched_setaffinity(0, sizeof set, &set) < 0 ? err_set(e, errno, "processors %s", list) : 0;
}
