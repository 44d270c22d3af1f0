/* oci_events.c - coracle oci events: what a container uses, once or at intervals, and when it was out of memory. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "cmd/oci.h"
#include "cmd/oci_commands.h"
#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/runtime/cgroup.h"

#define STAT_MAX 65536

struct events_options { bool stats; char *interval; };

static const struct opt options[] = {
	{ "interval", 0, OPT_STRING, offsetof(struct events_options, interval), "duration",
	  "Time between two reports, as 5s or 100ms (default 5s)", NULL, COMPLETE_NONE, 0, NULL },
	{ "stats", 0, OPT_FLAG, offsetof(struct events_options, stats), NULL, "Print what the container uses once, and end",
	  NULL, COMPLETE_NONE, 0, NULL },
	OPT_END
};

/* The first of the container's directories that has the file. */
static int64_t read_number(const struct bundle_container *c, const char *file)
{
	for (char **d = c->state.cgroups; d && *d; d++) {
		int64_t n = cgroup_read_number(*d, file);

		if (n >= 0)
			return n;
	}
	return -1;
}

/* The text of that file, or NULL. */
static char *read_text(const struct bundle_container *c, const char *file)
{
	for (char **d = c->state.cgroups; d && *d; d++) {
		g_autofree char *path = g_build_filename(*d, file, NULL);
		struct err ignored = ERR_INIT;
		char *text = NULL;

		if (file_read(AT_FDCWD, path, STAT_MAX, &text, NULL, &ignored) == 0)
			return text;
	}
	return NULL;
}

static void put_number(json_t *o, const char *key, int64_t n)
{
	if (n >= 0)
		json_object_set_new(o, key, json_integer(n));
}

/* "key 12" lines as an object; an empty one when the file is missing. */
static json_t *keys_json(const struct bundle_container *c, const char *file)
{
	g_autofree char *text = read_text(c, file);
	g_auto(GStrv) lines = text ? g_strsplit(text, "\n", -1) : NULL;
	json_t *o = json_object();

	for (char **l = lines; l && *l; l++) {
		char *space = strchr(*l, ' ');

		if (!space)
			continue;
		*space = '\0';
		json_object_set_new(o, *l, json_integer(strtoll(space + 1, NULL, 10)));
	}
	return o;
}

static int64_t key_of(const json_t *o, const char *key)
{
	const json_t *n = json_object_get(o, key);

	return n ? (int64_t)json_integer_value(n) : -1;
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=12": pressure stall information of Linux; NULL where there is none. */
static json_t *pressure_json(const struct bundle_container *c, const char *file)
{
	g_autofree char *text = read_text(c, file);
	g_auto(GStrv) lines = text ? g_strsplit(text, "\n", -1) : NULL;
	json_t *o = lines ? json_object() : NULL;

	for (char **l = lines; l && **l; l++) {
		g_auto(GStrv) words = g_strsplit(*l, " ", -1);
		json_t *one = json_object();

		for (char **w = words + 1; *w; w++) {
			char *eq = strchr(*w, '=');

			if (!eq)
				continue;
			*eq = '\0';
			json_object_set_new(one, *w, strchr(eq + 1, '.') ? json_real(g_ascii_strtod(eq + 1, NULL)) :
							 json_integer(strtoll(eq + 1, NULL, 10)));
		}
		json_object_set_new(o, words[0], one);
	}
	return o;
}

static void put_pressure(const struct bundle_container *c, json_t *o, const char *file)
{
	json_t *psi = pressure_json(c, file);

	if (psi)
		json_object_set_new(o, "psi", psi);
}

static int64_t thousand(int64_t n)
{
	return n < 0 ? n : n * 1000;
}

static json_t *cpu_json(const struct bundle_container *c)
{
	json_t *o = json_object(), *usage = json_object(), *throttling = json_object(), *stat = keys_json(c, "cpu.stat");
	bool v2 = key_of(stat, "usage_usec") >= 0;

	put_number(usage, "total", v2 ? thousand(key_of(stat, "usage_usec")) : read_number(c, "cpuacct.usage"));
	put_number(usage, "kernel", v2 ? thousand(key_of(stat, "system_usec")) : read_number(c, "cpuacct.usage_sys"));
	put_number(usage, "user", v2 ? thousand(key_of(stat, "user_usec")) : read_number(c, "cpuacct.usage_user"));
	put_number(throttling, "periods", key_of(stat, "nr_periods"));
	put_number(throttling, "throttledPeriods", key_of(stat, "nr_throttled"));
	put_number(throttling, "throttledTime", v2 ? thousand(key_of(stat, "throttled_usec")) :
						    key_of(stat, "throttled_time"));
	json_object_set_new(o, "usage", usage);
	json_object_set_new(o, "throttling", throttling);
	put_pressure(c, o, "cpu.pressure");
	json_decref(stat);
	return o;
}

static json_t *memory_json(const struct bundle_container *c)
{
	json_t *o = json_object(), *use = json_object(), *swap = json_object(), *stat = keys_json(c, "memory.stat");

	put_number(o, "cache", MAX(key_of(stat, "cache"), key_of(stat, "file")));
	put_number(use, "usage", MAX(read_number(c, "memory.current"), read_number(c, "memory.usage_in_bytes")));
	put_number(use, "limit", MAX(read_number(c, "memory.max"), read_number(c, "memory.limit_in_bytes")));
	put_number(use, "max", MAX(read_number(c, "memory.peak"), read_number(c, "memory.max_usage_in_bytes")));
	put_number(use, "failcnt", read_number(c, "memory.failcnt"));
	put_number(swap, "usage", MAX(read_number(c, "memory.swap.current"), read_number(c, "memory.memsw.usage_in_bytes")));
	put_number(swap, "limit", MAX(read_number(c, "memory.swap.max"), read_number(c, "memory.memsw.limit_in_bytes")));
	json_object_set_new(o, "usage", use);
	json_object_set_new(o, "swap", swap);
	json_object_set_new(o, "raw", stat);
	put_pressure(c, o, "memory.pressure");
	return o;
}

static json_t *stats_json(const struct bundle_container *c)
{
	json_t *o = json_object(), *data = json_object(), *pids = json_object();

	put_number(pids, "current", read_number(c, "pids.current"));
	put_number(pids, "limit", read_number(c, "pids.max"));
	json_object_set_new(data, "cpu", cpu_json(c));
	json_object_set_new(data, "memory", memory_json(c));
	json_object_set_new(data, "pids", pids);
	json_object_set_new(o, "type", json_string("stats"));
	json_object_set_new(o, "id", json_string(c->state.id));
	json_object_set_new(o, "data", data);
	return o;
}

/* One line, at once: a reader follows. */
static void print_line(json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT);

	json_decref(o);
	puts(text);
	fflush(stdout);
	free(text);
}

/* Version 2: the file memory.events is modified. */
static int watch_v2(const char *dir)
{
	g_autofree char *file = g_build_filename(dir, "memory.events", NULL);
	autofd fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	return fd >= 0 && inotify_add_watch(fd, file, IN_MODIFY) >= 0 ? take_fd(&fd) : -1;
}

/* Version 1: an eventfd is counted up. */
static int watch_v1(const char *dir)
{
	g_autofree char *file = g_build_filename(dir, "memory.oom_control", NULL);
	g_autofree char *control = g_build_filename(dir, "cgroup.event_control", NULL), *text = NULL;
	autofd fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), oom = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || oom < 0)
		return -1;
	text = g_strdup_printf("%d %d", fd, oom);
	return file_poke(AT_FDCWD, control, text) == 0 ? take_fd(&fd) : -1;
}

/* Where the kernel says that the container was out of memory. */
struct oom { int fd; int64_t kills; bool v1; };

static int64_t oom_kills(const struct bundle_container *c)
{
	json_t *o = keys_json(c, "memory.events");
	int64_t n = key_of(o, "oom_kill");

	json_decref(o);
	return n;
}

static void watch_oom(const struct bundle_container *c, struct oom *ret)
{
	*ret = (struct oom){ .fd = -1, .kills = oom_kills(c) };
	for (char **d = c->state.cgroups; d && *d && ret->fd < 0; d++) {
		ret->fd = watch_v2(*d);
		if (ret->fd >= 0)
			break;
		ret->fd = watch_v1(*d);
		ret->v1 = ret->fd >= 0;
	}
}

/* Both files tell of other things, too: version 2's of pressure, version 1's of the end of the cgroup. */
static void report_oom(const struct bundle_container *c, struct oom *oom)
{
	char buf[4096];
	int64_t now;

	if (read(oom->fd, buf, sizeof buf) <= 0)
		return;
	now = oom->v1 ? oom->kills + (read_number(c, "memory.usage_in_bytes") >= 0) : oom_kills(c);
	if (now > oom->kills)
		print_line(json_pack("{s:s, s:s}", "type", "oom", "id", c->state.id));
	oom->kills = now;
}

static int start_timer(const char *interval, struct err *e)
{
	int64_t ns = 5000000000;
	struct itimerspec t;
	autofd fd = -1;

	if (interval && (!text_duration(interval, &ns) || ns <= 0))
		return err_msg(e, EINVAL, "--interval %s: not a duration such as 5s or 100ms", interval);
	t.it_interval = t.it_value = (struct timespec){ .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (fd < 0 || timerfd_settime(fd, 0, &t, NULL) < 0)
		return err_set(e, errno, "timer");
	return take_fd(&fd);
}

/* Until its process has ended. */
static int follow(const struct bundle_container *c, const char *interval, struct err *e)
{
	autofd timer = start_timer(interval, e), pidfd = bundle_pidfd(c);
	struct oom oom;
	uint64_t n;

	if (timer < 0)
		return timer;
	watch_oom(c, &oom);
	while (pidfd >= 0) {
		struct pollfd p[3] = {
			{ .fd = pidfd, .events = POLLIN }, { .fd = oom.fd, .events = POLLIN }, { .fd = timer, .events = POLLIN },
		};

		if (poll(p, 3, -1) < 0)
			continue;
		if (p[1].revents)
			report_oom(c, &oom);
		if (p[0].revents)
			break;
		if (p[2].revents && read(timer, &n, sizeof n) > 0)
			print_line(stats_json(c));
	}
	fd_close(&oom.fd);
	return 0;
}

static int run_events(struct context *ctx, void *values, int argc, char **argv)
{
	const struct events_options *o = values;
	autobundle c = BUNDLE_CONTAINER_INIT;
	struct err e = ERR_INIT;

	(void)ctx;
	(void)argc;
	if (oci_open(argv[0], false, &c, &e) < 0)
		return oci_fail(&e);
	if (bundle_status(&c) == BUNDLE_STOPPED)
		return err_msg(&e, ESRCH, "container '%s' is not running", argv[0]), oci_fail(&e);
	if (oci_need_cgroup(&c, &e) < 0)
		return oci_fail(&e);
	if (!o->stats)
		return follow(&c, o->interval, &e) < 0 ? oci_fail(&e) : 0;
	print_line(stats_json(&c));
	return 0;
}

const struct command command_oci_events = {
	.name = "oci events", .summary = "Print what a container uses, and when it was out of memory", .usage = "[options] ID",
	.opts = options, .values_size = sizeof(struct events_options), .run = run_events, .min_args = 1, .max_args = 1,
};
