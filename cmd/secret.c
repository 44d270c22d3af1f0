/* secret.c - secret create, ls, inspect, rm, exists. See podman-secret(1). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/image_commands.h"
#include "cmd/image_use.h"
#include "cmd/template.h"
#include "core/base/fd.h"
#include "core/base/text.h"
#include "storage/secret.h"

struct values {
	bool all, env, no_heading, pretty, quiet;
	char **filters, **labels, *driver, *format;
};
#define AT(member) offsetof(struct values, member)

static const struct opt create_opts[] = {
	{ "driver", 'd', OPT_STRING, AT(driver), "driver", .help = "Only file is known" },
	{ "env", 0, OPT_FLAG, AT(env), .help = "The argument names a variable of the environment, not a file" },
	{ "label", 'l', OPT_LIST, AT(labels), "key=value", .help = "Give the secret a label" },
	OPT_END
};
static const struct opt ls_opts[] = {
	{ "filter", 'f', OPT_LIST, AT(filters), "key=value", .help = "Only those that match: name, id" },
	{ "format", 0, OPT_STRING, AT(format), "template", .help = "json or a Go template" },
	{ "noheading", 0, OPT_FLAG, AT(no_heading), .help = "Print no headings" },
	{ "quiet", 'q', OPT_FLAG, AT(quiet), .help = "Print IDs only" },
	OPT_END
};
static const struct opt inspect_opts[] = {
	{ "format", 'f', OPT_STRING, AT(format), "template", .help = "json or a Go template" },
	{ "pretty", 0, OPT_FLAG, AT(pretty), .help = "Print for people to read" },
	OPT_END
};
static const struct opt rm_opts[] = {
	{ "all", 'a', OPT_FLAG, AT(all), .help = "Remove all secrets" },
	OPT_END
};
static const struct opt no_opts[] = { OPT_END };

static int secret_get(struct context *c, const char *name, struct secret **ret, struct err *e)
{
	int r = secret_find(c->store, name, ret, e);

	return r == 0 ? err_msg(e, ENOENT, "no secret with name or id \"%s\": no such secret", name) : MIN(r, 0);
}

/* --- create ----------------------------------------------------------------------------------------------------- */

/* More than a secret may have is read as one byte too many, which is refused. */
static int read_data(const struct values *v, const char *from, char **ret, size_t *ret_len, struct err *e)
{
	bool in = !strcmp(from, "-");
	const char *value = v->env ? getenv(from) : NULL;
	autofd file = -1;
	ssize_t n;

	if (v->env && !value)
		return err_msg(e, ENOENT, "cannot create store secret data: environment variable %s is not set", from);
	*ret = g_malloc(SECRET_MAX + 1);
	if (v->env) {
		*ret_len = strnlen(value, SECRET_MAX + 1);
		memcpy(*ret, value, *ret_len);
		return 0;
	}
	if (in && isatty(STDIN_FILENO))
		return err_msg(e, EINVAL, "if `-` is used, data must be passed into stdin");
	file = in ? STDIN_FILENO : open(from, O_RDONLY | O_CLOEXEC);
	n = file < 0 ? -1 : fd_read_full(file, *ret, SECRET_MAX + 1);
	if (n < 0)
		(void)err_set(e, file < 0 ? errno : (int)-n, "%s %s", file < 0 ? "open" : "read", in ? "standard input" : from);
	if (in)
		(void)take_fd(&file);
	*ret_len = (size_t)MAX(n, 0);
	return n < 0 ? -e->code : 0;
}

static int run_create(struct context *c, void *values, int argc, char **argv)
{
	const struct values *v = values;
	autosecret *made = NULL;
	char *data = NULL;
	struct err e = ERR_INIT;
	size_t len = 0;
	int r = 0;

	(void)argc;
	if (v->driver && strcmp(v->driver, "file") != 0)
		r = err_msg(&e, EINVAL, "secret driver \"%s\" is not supported (file is)", v->driver);
	for (char **l = v->labels; r == 0 && l && *l; l++)
		if (!g_utf8_validate(*l, -1, NULL))
			r = err_msg(&e, EINVAL, "--label: a label is not UTF-8");
	if (r == 0)
		r = context_store(c, &e);
	if (r == 0)
		r = read_data(v, argv[1], &data, &len, &e);
	if (r == 0)
		r = secret_create(c->store, argv[0], data, len, v->labels, &made, &e);
	if (data)
		explicit_bzero(data, SECRET_MAX + 1);
	g_free(data);
	if (r < 0)
		return fail(&e);
	puts(made->id);
	return 0;
}

/* --- ls, inspect ------------------------------------------------------------------------------------------------ */

static json_t *object_of(struct context *c, const struct secret *x)
{
	g_autofree char *at = text_time_rfc3339(x->created_ns), *path = g_build_filename(c->store->root, "secrets", NULL);

	return json_pack("{s:s, s:s, s:s, s:{s:s, s:{s:s, s:{s:s}}, s:o}}", "ID", x->id, "CreatedAt", at, "UpdatedAt", at,
			 "Spec", "Name", x->name, "Driver", "Name", "file", "Options", "path", path, "Labels",
			 json_of_pairs(x->labels));
}

static json_t *row_of(const struct secret *x)
{
	g_autofree char *ago = text_ago((text_now_ns() - x->created_ns) / 1000000000);

	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "ID", x->id, "Name", x->name, "Driver", "file", "CreatedAt", ago,
			 "UpdatedAt", ago);
}

/* Either, as podman's. 1, 0 or -EINVAL. */
static int matches(const struct secret *x, char *const *filters, struct err *e)
{
	int hit = !filters || !*filters;

	for (; filters && *filters; filters++) {
		if (g_str_has_prefix(*filters, "name="))
			hit |= g_regex_match_simple(*filters + strlen("name="), x->name, 0, 0);
		else if (g_str_has_prefix(*filters, "id="))
			hit |= g_str_has_prefix(x->id, *filters + strlen("id="));
		else
			return err_msg(e, EINVAL, "invalid filter \"%s\": must be name= or id=", *filters);
	}
	return hit;
}

static int run_ls(struct context *c, void *values, int argc, char **argv)
{
	static const char *const columns[] = { "ID={{.ID}}", "NAME={{.Name}}", "DRIVER={{.Driver}}",
		"CREATED={{.CreatedAt}}", "UPDATED={{.UpdatedAt}}", NULL };
	const struct values *v = values;
	const struct secret nobody = { .id = (char *)"", .name = (char *)"" };
	json_t *rows = json_array();
	struct secret **list = NULL;
	struct err e = ERR_INIT;
	int r = matches(&nobody, v->filters, &e);

	(void)argc;
	(void)argv;
	if (r >= 0)
		r = context_store(c, &e);
	if (r == 0)
		r = secret_list(c->store, &list, &e);
	for (struct secret **x = list; x && *x; x++)
		if (matches(*x, v->filters, &e) > 0)
			json_array_append_new(rows, row_of(*x));
	if (r == 0)
		r = show_rows(rows, columns, v->quiet ? "{{.ID}}" : v->format, v->no_heading, &e);
	secret_list_free(list);
	json_decref(rows);
	return r < 0 ? fail(&e) : 0;
}

static void print_pretty(const struct secret *x)
{
	g_autofree char *at = text_time_go(x->created_ns);

	printf("ID:              %s\nName:              %s\n", x->id, x->name);
	if (*x->labels)
		puts("Labels:");
	for (char **l = x->labels; *l; l++) {
		g_autofree char *clean = text_printable(*l);

		printf(" - %s\n", clean);
	}
	printf("Driver:            file\nCreated at:        %s\nUpdated at:        %s\n", at, at);
}

static int run_inspect(struct context *c, void *values, int argc, char **argv)
{
	const struct values *v = values;
	json_t *objects = json_array();
	struct err e = ERR_INIT;
	int worst = 0, r = context_store(c, &e);

	if (r == 0 && v->pretty && v->format)
		r = err_msg(&e, EINVAL, "--pretty and --format exclude each other");
	for (int i = 0; r == 0 && i < argc; i++) {
		autosecret *x = NULL;
		struct err one = ERR_INIT;

		if (secret_get(c, argv[i], &x, &one) < 0) {
			err_wrap(&one, "inspecting secret");
			fail_one(&one, EXIT_OURS, &worst);
		} else if (v->pretty) {
			print_pretty(x);
		} else {
			json_array_append_new(objects, object_of(c, x));
		}
	}
	if (r == 0 && !v->pretty && (json_array_size(objects) > 0 || !v->format))
		r = show_objects(objects, v->format, &e);
	json_decref(objects);
	return r < 0 ? fail(&e) : worst;
}

/* --- rm, exists ------------------------------------------------------------------------------------------------- */

static int run_rm(struct context *c, void *values, int argc, char **argv)
{
	const struct values *v = values;
	struct secret **list = NULL;
	struct err e = ERR_INIT;
	int worst = 0, r = 0;

	if (argc == 0 && !v->all)
		r = err_msg(&e, EINVAL, "`coracle secret rm` requires one argument, or the --all flag");
	if (argc > 0 && v->all)
		r = err_msg(&e, EINVAL, "--all and names of secrets exclude each other");
	if (r == 0)
		r = context_store(c, &e);
	if (r == 0 && v->all)
		r = secret_list(c->store, &list, &e);
	if (r < 0)
		return fail(&e);
	for (int i = 0; v->all ? list[i] != NULL : i < argc; i++) {
		struct err one = ERR_INIT;
		autosecret *x = NULL;

		if (secret_get(c, v->all ? list[i]->id : argv[i], &x, &one) < 0 || secret_remove(c->store, x, &one) < 0)
			fail_one(&one, EXIT_OURS, &worst);
		else
			puts(x->id);
	}
	secret_list_free(list);
	return worst;
}

static int run_exists(struct context *c, void *values, int argc, char **argv)
{
	autosecret *x = NULL;
	struct err e = ERR_INIT;
	int r = context_store(c, &e);

	(void)values;
	(void)argc;
	if (r == 0)
		r = secret_find(c->store, argv[0], &x, &e);
	return r < 0 ? fail(&e) : r > 0 ? 0 : 1;
}

const struct command command_secret_create = {
	.name = "secret create", .summary = "Make a secret of a file, standard input or a variable",
	.usage = "[options] NAME FILE|-", .opts = create_opts, .values_size = sizeof(struct values), .run = run_create,
	.min_args = 2, .max_args = 2, .complete = COMPLETE_FILE,
};
const struct command command_secret_ls = {
	.name = "secret ls", .alias = "secret list", .summary = "List secrets", .usage = "[options]", .opts = ls_opts,
	.values_size = sizeof(struct values), .run = run_ls,
};
const struct command command_secret_inspect = {
	.name = "secret inspect", .summary = "Show what is known of secrets, but not the secrets",
	.usage = "[options] SECRET [SECRET...]", .opts = inspect_opts, .values_size = sizeof(struct values),
	.run = run_inspect, .min_args = 1, .max_args = -1, .complete = COMPLETE_SECRET,
};
const struct command command_secret_rm = {
	.name = "secret rm", .alias = "secret remove", .summary = "Remove secrets", .usage = "[options] SECRET [SECRET...]",
	.opts = rm_opts, .values_size = sizeof(struct values), .run = run_rm, .max_args = -1, .complete = COMPLETE_SECRET,
};
const struct command command_secret_exists = {
	.name = "secret exists", .summary = "Is a secret here? Exit status 0 or 1", .usage = "SECRET", .opts = no_opts,
	.run = run_exists, .min_args = 1, .max_args = 1, .complete = COMPLETE_SECRET,
};
