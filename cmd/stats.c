/* stats.c - stats: what containers use, from their cgroups, or from /proc where they have none. See podman-stats(1). */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/container_set.h"
#include "cmd/docker.h"
#include "cmd/template.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/container/pause.h"
#include "core/container/processes.h"
#include "core/runtime/cgroup.h"

#define SECOND INT64_C(1000000000)
#define TEXT_MAX (1024 * 1024)

struct stats_options {
	int64_t interval;
	bool all, latest, no_reset, no_stream, no_trunc;
	char *format;
};
#define AT(member) offsetof(struct stats_options, member)

static const struct opt stats_opts[] = {
	{ .name = "all", .letter = 'a', .type = OPT_FLAG, .offset = AT(all), .help = "Show those not running as well" },
	{ .name = "format", .type = OPT_STRING, .offset = AT(format), .arg = "template", .choices = "~json",
	  .help = "Print with a Go template, or \"json\"" },
	{ .name = "interval", .letter = 'i', .type = OPT_INT, .offset = AT(interval), .arg = "seconds",
	  .help = "Time between two reports (default: 5)" },
	{ .name = "latest", .letter = 'l', .type = OPT_FLAG, .offset = AT(latest), .help = "The container created last" },
	{ .name = "no-reset", .type = OPT_FLAG, .offset = AT(no_reset), .help = "Do not clear the screen in between" },
	{ .name = "no-stream", .type = OPT_FLAG, .offset = AT(no_stream), .help = "Print one report and end" },
	{ .name = "no-trunc", .type = OPT_FLAG, .offset = AT(no_trunc), .help = "Show IDs whole" },
	OPT_END
};

static void stats_defaults(struct context *c, void *values)
{
	(void)c;
	((struct stats_options *)values)->interval = 5;
}

/* What one container uses; all 0 for one that does not run. */
struct usage {
	int64_t cpu_ns, memory, limit, net_in, net_out, disk_in, disk_out, pids;
};

static char *read_proc(pid_t pid, const char *file)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/%s", (int)pid, file);
	struct err e = ERR_INIT;
	char *text = NULL;

	return file_read(AT_FDCWD, path, TEXT_MAX, &text, NULL, &e) < 0 ? NULL : text;
}

/* The number behind "key:" in a text of lines, or 0. */
static int64_t number_after(const char *text, const char *key)
{
	const char *at = text ? strstr(text, key) : NULL;

	return at ? strtoll(at + strlen(key), NULL, 10) : 0;
}

static int64_t machine_memory(void)
{
	g_autofree char *text = NULL;
	struct err e = ERR_INIT;

	if (file_read(AT_FDCWD, "/proc/meminfo", TEXT_MAX, &text, NULL, &e) < 0)
		return 0;
	return number_after(text, "MemTotal:") * 1024;
}

/* All interfaces of its network namespace but the loopback one. */
static void add_network(pid_t init, struct usage *u)
{
	g_autofree char *text = read_proc(init, "net/dev");
	g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

	for (char **l = lines; *l; l++) {
		const char *line = g_strchug(*l), *colon = strchr(line, ':');
		long long in, out;

		if (colon && !g_str_has_prefix(line, "lo:") &&
		    sscanf(colon + 1, "%lld %*d %*d %*d %*d %*d %*d %*d %lld", &in, &out) == 2) {
			u->net_in += in;
			u->net_out += out;
		}
	}
}

static void add_processes(pid_t init, struct usage *u)
{
	int64_t tick = SECOND / sysconf(_SC_CLK_TCK);
	g_autoptr(GArray) all = NULL;
	struct err e = ERR_INIT;

	/* It ended meanwhile, or its processes cannot be told: then nothing is known. */
	if (container_processes(init, &all, &e) < 0)
		return;
	for (guint i = 0; i < all->len; i++) {
		const struct process *p = &g_array_index(all, struct process, i);
		g_autofree char *io = read_proc(p->pid, "io");

		u->cpu_ns += (int64_t)(p->utime + p->stime) * tick;
		u->memory += (int64_t)p->rss;
		u->pids += p->threads;
		u->disk_in += number_after(io, "\nread_bytes:");
		u->disk_out += number_after(io, "\nwrite_bytes:");
	}
}

static int64_t known(int64_t v, int64_t otherwise)
{
	return v < 0 || v == INT64_MAX ? otherwise : v;
}

static struct usage measure(struct context *c, const struct container_info *i, int64_t machine)
{
	g_autofree char *cgroup = NULL;
	struct usage u = { .limit = machine };

	if (i->state.pid <= 0)
		return (struct usage){ 0 };
	cgroup = container_cgroup(&c->place, i->record->id);
	add_processes(i->state.pid, &u);
	add_network(i->state.pid, &u);
	if (cgroup) {
		int64_t usec = cgroup_read_key(cgroup, "cpu.stat", "usage_usec");

		u.cpu_ns = usec < 0 ? u.cpu_ns : usec * 1000;
		u.memory = known(cgroup_read_number(cgroup, "memory.current"), u.memory);
		u.limit = MIN(known(cgroup_read_number(cgroup, "memory.max"), machine), machine);
		u.pids = known(cgroup_read_number(cgroup, "pids.current"), u.pids);
	}
	return u;
}

static json_t *pair(int64_t a, int64_t b)
{
	g_autofree char *x = text_short_size(a), *y = text_short_size(b);

	return a || b ? json_sprintf("%s / %s", x, y) : json_string("-- / --");
}

/* CPU time of the last report, to tell what was used since. */
struct last { int64_t cpu_ns, at_ns; };

static double percent(int64_t part, int64_t whole)
{
	return part > 0 && whole > 0 ? 100.0 * (double)part / (double)whole : 0;
}

static json_t *row(const struct stats_options *o, const struct container_info *i, const struct usage *u,
		   GHashTable *before)
{
	int64_t now = text_steady_ns();
	struct last *l = g_hash_table_lookup(before, i->record->id), *next = g_new(struct last, 1);
	int64_t age = i->state.pid > 0 ? text_now_ns() - i->state.started_ns : 0;
	double avg = percent(u->cpu_ns, age), cpu = l ? percent(u->cpu_ns - l->cpu_ns, now - l->at_ns) : avg;
	json_t *r = json_object(), *j = json_object();

	*next = (struct last){ u->cpu_ns, now };
	g_hash_table_replace(before, g_strdup(i->record->id), next);
	json_object_set_new(r, "ID", json_stringn(i->record->id, o->no_trunc ? 64 : 12));
	json_object_set_new(r, "ContainerID", json_string(i->record->id));
	json_object_set_new(r, "Name", json_string(i->record->name));
	json_object_set_new(r, "CPUPerc", json_sprintf("%.2f%%", cpu));
	json_object_set_new(r, "AVGCPU", json_sprintf("%.2f%%", avg));
	json_object_set_new(r, "UpTime", json_sprintf("%.6gs", (double)u->cpu_ns / 1e9));
	json_object_set_new(r, "MemUsage", pair(u->memory, u->limit));
	json_object_set_new(r, "MemPerc", json_sprintf("%.2f%%", percent(u->memory, u->limit)));
	json_object_set_new(r, "NetIO", pair(u->net_in, u->net_out));
	json_object_set_new(r, "BlockIO", pair(u->disk_in, u->disk_out));
	json_object_set_new(r, "PIDS", u->pids ? json_sprintf("%lld", (long long)u->pids) : json_string("--"));
	json_object_set(j, "id", json_object_get(r, "ID"));
	json_object_set(j, "name", json_object_get(r, "Name"));
	json_object_set(j, "cpu_time", json_object_get(r, "UpTime"));
	json_object_set(j, "cpu_percent", json_object_get(r, "CPUPerc"));
	json_object_set(j, "avg_cpu", json_object_get(r, "AVGCPU"));
	json_object_set(j, "mem_usage", json_object_get(r, "MemUsage"));
	json_object_set(j, "mem_percent", json_object_get(r, "MemPerc"));
	json_object_set(j, "net_io", json_object_get(r, "NetIO"));
	json_object_set(j, "block_io", json_object_get(r, "BlockIO"));
	json_object_set(j, "pids", json_object_get(r, "PIDS"));
	json_object_set_new(r, "_json", j);
	return r;
}

static const char *const columns[] = { "ID={{.ID}}", "NAME={{.Name}}", "CPU %={{.CPUPerc}}",
	"MEM USAGE / LIMIT={{.MemUsage}}", "MEM %={{.MemPerc}}", "NET IO={{.NetIO}}", "BLOCK IO={{.BlockIO}}",
	"PIDS={{.PIDS}}", "CPU TIME={{.UpTime}}", "AVG CPU %={{.AVGCPU}}", NULL };

/* One report of those that are there now. */
static int report(struct context *c, const struct stats_options *o, int argc, char **argv, GHashTable *before,
		  int *worst, struct err *e)
{
	bool several = argc == 0 && !o->latest;
	struct container_choice choice = { .all = several, .latest = o->latest, .states = several && !o->all ?
		1U << CONTAINER_RUNNING | 1U << CONTAINER_PAUSED | 1U << CONTAINER_STOPPING : 0 };
	g_autoptr(GPtrArray) set = NULL;
	json_t *rows;
	int64_t machine = machine_memory();
	int r = container_choose(c, &choice, argc, argv, &set, worst, e);

	if (r < 0 || *worst)
		return r;
	rows = json_array();
	for (guint n = 0; n < set->len; n++) {
		const struct container_info *i = set->pdata[n];
		struct usage u = measure(c, i, machine);

		json_array_append_new(rows, row(o, i, &u, before));
	}
	if (c->docker && o->format)
		docker_rows(DOCKER_STATS, rows);
	r = show_rows(rows, columns, o->format, false, e);
	json_decref(rows);
	(void)fflush(stdout);
	return r;
}

static int run_stats(struct context *c, void *values, int argc, char **argv)
{
	const struct stats_options *o = values;
	g_autoptr(GHashTable) before = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	bool reset = !o->no_reset && !o->no_stream && isatty(STDOUT_FILENO);
	struct err e = ERR_INIT;
	int worst = 0, r = 0;

	show_whole(o->no_trunc);
	if ((argc > 0) + o->all + o->latest > 1)
		r = err_msg(&e, EINVAL, "--all, --latest and containers cannot be used together");
	if (r == 0 && (o->interval < 1 || o->interval > 86400))
		r = err_msg(&e, EINVAL, "--interval: a number of seconds from 1 to 86400 is needed");
	if (r == 0)
		r = context_store(c, &e);
	while (r == 0) {
		if (reset)
			fputs("\033[H\033[2J", stdout);
		r = report(c, o, argc, argv, before, &worst, &e);
		if (r < 0 || worst || o->no_stream || ferror(stdout))
			break;
		(void)poll(NULL, 0, (int)(o->interval * 1000));
	}
	return r < 0 ? fail(&e) : worst;
}

const struct command command_stats = {
	.name = "stats", .alias = "container stats", .summary = "Show what containers use", .opts = stats_opts,
	.usage = "[options] [CONTAINER...]", .values_size = sizeof(struct stats_options), .defaults = stats_defaults,
	.run = run_stats, .min_args = 0, .max_args = -1, .complete = COMPLETE_RUNNING,
};
