/* healthcheck.c - healthcheck run. See podman-healthcheck-run(1). */
#include <errno.h>
#include <stdio.h>

#include "cmd/container_set.h"
#include "core/container/manage.h"

struct healthcheck_options { bool ignore_result; };

static const struct opt healthcheck_opts[] = {
	{ .name = "ignore-result", .type = OPT_FLAG, .offset = offsetof(struct healthcheck_options, ignore_result),
	  .help = "End with 0 whatever the check says" },
	OPT_END
};

static int run_healthcheck(struct context *c, void *values, int argc, char **argv)
{
	const struct healthcheck_options *o = values;
	struct container_choice choice = { 0 };
	g_autoptr(GPtrArray) set = NULL;
	const struct container_info *i;
	struct err e = ERR_INIT;
	int worst = 0, r;

	if (context_store(c, &e) < 0 || container_choose(c, &choice, argc, argv, &set, &worst, &e) < 0)
		return fail(&e);
	if (worst)
		return worst;
	i = set->pdata[0];
	if (!i->record->health_test)
		return err_msg(&e, ENOENT, "container %s has no defined healthcheck", i->given), fail(&e);
	r = container_check_health(&c->place, i->record->id, &e);
	if (r < 0)
		return err_wrap(&e, "container %s", i->given), fail(&e);
	if (r > 0)
		puts("unhealthy");
	return o->ignore_result ? 0 : r;
}

const struct command command_healthcheck_run = {
	.name = "healthcheck run", .summary = "Run a container's health check now",
	.usage = "[options] CONTAINER", .opts = healthcheck_opts, .values_size = sizeof(struct healthcheck_options),
	.run = run_healthcheck, .min_args = 1, .max_args = 1, .complete = COMPLETE_RUNNING,
};
