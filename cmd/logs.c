/* logs.c - logs: what a container wrote so far. See podman-logs(1). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/container_set.h"
#include "core/base/text.h"
#include "core/container/logfile.h"

struct logs_options {
	char *since;
	bool timestamps, names, latest, tail_set;
	int64_t tail;
	char *until;
};
#define AT(member) offsetof(struct logs_options, member)

static const struct opt logs_opts[] = {
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

struct entry {
	char *time, *text;
	int stream;
	bool full;
};

static void entry_free(gpointer p)
{
	struct entry *n = p;

	g_free(n->time);
	g_free(n->text);
	g_free(n);
}

/* "TIME stdout F text" */
static struct entry *parse_k8s(const char *line)
{
	g_auto(GStrv) part = g_strsplit(line, " ", 4);
	struct entry *n;

	if (g_strv_length(part) != 4)
		return NULL;
	n = g_new0(struct entry, 1);
	n->time = g_strdup(part[0]);
	n->stream = !strcmp(part[1], "stderr") ? 2 : 1;
	n->full = part[2][0] == 'F';
	n->text = g_strdup(part[3]);
	return n;
}

static struct entry *parse_json(const char *line)
{
	json_t *o = json_loads(line, 0, NULL);
	const char *log, *stream, *time;
	struct entry *n = NULL;

	if (o && json_unpack(o, "{s:s, s:s, s:s}", "log", &log, "stream", &stream, "time", &time) == 0) {
		n = g_new0(struct entry, 1);
		n->time = g_strdup(time);
		n->stream = !strcmp(stream, "stderr") ? 2 : 1;
		n->full = g_str_has_suffix(log, "\n");
		n->text = g_strndup(log, strlen(log) - (n->full ? 1 : 0));
	}
	json_decref(o);
	return n;
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

static void read_log(const char *path, enum logfile_format format, int64_t since, int64_t until, GPtrArray *ret)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	while (f && (len = getline(&line, &room, f)) > 0) {
		struct entry *n;
		int64_t at;

		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		n = format == LOGFILE_JSON ? parse_json(line) : parse_k8s(line);
		if (n && text_time_parse(n->time, &at) && at >= since && at <= until)
			g_ptr_array_add(ret, n);
		else if (n)
			entry_free(n);
	}
	free(line);
	if (f)
		(void)fclose(f);
}

static void show(const struct logs_options *o, const struct container_info *i, GPtrArray *entries)
{
	bool fresh[3] = { true, true, true };
	guint first = 0, lines = 0;

	if (o->tail_set && o->tail >= 0)
		for (first = entries->len; first > 0; first--) {
			if (((struct entry *)entries->pdata[first - 1])->full && ++lines > o->tail)
				break;
		}
	for (guint k = first; k < entries->len; k++) {
		const struct entry *n = entries->pdata[k];
		FILE *out = n->stream == 2 ? stderr : stdout;

		if (fresh[n->stream] && o->names)
			fprintf(out, "%s ", i->record->name);
		if (fresh[n->stream] && o->timestamps)
			fprintf(out, "%s ", n->time);
		fputs(n->text, out);
		if (n->full)
			fputc('\n', out);
		fresh[n->stream] = n->full;
		if (k + 1 < entries->len && ((struct entry *)entries->pdata[k + 1])->stream != n->stream)
			(void)fflush(out);
	}
}

static int show_log(struct context *c, const struct logs_options *o, const struct container_info *i, struct err *e)
{
	const struct container_record *r = i->record;
	g_autofree char *path = r->log_path && r->log_path[0] == '/' ? g_strdup(r->log_path)
		: g_strdup_printf("%s/%s/%s", c->place.containers_path, r->id, r->log_path ? r->log_path : LOG_NAME);
	g_autofree char *old = g_strconcat(path, ".1", NULL);
	g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(entry_free);
	enum logfile_format format;
	int64_t since, until;

	if (!logfile_driver(r->log_driver, &format) || format == LOGFILE_NONE)
		return err_msg(e, EINVAL, "container %s keeps no log (--log-driver %s)", i->given, r->log_driver);
	if (time_limit("since", o->since, INT64_MIN, &since, e) < 0 ||
	    time_limit("until", o->until, INT64_MAX, &until, e) < 0)
		return -e->code;
	read_log(old, format, since, until, entries);
	read_log(path, format, since, until, entries);
	show(o, i, entries);
	return 0;
}

static int run_logs(struct context *c, void *values, int argc, char **argv)
{
	struct logs_options *o = values;
	struct container_choice choice = { .latest = o->latest };
	g_autoptr(GPtrArray) set = NULL;
	struct err e = ERR_INIT;
	int worst = 0, r = context_store(c, &e);

	if (r == 0)
		r = container_choose(c, &choice, argc, argv, &set, &worst, &e);
	if (r < 0)
		return fail(&e);
	for (guint n = 0; n < set->len; n++) {
		err_clear(&e);
		if (show_log(c, o, set->pdata[n], &e) < 0)
			fail_one(&e, EXIT_OURS, &worst);
	}
	return worst;
}

const struct command command_logs = {
	.name = "logs", .alias = "container logs", .summary = "Show what containers have written",
	.usage = "[options] CONTAINER [CONTAINER...]", .opts = logs_opts, .values_size = sizeof(struct logs_options),
	.run = run_logs, .min_args = 0, .max_args = -1, .complete = COMPLETE_CONTAINER,
};
