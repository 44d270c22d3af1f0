/* logs.c - logs: what containers wrote, and what they go on writing. See podman-logs(1). */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/container_set.h"
#include "core/base/fd.h"
#include "core/base/text.h"
#include "core/container/ctl.h"
#include "core/container/logread.h"

#define OUT_BUFFER (128 * 1024)

struct logs_options {
	char *since, *until;
	bool color, follow, latest, names, tail_set, timestamps;
	int64_t tail;
};
#define AT(member) offsetof(struct logs_options, member)

static const struct opt logs_opts[] = {
	{ .name = "color", .type = OPT_FLAG, .offset = AT(color), .help = "Names in colours, one for each container" },
	{ .name = "follow", .letter = 'f', .type = OPT_FLAG, .offset = AT(follow),
	  .help = "Go on until the containers have ended" },
	{ .name = "latest", .letter = 'l', .type = OPT_FLAG, .offset = AT(latest), .help = "The container created last" },
	{ .name = "names", .letter = 'n', .type = OPT_FLAG, .offset = AT(names), .help = "Put the name in front" },
	{ .name = "since", .type = OPT_STRING, .offset = AT(since), .arg = "time",
	  .help = "Only what was written later: a time, or a duration before now" },
	{ .name = "tail", .type = OPT_INT, .offset = AT(tail), .arg = "lines", .help = "Only the last lines",
	  .set_offset = AT(tail_set) },
	{ .name = "timestamps", .letter = 't', .type = OPT_FLAG, .offset = AT(timestamps),
	  .help = "Put the time in front" },
	{ .name = "until", .type = OPT_STRING, .offset = AT(until), .arg = "time",
	  .help = "Only what was written earlier" },
	OPT_END
};

struct out { int fd; size_t used; char buf[OUT_BUFFER]; };

/* One container's log. */
struct shown {
	struct logread log;
	bool open, begun[3];    /* begun: a line of that stream waits for its end */
	char *path, *prefix;
	int ctl;                /* to its keeper, which tells the end; -1: it has ended */
	int watch;              /* of its file */
};

struct show {
	const struct logs_options *o;
	int64_t since, until;
	struct out *out[3];     /* by stream; one and the same where both go to one place */
	struct shown *all;
	guint n;
	int inotify;
};

static void flush(struct out *o)
{
	int r = fd_write_all(o->fd, o->buf, o->used);

	o->used = 0;
	if (r < 0) {
		struct err e = ERR_INIT;

		(void)err_set(&e, -r, "write");
		exit(fail(&e));
	}
}

static void put(struct out *o, const char *s, size_t n)
{
	while (n > 0) {
		size_t part = MIN(n, sizeof o->buf - o->used);

		memcpy(o->buf + o->used, s, part);
		o->used += part;
		s += part;
		n -= part;
		if (o->used == sizeof o->buf)
			flush(o);
	}
}

static void flush_all(struct show *s)
{
	flush(s->out[1]);
	flush(s->out[2]);
}

/* One place for both streams where they go to the same: so the order of lines is kept. */
static void open_outputs(struct show *s)
{
	struct stat a, b;

	s->out[1] = g_new(struct out, 1);
	s->out[1]->fd = STDOUT_FILENO;
	s->out[1]->used = 0;
	s->out[2] = s->out[1];
	if (fstat(STDOUT_FILENO, &a) == 0 && fstat(STDERR_FILENO, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev)
		return;
	s->out[2] = g_new(struct out, 1);
	s->out[2]->fd = STDERR_FILENO;
	s->out[2]->used = 0;
}

static int time_limit(const char *what, const char *s, int64_t none, int64_t *ret, struct err *e)
{
	int64_t ns;

	*ret = none;
	if (!s || text_time_parse(s, ret))
		return 0;
	if (!text_duration(s, &ns))
		return err_msg(e, EINVAL, "--%s \"%s\": neither a time (2026-11-23T01:02:03Z) nor a duration (10m)", what,
			       s);
	*ret = text_now_ns() - ns;
	return 0;
}

static bool in_time(const struct show *s, const struct logread_entry *n)
{
	char text[64];
	int64_t at;

	if (!s->o->since && !s->o->until)
		return true;
	if (n->time_len >= sizeof text)
		return false;
	memcpy(text, n->time, n->time_len);
	text[n->time_len] = '\0';
	return text_time_parse(text, &at) && at >= s->since && at <= s->until;
}

static void show_entry(struct show *s, struct shown *c, const struct logread_entry *n)
{
	struct out *o = s->out[n->stream];

	if (!c->begun[n->stream] && c->prefix)
		put(o, c->prefix, strlen(c->prefix));
	if (!c->begun[n->stream] && s->o->timestamps) {
		put(o, n->time, n->time_len);
		put(o, " ", 1);
	}
	put(o, n->text, n->len);
	if (n->full)
		put(o, "\n", 1);
	c->begun[n->stream] = !n->full;
}

/* All that there is for now. */
static void show_more(struct show *s, struct shown *c)
{
	struct logread_entry n;

	while (logread_next(&c->log, &n))
		if (in_time(s, &n))
			show_entry(s, c, &n);
}

/* Of several containers each line says whose it is, as podman's do: a short ID, or the name with -n. */
static char *make_prefix(const struct logs_options *o, const struct container_info *i, guint number, guint of)
{
	g_autofree char *id = g_strndup(i->record->id, 12);
	const char *name = o->names ? i->record->name : id;

	if (!o->names && of < 2)
		return NULL;
	if (o->color && !getenv("NO_COLOR"))
		return g_strdup_printf("\033[%um%s\033[0m ", 31 + number % 6, name);
	return g_strdup_printf("%s ", name);
}

/* The file for what is written, its directory for the next file: for a moment there may be none. */
static void watch(struct show *s, struct shown *c)
{
	g_autofree char *dir = g_path_get_dirname(c->path);

	(void)inotify_add_watch(s->inotify, dir, IN_CREATE);
	c->watch = inotify_add_watch(s->inotify, c->path, IN_MODIFY);
}

static int open_log(struct context *c, struct show *s, const struct container_info *i, struct shown *ret, struct err *e)
{
	const struct container_record *r = i->record;
	enum logfile_format format;

	if (!logfile_driver(r->log_driver, &format) || format == LOGFILE_NONE)
		return err_msg(e, EINVAL, "container %s keeps no log (--log-driver %s)", i->given, r->log_driver);
	if (format == LOGFILE_JOURNAL) {
		(void)err_msg(e, ENOTSUP, "the log of container %s is in systemd's journal", i->given);
		return err_hint(e, "journalctl CONTAINER_ID_FULL=%s shows it", r->id);
	}
	ret->path = r->log_path && r->log_path[0] == '/' ? g_strdup(r->log_path)
		: g_strdup_printf("%s/%s/%s", c->place.containers_path, r->id, r->log_path ? r->log_path : LOG_NAME);
	/* Before the log is read: what comes later is told. */
	if (s->o->follow) {
		ret->ctl = ctl_connect(&c->place, r->id);
		if (ret->ctl >= 0)
			watch(s, ret);
	}
	ret->open = true;
	return logread_open(&ret->log, AT_FDCWD, ret->path, format, s->o->tail_set ? s->o->tail : -1, e);
}

/* The file may be another one by now. */
static void watch_again(struct show *s)
{
	char buf[8192] __attribute__((aligned(__alignof__(struct inotify_event))));

	while (read(s->inotify, buf, sizeof buf) > 0)
		;
	for (guint n = 0; n < s->n; n++) {
		struct shown *c = &s->all[n];
		int now = c->ctl < 0 ? -1 : inotify_add_watch(s->inotify, c->path, IN_MODIFY);

		if (now >= 0 && c->watch >= 0 && now != c->watch)
			(void)inotify_rm_watch(s->inotify, c->watch);
		if (now >= 0)
			c->watch = now;
	}
}

/* Its keeper says something: the end is the only word that counts. */
static void hear(struct shown *c)
{
	static struct ctl_msg m;
	size_t len;
	int r = ctl_recv(c->ctl, &m, &len);

	if (r <= 0 || m.head.type == CTL_EXIT)
		fd_close(&c->ctl);
}

static void follow(struct show *s)
{
	g_autofree struct pollfd *p = g_new0(struct pollfd, s->n + 1);

	for (;;) {
		bool any = false;

		for (guint n = 0; n < s->n; n++) {
			p[n] = (struct pollfd){ .fd = s->all[n].ctl, .events = POLLIN };
			any |= s->all[n].ctl >= 0;
		}
		/* The keeper closes its log before it tells the end: one more look shows all. */
		for (guint n = 0; n < s->n; n++)
			if (s->all[n].open)
				show_more(s, &s->all[n]);
		flush_all(s);
		if (!any)
			return;
		p[s->n] = (struct pollfd){ .fd = s->inotify, .events = POLLIN };
		if (poll(p, s->n + 1, -1) < 0)
			continue;
		if (p[s->n].revents)
			watch_again(s);
		for (guint n = 0; n < s->n; n++)
			if (p[n].revents)
				hear(&s->all[n]);
	}
}

static void show_end(struct show *s)
{
	for (guint n = 0; n < s->n; n++) {
		if (s->all[n].open)
			logread_close(&s->all[n].log);
		fd_close(&s->all[n].ctl);
		g_free(s->all[n].path);
		g_free(s->all[n].prefix);
	}
	g_free(s->all);
	fd_close(&s->inotify);
	if (s->out[2] != s->out[1])
		g_free(s->out[2]);
	g_free(s->out[1]);
}

static int run_logs(struct context *c, void *values, int argc, char **argv)
{
	const struct logs_options *o = values;
	struct show s = { .o = o, .inotify = -1 };
	struct container_choice choice = { .latest = o->latest };
	g_autoptr(GPtrArray) set = NULL;
	struct err e = ERR_INIT;
	int worst = 0;

	if (time_limit("since", o->since, INT64_MIN, &s.since, &e) < 0 ||
	    time_limit("until", o->until, INT64_MAX, &s.until, &e) < 0 || context_store(c, &e) < 0 ||
	    container_choose(c, &choice, argc, argv, &set, &worst, &e) < 0)
		return fail(&e);
	if (o->follow)
		s.inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	open_outputs(&s);
	s.n = set->len;
	s.all = g_new0(struct shown, s.n);
	for (guint n = 0; n < s.n; n++) {
		s.all[n].ctl = s.all[n].watch = -1;
		s.all[n].prefix = make_prefix(o, set->pdata[n], n, s.n);
		err_clear(&e);
		if (open_log(c, &s, set->pdata[n], &s.all[n], &e) < 0)
			fail_one(&e, EXIT_OURS, &worst);
	}
	follow(&s);
	show_end(&s);
	return worst;
}

const struct command command_logs = {
	.name = "logs", .alias = "container logs", .summary = "Show what containers have written",
	.usage = "[options] CONTAINER [CONTAINER...]", .opts = logs_opts, .values_size = sizeof(struct logs_options),
	.run = run_logs, .min_args = 0, .max_args = -1, .complete = COMPLETE_CONTAINER,
};
