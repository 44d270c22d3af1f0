/* top.c - top: the processes of a container, from /proc. See podman-top(1). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/container_set.h"
#include "cmd/globals.h"
#include "cmd/template.h"
#include "cmd/top_fields.h"
#include "core/base/file.h"

#define STATUS_MAX (1024 * 1024)

struct top_options {
	bool unused, latest;
};

static const struct opt top_opts[] = {
	{ .name = "latest", .letter = 'l', .type = OPT_FLAG, .offset = offsetof(struct top_options, latest),
	  .help = "The container created last" },
	OPT_END
};

/* "pid,user" and "pid user" are the same. */
static int parse_fields(int argc, char **argv, GPtrArray *fields, struct err *e)
{
	static const char *const usual[] = { "user", "pid", "ppid", "pcpu", "etime", "tty", "time", "args" };

	for (int a = 0; a < argc; a++) {
		g_auto(GStrv) words = g_strsplit_set(argv[a], ", ", -1);

		for (char **w = words; *w; w++) {
			g_autofree char *names = NULL;

			if (!**w)
				continue;
			if (top_field_find(*w)) {
				g_ptr_array_add(fields, (void *)top_field_find(*w));
				continue;
			}
			names = top_field_names();
			return err_msg(e, EINVAL, "unknown descriptor \"%s\": it takes %s", *w, names);
		}
	}
	if (fields->len == 0)
		for (unsigned i = 0; i < G_N_ELEMENTS(usual); i++)
			g_ptr_array_add(fields, (void *)top_field_find(usual[i]));
	return 0;
}

static json_t *row(struct top_view *v, const GPtrArray *fields, const struct process *p)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/status", (int)p->pid), *status = NULL;
	struct err e = ERR_INIT;
	json_t *o;

	if (file_read(AT_FDCWD, path, STATUS_MAX, &status, NULL, &e) < 0)
		return NULL;    /* it ended meanwhile */
	o = json_object();
	for (guint i = 0; i < fields->len; i++) {
		const struct top_field *f = fields->pdata[i];
		g_autofree char *key = g_strdup_printf("c%u", i);
		g_autofree char *valid = g_utf8_make_valid(f->text(v, p, status), -1);

		json_object_set_new(o, key, json_string(valid));
	}
	return o;
}

static int show(pid_t init, const GPtrArray *fields, struct err *e)
{
	g_autoptr(GPtrArray) columns = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GArray) all = NULL;
	json_t *rows = json_array();
	struct top_view v = { .arena = ARENA_INIT };
	int r = container_processes(init, &all, e);

	if (r == 0)
		r = top_view_init(&v, init, all, e);
	for (guint i = 0; r == 0 && i < all->len; i++) {
		json_t *o = row(&v, fields, &g_array_index(all, struct process, i));

		if (o)
			json_array_append_new(rows, o);
	}
	for (guint i = 0; i < fields->len; i++)
		g_ptr_array_add(columns, g_strdup_printf("%s={{.c%u}}",
				((const struct top_field *)fields->pdata[i])->heading, i));
	g_ptr_array_add(columns, NULL);
	if (r == 0)
		r = show_rows(rows, (const char *const *)columns->pdata, NULL, false, e);
	json_decref(rows);
	g_free(v.passwd);
	g_free(v.group);
	arena_free(&v.arena);
	return r;
}

/* ps(1)'s options instead of descriptors ("-ef", "aux")? */
static bool are_of_ps(int argc, char **argv)
{
	return argc > 0 && !top_field_find(argv[0]) &&
	       (argv[0][0] == '-' || (argv[0][0] && argv[0][strspn(argv[0], "aefjlmuvwxH")] == '\0'));
}

/* As podman: the container's own ps is run in it. Replaces this process; returns only an error's status. */
static int run_ps(struct context *c, const char *id, int argc, char **argv)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	g_auto(GStrv) own = NULL;
	struct err e = ERR_INIT;

	g_ptr_array_add(words, (char *)"exec");
	g_ptr_array_add(words, (char *)id);
	g_ptr_array_add(words, (char *)"ps");
	for (int a = 0; a < argc; a++)
		g_ptr_array_add(words, argv[a]);
	g_ptr_array_add(words, NULL);
	own = own_command(c, (const char *const *)words->pdata);
	execv("/proc/self/exe", own);
	(void)err_set(&e, errno, "execute /proc/self/exe");
	return fail(&e);
}

static int run_top(struct context *c, void *values, int argc, char **argv)
{
	const struct top_options *o = values;
	struct container_choice choice = { .latest = o->latest };
	g_autoptr(GPtrArray) fields = g_ptr_array_new(), set = NULL;
	const struct container_info *i;
	struct err e = ERR_INIT;
	bool ps;
	int named = o->latest ? 0 : 1, worst = 0, r = context_store(c, &e);

	if (r == 0 && argc < named)
		r = err_msg(&e, EINVAL, "you must provide the name or id of a running container");
	ps = r == 0 && are_of_ps(argc - named, argv + named);
	if (r == 0 && !ps)
		r = parse_fields(argc - named, argv + named, fields, &e);
	if (r == 0)
		r = container_choose(c, &choice, named, argv, &set, &worst, &e);
	if (r < 0)
		return fail(&e);
	if (set->len == 0)
		return worst;
	i = set->pdata[0];
	if (i->state.pid <= 0)
		r = err_msg(&e, EINVAL, "top can only be used on running containers");
	else if (ps)
		return run_ps(c, i->record->id, argc - named, argv + named);
	else
		r = show(i->state.pid, fields, &e);
	return r < 0 ? fail(&e) : 0;
}

const struct command command_top = {
	.name = "top", .alias = "container top", .summary = "Show the processes of a container", .opts = top_opts,
	.usage = "[options] CONTAINER [DESCRIPTOR...]", .values_size = sizeof(struct top_options), .run = run_top,
	.min_args = 0, .max_args = -1, .complete = COMPLETE_RUNNING, .flags = COMMAND_STOP_AT_FIRST,
};
