/* cgroup_v1.c - see cgroup_v1.h. */
#include "core/runtime/cgroup_v1.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/runtime/cgroup.h"

#define PATIENCE_ROUNDS 64

static void __attribute__((format(printf, 3, 4))) add(struct cgroup_settings *s, const char *file, const char *fmt, ...)
{
	va_list ap;

	if (s->n == CGROUP_SETTINGS_MAX)
		return;
	g_strlcpy(s->list[s->n].file, file, sizeof s->list[0].file);
	va_start(ap, fmt);
	vsnprintf(s->list[s->n].value, sizeof s->list[0].value, fmt, ap);
	va_end(ap);
	s->n++;
}

static void add_memory(const struct rspec_resources *r, struct cgroup_settings *s)
{
	/* -1 lifts the lower limit first only when the upper one is lifted before it; raising goes the other way
	 * round: written twice, whichever order is wrong fails harmlessly (cgroup_v1_apply). */
	if (r->has_memory_swap)
		add(s, "?memory.memsw.limit_in_bytes", "%" PRId64, r->memory_swap);
	if (r->has_memory_limit)
		add(s, "memory.limit_in_bytes", "%" PRId64, r->memory_limit);
	if (r->has_memory_swap)
		add(s, "memory.memsw.limit_in_bytes", "%" PRId64, r->memory_swap);
	if (r->has_memory_reservation)
		add(s, "memory.soft_limit_in_bytes", "%" PRId64, r->memory_reservation);
	if (r->has_memory_kernel)
		add(s, "?memory.kmem.limit_in_bytes", "%" PRId64, r->memory_kernel);
	if (r->has_memory_kernel_tcp)
		add(s, "memory.kmem.tcp.limit_in_bytes", "%" PRId64, r->memory_kernel_tcp);
	if (r->has_memory_swappiness)
		add(s, "memory.swappiness", "%" PRId64, r->memory_swappiness);
	if (r->disable_oom_killer)
		add(s, "memory.oom_control", "1");
}

static void add_cpu(const struct rspec_resources *r, struct cgroup_settings *s)
{
	if (r->has_cpu_shares && r->cpu_shares)
		add(s, "cpu.shares", "%" PRIu64, r->cpu_shares);
	if (r->has_cpu_period && r->cpu_period)
		add(s, "cpu.cfs_period_us", "%" PRIu64, r->cpu_period);
	if (r->has_cpu_quota && r->cpu_quota)
		add(s, "cpu.cfs_quota_us", "%" PRId64, r->cpu_quota);
	if (r->has_cpu_burst)
		add(s, "cpu.cfs_burst_us", "%" PRIu64, r->cpu_burst);
	if (r->has_cpu_rt_period && r->cpu_rt_period)
		add(s, "cpu.rt_period_us", "%" PRIu64, r->cpu_rt_period);
	if (r->has_cpu_rt_runtime)
		add(s, "cpu.rt_runtime_us", "%" PRId64, r->cpu_rt_runtime);
	if (r->has_cpu_idle)
		add(s, "cpu.idle", "%" PRId64, r->cpu_idle);
	if (r->cpuset_cpus)
		add(s, "cpuset.cpus", "%s", r->cpuset_cpus);
	if (r->cpuset_mems)
		add(s, "cpuset.mems", "%s", r->cpuset_mems);
}

static void add_io(const struct rspec_resources *r, struct cgroup_settings *s)
{
	static const struct { const char *kind, *file; } files[] = {
		{ "weight", "blkio.weight" }, { "leafWeight", "blkio.leaf_weight" },
		{ "weightDevice", "blkio.weight_device" }, { "leafWeightDevice", "blkio.leaf_weight_device" },
		{ "throttleReadBpsDevice", "blkio.throttle.read_bps_device" },
		{ "throttleWriteBpsDevice", "blkio.throttle.write_bps_device" },
		{ "throttleReadIOPSDevice", "blkio.throttle.read_iops_device" },
		{ "throttleWriteIOPSDevice", "blkio.throttle.write_iops_device" },
	};

	for (size_t i = 0; i < r->n_io; i++)
		for (size_t k = 0; k < G_N_ELEMENTS(files); k++)
			if (!strcmp(files[k].kind, r->io[i].kind))
				add(s, files[k].file, "%s%s%" PRIu64, r->io[i].device ? r->io[i].device : "",
				    r->io[i].device ? " " : "", r->io[i].value);
}

/* What a container cannot do without; allowed after the spec's own rules. */
static const char *const default_devices[] = { "c *:* m", "b *:* m", "c 1:3 rwm", "c 1:5 rwm", "c 1:7 rwm",
	"c 1:8 rwm", "c 1:9 rwm", "c 5:0 rwm", "c 5:1 rwm", "c 5:2 rwm", "c 136:* rwm" };

static void number_or_star(int64_t n, char *buf, size_t size)
{
	if (n < 0)
		snprintf(buf, size, "*");
	else
		snprintf(buf, size, "%" PRId64, n);
}

static void add_devices(const struct rspec_resources *r, struct cgroup_settings *s)
{
	char major[24], minor[24];

	for (size_t i = 0; i < r->n_devices; i++) {
		const struct rspec_device_rule *d = &r->devices[i];
		const char *file = d->allow ? "devices.allow" : "devices.deny";

		number_or_star(d->major, major, sizeof major);
		number_or_star(d->minor, minor, sizeof minor);
		if (d->type == 'a')
			add(s, file, "a");
		else
			add(s, file, "%c %s:%s %s%s%s", d->type, major, minor, d->access & RSPEC_ACCESS_READ ? "r" : "",
			    d->access & RSPEC_ACCESS_WRITE ? "w" : "", d->access & RSPEC_ACCESS_MKNOD ? "m" : "");
	}
	for (size_t i = 0; r->n_devices && i < G_N_ELEMENTS(default_devices); i++)
		add(s, "devices.allow", "%s", default_devices[i]);
}

static void add_rest(const struct rspec_resources *r, struct cgroup_settings *s)
{
	char file[80];

	if (r->has_pids_limit && r->pids_limit > 0)
		add(s, "pids.max", "%" PRId64, r->pids_limit);
	else if (r->has_pids_limit)
		add(s, "pids.max", "max");
	for (size_t i = 0; i < r->n_hugepages; i++) {
		snprintf(file, sizeof file, "hugetlb.%.40s.limit_in_bytes", r->hugepages[i].page_size);
		add(s, file, "%" PRIu64, r->hugepages[i].limit);
	}
	if (r->has_class_id)
		add(s, "net_cls.classid", "%u", r->class_id);
	for (size_t i = 0; i < r->n_priorities; i++)
		add(s, "net_prio.ifpriomap", "%s %s", r->priorities[i].key, r->priorities[i].value);
	for (size_t i = 0; i < r->n_rdma; i++)
		add(s, "rdma.max", "%s %s", r->rdma[i].key, r->rdma[i].value);
}

void cgroup_v2_more(const struct rspec_resources *r, struct cgroup_settings *s)
{
	static const struct { const char *kind, *key; } limits[] = {
		{ "throttleReadBpsDevice", "rbps" }, { "throttleWriteBpsDevice", "wbps" },
		{ "throttleReadIOPSDevice", "riops" }, { "throttleWriteIOPSDevice", "wiops" },
	};
	char file[80];

	if (r->has_cpu_burst)
		add(s, "cpu.max.burst", "%" PRIu64, r->cpu_burst);
	if (r->has_cpu_idle)
		add(s, "cpu.idle", "%" PRId64, r->cpu_idle);
	for (size_t i = 0; i < r->n_io; i++) {
		/* Weights of v1 are 10 to 1000, of v2 1 to 10000: the scale that all runtimes use. */
		if (!strcmp(r->io[i].kind, "weight") && r->io[i].value >= 10)
			add(s, "io.weight", "default %" PRIu64, 1 + (r->io[i].value - 10) * 9999 / 990);
		for (size_t k = 0; k < G_N_ELEMENTS(limits); k++)
			if (!strcmp(limits[k].kind, r->io[i].kind))
				add(s, "io.max", "%s %s=%" PRIu64, r->io[i].device, limits[k].key, r->io[i].value);
	}
	for (size_t i = 0; i < r->n_hugepages; i++) {
		snprintf(file, sizeof file, "hugetlb.%.40s.max", r->hugepages[i].page_size);
		add(s, file, "%" PRIu64, r->hugepages[i].limit);
	}
	for (size_t i = 0; i < r->n_rdma; i++)
		add(s, "rdma.max", "%s %s", r->rdma[i].key, r->rdma[i].value);
}

int cgroup_settings_write(const char *dir, const struct cgroup_settings *s, struct err *e)
{
	for (unsigned i = 0; i < s->n; i++) {
		bool may_fail = s->list[i].file[0] == '?';
		const char *name = s->list[i].file + may_fail;
		g_autofree char *file = g_build_filename(dir, name, NULL);
		int r = file_poke(AT_FDCWD, file, s->list[i].value);

		if (r < 0 && !may_fail)
			return err_set(e, -r, "cgroup: write %s to %s", s->list[i].value, name);
	}
	return 0;
}

int cgroup_v1_apply(const char *dir, const struct rspec_resources *r, struct err *e)
{
	struct cgroup_settings all = { .n = 0 }, mine = { .n = 0 };

	add_memory(r, &all);
	add_cpu(r, &all);
	add_io(r, &all);
	add_devices(r, &all);
	add_rest(r, &all);
	for (unsigned i = 0; i < all.n; i++) {
		const char *name = all.list[i].file + (all.list[i].file[0] == '?');
		g_autofree char *file = g_build_filename(dir, name, NULL);

		if (access(file, F_OK) == 0)
			mine.list[mine.n++] = all.list[i];
	}
	return cgroup_settings_write(dir, &mine, e);
}

void cgroup_v1_inherit(const char *dir)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };
	g_autofree char *up = g_path_get_dirname(dir);

	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *from = g_build_filename(up, files[i], NULL), *to = g_build_filename(dir, files[i], NULL);
		g_autofree char *text = NULL;
		struct err ignored = ERR_INIT;

		if (access(to, F_OK) == 0 && file_read(AT_FDCWD, from, 4096, &text, NULL, &ignored) == 0)
			(void)file_poke(AT_FDCWD, to, g_strchomp(text));
	}
}

int cgroup_v1_freeze(const char *dir, bool frozen, struct err *e)
{
	g_autofree char *file = g_build_filename(dir, "freezer.state", NULL);
	const char *word = frozen ? "FROZEN" : "THAWED";

	for (int i = 0; i < PATIENCE_ROUNDS; i++) {
		g_autofree char *text = NULL;
		int r = file_poke(AT_FDCWD, file, word);

		if (r < 0)
			return err_set(e, -r, "%s cgroup %s", frozen ? "freeze" : "thaw", dir);
		/* Each write tries again to freeze who was busy; there is nothing to wait on. */
		if (file_read(AT_FDCWD, file, 64, &text, NULL, e) < 0)
			return -e->code;
		if (g_str_has_prefix(text, word))
			return 0;
	}
	return err_msg(e, EBUSY, "cgroup %s does not freeze", dir);
}

/* Kill everybody in it and wait for each by a pidfd. */
static void empty(const char *dir)
{
	for (int round = 0; round < PATIENCE_ROUNDS; round++) {
		g_autofree pid_t *pids = NULL;
		int n = cgroup_pids(dir, &pids);

		if (n <= 0)
			return;
		for (int i = 0; i < n; i++) {
			autofd fd = (int)syscall(SYS_pidfd_open, pids[i], 0);
			struct pollfd p = { .fd = fd, .events = POLLIN };

			(void)kill(pids[i], SIGKILL);
			(void)poll(&p, fd >= 0, 1000);
		}
	}
}

int cgroup_v1_remove(const char *dir, struct err *e)
{
	g_autoptr(GDir) d = g_dir_open(dir, 0, NULL);
	const char *name;

	while (d && (name = g_dir_read_name(d))) {
		g_autofree char *sub = g_build_filename(dir, name, NULL);

		if (g_file_test(sub, G_FILE_TEST_IS_DIR) && !g_file_test(sub, G_FILE_TEST_IS_SYMLINK))
			(void)cgroup_v1_remove(sub, e);
	}
	err_clear(e);
	if (rmdir(dir) == 0 || errno == ENOENT)
		return 0;
	empty(dir);
	return rmdir(dir) < 0 && errno != ENOENT ? err_set(e, errno, "remove cgroup %s", dir) : 0;
}
