/* cgroup_limits.c - limits of a spec as files of a cgroup. See cgroup.h and the kernel's cgroup-v2.rst. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/runtime/cgroup.h"
#include "core/runtime/cgroup_dir.h"

#define CPU_PERIOD_DEFAULT 100000

bool cgroup_has_limits(const struct rspec_resources *r)
{
	return r && (r->has_memory_limit || r->has_memory_swap || r->has_memory_reservation || r->has_pids_limit ||
		     r->has_cpu_shares || r->has_cpu_quota || r->has_cpu_period || r->cpuset_cpus || r->cpuset_mems ||
		     r->n_unified > 0);
}

/* A key of `unified` becomes a file name: "memory.high". Those of the core ("cgroup.max.depth") need no controller. */
static int needed_by_key(const char *key, unsigned *mask, struct err *e)
{
	const char *dot = strchr(key, '.');
	int c;

	if (!dot || strchr(key, '/'))
		return err_msg(e, EINVAL, "cgroup setting %s: not the name of a cgroup file such as memory.high", key);
	if (strncmp(key, "cgroup.", 7) == 0)
		return 0;
	c = cgroup_controller_parse(key, (size_t)(dot - key));
	if (c < 0)
		return err_msg(e, EINVAL, "cgroup setting %s: unknown controller", key);
	*mask |= 1U << c;
	return 0;
}

int cgroup_controllers_needed(const struct rspec_resources *r, unsigned *ret, struct err *e)
{
	unsigned mask = 0;

	*ret = 0;
	if (!r)
		return 0;
	if (r->has_memory_limit || r->has_memory_swap || r->has_memory_reservation)
		mask |= 1U << CGROUP_MEMORY;
	if (r->has_pids_limit)
		mask |= 1U << CGROUP_PIDS;
	if (r->has_cpu_shares || r->has_cpu_quota || r->has_cpu_period)
		mask |= 1U << CGROUP_CPU;
	if (r->cpuset_cpus || r->cpuset_mems)
		mask |= 1U << CGROUP_CPUSET;
	for (size_t i = 0; i < r->n_unified; i++)
		if (needed_by_key(r->unified[i].key, &mask, e) < 0)
			return -e->code;
	*ret = mask;
	return 0;
}

static int put(int dirfd, const char *file, const char *value, struct err *e)
{
	int r = file_poke(dirfd, file, value);

	return r < 0 ? err_set(e, -r, "cgroup: write %s to %s", value, file) : 0;
}

/* Files with a line for each device take one at a time. */
static int put_lines(int dirfd, const char *file, const char *value, struct err *e)
{
	g_auto(GStrv) lines = g_strsplit(value, "\n", -1);

	for (char **l = lines; *l; l++)
		if ((**l || !lines[1]) && put(dirfd, file, *l, e) < 0)
			return -e->code;
	return 0;
}

/* A number, or "max" for a negative one. */
static int put_number(int dirfd, const char *file, int64_t v, struct err *e)
{
	char text[32] = "max";

	if (v >= 0)
		snprintf(text, sizeof text, "%" PRId64, v);
	return put(dirfd, file, text, e);
}

/* OCI (and podman) count memory and swap together; the kernel counts swap alone. */
static int put_swap(int dirfd, const struct rspec_resources *r, struct err *e)
{
	int64_t swap = -1;

	if (r->memory_swap >= 0) {
		if (!r->has_memory_limit || r->memory_limit < 0)
			return err_msg(e, EINVAL, "a limit of memory and swap needs a limit of memory");
		if (r->memory_swap < r->memory_limit)
			return err_msg(e, EINVAL, "the limit of memory and swap is smaller than that of memory");
		swap = r->memory_swap - r->memory_limit;
	}
	if (!path_exists_at(dirfd, "memory.swap.max")) {
		log_warn("ignoring the limit of swap: this kernel does not account for swap");
		return 0;
	}
	return put_number(dirfd, "memory.swap.max", swap, e);
}

static int put_memory(int dirfd, const struct rspec_resources *r, struct err *e)
{
	if (r->has_memory_limit && put_number(dirfd, "memory.max", r->memory_limit, e) < 0)
		return -e->code;
	if (r->has_memory_swap && put_swap(dirfd, r, e) < 0)
		return -e->code;
	if (r->has_memory_reservation && put_number(dirfd, "memory.low", r->memory_reservation, e) < 0)
		return -e->code;
	return 0;
}

static int put_cpu(int dirfd, const struct rspec_resources *r, struct err *e)
{
	char text[64];

	if (r->has_cpu_quota || r->has_cpu_period) {
		uint64_t period = r->has_cpu_period && r->cpu_period ? r->cpu_period : CPU_PERIOD_DEFAULT;

		if (r->has_cpu_quota && r->cpu_quota > 0)
			snprintf(text, sizeof text, "%" PRId64 " %" PRIu64, r->cpu_quota, period);
		else
			snprintf(text, sizeof text, "max %" PRIu64, period);
		if (put(dirfd, "cpu.max", text, e) < 0)
			return -e->code;
	}
	if (r->has_cpu_shares && r->cpu_shares) {
		/* Shares are 2 to 262144, weights 1 to 10000: the scale that all runtimes use. */
		uint64_t shares = CLAMP(r->cpu_shares, 2, 262144);

		if (put_number(dirfd, "cpu.weight", (int64_t)(1 + (shares - 2) * 9999 / 262142), e) < 0)
			return -e->code;
	}
	if (r->cpuset_cpus && put(dirfd, "cpuset.cpus", r->cpuset_cpus, e) < 0)
		return -e->code;
	if (r->cpuset_mems && put(dirfd, "cpuset.mems", r->cpuset_mems, e) < 0)
		return -e->code;
	return 0;
}

int cgroup_apply(const char *path, const struct rspec_resources *r, struct err *e)
{
	autofd dirfd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	unsigned needed, have;

	if (dirfd < 0)
		return err_set(e, errno, "cgroup %s", path);
	if (cgroup_controllers_needed(r, &needed, e) < 0)
		return -e->code;
	have = cgroup_controllers(path, "cgroup.controllers");
	for (int c = 0; c < CGROUP_CONTROLLER_COUNT; c++)
		if ((needed & ~have) >> c & 1)
			return err_msg(e, EOPNOTSUPP, "cgroup %s has no %s controller", path,
				       cgroup_controller_name((enum cgroup_controller)c));
	if (put_memory(dirfd, r, e) < 0 || put_cpu(dirfd, r, e) < 0)
		return -e->code;
	if (r->has_pids_limit && put_number(dirfd, "pids.max", r->pids_limit > 0 ? r->pids_limit : -1, e) < 0)
		return -e->code;
	for (size_t i = 0; i < r->n_unified; i++)
		if (put_lines(dirfd, r->unified[i].key, r->unified[i].value, e) < 0)
			return -e->code;
	return 0;
}
