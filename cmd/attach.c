/* attach.c - attach. See podman-attach(1). */
#include <errno.h>

#include "cmd/container_set.h"
#include "core/container/attach.h"

struct attach_values {
	char *detach_keys;
	bool latest, no_stdin, sig_proxy;
};
#define AT(member) offsetof(struct attach_values, member)

static const struct opt attach_opts[] = {
	{ .name = "detach-keys", .type = OPT_STRING, .offset = AT(detach_keys), .arg = "keys",
	  .help = "Keys that leave the container running (default: ctrl-p,ctrl-q)" },
	{ .name = "latest", .letter = 'l', .type = OPT_FLAG, .offset = AT(latest), .help = "The container created last" },
	{ .name = "no-stdin", .type = OPT_FLAG, .offset = AT(no_stdin), .help = "Do not give it our standard input" },
	{ .name = "sig-proxy", .type = OPT_FLAG, .offset = AT(sig_proxy), .help = "Pass signals on (default: true)" },
	OPT_END
};

static void attach_defaults(struct context *c, void *values)
{
	struct attach_values *o = values;

	(void)c;
	o->sig_proxy = true;
}

static int run_attach(struct context *c, void *values, int argc, char **argv)
{
	const struct attach_values *o = values;
	const struct attach_options how = { .stdin_too = !o->no_stdin, .sig_proxy = o->sig_proxy,
		.detach_keys = o->detach_keys };
	struct container_choice choice = { .latest = o->latest };
	g_autoptr(GPtrArray) set = NULL;
	const struct container_info *i;
	struct err e = ERR_INIT;
	int worst = 0, status;

	if (context_store(c, &e) < 0 || container_choose(c, &choice, argc, argv, &set, &worst, &e) < 0)
		return fail(&e);
	if (worst)
		return worst;
	if (set->len == 0)
		return err_msg(&e, ENOENT, "there is no container"), fail(&e);
	i = set->pdata[0];
	status = container_attach(&c->place, i->record, &how, &e);
	if (status >= 0)
		return status;
	(void)err_wrap(&e, "container %s", i->given);
	return fail(&e);
}

const struct command command_attach = {
	.name = "attach", .alias = "container attach", .summary = "Attach to a running container",
	.usage = "[options] CONTAINER", .opts = attach_opts, .values_size = sizeof(struct attach_values),
	.defaults = attach_defaults, .run = run_attach, .min_args = 0, .max_args = 1, .complete = COMPLETE_RUNNING,
};
