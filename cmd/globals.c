/* globals.c - see globals.h. */
#include "cmd/globals.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <jansson.h>
#include <locale.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "cmd/conf.h"
#include "cmd/template.h"
#include "core/base/text.h"


/* What the options in front of the command are written into. */
struct global_values {
	bool help_unused;
	char *root, *runroot, *driver, **storage_opt, *log_level, *runtime, *cgroup_manager, *config, *tmpdir, *compat;
	bool version, debug;
};

#define AT(member) offsetof(struct global_values, member)

const struct opt global_options[] = {
	{ "root", 0, OPT_STRING, AT(root), "dir", "Directory of images, containers and volumes", NULL, COMPLETE_FILE,
	  0, NULL },
	{ "runroot", 0, OPT_STRING, AT(runroot), "dir", "Directory of what lives until the next boot", NULL,
	  COMPLETE_FILE, 0, NULL },
	{ "storage-driver", 0, OPT_STRING, AT(driver), "driver", "How root file systems are mounted",
	  "overlay|fuse|vfs", COMPLETE_CHOICES, 0, NULL },
	{ "storage-opt", 0, OPT_LIST, AT(storage_opt), "key=value", "Option of the storage driver", NULL,
	  COMPLETE_NONE, 0, NULL },
	{ "log-level", 0, OPT_STRING, AT(log_level), "level", "Show messages of this level and worse",
	  "trace|debug|info|warn|warning|error|fatal|panic", COMPLETE_CHOICES, 0, NULL },
	{ "runtime", 0, OPT_STRING, AT(runtime), "name", "OCI runtime that runs new containers (default coracle, which is built in)", NULL,
	  COMPLETE_NONE, 0, NULL },
	{ "cgroup-manager", 0, OPT_STRING, AT(cgroup_manager), "manager", "Who makes cgroups",
	  "cgroupfs|systemd|disabled", COMPLETE_CHOICES, 0, NULL },
	{ "config", 0, OPT_STRING, AT(config), "file", "Read this coracle.conf too", NULL, COMPLETE_FILE, 0, NULL },
	{ "tmpdir", 0, OPT_STRING, AT(tmpdir), "dir", "Directory for temporary files, as TMPDIR", NULL,
	  COMPLETE_FILE, 0, NULL },
	{ "compat", 0, OPT_STRING, AT(compat), "tool", "Whose JSON, inspect and labels to print", "podman|docker",
	  COMPLETE_CHOICES, 0, NULL },
	{ "debug", 0, OPT_FLAG, AT(debug), NULL, "The same as --log-level debug", NULL, COMPLETE_NONE, 0, NULL },
	{ "version", 'v', OPT_FLAG, AT(version), NULL, "Print the version and exit", NULL, COMPLETE_NONE, 0,
	  NULL },
	OPT_END
};

static const struct { const char *name; enum log_level level; } log_levels[] = {
	{ "trace", LOG_LEVEL_TRACE }, { "debug", LOG_LEVEL_DEBUG }, { "info", LOG_LEVEL_INFO },
	{ "warn", LOG_LEVEL_WARN }, { "warning", LOG_LEVEL_WARN }, { "error", LOG_LEVEL_ERROR },
	{ "fatal", LOG_LEVEL_ERROR }, { "panic", LOG_LEVEL_ERROR },
};

/* One write per line, so that lines of several processes do not mix. */
static void log_to_stderr(enum log_level level, const char *line)
{
	static const char *const words[LOG_LEVEL_COUNT] = { "Error", "Warning", "Info", "Debug", "Trace" };
	g_autofree char *text = g_strdup_printf("%s: %s\n", words[level], line);

	(void)!write(STDERR_FILENO, text, strlen(text));
}

int fail(const struct err *e)
{
	g_autofree char *text = g_strdup_printf("Error: %s\n", e->msg);

	fflush(stdout);
	/* Another process of ours has said it: pull_image(). */
	if (*e->msg)
		(void)!write(STDERR_FILENO, text, strlen(text));
	return err_status(e);
}

int fail_writing(const struct err *e)
{
	if (e->code == EPIPE) {
		signal(SIGPIPE, SIG_DFL);
		(void)raise(SIGPIPE);
	}
	return fail(e);
}

void fail_one(const struct err *e, int status, int *worst)
{
	(void)fail(e);
	if (status > *worst)
		*worst = status;
}

static int check_storage_opts(char **opts, struct err *e)
{
	for (char **o = opts; o && *o; o++) {
		/* Both ask for what is always so. */
		if (!strcmp(*o, "ignore_chown_errors=true") || !strcmp(*o, "overlay.ignore_chown_errors=true") ||
		    !strcmp(*o, "vfs.ignore_chown_errors=true"))
			continue;
		return err_msg(e, EINVAL, "--storage-opt %s: not an option of coracle's drivers", *o);
	}
	return 0;
}

/* By name or path; the built-in one needs no program. */
static int find_runtime(const char *name, struct context *c, struct err *e)
{
	g_autofree char *path = NULL;

	if (!strcmp(name, "coracle"))
		return 0;
	path = g_find_program_in_path(name);
	if (!path)
		return err_msg(e, ENOENT, "--runtime %s: there is no such program", name);
	c->other_runtime = g_canonicalize_filename(path, NULL);
	return 0;
}

static int use_globals(struct context *c, struct global_values *g, struct err *e)
{
	enum log_level level = LOG_LEVEL_WARN;

	if (g->debug)
		level = LOG_LEVEL_DEBUG;
	for (unsigned i = 0; g->log_level && i < G_N_ELEMENTS(log_levels); i++)
		if (!strcmp(g->log_level, log_levels[i].name))
			level = log_levels[i].level;
	log_set(level, log_to_stderr);
	if (g->runtime && find_runtime(g->runtime, c, e) < 0)
		return -e->code;
	if (g->tmpdir)
		setenv("TMPDIR", g->tmpdir, 1);
	c->store_options.root = g->root;
	c->store_options.run_root = g->runroot;
	c->store_options.driver = g->driver;
	c->log_level = g->log_level;
	c->runtime = g->runtime;
	c->cgroup_manager = g->cgroup_manager;
	c->config = g->config;
	c->tmpdir = g->tmpdir;
	if (g->compat)
		c->docker = !strcmp(g->compat, "docker");
	show_json_lines(c->docker);
	return check_storage_opts(g->storage_opt, e);
}

void globals_use_words(struct context *c, int n, char **words)
{
	static struct global_values g;
	struct err ignored = ERR_INIT;
	g_autofree char **argv = g_new0(char *, (size_t)n + 2);
	int argc = n + 1;
	bool help = false;

	argv[0] = c->argv[0];
	for (int i = 0; i < n; i++)
		argv[i + 1] = words[i];
	if (opt_parse(global_options, &g, &argc, argv, true, &help, &ignored) == 0)
		(void)use_globals(c, &g, &ignored);
}

static void push(GPtrArray *a, const char *name, const char *value)
{
	if (value)
		g_ptr_array_add(a, g_strdup_printf("--%s=%s", name, value));
}

char **own_command(const struct context *c, const char *const *words)
{
	GPtrArray *a = g_ptr_array_new();

	g_ptr_array_add(a, g_strdup("coracle"));
	/* Of an open store absolute: the keeper's directory is another. */
	push(a, "root", c->store ? c->store->root : c->store_options.root);
	push(a, "runroot", c->store ? c->store->run : c->store_options.run_root);
	push(a, "storage-driver", c->store_options.driver);
	push(a, "log-level", c->log_level);
	push(a, "config", c->config);
	push(a, "tmpdir", c->tmpdir);
	push(a, "runtime", c->runtime);
	push(a, "cgroup-manager", c->cgroup_manager);
	push(a, "compat", c->docker ? "docker" : NULL);
	for (; *words; words++)
		g_ptr_array_add(a, g_strdup(*words));
	g_ptr_array_add(a, NULL);
	return (char **)g_ptr_array_free(a, FALSE);
}

/* Does `list` (names separated by '|', or NULL) contain `text`? */
static bool among(const char *list, const char *text)
{
	size_t len = strlen(text);

	for (const char *p = list; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL)
		if (!strncmp(p, text, len) && (p[len] == '\0' || p[len] == '|'))
			return true;
	return false;
}

const struct command *command_find(const struct command *const *list, int argc, char **argv, int *words)
{
	g_autofree char *two = argc > 1 ? g_strconcat(argv[0], " ", argv[1], NULL) : NULL;
	const struct command *one = NULL;

	for (; *list && argc > 0; list++) {
		if (two && (!strcmp((*list)->name, two) || among((*list)->alias, two))) {
			*words = 2;
			return *list;
		}
		if (!one && (!strcmp((*list)->name, argv[0]) || among((*list)->alias, argv[0])))
			one = *list;
	}
	*words = 1;
	return one;
}

static bool starts_family(const char *names, const char *word, size_t len)
{
	for (const char *p = names; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL)
		if (!strncmp(p, word, len) && p[len] == ' ')
			return true;
	return false;
}

bool command_is_group(const struct command *const *list, const char *word)
{
	size_t len = strlen(word);

	for (; *list; list++)
		if (starts_family((*list)->name, word, len) || starts_family((*list)->alias, word, len))
			return true;
	return false;
}

static int usage_error(const struct command *cmd, struct err *e)
{
	err_hint(e, "see `coracle %s --help`", cmd->name);
	return fail(e);
}

/* create takes run's defaults: it is the same command without the start. */
static int apply_conf(const struct conf *conf, const struct command *cmd, void *values, struct err *e)
{
	const char *section = !strcmp(cmd->name, "create") ? "run" : cmd->name;

	return conf_apply(conf, section, cmd->opts, values, e);
}

int command_execute(struct context *c, const struct command *cmd, int argc, char **argv)
{
	g_autofree void *values = g_malloc0(cmd->values_size ? cmd->values_size : 1);
	struct err e = ERR_INIT;
	bool help = false;
	int n;

	if (cmd->defaults)
		cmd->defaults(c, values);
	if (apply_conf(c->conf, cmd, values, &e) < 0)
		return fail(&e);
	if (opt_parse(cmd->opts, values, &argc, argv, cmd->flags & COMMAND_STOP_AT_FIRST, &help, &e) < 0)
		return help ? (help_command(cmd), 0) : usage_error(cmd, &e);
	if (help) {
		help_command(cmd);
		return 0;
	}
	n = argc - 1;
	if (n < cmd->min_args) {
		err_msg(&e, EINVAL, "%s needs at least %d argument%s", cmd->name, cmd->min_args,
			cmd->min_args == 1 ? "" : "s");
		return usage_error(cmd, &e);
	}
	if (cmd->max_args >= 0 && n > cmd->max_args) {
		err_msg(&e, EINVAL, "%s takes at most %d argument%s, not \"%s\"", cmd->name, cmd->max_args,
			cmd->max_args == 1 ? "" : "s", argv[1 + cmd->max_args]);
		return usage_error(cmd, &e);
	}
	return cmd->run(c, values, argc - 1, argv + 1);
}

/* What was probably meant by a mistyped `word`, or NULL; an alias, too. g_free it. */
static char *nearest_command(const struct command *const *list, const char *word)
{
	unsigned best = strlen(word) > 5 ? 3 : 2;
	char *found = NULL;

	for (; *list; list++) {
		g_autofree char *all = (*list)->alias ? g_strconcat((*list)->name, "|", (*list)->alias, NULL) :
							g_strdup((*list)->name);
		g_auto(GStrv) names = g_strsplit(all, "|", -1);

		for (char **name = names; !((*list)->flags & COMMAND_HIDDEN) && *name; name++) {
			unsigned d = text_distance(word, *name);

			if (d >= best)
				continue;
			best = d;
			g_free(found);
			found = g_strdup(*name);
		}
	}
	return found;
}

/* `group`: the group whose command `word` should be, or NULL. */
static int unknown_command(const struct command *const *list, const char *group, const char *word)
{
	g_autofree char *name = group ? g_strconcat(group, " ", word, NULL) : g_strdup(word);
	g_autofree char *meant = nearest_command(list, name);
	struct err e = ERR_INIT;

	err_msg(&e, EINVAL, "unrecognized command `coracle %s`", name);
	if (meant)
		err_hint(&e, "did you mean `coracle %s`?", meant);
	else
		err_hint(&e, "see `coracle %s%s--help`", group ? group : "", group ? " " : "");
	return fail(&e);
}

static bool is_help(const char *word)
{
	return !strcmp(word, "--help") || !strcmp(word, "-h") || !strcmp(word, "help");
}

/* The help, and that this was no command. */
static int missing_command(const struct command *const *list, const char *group)
{
	struct err e = ERR_INIT;

	help_program(list, group);
	err_msg(&e, EINVAL, "missing command `coracle %s%sCOMMAND`", group ? group : "", group ? " " : "");
	return fail(&e);
}

static int dispatch(struct context *c, const struct command *const *list, int argc, char **argv)
{
	const struct command *cmd;
	int words;

	if (argc == 0)
		return missing_command(list, NULL);
	if (!strcmp(argv[0], "help")) {
		bool one = argc > 1;

		cmd = one ? command_find(list, argc - 1, argv + 1, &words) : NULL;
		if (one && !cmd && !command_is_group(list, argv[1]))
			return unknown_command(list, NULL, argv[1]);
		if (!cmd && argc > 2)
			return unknown_command(list, argv[1], argv[2]);
		if (cmd)
			help_command(cmd);
		else
			help_program(list, one ? argv[1] : NULL);
		return 0;
	}
	cmd = command_find(list, argc, argv, &words);
	if (cmd)
		return command_execute(c, cmd, argc - words + 1, argv + words - 1);
	if (!command_is_group(list, argv[0]))
		return unknown_command(list, NULL, argv[0]);
	if (argc == 1)
		return missing_command(list, argv[0]);
	if (!is_help(argv[1]))
		return unknown_command(list, argv[0], argv[1]);
	help_program(list, argv[0]);
	return 0;
}

/* Was --config given? It must be known before the files are read, and they before the other options. */
static const char *early_config(int argc, char **argv)
{
	for (int i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (g_str_has_prefix(argv[i], "--config="))
			return argv[i] + strlen("--config=");
		if (!strcmp(argv[i], "--config") && i + 1 < argc)
			return argv[i + 1];
	}
	return NULL;
}

/* A descriptor missing among 0-2 would be taken by the next file that we open. */
static void fill_standard_fds(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY);
}

void command_leave(int status)
{
#ifdef SANITIZED
	(void)status;
#else
	if (fflush(stdout) == 0)
		_exit(status);
#endif
}

/* A secret of this process for jansson's hash tables, from the kernel's gift to every program: it would read some from
 * /dev/urandom. */
static void seed_json(void)
{
	const void *random = (const void *)getauxval(AT_RANDOM);
	size_t seed = 0;

	if (random)
		memcpy(&seed, random, sizeof seed);
	if (seed)
		json_object_seed(seed);
}

int program_main(int argc, char **argv, const struct command *const *list, bool gives_away)
{
	g_auto(GStrv) whole = g_strdupv(argv);
	struct global_values g = { 0 };
	struct conf conf = { 0 };
	struct context c = { .conf = &conf, .argv = whole, .check_documents = gives_away };
	struct err e = ERR_INIT;
	bool help = false;
	int status;

	fill_standard_fds();
	seed_json();
	log_set(LOG_LEVEL_WARN, log_to_stderr);
	c.docker = g_str_has_suffix(argv[0], "docker");
	if (conf_load(early_config(argc, argv), &conf, &e) < 0 ||
	    conf_apply(&conf, "coracle", global_options, &g, &e) < 0 ||
	    opt_parse(global_options, &g, &argc, argv, true, &help, &e) < 0) {
		if (!e.code)
			err_msg(&e, EINVAL, "bad options");
		return fail(&e);
	}
	if (use_globals(&c, &g, &e) < 0)
		return fail(&e);
	if (g.version) {
		printf("coracle version %s\n", PACKAGE_VERSION);
		status = 0;
	} else if (help) {
		help_program(list, NULL);
		status = 0;
	} else {
		status = dispatch(&c, list, argc - 1, argv + 1);
	}
	if (fflush(stdout) != 0 && status == 0) {
		err_set(&e, errno, "write to standard output");
		status = fail(&e);
	}
	if (c.store)
		store_close(c.store);
	conf_free(&conf);
	return status;
}
