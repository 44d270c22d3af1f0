/* test_opt.c - option tables. */
#include <errno.h>
#include <glib.h>
#include <stddef.h>
#include <string.h>

#include "cmd/opt.h"

struct values { bool first, all, quiet, quiet_set; char *name; char **env, **words; int64_t n, mem, wait; };

#define AT(m) offsetof(struct values, m)
static const struct opt group[] = {
	{ "quiet", 'q', OPT_FLAG, AT(quiet), NULL, "Quiet", NULL, COMPLETE_NONE, AT(quiet_set), NULL },
	OPT_END
};
static const struct opt table[] = {
	{ "all", 'a', OPT_FLAG, AT(all), NULL, "All", NULL, COMPLETE_NONE, 0, NULL },
	{ "name", 'n', OPT_STRING, AT(name), "name", "Name", NULL, COMPLETE_NONE, 0, "nom" },
	{ "env", 'e', OPT_LIST, AT(env), "env", "Env", NULL, COMPLETE_NONE, 0, NULL },
	{ "word", 0, OPT_CSV, AT(words), "w", "Words", NULL, COMPLETE_NONE, 0, NULL },
	{ "count", 0, OPT_INT, AT(n), "n", "Count", NULL, COMPLETE_NONE, 0, NULL },
	{ "memory", 'm', OPT_SIZE, AT(mem), "bytes", "Memory", NULL, COMPLETE_NONE, 0, NULL },
	{ "wait", 0, OPT_DURATION, AT(wait), "time", "Wait", NULL, COMPLETE_NONE, 0, NULL },
	{ "pull", 0, OPT_STRING, AT(name), "when", "Pull", "always|never", COMPLETE_CHOICES, 0, NULL },
	OPT_GROUP(group),
	OPT_END
};

static int parse(struct values *v, bool stop, const char *line, char **rest, bool *help, struct err *e)
{
	g_auto(GStrv) words = g_strsplit(line, " ", -1);
	g_autofree char **argv = g_new0(char *, g_strv_length(words) + 2);
	int argc = 1 + (int)g_strv_length(words), r;
	char name[] = "cmd";

	*help = false;
	memset(v, 0, sizeof *v);
	argv[0] = name;
	memcpy(argv + 1, words, (size_t)(argc - 1) * sizeof *argv);
	r = opt_parse(table, v, &argc, argv, stop, help, e);
	*rest = r == 0 ? g_strjoinv(" ", argv + 1) : NULL;
	return r;
}

static void free_values(struct values *v)
{
	g_free(v->name);
	g_strfreev(v->env);
	g_strfreev(v->words);
}

static void test_forms(void)
{
	struct values v;
	struct err e = ERR_INIT;
	char *rest;
	bool help;

	g_assert_cmpint(parse(&v, false, "-aqe A=1 x --env B=2 --env=C=3 -n7 --memory 1k y -- -z", &rest, &help, &e),
			==, 0);
	g_assert_true(v.all && v.quiet && v.quiet_set && !help);
	g_assert_cmpstr(v.name, ==, "7");
	g_assert_cmpstr(v.env[2], ==, "C=3");
	g_assert_cmpint(v.mem, ==, 1024);
	g_assert_cmpstr(rest, ==, "x y -z");
	free_values(&v);
	g_free(rest);
	g_assert_cmpint(parse(&v, true, "--all=false --nom a --word=x,y,z img -a --foo", &rest, &help, &e), ==, 0);
	g_assert_false(v.all);
	g_assert_cmpstr(v.words[2], ==, "z");
	g_assert_cmpstr(rest, ==, "img -a --foo");
	free_values(&v);
	g_free(rest);
	g_assert_cmpint(parse(&v, true, "-h", &rest, &help, &e), ==, 0);
	g_assert_true(help);
	free_values(&v);
	g_free(rest);
}

static void refused(const char *line, const char *message)
{
	struct values v;
	struct err e = ERR_INIT;
	char *rest;
	bool help;

	g_assert_cmpint(parse(&v, true, line, &rest, &help, &e), ==, -EINVAL);
	g_assert_cmpstr(e.msg, ==, message);
	free_values(&v);
}

static void test_refused(void)
{
	refused("--foo", "unknown flag: --foo");
	refused("-az", "unknown shorthand flag: 'z' in -az");
	refused("--name", "flag needs an argument: --name");
	refused("-n", "flag needs an argument: 'n' in -n");
	refused("--count=abc", "invalid value \"abc\" for --count: it takes a whole number");
	refused("--all=maybe", "invalid value \"maybe\" for --all: it takes true or false");
	refused("--pull=soon", "invalid value \"soon\" for --pull: it takes one of always|never");
	refused("-m 1x", "invalid value \"1x\" for --memory: it takes a size such as 512m or 2g");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/opt/forms", test_forms);
	g_test_add_func("/opt/refused", test_refused);
	return g_test_run();
}
