/* ps.c - ps (container ls, container ps). See podman-ps(1). */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/container_set.h"
#include "cmd/container_size.h"
#include "cmd/docker.h"
#include "cmd/ps_namespaces.h"
#include "cmd/template.h"
#include "core/base/text.h"

struct ps_options {
	int64_t last, watch;
	bool all, quiet, latest, size, no_trunc, no_heading, external, sync, ns, pod;
	char **filter;
	char *format, *sort;
};
#define AT(member) offsetof(struct ps_options, member)

static const struct opt ps_opts[] = {
	{ .name = "all", .letter = 'a', .type = OPT_FLAG, .offset = AT(all), .help = "Show those not running as well" },
	{ .name = "external", .type = OPT_FLAG, .offset = AT(external), .help = "Accepted: other tools' containers "
	  "are not in this store" },
	{ .name = "filter", .letter = 'f', .type = OPT_LIST, .offset = AT(filter), .arg = "key=value",
	  .choices = CONTAINER_FILTERS,
	  .help = "Only those that match: label, status, name, id, ancestor, exited, volume, network, "
	  "since, before, until" },
	{ .name = "format", .type = OPT_STRING, .offset = AT(format), .arg = "template", .choices = "~json",
	  .help = "Print with a Go template, or \"json\"" },
	{ .name = "last", .letter = 'n', .type = OPT_INT, .offset = AT(last), .arg = "number",
	  .help = "Show the last created, in any state" },
	{ .name = "latest", .letter = 'l', .type = OPT_FLAG, .offset = AT(latest), .help = "Show the latest created" },
	{ .name = "no-trunc", .type = OPT_FLAG, .offset = AT(no_trunc), .help = "Show IDs and commands whole" },
	{ .name = "noheading", .type = OPT_FLAG, .offset = AT(no_heading), .help = "Print no headings" },
	{ .name = "ns", .type = OPT_FLAG, .offset = AT(ns), .help = "Show process IDs and namespaces", .alias = "namespace" },
	{ .name = "pod", .letter = 'p', .type = OPT_FLAG, .offset = AT(pod), .help = "Show pods (there are none)" },
	{ .name = "quiet", .letter = 'q', .type = OPT_FLAG, .offset = AT(quiet), .help = "Print IDs only" },
	{ .name = "size", .letter = 's', .type = OPT_FLAG, .offset = AT(size), .help = "Show the size of the files" },
	{ .name = "sort", .type = OPT_STRING, .offset = AT(sort), .arg = "key", .help = "Sort by this",
	  .choices = "command|created|id|image|names|runningfor|size|status", .complete = COMPLETE_CHOICES },
	{ .name = "watch", .letter = 'w', .type = OPT_INT, .offset = AT(watch), .arg = "seconds",
	  .help = "Show it again and again, each time after so long" },
	{ .name = "sync", .type = OPT_FLAG, .offset = AT(sync), .help = "Accepted: what is shown is always so" },
	OPT_END
};

char *container_ports_text(const struct container_record *r)
{
	GString *s = g_string_new(NULL);

	for (size_t n = 0; n < r->n_ports; n++) {
		const struct port_mapping *m = &r->ports[n];

		g_string_append_printf(s, "%s%s:%u->%u/%s", n ? ", " : "", m->host_ip ? m->host_ip : "0.0.0.0",
				       m->host_port, m->container_port, m->protocol ? m->protocol : "tcp");
	}
	return g_string_free(s, FALSE);
}

static char *status_text(const struct container_state *st, int64_t now)
{
	g_autofree char *span = NULL;

	switch (st->status) {
	case CONTAINER_RUNNING:
		span = text_span((now - st->started_ns) / 1000000000);
		return st->health ? g_strdup_printf("Up %s (%s)", span, container_health_name(st->health))
				  : g_strdup_printf("Up %s", span);
	case CONTAINER_EXITED:
		span = text_ago((now - st->finished_ns) / 1000000000);
		return g_strdup_printf("Exited (%d) %s", st->exit_code, span);
	case CONTAINER_PAUSED:
		return g_strdup("Paused");
	case CONTAINER_RESTARTING:
		span = text_ago((now - st->finished_ns) / 1000000000);
		return g_strdup_printf("Restarting (%d) %s", st->exit_code, span);
	case CONTAINER_STOPPING:
		return g_strdup("Stopping");
	default:
		return g_strdup("Created");
	}
}

static json_t *text(const char *s)
{
	json_t *v = json_string(s ? s : "");

	return v ? v : json_string("?");
}

static json_t *strings(char *const *v)
{
	json_t *a = json_array();

	for (; v && *v; v++)
		json_array_append_new(a, text(*v));
	return a;
}

static json_t *label_map(char *const *labels)
{
	json_t *o = json_object();

	for (; labels && *labels; labels++) {
		g_autofree char *key = g_strdup(*labels);
		char *eq = strchr(key, '=');

		if (eq)
			*eq++ = '\0';
		json_object_set_new(o, key, text(eq));
	}
	return o;
}

static json_t *port_list(const struct container_record *r)
{
	json_t *a = json_array();

	for (size_t n = 0; n < r->n_ports; n++)
		json_array_append_new(a, json_pack("{s:s, s:i, s:i, s:i, s:s}", "host_ip",
				      r->ports[n].host_ip ? r->ports[n].host_ip : "", "container_port",
				      r->ports[n].container_port, "host_port", r->ports[n].host_port, "range", 1,
				      "protocol", r->ports[n].protocol ? r->ports[n].protocol : "tcp"));
	return a;
}

static json_t *mount_list(const struct container_record *r)
{
	json_t *a = json_array();

	for (size_t n = 0; n < r->n_mounts; n++)
		json_array_append_new(a, text(r->mounts[n].destination));
	return a;
}

/* What has not been is Go's year 1. */
static json_int_t seconds(int64_t ns)
{
	return ns ? ns / 1000000000 : -62135596800;
}

static void set_times(json_t *o, const struct container_info *i)
{
	g_autofree char *created = text_time_rfc3339(i->record->created_ns);

	json_object_set_new(o, "Created", json_integer(i->record->created_ns / 1000000000));
	json_object_set_new(o, "CreatedAt", text(created));
	json_object_set_new(o, "StartedAt", json_integer(seconds(i->state.started_ns)));
	json_object_set_new(o, "ExitedAt", json_integer(seconds(i->state.finished_ns)));
}

/* What is the same in --format json and in templates. */
static json_t *common(const struct container_info *i, int64_t now)
{
	const struct container_record *r = i->record;
	g_autofree char *status = status_text(&i->state, now);
	json_t *o = json_object();

	set_times(o, i);
	json_object_set_new(o, "AutoRemove", json_boolean(r->auto_remove));
	json_object_set_new(o, "Exited", json_boolean(i->state.status == CONTAINER_EXITED));
	json_object_set_new(o, "ExitCode", json_integer(i->state.exit_code));
	json_object_set_new(o, "Image", text(r->image_name ? r->image_name : r->rootfs));
	json_object_set_new(o, "ImageID", text(r->image_id));
	json_object_set_new(o, "IsInfra", json_false());
	json_object_set_new(o, "Pid", json_integer(i->state.pid));
	json_object_set_new(o, "Pod", text(""));
	json_object_set_new(o, "PodName", text(""));
	json_object_set_new(o, "Restarts", json_integer(0));
	json_object_set_new(o, "State", text(container_status_name(i->state.status)));
	json_object_set_new(o, "Status", text(status));
	return o;
}

/* podman shows the arguments, not the image's entrypoint. */
static char **arguments(const struct container_record *r)
{
	return r->command ? r->command + r->entrypoint_words : NULL;
}

static json_t *json_form(const struct container_info *i, int64_t now)
{
	const struct container_record *r = i->record;
	g_autofree char *ago = text_ago((now - r->created_ns) / 1000000000);
	json_t *o = common(i, now);

	json_object_set_new(o, "CreatedAt", text(ago));
	json_object_set_new(o, "Namespaces", json_object());
	json_object_set_new(o, "Size", json_null());
	json_object_set_new(o, "Command", strings(arguments(r)));
	json_object_set_new(o, "Id", text(r->id));
	json_object_set_new(o, "Labels", label_map(r->labels));
	json_object_set_new(o, "Mounts", mount_list(r));
	json_object_set_new(o, "Names", json_pack("[o]", text(r->name)));
	json_object_set_new(o, "Networks", json_array());
	json_object_set_new(o, "Ports", port_list(r));
	return o;
}

static char *shown_command(const struct container_record *r, bool whole)
{
	char **words = arguments(r);
	g_autofree char *all = words ? g_strjoinv(" ", words) : g_strdup("");
	g_autofree char *clean = text_printable(all);

	if (whole || g_utf8_strlen(clean, -1) <= 20)
		return g_steal_pointer(&clean);
	*g_utf8_offset_to_pointer(clean, 17) = '\0';
	return g_strconcat(clean, "...", NULL);
}

/* The fields of the default columns. */
static json_t *shown_row(const struct ps_options *o, const struct container_info *i, int64_t now)
{
	const struct container_record *r = i->record;
	g_autofree char *command = shown_command(r, o->no_trunc), *ports = container_ports_text(r);
	g_autofree char *ago = text_ago((now - r->created_ns) / 1000000000), *status = status_text(&i->state, now);
	g_autofree char *id = g_strndup(r->id, o->no_trunc ? 64 : 12);
	json_t *row = json_object();

	json_object_set_new(row, "ID", text(id));
	json_object_set_new(row, "Image", text(r->image_name ? r->image_name : r->rootfs));
	json_object_set_new(row, "Command", text(command));
	json_object_set_new(row, "CreatedHuman", text(ago));
	json_object_set_new(row, "Status", text(status));
	json_object_set_new(row, "Ports", text(ports));
	json_object_set_new(row, "Names", text(r->name));
	json_object_set_new(row, "Size", text(""));
	json_object_set_new(row, "Pid", json_integer(i->state.pid));
	json_object_set_new(row, "Pod", text(""));
	json_object_set_new(row, "PodName", text(""));
	return row;
}

/* In the row, and as podman's JSON has it. */
static void set_size(struct context *c, const struct container_record *r, json_t *row)
{
	int64_t rw = container_size_rw(c, r->id), root = container_size_root(c, r, rw);
	g_autofree char *size = container_size_text(rw, root);
	json_t *form = json_object_get(row, "_json");

	json_object_set_new(row, "Size", text(size));
	json_object_set_new(row, "_bytes", json_integer(rw));
	if (form)
		json_object_set_new(form, "Size", json_pack("{s:I, s:I}", "rootFsSize", (json_int_t)root, "rwSize",
							    (json_int_t)rw));
}

static json_t *row(const struct ps_options *o, const struct container_info *i, int64_t now)
{
	const struct container_record *r = i->record;
	g_autofree char *ago = text_ago((now - r->created_ns) / 1000000000), *created = text_time_go(r->created_ns);
	g_autofree char *image_id = g_strndup(r->image_id ? r->image_id : "", o->no_trunc ? 64 : 12);
	json_t *row = shown_row(o, i, now), *more;

	if (o->ns || (o->format && !strstr(o->format, "json")))
		ps_set_namespaces(row, i->state.pid);
	if (!o->format)
		return row;
	more = common(i, now);
	(void)json_object_update(row, more);
	json_decref(more);
	json_object_set_new(row, "Created", text(created));
	json_object_set_new(row, "CreatedAt", text(created));
	json_object_set_new(row, "ImageID", text(image_id));
	json_object_set_new(row, "Id", text(r->id));
	json_object_set_new(row, "Labels", label_map(r->labels));
	json_object_set_new(row, "Mounts", mount_list(r));
	json_object_set_new(row, "Networks", text(""));
	json_object_set_new(row, "RunningFor", text(ago));
	/* What the format "json" shows; anything else names fields of the row. */
	if (strstr(o->format, "json"))
		json_object_set_new(row, "_json", json_form(i, now));
	return row;
}

/* What docker's list tells of mounts and networks, for docker_rows. */
static void set_sources(const struct container_record *r, json_t *row)
{
	json_t *sources = json_array();
	json_int_t volumes = 0;

	for (size_t n = 0; n < r->n_mounts; n++) {
		bool volume = !g_strcmp0(r->mounts[n].type, "volume");

		volumes += volume;
		if (volume || !g_strcmp0(r->mounts[n].type, "bind"))
			json_array_append_new(sources, text(volume ? r->mounts[n].name : r->mounts[n].source));
	}
	json_object_set_new(row, "_sources", sources);
	json_object_set_new(row, "_volumes", json_integer(volumes));
	json_object_set_new(row, "_network", text(r->network));
}

static json_t *sized_row(struct context *c, const struct ps_options *o, const struct container_info *i, int64_t now)
{
	json_t *made = row(o, i, now);

	if (o->size || !g_strcmp0(o->sort, "size"))
		set_size(c, i->record, made);
	if (c->docker)
		set_sources(i->record, made);
	return made;
}

static const char *sort_key;

static int by_key(gconstpointer a, gconstpointer b)
{
	const struct container_info *x = *(struct container_info *const *)a, *y = *(struct container_info *const *)b;

	if (!strcmp(sort_key, "id"))
		return strcmp(x->record->id, y->record->id);
	if (!strcmp(sort_key, "names"))
		return strcmp(x->record->name, y->record->name);
	if (!strcmp(sort_key, "image"))
		return g_strcmp0(x->record->image_name, y->record->image_name);
	if (!strcmp(sort_key, "status"))
		return (int)x->state.status - (int)y->state.status;
	if (!strcmp(sort_key, "runningfor"))
		return (x->state.started_ns > y->state.started_ns) - (x->state.started_ns < y->state.started_ns);
	if (!strcmp(sort_key, "command"))
		return g_strcmp0(x->record->command ? *arguments(x->record) : "",
				 y->record->command ? *arguments(y->record) : "");
	return 0;
}

static bool filters_state(char *const *filters)
{
	for (; filters && *filters; filters++)
		if (g_str_has_prefix(*filters, "status=") || g_str_has_prefix(*filters, "exited="))
			return true;
	return false;
}

/* Those that `ps` shows; 0: all. */
static unsigned shown_states(const struct ps_options *o)
{
	bool any = o->all || o->last > 0 || o->latest || filters_state(o->filter);

	return any ? 0 : CONTAINER_ALIVE;
}

static int select_shown(struct context *c, const struct ps_options *o, GPtrArray *set, struct err *e)
{
	int64_t last = o->latest ? 1 : o->last;
	struct container_record nobody = { .name = (char *)"", .id = (char *)"" };
	struct container_info probe = { .record = &nobody };

	if (container_passes(c, &probe, o->filter, e) < 0)      /* wrong even if there is nobody */
		return -e->code;
	for (guint n = 0; n < set->len;) {
		struct container_info *i = set->pdata[n];
		int r = container_passes(c, i, o->filter, e);

		if (r < 0)
			return r;
		if (r)
			n++;
		else
			g_ptr_array_remove_index(set, n);
	}
	if (last > 0 && set->len > last)
		g_ptr_array_remove_range(set, 0, set->len - (guint)last);
	return 0;
}

static const char *const columns[] = { "CONTAINER ID={{.ID}}", "IMAGE={{.Image}}", "COMMAND={{.Command}}",
	"CREATED={{.CreatedHuman}}", "STATUS={{.Status}}", "PORTS={{.Ports}}", "NAMES={{.Names}}", NULL };
static const char *const columns_ns[] = { "CONTAINER ID={{.ID}}", "NAMES={{.Names}}", "PID={{.Pid}}", "CGROUPNS={{.CGROUPNS}}",
	"IPC={{.IPC}}", "MNT={{.MNT}}", "NET={{.NET}}", "PIDNS={{.PIDNS}}", "USERNS={{.USERNS}}", "UTS={{.UTS}}", NULL };
#define COLUMNS_MAX (G_N_ELEMENTS(columns_ns) + 3)

/* The default table with what the options add. */
static void choose_columns(const struct ps_options *o, const char *ret[COLUMNS_MAX])
{
	const char *const *from = o->ns ? columns_ns : columns;
	size_t n = 0;

	while (from[n]) {
		ret[n] = from[n];
		n++;
	}
	if (o->pod) {
		ret[n++] = "POD ID={{.Pod}}";
		ret[n++] = "PODNAME={{.PodName}}";
	}
	if (o->size)
		ret[n++] = "SIZE={{.Size}}";
	ret[n] = NULL;
}

static int by_size(const void *a, const void *b)
{
	json_int_t x = json_integer_value(json_object_get(*(json_t *const *)a, "_bytes"));
	json_int_t y = json_integer_value(json_object_get(*(json_t *const *)b, "_bytes"));

	return (x > y) - (x < y);
}

static void sort_by_size(json_t *rows)
{
	size_t n = json_array_size(rows);
	g_autofree json_t **v = g_new(json_t *, n + 1);

	for (size_t i = 0; i < n; i++)
		v[i] = json_incref(json_array_get(rows, i));
	qsort(v, n, sizeof(*v), by_size);
	for (size_t i = 0; i < n; i++)
		(void)json_array_set_new(rows, i, v[i]);
}

static int list(struct context *c, const struct ps_options *o, struct err *e)
{
	g_autoptr(GPtrArray) set = NULL;
	const char *shown[COLUMNS_MAX];
	json_t *rows = json_array();
	int64_t now = text_now_ns();
	int r;

	choose_columns(o, shown);
	r = container_load_all(c, shown_states(o), &set, e);
	if (r == 0)
		r = select_shown(c, o, set, e);
	if (r == 0 && o->sort) {
		sort_key = o->sort;
		g_ptr_array_sort(set, by_key);
	}
	for (guint n = 0; r == 0 && n < set->len; n++) {
		struct container_info *i = set->pdata[n];

		if (o->quiet)
			printf("%.*s\n", o->no_trunc ? 64 : 12, i->record->id);
		else
			json_array_append_new(rows, sized_row(c, o, i, now));
	}
	if (r == 0 && !g_strcmp0(o->sort, "size"))
		sort_by_size(rows);
	if (r == 0 && c->docker && o->format)
		docker_rows(DOCKER_PS, rows);
	if (r == 0 && !o->quiet)
		r = show_rows(rows, shown, o->format, o->no_heading, e);
	json_decref(rows);
	return r;
}

static int run_ps(struct context *c, void *values, int argc, char **argv)
{
	const struct ps_options *o = values;
	struct err e = ERR_INIT;
	int r = 0;

	(void)argc;
	(void)argv;
	show_whole(o->no_trunc);
	if (o->watch < 0 || o->watch > 86400)
		r = err_msg(&e, EINVAL, "--watch: a number of seconds from 1 to 86400 is needed");
	if (r == 0)
		r = context_store(c, &e);
	while (r == 0) {
		if (o->watch && isatty(STDOUT_FILENO))
			fputs("\033[H\033[2J", stdout);
		r = list(c, o, &e);
		/* Nobody reads it any more. */
		if (r < 0 || !o->watch || fflush(stdout) != 0)
			break;
		(void)poll(NULL, 0, (int)(o->watch * 1000));
	}
	return r < 0 ? fail(&e) : 0;
}

const struct command command_ps = {
	.name = "ps", .alias = "container ps|container ls|container list", .summary = "List containers",
	.usage = "[options]", .opts = ps_opts, .values_size = sizeof(struct ps_options), .run = run_ps,
	.min_args = 0, .max_args = 0,
};
