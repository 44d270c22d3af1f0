/* pause.c - pause, unpause. See podman-pause(1), podman-unpause(1). */
#include <errno.h>
#include <stdio.h>

#include "cmd/container_set.h"
#include "core/container/pause.h"

struct pause_options {
	bool all, latest;
	char **cidfile, **filter;
};
#define AT(member) offsetof(struct pause_options, member)

static const struct opt pause_opts[] = {
	{ .name = "all", .letter = 'a', .type = OPT_FLAG, .offset = AT(all),
	  .help = "All containers for which it can be done" },
	{ .name = "cidfile", .type = OPT_LIST, .offset = AT(cidfile), .arg = "file",
	  .help = "Read the container's ID from this file", .complete = COMPLETE_FILE },
	{ .name = "filter", .letter = 'f', .type = OPT_LIST, .offset = AT(filter), .arg = "key=value",
	  .choices = CONTAINER_FILTERS,
	  .help = "Containers that match, as for ps" },
	{ .name = "latest", .letter = 'l', .type = OPT_FLAG, .offset = AT(latest), .help = "The container created last" },
	OPT_END
};

static int set_paused(struct context *c, const struct container_info *i, bool paused, struct err *e)
{
	enum container_status need = paused ? CONTAINER_RUNNING : CONTAINER_PAUSED;

	if (i->state.status != need)
		return err_msg(e, EINVAL, "container %s: \"%s\" is not %s, can't %s: container state improper", i->given,
			       container_status_name(i->state.status), container_status_name(need),
			       paused ? "pause" : "unpause");
	return container_pause(&c->place, i->record->id, paused, e);
}

static int for_each(struct context *c, const struct pause_options *o, bool paused, int argc, char **argv)
{
	struct container_choice choice = { .all = o->all, .latest = o->latest, .cidfiles = o->cidfile,
		.filters = o->filter, .states = o->all ? 1U << (paused ? CONTAINER_RUNNING : CONTAINER_PAUSED) : 0 };
	g_autoptr(GPtrArray) set = NULL;
	struct err e = ERR_INIT;
	int worst = 0, r = context_store(c, &e);

	if (r == 0)
		r = container_choose(c, &choice, argc, argv, &set, &worst, &e);
	if (r < 0)
		return fail(&e);
	for (guint n = 0; n < set->len; n++) {
		const struct container_info *i = set->pdata[n];

		err_clear(&e);
		if (set_paused(c, i, paused, &e) < 0)
			fail_one(&e, EXIT_OURS, &worst);
		else
			puts(i->given);
	}
	return worst;
}

static int run_pause(struct context *c, void *values, int argc, char **argv)
{
	return for_each(c, values, true, argc, argv);
}

static int run_unpause(struct context *c, void *values, int argc, char **argv)
{
	return for_each(c, values, false, argc, argv);
}

const struct command command_pause = {
	.name = "pause", .alias = "container pause", .summary = "Stop containers where they stand", .opts = pause_opts,
	.usage = "[options] CONTAINER [CONTAINER...]", .values_size = sizeof(struct pause_options), .run = run_pause,
	.min_args = 0, .max_args = -1, .complete = COMPLETE_RUNNING,
};
const struct command command_unpause = {
	.name = "unpause", .alias = "container unpause", .summary = "Let paused containers go on", .opts = pause_opts,
	.usage = "[options] CONTAINER [CONTAINER...]", .values_size = sizeof(struct pause_options),
	.run = run_unpause, .min_args = 0, .max_args = -1, .complete = COMPLETE_RUNNING,
};
