/* oci_update.c - coracle oci update: the limits of a container. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/oci.h"
#include "cmd/oci_commands.h"
#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/runtime/cgroup.h"

#define RESOURCES_MAX (16 * 1024 * 1024)

struct update_options {
	bool unused;
	char *resources, *memory, *memory_reservation, *memory_swap, *cpu_period, *cpu_quota, *cpu_share, *cpu_burst,
		*cpu_idle, *cpu_rt_period, *cpu_rt_runtime, *cpuset_cpus, *cpuset_mems, *pids_limit, *blkio_weight;
};

#define AT(member) offsetof(struct update_options, member)
#define NUMBER(name, member, help) \
	{ name, 0, OPT_STRING, AT(member), "number", help, NULL, COMPLETE_NONE, 0, NULL }

static const struct opt options[] = {
	{ "resources", 'r', OPT_STRING, AT(resources), "file", "Read a linux.resources object from this file (- is "
	  "standard input)", NULL, COMPLETE_FILE, 0, NULL },
	NUMBER("memory", memory, "Limit of memory in bytes"),
	NUMBER("memory-reservation", memory_reservation, "Memory in bytes that is kept for it"),
	NUMBER("memory-swap", memory_swap, "Limit of memory and swap in bytes; -1: none"),
	NUMBER("cpu-period", cpu_period, "Period of the CPU quota in microseconds"),
	NUMBER("cpu-quota", cpu_quota, "CPU time in each period in microseconds"),
	{ "cpu-share", 0, OPT_STRING, AT(cpu_share), "number", "Share of CPU time", NULL, COMPLETE_NONE, 0, "cpu-shares" },
	NUMBER("cpu-burst", cpu_burst, "CPU time beyond the quota in microseconds"),
	NUMBER("cpu-idle", cpu_idle, "1: run only when nobody else wants the CPU"),
	NUMBER("cpu-rt-period", cpu_rt_period, "Period of real-time CPU time in microseconds"),
	NUMBER("cpu-rt-runtime", cpu_rt_runtime, "Real-time CPU time in each period in microseconds"),
	{ "cpuset-cpus", 0, OPT_STRING, AT(cpuset_cpus), "list", "Processors to run on", NULL, COMPLETE_NONE, 0, NULL },
	{ "cpuset-mems", 0, OPT_STRING, AT(cpuset_mems), "list", "Memory nodes to use", NULL, COMPLETE_NONE, 0, NULL },
	NUMBER("pids-limit", pids_limit, "Limit of processes; -1: none"),
	NUMBER("blkio-weight", blkio_weight, "Weight of block i/o, 10 to 1000"),
	OPT_END
};

static int signed_number(const char *option, const char *text, bool *has, int64_t *ret, struct err *e)
{
	if (!text)
		return 0;
	*has = true;
	if (text_size(text, ret) || text_int(text, -1, INT64_MAX, ret))
		return 0;
	return err_msg(e, EINVAL, "--%s %s: not a number", option, text);
}

static int plain_number(const char *option, const char *text, bool *has, uint64_t *ret, struct err *e)
{
	int64_t n = 0;

	if (!text)
		return 0;
	*has = true;
	if (!text_int(text, 0, INT64_MAX, &n))
		return err_msg(e, EINVAL, "--%s %s: not a number", option, text);
	*ret = (uint64_t)n;
	return 0;
}

static int from_options(const struct update_options *o, struct rspec *s, struct err *e)
{
	struct rspec_resources *r = &s->resources;
	bool has_weight = false;
	uint64_t weight = 0;

	if (signed_number("memory", o->memory, &r->has_memory_limit, &r->memory_limit, e) < 0 ||
	    signed_number("memory-reservation", o->memory_reservation, &r->has_memory_reservation,
			  &r->memory_reservation, e) < 0 ||
	    signed_number("memory-swap", o->memory_swap, &r->has_memory_swap, &r->memory_swap, e) < 0 ||
	    signed_number("pids-limit", o->pids_limit, &r->has_pids_limit, &r->pids_limit, e) < 0 ||
	    signed_number("cpu-quota", o->cpu_quota, &r->has_cpu_quota, &r->cpu_quota, e) < 0 ||
	    signed_number("cpu-rt-runtime", o->cpu_rt_runtime, &r->has_cpu_rt_runtime, &r->cpu_rt_runtime, e) < 0 ||
	    signed_number("cpu-idle", o->cpu_idle, &r->has_cpu_idle, &r->cpu_idle, e) < 0)
		return -e->code;
	if (plain_number("cpu-period", o->cpu_period, &r->has_cpu_period, &r->cpu_period, e) < 0 ||
	    plain_number("cpu-share", o->cpu_share, &r->has_cpu_shares, &r->cpu_shares, e) < 0 ||
	    plain_number("cpu-burst", o->cpu_burst, &r->has_cpu_burst, &r->cpu_burst, e) < 0 ||
	    plain_number("cpu-rt-period", o->cpu_rt_period, &r->has_cpu_rt_period, &r->cpu_rt_period, e) < 0 ||
	    plain_number("blkio-weight", o->blkio_weight, &has_weight, &weight, e) < 0)
		return -e->code;
	if (o->cpuset_cpus)
		r->cpuset_cpus = arena_strdup(&s->arena, o->cpuset_cpus);
	if (o->cpuset_mems)
		r->cpuset_mems = arena_strdup(&s->arena, o->cpuset_mems);
	if (has_weight) {
		struct rspec_io_limit *l = ARENA_PUSH(&s->arena, r->io, r->n_io);

		*l = (struct rspec_io_limit){ arena_strdup(&s->arena, "weight"), NULL, weight };
	}
	return 0;
}

static int read_resources(const char *file, struct rspec **ret, struct err *e)
{
	g_autofree char *text = NULL;
	size_t len;
	int r;

	if (strcmp(file, "-") != 0)
		r = file_read(AT_FDCWD, file, RESOURCES_MAX, &text, &len, e);
	else {
		r = fd_read_all(STDIN_FILENO, RESOURCES_MAX, &text, &len);
		if (r < 0)
			err_set(e, -r, "standard input");
	}
	return r < 0 ? r : rspec_parse_resources(text, len, ret, e);
}

static int update(const char *id, const struct update_options *o, struct err *e)
{
	autobundle c = BUNDLE_CONTAINER_INIT;
	autorspec *s = NULL;

	if (oci_open(id, true, &c, e) < 0)
		return -e->code;
	if (bundle_status(&c) == BUNDLE_STOPPED)
		return err_msg(e, ESRCH, "container '%s' is not running", id);
	if (o->resources && read_resources(o->resources, &s, e) < 0)
		return -e->code;
	if (!s)
		s = rspec_new();
	if (from_options(o, s, e) < 0 || oci_need_cgroup(&c, e) < 0)
		return -e->code;
	return cgroup_oci_apply(c.state.cgroups, &s->resources, e);
}

static int run_update(struct context *ctx, void *values, int argc, char **argv)
{
	struct err e = ERR_INIT;

	(void)ctx;
	(void)argc;
	return update(argv[0], values, &e) < 0 ? oci_fail(&e) : 0;
}

const struct command command_oci_update = {
	.name = "oci update", .summary = "Change the limits of a container", .usage = "[options] ID",
	.opts = options, .values_size = sizeof(struct update_options), .run = run_update, .min_args = 1, .max_args = 1,
};
