/* oci_kill.c - coracle oci kill, delete, pause and resume. */
#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/oci.h"
#include "cmd/oci_commands.h"
#include "cmd/oci_create.h"

struct kill_options { bool unused, all, regex, force; };

#define AT(member) offsetof(struct kill_options, member)

static const struct opt kill_opts[] = {
	{ "all", 'a', OPT_FLAG, AT(all), NULL, "Send the signal to all processes of the container", NULL, COMPLETE_NONE,
	  0, NULL },
	{ "regex", 'r', OPT_FLAG, AT(regex), NULL, "ID is a regular expression", NULL, COMPLETE_NONE, 0, NULL },
	OPT_END
};
static const struct opt delete_opts[] = {
	{ "force", 'f', OPT_FLAG, AT(force), NULL, "Kill the container first; one that does not exist is fine", NULL,
	  COMPLETE_NONE, 0, NULL },
	{ "regex", 'r', OPT_FLAG, AT(regex), NULL, "ID is a regular expression", NULL, COMPLETE_NONE, 0, NULL },
	OPT_END
};
static const struct opt no_options[] = { OPT_END };

/* "9", "KILL", "SIGKILL", "RTMIN+3"; 0: none such. */
static int signal_number(const char *s)
{
	char *end;
	long n = strtol(s, &end, 10);

	if (end != s && !*end)
		return n > 0 && n < NSIG ? (int)n : 0;
	if (!g_ascii_strncasecmp(s, "SIG", 3))
		s += 3;
	for (int i = 1; i < 32; i++)
		if (sigabbrev_np(i) && !g_ascii_strcasecmp(sigabbrev_np(i), s))
			return i;
	if (!g_ascii_strncasecmp(s, "RTMIN", 5))
		n = SIGRTMIN + (s[5] ? strtol(s + 5, &end, 10) : 0);
	else if (!g_ascii_strncasecmp(s, "RTMAX", 5))
		n = SIGRTMAX + (s[5] ? strtol(s + 5, &end, 10) : 0);
	else
		return 0;
	return n >= SIGRTMIN && n <= SIGRTMAX ? (int)n : 0;
}

/* f for the container, or for each whose id the expression matches. */
static int each(const char *id, bool regex, int (*f)(const char *id, void *data, struct err *e), void *data)
{
	struct err e = ERR_INIT;
	g_autoptr(GRegex) re = regex ? g_regex_new(id, G_REGEX_DEFAULT, G_REGEX_MATCH_DEFAULT, NULL) : NULL;
	g_auto(GStrv) ids = NULL;
	int root, status = 0;

	if (!regex)
		return f(id, data, &e) < 0 ? oci_fail(&e) : 0;
	if (!re) {
		err_msg(&e, EINVAL, "'%s' is not a regular expression", id);
		return oci_fail(&e);
	}
	root = oci_root(&e);
	ids = root < 0 ? NULL : bundle_list(root, &e);
	if (!ids)
		return oci_fail(&e);
	for (char **i = ids; *i; i++) {
		if (g_regex_match(re, *i, G_REGEX_MATCH_DEFAULT, NULL) && f(*i, data, &e) < 0)
			status = oci_fail(&e);
		err_clear(&e);
	}
	return status;
}

struct kill_job { int sig; bool all; };

static int kill_one(const char *id, void *data, struct err *e)
{
	const struct kill_job *job = data;
	autobundle c = BUNDLE_CONTAINER_INIT;
	enum bundle_status now;

	if (oci_open(id, false, &c, e) < 0)
		return -e->code;
	now = bundle_status(&c);
	if ((now == BUNDLE_STOPPED || now == BUNDLE_CREATING) && !job->all)
		return err_msg(e, ESRCH, "container '%s' is not running", id);
	return bundle_kill(&c, job->sig, job->all, e);
}

static int run_kill(struct context *ctx, void *values, int argc, char **argv)
{
	const struct kill_options *o = values;
	struct kill_job job = { .sig = argc > 1 ? signal_number(argv[1]) : SIGTERM, .all = o->all };
	struct err e = ERR_INIT;

	(void)ctx;
	if (!job.sig) {
		err_msg(&e, EINVAL, "unknown signal '%s'", argv[1]);
		return oci_fail(&e);
	}
	return each(argv[0], o->regex, kill_one, &job);
}

static int delete_one(const char *id, void *data, struct err *e)
{
	const struct kill_options *o = data;
	autobundle c = BUNDLE_CONTAINER_INIT;
	enum bundle_status now;

	if (oci_open(id, true, &c, e) < 0)
		return o->force && e->code == ENOENT ? 0 : -e->code;
	now = bundle_status(&c);
	if (now != BUNDLE_STOPPED && !o->force)
		return err_msg(e, EBUSY, "container '%s' is not stopped: it is %s", id, bundle_status_name(now));
	return oci_delete(&c, e);
}

static int run_delete(struct context *ctx, void *values, int argc, char **argv)
{
	struct kill_options *o = values;
	int status = 0;

	(void)ctx;
	for (int i = 0; i < argc; i++)
		status |= each(argv[i], o->regex, delete_one, o);
	return status;
}

static int freeze(const char *id, bool frozen, struct err *e)
{
	autobundle c = BUNDLE_CONTAINER_INIT;
	enum bundle_status now;

	if (oci_open(id, true, &c, e) < 0)
		return -e->code;
	now = bundle_status(&c);
	if (frozen ? now != BUNDLE_RUNNING && now != BUNDLE_CREATED : now != BUNDLE_PAUSED)
		return err_msg(e, EINVAL, "container '%s' cannot be %s: it is %s", id, frozen ? "paused" : "resumed",
			       bundle_status_name(now));
	if (!c.state.freezer) {
		err_msg(e, EACCES, "container '%s' has no cgroup that can freeze it", id);
		return err_hint(e, "this user may not make cgroups here");
	}
	return cgroup_oci_freeze(c.state.freezer, frozen, e);
}

static int run_pause(struct context *ctx, void *values, int argc, char **argv)
{
	struct err e = ERR_INIT;

	(void)ctx;
	(void)values;
	(void)argc;
	return freeze(argv[0], true, &e) < 0 ? oci_fail(&e) : 0;
}

static int run_resume(struct context *ctx, void *values, int argc, char **argv)
{
	struct err e = ERR_INIT;

	(void)ctx;
	(void)values;
	(void)argc;
	return freeze(argv[0], false, &e) < 0 ? oci_fail(&e) : 0;
}

const struct command command_oci_kill = {
	.name = "oci kill", .summary = "Send a signal to a container's process", .usage = "[options] ID [SIGNAL]",
	.opts = kill_opts, .values_size = sizeof(struct kill_options), .run = run_kill, .min_args = 1, .max_args = 2,
};
const struct command command_oci_delete = {
	.name = "oci delete", .summary = "Remove containers that have ended", .usage = "[options] ID...",
	.opts = delete_opts, .values_size = sizeof(struct kill_options), .run = run_delete, .min_args = 1, .max_args = -1,
};
const struct command command_oci_pause = {
	.name = "oci pause", .summary = "Freeze all processes of a container", .usage = "ID",
	.opts = no_options, .run = run_pause, .min_args = 1, .max_args = 1,
};
const struct command command_oci_resume = {
	.name = "oci resume", .summary = "Let a paused container go on", .usage = "ID",
	.opts = no_options, .run = run_resume, .min_args = 1, .max_args = 1,
};
