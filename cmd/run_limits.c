/* run_limits.c - resource limits: of the process (ulimit), of the control group, and sysctls. */
#include <errno.h>
#include <glib.h>
#include <math.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cmd/run_spec.h"
#include "core/base/text.h"
#include "core/runtime/cgroup.h"

static const struct { const char *name; int resource; } ulimits[] = {
	{ "as", RLIMIT_AS }, { "core", RLIMIT_CORE }, { "cpu", RLIMIT_CPU }, { "data", RLIMIT_DATA },
	{ "fsize", RLIMIT_FSIZE }, { "locks", RLIMIT_LOCKS }, { "memlock", RLIMIT_MEMLOCK },
	{ "msgqueue", RLIMIT_MSGQUEUE }, { "nice", RLIMIT_NICE }, { "nofile", RLIMIT_NOFILE },
	{ "nproc", RLIMIT_NPROC }, { "rss", RLIMIT_RSS }, { "rtprio", RLIMIT_RTPRIO },
	{ "rttime", RLIMIT_RTTIME }, { "sigpending", RLIMIT_SIGPENDING }, { "stack", RLIMIT_STACK },
};

static struct rspec_rlimit *rlimit_slot(struct rspec *s, const char *name)
{
	g_autofree char *upper = g_ascii_strup(name, -1);
	char *type = arena_printf(&s->arena, "RLIMIT_%s", upper);
	struct rspec_process *p = &s->process;
	struct rspec_rlimit *slot;

	for (size_t i = 0; i < p->n_rlimits; i++)
		if (!strcmp(p->rlimits[i].type, type))
			return &p->rlimits[i];
	slot = ARENA_PUSH(&s->arena, p->rlimits, p->n_rlimits);
	slot->type = type;
	return slot;
}

static bool limit_value(const char *s, uint64_t *ret)
{
	int64_t v;

	if (!text_int(s, -1, INT64_MAX, &v))
		return false;
	*ret = v < 0 ? RLIM_INFINITY : (uint64_t)v;
	return true;
}

int run_ulimit_parse(struct rspec *s, const char *text, struct err *e)
{
	g_auto(GStrv) parts = g_strsplit(text, "=", 2);
	g_auto(GStrv) values = g_strsplit(parts[0] && parts[1] ? parts[1] : "", ":", 2);
	struct rspec_rlimit *slot;
	uint64_t soft, hard;
	unsigned i = 0;

	if (!values[0] || !limit_value(values[0], &soft) || !limit_value(values[1] ? values[1] : values[0], &hard))
		return err_msg(e, EINVAL, "--ulimit %s: name=soft[:hard] with numbers (-1: unlimited) is needed", text);
	while (i < G_N_ELEMENTS(ulimits) && strcmp(ulimits[i].name, parts[0]) != 0)
		i++;
	if (i == G_N_ELEMENTS(ulimits))
		return err_msg(e, EINVAL, "--ulimit %s: invalid ulimit type: %s", text, parts[0]);
	if (soft > hard)
		return err_msg(e, EINVAL, "--ulimit %s: the soft limit must be less than or equal to the hard limit",
			       text);
	slot = rlimit_slot(s, parts[0]);
	slot->soft = soft;
	slot->hard = hard;
	return 0;
}

/* As podman: programs in containers get all descriptors and processes that the user may have. */
static void default_limit(struct rspec *s, const char *name, int resource)
{
	struct rlimit rl;
	struct rspec_rlimit *slot;

	if (getrlimit((__rlimit_resource_t)resource, &rl) < 0 || rl.rlim_cur == rl.rlim_max)
		return;
	slot = rlimit_slot(s, name);
	slot->soft = slot->hard = rl.rlim_max;
}

static int make_ulimits(struct run_plan *p, struct err *e)
{
	char **u = p->o->ulimit;

	if (u && g_strv_contains((const char *const *)u, "host")) {
		if (u[1])
			return err_msg(e, EINVAL, "--ulimit host cannot be combined with other limits");
		return 0;
	}
	default_limit(p->spec, "nofile", RLIMIT_NOFILE);
	default_limit(p->spec, "nproc", RLIMIT_NPROC);
	for (; u && *u; u++)
		if (run_ulimit_parse(p->spec, *u, e) < 0)
			return -e->code;
	return 0;
}

static int make_memory(const struct run_options *o, struct rspec_resources *r, struct err *e)
{
	int64_t swap;

	if (o->memory < 0 || o->memory_reservation < 0)
		return err_msg(e, EINVAL, "--memory and --memory-reservation cannot be negative");
	r->has_memory_limit = o->memory > 0;
	r->memory_limit = o->memory;
	r->has_memory_reservation = o->memory_reservation > 0;
	r->memory_reservation = o->memory_reservation;
	if (r->has_memory_limit && r->has_memory_reservation && o->memory < o->memory_reservation)
		return err_msg(e, EINVAL, "minimum memory limit cannot be less than memory reservation limit");
	if (!o->memory_swap) {
		/* As podman and docker: twice the memory, swap included. */
		r->has_memory_swap = r->has_memory_limit && o->memory < INT64_MAX / 2;
		r->memory_swap = r->has_memory_swap ? 2 * o->memory : 0;
		return 0;
	}
	if (!strcmp(o->memory_swap, "-1"))
		swap = -1;
	else if (!text_size(o->memory_swap, &swap))
		return err_msg(e, EINVAL, "--memory-swap %s: bytes or -1 are needed", o->memory_swap);
	if (!r->has_memory_limit)
		return err_msg(e, EINVAL, "--memory-swap needs --memory");
	if (swap >= 0 && swap < o->memory)
		return err_msg(e, EINVAL, "--memory-swap must not be less than --memory");
	r->has_memory_swap = true;
	r->memory_swap = swap;
	return 0;
}

static int make_cpu(const struct run_options *o, struct rspec *s, struct err *e)
{
	struct rspec_resources *r = &s->resources;
	char *end;
	double cpus;

	if (o->cpu_shares < 0 || o->cpu_period < 0 || o->cpu_quota < -1)
		return err_msg(e, EINVAL, "--cpu-shares, --cpu-period and --cpu-quota cannot be negative");
	r->has_cpu_shares = o->cpu_shares > 0;
	r->cpu_shares = (uint64_t)o->cpu_shares;
	r->has_cpu_period = o->cpu_period > 0;
	r->cpu_period = (uint64_t)o->cpu_period;
	r->has_cpu_quota = o->cpu_quota != 0;
	r->cpu_quota = o->cpu_quota;
	r->cpuset_cpus = arena_strdup(&s->arena, o->cpuset_cpus);
	r->cpuset_mems = arena_strdup(&s->arena, o->cpuset_mems);
	if (!o->cpus)
		return 0;
	cpus = g_ascii_strtod(o->cpus, &end);
	if (end == o->cpus || *end || !isfinite(cpus) || cpus < 0.01 || cpus > 100000)
		return err_msg(e, EINVAL, "--cpus %s: a number of processors, at least 0.01, is needed", o->cpus);
	if (r->has_cpu_period || r->has_cpu_quota)
		return err_msg(e, EINVAL, "--cpus and --cpu-period or --cpu-quota exclude each other");
	r->has_cpu_period = r->has_cpu_quota = true;
	r->cpu_period = 100000;
	r->cpu_quota = (int64_t)(cpus * 100000);
	return 0;
}

static int make_cgroup(struct run_plan *p, struct err *e)
{
	struct cgroup_request req = { .id = p->rec->id, .resources = &p->spec->resources };

	if (!cgroup_mode_parse(p->o->cgroups, &req.mode))
		return err_msg(e, EINVAL, "--cgroups %s: not known", p->o->cgroups);
	if (!cgroup_manager_parse(p->c->cgroup_manager, &req.manager))
		return err_msg(e, EINVAL, "--cgroup-manager %s: systemd or cgroupfs is needed", p->c->cgroup_manager);
	p->x.cgroups = arena_strdup(&p->rec->arena, p->o->cgroups);
	if (!cgroup_has_limits(&p->spec->resources))
		return 0;
	/* Its note comes again when the group is made, and is shown then. */
	return cgroup_check(&req, NULL, e);
}

static int make_sysctls(struct run_plan *p, struct err *e)
{
	static const char *const ipc[] = { "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem",
		"kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced", NULL };
	struct rspec *s = p->spec;

	for (char **o = p->o->sysctl; o && *o; o++) {
		g_auto(GStrv) kv = g_strsplit(*o, "=", 2);
		bool is_ipc, is_net;

		if (!kv[0] || !*kv[0] || !kv[1])
			return err_msg(e, EINVAL, "--sysctl %s: name=value is needed", *o);
		g_strdelimit(kv[0], "/", '.');
		is_net = g_str_has_prefix(kv[0], "net.");
		is_ipc = g_strv_contains(ipc, kv[0]) || g_str_has_prefix(kv[0], "fs.mqueue.");
		if (!is_net && !is_ipc && strcmp(kv[0], "kernel.hostname") && strcmp(kv[0], "kernel.domainname"))
			return err_msg(e, EINVAL, "sysctl '%s' is not allowed: it is not the container's own", kv[0]);
		if ((is_net && !p->new_net) || (is_ipc && !s->namespaces[RSPEC_NS_IPC].listed))
			return err_msg(e, EINVAL, "sysctl '%s' is not allowed: that namespace is the host's", kv[0]);
		rspec_add_kv(s, &s->sysctl, &s->n_sysctl, kv[0], kv[1]);
	}
	return 0;
}

static void add_unified(struct rspec *s, const char *file, const char *value)
{
	rspec_add_kv(s, &s->resources.unified, &s->resources.n_unified, file, value);
}

/* "/dev/sda:10mb" -> a line of io.max. */
static int add_rate(GString *lines, const char *option, const char *key, const char *text, bool bytes, struct err *e)
{
	const char *colon = strrchr(text, ':');
	g_autofree char *device = g_strndup(text, colon ? (size_t)(colon - text) : 0);
	int64_t rate = 0;
	struct stat st;

	if (!colon || !(bytes ? text_size(colon + 1, &rate) : text_int(colon + 1, 0, INT64_MAX, &rate)) || rate <= 0)
		return err_msg(e, EINVAL, "--%s %s: device:rate with a rate above 0 is needed", option, text);
	if (stat(device, &st) < 0)
		return err_set(e, errno, "--%s %s", option, device);
	if (!S_ISBLK(st.st_mode))
		return err_msg(e, ENOTBLK, "--%s %s: not a block device", option, device);
	g_string_append_printf(lines, "%s%u:%u %s=%lld", lines->len ? "\n" : "", major(st.st_rdev), minor(st.st_rdev), key,
			       (long long)rate);
	return 0;
}

static int make_io(const struct run_options *o, struct rspec *s, struct err *e)
{
	const struct { char **list; const char *option, *key; bool bytes; } rates[] = {
		{ o->read_bps, "device-read-bps", "rbps", true }, { o->write_bps, "device-write-bps", "wbps", true },
		{ o->read_iops, "device-read-iops", "riops", false }, { o->write_iops, "device-write-iops", "wiops", false },
	};
	g_autoptr(GString) lines = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(rates); i++)
		for (char **v = rates[i].list; v && *v; v++)
			if (add_rate(lines, rates[i].option, rates[i].key, *v, rates[i].bytes, e) < 0)
				return -e->code;
	if (lines->len)
		add_unified(s, "io.max", lines->str);
	if (!o->blkio_weight)
		return 0;
	if (o->blkio_weight < 10 || o->blkio_weight > 1000)
		return err_msg(e, EINVAL, "--blkio-weight %lld: a number from 10 to 1000 is needed", (long long)o->blkio_weight);
	/* The scale that all runtimes use for the kernel's 1 to 10000. */
	add_unified(s, "io.weight", arena_printf(&s->arena, "default %lld", (long long)(1 + (o->blkio_weight - 10) * 9999 / 990)));
	return 0;
}

static int make_unified(const struct run_options *o, struct rspec *s, struct err *e)
{
	for (char **v = o->cgroup_conf; v && *v; v++) {
		g_auto(GStrv) kv = g_strsplit(*v, "=", 2);

		if (!kv[0] || !*kv[0] || !kv[1])
			return err_msg(e, EINVAL, "--cgroup-conf %s: file=value is needed", *v);
		add_unified(s, kv[0], kv[1]);
	}
	return 0;
}

#define TAKE(has, value) do { if (from->has) { to->has = true; to->value = from->value; } } while (0)

static void take_unified(struct rspec *s, const struct rspec_kv *kv)
{
	struct rspec_resources *to = &s->resources;

	for (size_t i = 0; i < to->n_unified; i++)
		if (!strcmp(to->unified[i].key, kv->key)) {
			to->unified[i].value = arena_strdup(&s->arena, kv->value);
			return;
		}
	rspec_add_kv(s, &to->unified, &to->n_unified, kv->key, kv->value);
}

void run_limits_merge(struct rspec *s, const struct rspec_resources *from)
{
	struct rspec_resources *to = &s->resources;

	TAKE(has_memory_limit, memory_limit);
	TAKE(has_memory_swap, memory_swap);
	TAKE(has_memory_reservation, memory_reservation);
	TAKE(has_pids_limit, pids_limit);
	TAKE(has_cpu_shares, cpu_shares);
	TAKE(has_cpu_quota, cpu_quota);
	TAKE(has_cpu_period, cpu_period);
	for (size_t i = 0; i < from->n_unified; i++)
		take_unified(s, &from->unified[i]);
	if (from->cpuset_cpus)
		to->cpuset_cpus = from->cpuset_cpus;
	if (from->cpuset_mems)
		to->cpuset_mems = from->cpuset_mems;
}

int run_limits_resources(const struct run_options *o, struct rspec *s, struct err *e)
{
	struct rspec_resources *r = &s->resources;

	if (make_memory(o, r, e) < 0 || make_cpu(o, s, e) < 0 || make_io(o, s, e) < 0 || make_unified(o, s, e) < 0)
		return -e->code;
	if (o->pids_limit_set && o->pids_limit > 0) {
		r->has_pids_limit = true;
		r->pids_limit = o->pids_limit;
	}
	return 0;
}

int run_limits_plan(struct run_plan *p, struct err *e)
{
	if (make_ulimits(p, e) < 0 || run_limits_resources(p->o, p->spec, e) < 0)
		return -e->code;
	p->spec->process.has_oom_score_adj = p->o->oom_score_adj_set;
	p->spec->process.oom_score_adj = (int)p->o->oom_score_adj;
	if (make_cgroup(p, e) < 0)
		return -e->code;
	return make_sysctls(p, e);
}
