/* oci_show.c - coracle oci state, list and ps. */
#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/oci.h"
#include "cmd/oci_commands.h"
#include "core/runtime/hooks.h"

struct show_options { bool quiet; char *format; };

#define AT(member) offsetof(struct show_options, member)

static const struct opt no_options[] = { OPT_END };
static const struct opt list_opts[] = {
	{ "quiet", 'q', OPT_FLAG, AT(quiet), NULL, "Print only the ids", NULL, COMPLETE_NONE, 0, NULL },
	{ "format", 'f', OPT_STRING, AT(format), "format", "How to print", "table|json", COMPLETE_CHOICES, 0, NULL },
	OPT_END
};
static const struct opt ps_opts[] = {
	{ "format", 'f', OPT_STRING, AT(format), "format", "How to print", "table|json", COMPLETE_CHOICES, 0, NULL },
	OPT_END
};

static void put(json_t *o, const char *key, const char *value)
{
	if (value)
		json_object_set_new(o, key, json_string_nocheck(value));
}

/* The specification's properties and what runc and crun add, in runc's order. */
static json_t *state_json(const struct bundle_container *c)
{
	enum bundle_status now = bundle_status(c);
	struct hook_state h = { .id = c->state.id, .bundle = c->state.bundle, .status = bundle_status_name(now),
				.pid = now == BUNDLE_STOPPED ? 0 : c->state.pid };
	static const struct rspec nothing;
	json_t *spoken = hooks_state_json(c->spec ? c->spec : &nothing, &h), *o = json_object();

	json_object_set(o, "ociVersion", json_object_get(spoken, "ociVersion"));
	put(o, "id", c->state.id);
	json_object_set_new(o, "pid", json_integer(h.pid));
	put(o, "status", h.status);
	put(o, "bundle", h.bundle);
	put(o, "rootfs", c->state.rootfs);
	put(o, "created", c->state.created);
	json_object_set(o, "annotations", json_object_get(spoken, "annotations"));
	put(o, "owner", c->state.owner);
	json_decref(spoken);
	return o;
}

/* The state indented, lists in one line: so does runc, and scripts have come to count the lines. */
static int print_json(json_t *o)
{
	char *text = json_dumps(o, json_is_array(o) ? JSON_COMPACT : JSON_INDENT(2));

	json_decref(o);
	puts(text);
	free(text);
	return 0;
}

static int run_state(struct context *ctx, void *values, int argc, char **argv)
{
	autobundle c = BUNDLE_CONTAINER_INIT;
	struct err e = ERR_INIT;

	(void)ctx;
	(void)values;
	(void)argc;
	return oci_open(argv[0], false, &c, &e) < 0 ? oci_fail(&e) : print_json(state_json(&c));
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static void print_table(const json_t *all)
{
	int width[5] = { 2, 3, 6, 6, 7 };
	static const char *const keys[] = { "id", "pid", "status", "bundle", "created", "owner" };
	static const char *const heads[] = { "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER" };
	const json_t *o;
	size_t i;

	json_array_foreach(all, i, o)
		for (int k = 0; k < 5; k++)
			if (k != 1)
				width[k] = MAX(width[k], (int)strlen(text_of(o, keys[k])));
	width[1] = 8;
	for (int k = 0; k < 5; k++)
		printf("%-*s   ", width[k], heads[k]);
	puts(heads[5]);
	json_array_foreach(all, i, o) {
		printf("%-*s   %-*lld   ", width[0], text_of(o, "id"), width[1],
		       (long long)json_integer_value(json_object_get(o, "pid")));
		for (int k = 2; k < 5; k++)
			printf("%-*s   ", width[k], text_of(o, keys[k]));
		puts(text_of(o, "owner"));
	}
}

static int run_list(struct context *ctx, void *values, int argc, char **argv)
{
	const struct show_options *o = values;
	struct err e = ERR_INIT;
	int root = oci_root(&e);
	g_auto(GStrv) ids = root < 0 ? NULL : bundle_list(root, &e);
	json_t *all;

	(void)ctx;
	(void)argc;
	(void)argv;
	if (!ids)
		return oci_fail(&e);
	all = json_array();
	for (char **i = ids; *i; i++) {
		autobundle c = BUNDLE_CONTAINER_INIT;

		/* Removed while we look: not there. */
		if (bundle_open(root, *i, false, &c, &e) == 0)
			json_array_append_new(all, state_json(&c));
		err_clear(&e);
	}
	if (!o->quiet && !g_strcmp0(o->format, "json"))
		return print_json(all);
	for (size_t i = 0; o->quiet && i < json_array_size(all); i++)
		puts(text_of(json_array_get(all, i), "id"));
	if (!o->quiet)
		print_table(all);
	json_decref(all);
	return 0;
}

/* Lines of ps(1) whose PID column is one of ours. */
static int filter_ps(char *const *args, const pid_t *pids, int n, struct err *e)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	g_autofree char *out = NULL;
	g_auto(GStrv) lines = NULL;
	char *at;
	int column = 0;

	g_ptr_array_add(argv, (char[]){ "ps" });
	if (!*args)
		g_ptr_array_add(argv, (char[]){ "-ef" });
	for (; *args; args++)
		g_ptr_array_add(argv, *args);
	g_ptr_array_add(argv, NULL);
	if (!g_spawn_sync(NULL, (char **)argv->pdata, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &out, NULL, NULL, NULL) || !out)
		return err_msg(e, ENOENT, "ps: the program could not be run");
	lines = g_strsplit(out, "\n", -1);
	at = strstr(lines[0], "PID");
	if (!at)
		return err_msg(e, EINVAL, "ps: these options print no column PID");
	for (char *p = lines[0]; p < at; p++)
		column += *p != ' ' && (p[1] == ' ');
	puts(lines[0]);
	for (char **l = lines + 1; *l; l++) {
		g_auto(GStrv) words = g_regex_split_simple(" +", g_strstrip(g_strdup(*l)), G_REGEX_DEFAULT,
							   G_REGEX_MATCH_DEFAULT);
		long pid = column < (int)g_strv_length(words) ? strtol(words[column], NULL, 10) : 0;

		for (int i = 0; i < n; i++)
			if (pids[i] == pid)
				puts(*l);
	}
	return 0;
}

static int run_ps(struct context *ctx, void *values, int argc, char **argv)
{
	const struct show_options *o = values;
	autobundle c = BUNDLE_CONTAINER_INIT;
	g_autofree pid_t *pids = NULL;
	struct err e = ERR_INIT;
	json_t *a;
	int n;

	(void)ctx;
	(void)argc;
	if (oci_open(argv[0], false, &c, &e) < 0)
		return oci_fail(&e);
	n = bundle_pids(&c, &pids);
	if (g_strcmp0(o->format, "json") != 0)
		return filter_ps(argv + 1, pids, n, &e) < 0 ? oci_fail(&e) : 0;
	a = json_array();
	for (int i = 0; i < n; i++)
		json_array_append_new(a, json_integer(pids[i]));
	return print_json(a);
}

const struct command command_oci_state = {
	.name = "oci state", .summary = "Print a container's state as JSON", .usage = "ID",
	.opts = no_options, .run = run_state, .min_args = 1, .max_args = 1,
};
const struct command command_oci_list = {
	.name = "oci list", .summary = "List containers", .usage = "[options]",
	.opts = list_opts, .values_size = sizeof(struct show_options), .run = run_list, .min_args = 0, .max_args = 0,
};
const struct command command_oci_ps = {
	.name = "oci ps", .summary = "Show the processes of a container", .usage = "[options] ID [PS OPTIONS]",
	.opts = ps_opts, .values_size = sizeof(struct show_options), .run = run_ps, .min_args = 1, .max_args = -1,
	.flags = COMMAND_STOP_AT_FIRST,
};
