/* unshare.c - unshare: a command as root of the user namespace that the store's files belong to. See podman-unshare(1). */
#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/image_commands.h"
#include "core/runtime/idmap.h"
#include "storage/store.h"

struct unshare_options {
	bool rootless_netns;
};
#define AT(member) offsetof(struct unshare_options, member)

static const struct opt unshare_opts[] = {
	{ .name = "rootless-netns", .type = OPT_FLAG, .offset = AT(rootless_netns),
	  .help = "Refused: there is no network namespace that all networks share" },
	OPT_END
};

/* The same store and run directory for whatever is called inside, where HOME and user ID would say otherwise. */
static void set_environment(const struct store *s)
{
	g_autofree char *run = g_path_get_dirname(s->run);

	g_setenv("CORACLE_ROOT", s->root, TRUE);
	g_setenv("CONTAINERS_GRAPHROOT", s->root, TRUE);
	g_setenv("CONTAINERS_RUNROOT", s->run, TRUE);
	if (g_str_has_suffix(s->run, "/coracle"))
		g_setenv("XDG_RUNTIME_DIR", run, TRUE);
}

static int run_unshare(struct context *c, void *values, int argc, char **argv)
{
	const struct unshare_options *o = values;
	const char *shell = getenv("SHELL");
	char *fallback[] = { (char *)(shell && *shell ? shell : "/bin/sh"), NULL };
	char **command = argc > 0 ? argv : fallback;
	struct err e = ERR_INIT;
	int r, status;

	if (o->rootless_netns)
		r = err_msg(&e, EOPNOTSUPP, "--rootless-netns: each network has a namespace of its own here; there is none that "
			    "all share");
	else
		r = context_store(c, &e);
	if (r == 0)
		r = idmap_enter(idmap_store(), &e);
	if (r < 0)
		return fail(&e);
	set_environment(c->store);
	signal(SIGPIPE, SIG_DFL);
	execvp(command[0], command);
	status = errno == ENOENT ? 127 : 126;
	err_set(&e, errno, "%s", command[0]);
	fail(&e);
	return status;
}

const struct command command_unshare = {
	.name = "unshare", .summary = "Run a command in the store's user namespace",
	.usage = "[OPTIONS] [COMMAND [ARG...]]", .opts = unshare_opts, .values_size = sizeof(struct unshare_options),
	.run = run_unshare, .min_args = 0, .max_args = -1, .flags = COMMAND_STOP_AT_FIRST,
};
