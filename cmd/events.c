/* events.c - events. See podman-events(1). */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cmd/container_set.h"
#include "cmd/template.h"
#include "core/base/event_reader.h"
#include "core/base/text.h"

struct events_options {
	bool stream, no_trunc;
	char **filter, *format, *since, *until;
};
#define AT(member) offsetof(struct events_options, member)

static const struct opt events_opts[] = {
	{ .name = "filter", .letter = 'f', .type = OPT_LIST, .offset = AT(filter), .arg = "key=value",
	  .help = "Only those that match: container, event, image, label, pod, type, volume" },
	{ .name = "format", .type = OPT_STRING, .offset = AT(format), .arg = "template",
	  .help = "Print each with a Go template, or as \"json\"" },
	{ .name = "no-trunc", .type = OPT_FLAG, .offset = AT(no_trunc), .help = "Show IDs whole (default: true)" },
	{ .name = "since", .type = OPT_STRING, .offset = AT(since), .arg = "time",
	  .help = "From this time on: a time, seconds since 1970, or so long ago (10m)" },
	{ .name = "stream", .type = OPT_FLAG, .offset = AT(stream),
	  .help = "Go on with what happens from now on (default: true)" },
	{ .name = "until", .type = OPT_STRING, .offset = AT(until), .arg = "time",
	  .help = "Up to this time, or for so long from now (10m)" },
	OPT_END
};

static void events_defaults(struct context *c, void *values)
{
	struct events_options *o = values;

	(void)c;
	o->stream = o->no_trunc = true;
}

struct events {
	const struct events_options *o;
	struct template *template;      /* NULL: lines, or JSON */
	bool json;
	int64_t since, until;           /* ns; INT64_MIN, INT64_MAX: none */
};

static const char *string_of(json_t *v, const char *key)
{
	const char *s = json_string_value(json_object_get(v, key));

	return s ? s : "";
}

/* --- filters ---------------------------------------------------------------------------------------------------- */

static bool is_thing(json_t *v, const char *type, const char *value)
{
	return !strcmp(string_of(v, "Type"), type) &&
	       (!strcmp(string_of(v, "Name"), value) || g_str_has_prefix(string_of(v, "ID"), value));
}

static bool has_label(json_t *v, const char *value)
{
	const char *eq = strchr(value, '=');
	g_autofree char *key = eq ? g_strndup(value, (gsize)(eq - value)) : g_strdup(value);
	json_t *label = json_object_get(json_object_get(v, "Attributes"), key);

	return label && (!eq || !strcmp(json_string_value(label), eq + 1));
}

/* 1, 0, or -1: no such key. */
static int passes_one(json_t *v, const char *key, const char *value)
{
	if (!strcmp(key, "container"))
		return *value && is_thing(v, "container", value);
	if (!strcmp(key, "event") || !strcmp(key, "status"))
		return !strcmp(string_of(v, "Status"), value);
	if (!strcmp(key, "image"))
		return *value && is_thing(v, "image", value);
	if (!strcmp(key, "label"))
		return has_label(v, value);
	if (!strcmp(key, "pod"))        /* there are none, so nothing is of one */
		return 0;
	if (!strcmp(key, "type"))
		return !strcmp(string_of(v, "Type"), value);
	if (!strcmp(key, "volume"))
		return *value && is_thing(v, "volume", value);
	return -1;
}

/* One key twice: either; different keys: all. 1, 0 or -EINVAL. */
static int passes(json_t *v, char *const *filters, struct err *e)
{
	g_autoptr(GHashTable) keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GHashTableIter it;
	gpointer hit;

	for (; filters && *filters; filters++) {
		const char *eq = strchr(*filters, '=');
		g_autofree char *key = g_ascii_strdown(*filters, eq ? eq - *filters : -1);
		int r = eq ? passes_one(v, key, eq + 1) : -1;

		if (r < 0)
			return err_msg(e, EINVAL, "--filter \"%s\": must be container=, event=, image=, label=, pod=, type= or "
				       "volume= with a value", *filters);
		if (r || !g_hash_table_contains(keys, key))
			g_hash_table_replace(keys, g_steal_pointer(&key), GINT_TO_POINTER(r));
	}
	g_hash_table_iter_init(&it, keys);
	while (g_hash_table_iter_next(&it, NULL, &hit))
		if (!GPOINTER_TO_INT(hit))
			return 0;
	return 1;
}

/* --- output ----------------------------------------------------------------------------------------------------- */

/* podman's object, its keys in podman's order. */
static json_t *json_form(json_t *v, int64_t at)
{
	static const char *const keys[] = { "ContainerExitCode", "ID", "Image", "Name", "Status", "Time", "Type",
		"health_status" };
	g_autofree char *time = text_time_rfc3339(at);
	json_t *o = json_object(), *labels = json_object_get(v, "Attributes");

	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		json_t *member = json_object_get(v, keys[i]);

		if (!strcmp(keys[i], "Time"))
			json_object_set_new(o, "Time", json_string(time));
		else if (member && strcmp(json_is_string(member) ? json_string_value(member) : "-", "") != 0)
			json_object_set(o, keys[i], member);
	}
	json_object_set_new(o, "Attributes", labels ? json_incref(labels) : json_null());
	return o;
}

/* Everything that a template may name. */
static json_t *row(json_t *v, int64_t at)
{
	static const char *const strings[] = { "ID", "Image", "Name", "Status", "Type" };
	g_autofree char *time = text_time_go(at);
	json_t *o = json_object(), *labels = json_object_get(v, "Attributes");

	for (size_t i = 0; i < G_N_ELEMENTS(strings); i++)
		json_object_set_new(o, strings[i], json_string(string_of(v, strings[i])));
	json_object_set_new(o, "Time", json_string(time));
	json_object_set_new(o, "HealthStatus", json_string(string_of(v, "health_status")));
	json_object_set_new(o, "Network", json_string(""));
	json_object_set_new(o, "ContainerExitCode",
			    json_integer(json_integer_value(json_object_get(v, "ContainerExitCode"))));
	json_object_set_new(o, "Attributes", labels ? json_incref(labels) : json_object());
	return o;
}

/* What a name or label holds must not reach the terminal as control characters. */
static void print_clean(const char *before, const char *s, const char *after)
{
	g_autofree char *clean = text_printable(s);

	printf("%s%s%s", before, clean, after);
}

static void print_line(const struct events *x, json_t *v, int64_t at)
{
	const char *type = string_of(v, "Type"), *health = string_of(v, "health_status"), *key;
	g_autofree char *time = text_time_go(at);
	json_t *label;

	printf("%s %s %s ", time, type, string_of(v, "Status"));
	if (strcmp(type, "volume") != 0)
		printf("%.*s ", x->o->no_trunc ? 64 : 12, string_of(v, "ID"));
	if (strcmp(type, "container") != 0) {
		print_clean("", string_of(v, "Name"), "\n");
		return;
	}
	print_clean("(image=", string_of(v, "Image"), ", name=");
	print_clean("", string_of(v, "Name"), "");
	if (*health)
		printf(", health_status=%s", health);
	json_object_foreach(json_object_get(v, "Attributes"), key, label) {
		print_clean(", ", key, "=");
		print_clean("", json_string_value(label), "");
	}
	printf(")\n");
}

static int print_event(const struct events *x, json_t *v, int64_t at, struct err *e)
{
	g_autoptr(GString) out = g_string_new(NULL);
	json_t *shown;
	int r = 0;

	if (x->json) {
		char *text;

		shown = json_form(v, at);
		text = json_dumps(shown, JSON_COMPACT);
		puts(text ? text : "{}");
		free(text);
	} else if (x->template) {
		shown = row(v, at);
		r = template_exec(x->template, shown, out, e);
		if (r == 0)
			puts(out->str);
	} else {
		print_line(x, v, at);
		return 0;
	}
	json_decref(shown);
	return r;
}

/* --- the command ------------------------------------------------------------------------------------------------ */

static bool all_labels_text(json_t *v)
{
	json_t *label;
	const char *key;

	json_object_foreach(json_object_get(v, "Attributes"), key, label)
		if (!json_is_string(label))
			return false;
	return true;
}

/* One record of the log, which may have been torn: then it is nobody's. */
static int show_record(const struct events *x, const char *text, struct err *e)
{
	json_t *v = json_loads(text, 0, NULL), *time = json_object_get(v, "Time");
	int64_t at = json_integer_value(time);
	int r = 0;

	if (json_is_integer(time) && all_labels_text(v) && at >= x->since && at <= x->until) {
		r = passes(v, x->o->filter, e);
		if (r > 0)
			r = print_event(x, v, at, e);
	}
	json_decref(v);
	return MIN(r, 0);
}

/* Milliseconds until the end, -1: there is none. */
static int time_left(const struct events *x)
{
	int64_t left = x->until == INT64_MAX ? -1 : MAX(x->until - text_now_ns(), 0);

	return left < 0 ? -1 : (int)MIN(left / 1000000 + 1, 3600000);
}

static int show_all(struct events *x, struct event_reader *reader, struct err *e)
{
	const char *text;
	int r;

	for (;;) {
		struct pollfd p[2] = { { .fd = event_reader_fd(reader), .events = POLLIN }, { .fd = STDOUT_FILENO } };
		bool over = !x->o->stream || text_now_ns() > x->until;

		while ((r = event_reader_next(reader, &text, e)) > 0)
			if (show_record(x, text, e) < 0)
				return -e->code;
		if (r < 0 || over)
			return r;
		if (fflush(stdout) != 0)
			return err_set(e, errno, "write to standard output");
		/* A pipe whose reader is gone is hung up without a write to it. */
		(void)poll(p, 2, time_left(x));
		if (p[1].revents & (POLLERR | POLLHUP))
			return 0;
	}
}

static int time_limit(const char *what, const char *s, int sign, int64_t *ret, struct err *e)
{
	if (!s || text_moment(s, sign, ret))
		return 0;
	return err_msg(e, EINVAL, "--%s \"%s\": neither a time (2026-11-23T01:02:03Z or 1795395723) nor a duration (10m)",
		       what, s);
}

static int plan(struct events *x, struct err *e)
{
	const struct events_options *o = x->o;
	g_autofree char *format = o->format ? template_unescape(o->format) : NULL;
	json_t *probe = json_object();
	int r = passes(probe, o->filter, e);

	json_decref(probe);
	if (r < 0 || time_limit("since", o->since, -1, &x->since, e) < 0 ||
	    time_limit("until", o->until, 1, &x->until, e) < 0)
		return -e->code;
	x->json = o->format && (!strcmp(o->format, "json") || !strcmp(o->format, "{{json .}}"));
	return o->format && !x->json ? template_compile(format, &x->template, e) : 0;
}

static int run_events(struct context *c, void *values, int argc, char **argv)
{
	const struct events_options *o = values;
	struct events x = { .o = o, .since = INT64_MIN, .until = INT64_MAX };
	struct event_reader *reader = NULL;
	struct err e = ERR_INIT;
	int r = plan(&x, &e);

	(void)argc;
	(void)argv;
	if (r == 0)
		r = context_store(c, &e);
	if (r == 0)
		r = event_reader_open(c->store->root_fd, o->since || o->until || !o->stream, o->stream, &reader, &e);
	if (r == 0)
		r = show_all(&x, reader, &e);
	if (reader)
		event_reader_free(reader);
	if (x.template)
		template_free(x.template);
	return r < 0 ? fail(&e) : 0;
}

const struct command command_events = {
	.name = "events", .alias = "system events", .summary = "Show what happens to containers, images and volumes",
	.usage = "[options]", .opts = events_opts, .values_size = sizeof(struct events_options),
	.defaults = events_defaults, .run = run_events,
};
