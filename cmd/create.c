/* create.c - `coracle create`: a container that `start` can start. */
#include <glib.h>
#include <stdio.h>

#include "cmd/run_commands.h"
#include "cmd/run_create.h"

static int create(struct context *c, void *values, int argc, char **argv)
{
	const struct run_options *o = values;
	struct new_container n;
	struct err e = ERR_INIT, later = ERR_INIT;
	int status = 0;

	if (new_container_begin(c, o, argc, argv, &n, &e) == 0) {
		g_autofree char *config = new_container_config(&n);

		n.committed = container_commit(n.dir_fd, n.plan.rec, config, true, &e) == 0;
	}
	if (n.committed)
		container_event(&c->place, n.plan.rec, "create");
	if (n.committed)
		printf("%s\n", n.plan.rec->id);
	else
		status = fail(&e);
	new_container_end(&n);
	if (c->store)
		(void)store_collect(c->store, &later);
	return status;
}

const struct command command_create = {
	.name = "create",
	.alias = "container create",
	.summary = "Make a container without starting it",
	.usage = "[options] IMAGE [COMMAND [ARG...]]",
	.opts = run_common_options,
	.values_size = sizeof(struct run_options),
	.defaults = run_options_defaults,
	.run = create,
	.min_args = 1,
	.max_args = -1,
	.complete = COMPLETE_IMAGE,
	.flags = COMMAND_STOP_AT_FIRST,
};
