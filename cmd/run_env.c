/* run_env.c - the program's environment, command line and directory.
 *
 * Later wins: coracle's defaults, image, --unsetenv, --env-merge, proxy variables, --env-host, --env-file, --env. HOME is added in
 * init, where the user is known.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "cmd/run_spec.h"
#include "core/base/file.h"
#include "core/base/path.h"

#define ENV_FILE_MAX (4 * 1024 * 1024)
#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

extern char **environ;

static bool matches(const char *pattern, const char *key_value)
{
	size_t n = strlen(pattern);

	if (n && pattern[n - 1] == '*')
		return !strncmp(pattern, key_value, n - 1);
	return !strncmp(pattern, key_value, n) && key_value[n] == '=';
}

void run_env_unset(struct rspec *s, const char *name)
{
	char **to = s->process.env;

	for (char **from = to; from && *from; from++)
		if (!matches(name, *from))
			*to++ = *from;
	if (to)
		*to = NULL;
}

int run_env_option(struct rspec *s, const char *text, struct err *e)
{
	if (!*text || *text == '=')
		return err_msg(e, EINVAL, "invalid environment variable: \"%s\": it has no name", text);
	if (strchr(text, '=')) {
		rspec_add_env(s, text);
		return 0;
	}
	/* A bare name or PRE* copies what this command has; what is not set is no error. */
	for (char **v = environ; *v; v++)
		if (matches(text, *v))
			rspec_add_env(s, *v);
	return 0;
}

int run_env_file(struct rspec *s, const char *path, struct err *e)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	size_t len;

	if (file_read(AT_FDCWD, path, ENV_FILE_MAX, &text, &len, e) < 0)
		return err_wrap(e, "--env-file");
	lines = g_strsplit(text, "\n", -1);
	for (unsigned i = 0; lines[i]; i++) {
		char *line = lines[i];
		size_t n = strlen(line);

		if (n && line[n - 1] == '\r')
			line[n - 1] = '\0';
		while (*line == ' ' || *line == '\t')
			line++;
		if (!*line || *line == '#')
			continue;
		if (strcspn(line, " \t") < strcspn(line, "="))
			return err_msg(e, EINVAL, "--env-file %s: line %u: the name \"%s\" contains white space", path,
				       i + 1, line);
		if (run_env_option(s, line, e) < 0)
			return err_wrap(e, "--env-file %s: line %u", path, i + 1);
	}
	return 0;
}

/* name=text with $NAME and ${NAME} in the text, which are what these variables have been until here. */
static int merge(struct rspec *s, const char *option, struct err *e)
{
	const char *text = strchr(option, '=');
	g_autoptr(GString) out = g_string_new_len(option, text ? text + 1 - option : 0);

	if (!text || text == option)
		return err_msg(e, EINVAL, "--env-merge %s: name=value is needed", option);
	for (text++; *text;) {
		bool braces = text[0] == '$' && text[1] == '{';
		size_t len = braces ? strcspn(text + 2, "}") : *text == '$' ? strspn(text + 1, NAME_CHARACTERS) : 0;
		g_autofree char *name = g_strndup(text + (braces ? 2 : 1), *text == '$' ? len : 0);
		const char *value = len ? rspec_get_env(s, name) : NULL;

		if (braces && text[2 + len] != '}')
			return err_msg(e, EINVAL, "--env-merge %s: a } is missing", option);
		if (!len && !braces)
			g_string_append_c(out, *text);
		else if (value)
			g_string_append(out, value);
		text += braces ? len + 3 : len + 1;
	}
	rspec_add_env(s, out->str);
	return 0;
}

static void add_all(struct rspec *s, char *const *v)
{
	for (; v && *v; v++)
		if (strchr(*v, '=') && **v != '=')
			rspec_add_env(s, *v);
}

static void add_proxies(struct rspec *s)
{
	static const char *const names[] = { "http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "HTTP_PROXY",
		"HTTPS_PROXY", "FTP_PROXY", "NO_PROXY" };
	struct err ignored = ERR_INIT;

	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
		(void)run_env_option(s, names[i], &ignored);
}

static int make_env(struct run_plan *p, struct err *e)
{
	const struct run_options *o = p->o;
	struct rspec *s = p->spec;

	if (!o->unsetenv_all) {
		rspec_add_env(s, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
		if (o->tty)
			rspec_add_env(s, "TERM=xterm");
		/* What systemd and scripts know for containers like ours; another word would be "not in one". */
		rspec_add_env(s, "container=podman");
		if (p->img)
			add_all(s, p->img->config.env);
	}
	for (char **name = o->unsetenv; name && *name; name++)
		run_env_unset(s, *name);
	for (char **v = o->env_merge; v && *v; v++)
		if (merge(s, *v, e) < 0)
			return -e->code;
	if (o->http_proxy)
		add_proxies(s);
	if (o->env_host)
		add_all(s, environ);
	for (char **f = o->env_file; f && *f; f++)
		if (run_env_file(s, *f, e) < 0)
			return -e->code;
	for (char **v = o->env; v && *v; v++)
		if (run_env_option(s, *v, e) < 0)
			return -e->code;
	return 0;
}

char **run_entrypoint(struct arena *a, const char *text)
{
	json_t *doc = *text == '[' ? json_loads(text, 0, NULL) : NULL, *word;
	char **words = NULL;
	size_t i;

	if (json_is_array(doc)) {
		json_array_foreach(doc, i, word)
			if (json_is_string(word))
				arena_strv_push(a, &words, arena_strdup(a, json_string_value(word)));
	} else if (*text) {
		arena_strv_push(a, &words, arena_strdup(a, text));
	}
	json_decref(doc);
	return words;
}

/* entrypoint (ours, else the image's) + arguments (the user's, else the image's, which go with its own entrypoint). */
static int make_args(struct run_plan *p, struct err *e)
{
	struct arena *a = &p->spec->arena;
	const struct image_config *img = p->img ? &p->img->config : NULL;
	char **entry = NULL, **args = NULL, *const *rest = p->args;

	if (p->o->entrypoint_set)
		entry = run_entrypoint(a, p->o->entrypoint);
	else if (img && img->entrypoint)
		entry = img->entrypoint;
	if (!*rest && img && img->cmd && !p->o->entrypoint_set)
		rest = img->cmd;
	for (; entry && *entry; entry++, p->rec->entrypoint_words++)
		arena_strv_push(a, &args, arena_strdup(a, *entry));
	for (; *rest; rest++)
		arena_strv_push(a, &args, arena_strdup(a, *rest));
	if (!args)
		return err_msg(e, EINVAL, "no command or entrypoint provided, and no CMD or ENTRYPOINT from image");
	p->spec->process.args = args;
	p->rec->command = arena_strv_dup(&p->rec->arena, (const char *const *)args);
	return 0;
}

static int make_workdir(struct run_plan *p, struct err *e)
{
	const char *dir = p->o->workdir;
	g_autofree char *clean = NULL;

	if (dir && *dir) {
		if (*dir != '/')
			return err_msg(e, EINVAL, "--workdir %s: the path must be absolute", dir);
		p->x.workdir_given = true;
	} else {
		dir = p->img ? p->img->config.working_dir : NULL;
	}
	clean = path_normalize("/", dir && *dir ? dir : "/");
	p->spec->process.cwd = arena_strdup(&p->spec->arena, clean);
	return 0;
}

int run_env_plan(struct run_plan *p, struct err *e)
{
	p->spec->process.terminal = p->o->tty;
	if (make_env(p, e) < 0 || make_args(p, e) < 0)
		return -e->code;
	return make_workdir(p, e);
}
