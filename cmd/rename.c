/* rename.c - rename. See podman-rename(1). */
#include <errno.h>

#include "cmd/container_set.h"
#include "core/container/edit.h"

static const struct opt rename_opts[] = { OPT_END };

static int run_rename(struct context *c, void *values, int argc, char **argv)
{
	struct err e = ERR_INIT;
	g_autofree char *id = NULL;
	int r = context_store(c, &e);

	(void)values;
	(void)argc;
	if (r == 0)
		r = container_find(&c->place, argv[0], &id, &e);
	if (r == 0)
		r = err_msg(&e, ENOENT, "no container with name or ID \"%s\" found: no such container", argv[0]);
	if (r > 0)
		r = container_rename(&c->place, id, argv[1], &e);
	return r < 0 ? fail(&e) : 0;
}

const struct command command_rename = {
	.name = "rename", .alias = "container rename", .summary = "Give a container another name",
	.usage = "CONTAINER NAME", .opts = rename_opts, .run = run_rename, .min_args = 2, .max_args = 2,
	.complete = COMPLETE_CONTAINER, .flags = COMMAND_FIRST_EXISTS,
};
