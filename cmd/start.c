/* start.c - start. See podman-start(1). */
#include <errno.h>
#include <stdio.h>

#include "cmd/container_set.h"
#include "cmd/launch.h"
#include "core/container/attach.h"

struct start_values {
	char *detach_keys;
	bool all, attach, interactive, latest, sig_proxy;
	char **filter;
};
#define AT(member) offsetof(struct start_values, member)

static const struct opt start_opts[] = {
	{ .name = "all", .type = OPT_FLAG, .offset = AT(all), .help = "All containers that are not running" },
	{ .name = "attach", .letter = 'a', .type = OPT_FLAG, .offset = AT(attach),
	  .help = "Stay in the foreground; the exit status is the container's" },
	{ .name = "detach-keys", .type = OPT_STRING, .offset = AT(detach_keys), .arg = "keys",
	  .help = "Keys that leave the container running (default: ctrl-p,ctrl-q)" },
	{ .name = "filter", .letter = 'f', .type = OPT_LIST, .offset = AT(filter), .arg = "key=value",
	  .choices = CONTAINER_FILTERS,
	  .help = "Containers that match, as for ps" },
	{ .name = "interactive", .letter = 'i', .type = OPT_FLAG, .offset = AT(interactive),
	  .help = "Give it our standard input as well" },
	{ .name = "latest", .letter = 'l', .type = OPT_FLAG, .offset = AT(latest), .help = "The container created last" },
	{ .name = "sig-proxy", .type = OPT_FLAG, .offset = AT(sig_proxy),
	  .help = "With --attach: pass signals on (default: true)" },
	OPT_END
};

static void start_defaults(struct context *c, void *values)
{
	struct start_values *o = values;

	(void)c;
	o->sig_proxy = true;
}

static int start_one(struct context *c, const struct start_values *o, const struct container_info *i, int *worst)
{
	bool attach = o->attach || o->interactive;
	struct start_options so = {
		.detach = !attach, .attach_stdin = o->interactive, .attach_stdout = attach, .attach_stderr = attach,
		.sig_proxy = o->sig_proxy && !i->record->tty, .detach_keys = o->detach_keys,
	};
	const struct attach_options how = { .stdin_too = o->interactive, .sig_proxy = o->sig_proxy,
		.detach_keys = o->detach_keys };
	bool running = i->state.status != CONTAINER_CREATED && i->state.status != CONTAINER_EXITED;
	struct err e = ERR_INIT;
	int r;

	if (running && attach)
		r = container_attach(&c->place, i->record, &how, &e);
	else
		r = running ? 0 : start_container(c, i->record->id, &so, &e);
	if (r < 0)
		fail_one(&e, err_status(&e), worst);
	else if (!attach)
		puts(i->given);
	return r < 0 ? 0 : r;
}

static int run_start(struct context *c, void *values, int argc, char **argv)
{
	struct start_values *o = values;
	struct container_choice choice = { .all = o->all, .latest = o->latest, .filters = o->filter,
		.states = o->all ? 1U << CONTAINER_CREATED | 1U << CONTAINER_EXITED : 0 };
	g_autoptr(GPtrArray) set = NULL;
	struct err e = ERR_INIT;
	int worst = 0, status = 0, r = container_check_detach_keys(o->detach_keys, &e);

	if (r == 0 && argc > 1 && (o->attach || o->interactive))
		r = err_msg(&e, EINVAL, "only one container at a time can be started with --attach or --interactive");
	if (r == 0)
		r = context_store(c, &e);
	if (r == 0)
		r = container_choose(c, &choice, argc, argv, &set, &worst, &e);
	if (r < 0)
		return fail(&e);
	for (guint n = 0; n < set->len; n++)
		status = start_one(c, o, set->pdata[n], &worst);
	return worst ? worst : status;
}

const struct command command_start = {
	.name = "start", .alias = "container start", .summary = "Start containers",
	.usage = "[options] CONTAINER [CONTAINER...]", .opts = start_opts, .values_size = sizeof(struct start_values),
	.defaults = start_defaults, .run = run_start, .min_args = 0, .max_args = -1, .complete = COMPLETE_CONTAINER,
};
