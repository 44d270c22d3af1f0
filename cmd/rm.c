/* rm.c - rm. See podman-rm(1): 1 a container is missing, 2 one is running. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/container_set.h"
#include "cmd/image_use.h"
#include "core/base/fd.h"
#include "core/container/manage.h"
#include "storage/volume.h"

#define MISSING 1
#define RUNNING 2

#pragma weak volume_remove

struct rm_options {
	int64_t seconds;
	bool all, force, ignore, latest, volumes, depend, seconds_set;
	char **cidfile, **filter;
};
#define AT(member) offsetof(struct rm_options, member)

static const struct opt rm_opts[] = {
	{ .name = "all", .letter = 'a', .type = OPT_FLAG, .offset = AT(all), .help = "All containers" },
	{ .name = "cidfile", .type = OPT_LIST, .offset = AT(cidfile), .arg = "file",
	  .help = "Read the container's ID from this file", .complete = COMPLETE_FILE },
	{ .name = "depend", .type = OPT_FLAG, .offset = AT(depend), .help = "Accepted: no container depends on others" },
	{ .name = "filter", .type = OPT_LIST, .offset = AT(filter), .arg = "key=value",
	  .choices = CONTAINER_FILTERS,
	  .help = "Containers that match, as for ps" },
	{ .name = "force", .letter = 'f', .type = OPT_FLAG, .offset = AT(force),
	  .help = "Stop running ones first; missing ones are no error" },
	{ .name = "ignore", .letter = 'i', .type = OPT_FLAG, .offset = AT(ignore),
	  .help = "Missing containers are no error" },
	{ .name = "latest", .letter = 'l', .type = OPT_FLAG, .offset = AT(latest), .help = "The container created last" },
	{ .name = "time", .letter = 't', .type = OPT_INT, .offset = AT(seconds), .arg = "seconds",
	  .help = "With --force: wait so long before SIGKILL", .set_offset = AT(seconds_set) },
	{ .name = "volumes", .letter = 'v', .type = OPT_FLAG, .offset = AT(volumes),
	  .help = "Remove its anonymous volumes as well" },
	OPT_END
};

/* `create` notes them in the record. */
static void remove_anonymous_volumes(struct context *c, const struct container_record *r)
{
	json_t *extra = r->extra_json ? json_loads(r->extra_json, 0, NULL) : NULL;
	json_t *names = json_object_get(extra, "anonymousVolumes"), *name;
	struct err e = ERR_INIT;
	size_t n;

	json_array_foreach(names, n, name) {
		if (json_is_string(name) && volume_remove &&
		    volume_remove(c->store, json_string_value(name), &e) < 0 && e.code != ENOENT)
			log_warn("%s", e.msg);
		err_clear(&e);
	}
	json_decref(extra);
}

/* 0, or an exit status with `e` filled. */
static int remove_one(struct context *c, const struct rm_options *o, struct container_info *i, struct err *e)
{
	const struct container_record *r = i->record;
	const int64_t now = 0;
	bool paused = i->state.status == CONTAINER_PAUSED;
	autofd lock = container_lock(&c->place, r->id, e);

	if (lock == -EBUSY && !o->force) {
		err_clear(e);
		(void)err_msg(e, EBUSY, "cannot remove container %s as it is %s; %s it or use --force", i->given,
			      paused ? "paused" : "running", paused ? "unpause" : "stop");
		return RUNNING;
	}
	if (lock == -EBUSY) {
		err_clear(e);
		/* A paused one cannot act on a signal to end. */
		if (stop_one(c, i, paused ? &now : o->seconds_set ? &o->seconds : NULL, e) < 0)
			return EXIT_OURS;
		lock = container_lock(&c->place, r->id, e);
	}
	if (lock == -ENOENT) {          /* --rm, or somebody else was faster: gone is gone */
		err_clear(e);
		return 0;
	}
	if (lock < 0)
		return EXIT_OURS;
	if (container_remove(&c->place, r->id, r->name, remove_tree_of_store, c->store, e) < 0)
		return EXIT_OURS;
	container_event(&c->place, r, "remove");
	if (o->volumes || r->auto_remove)
		remove_anonymous_volumes(c, r);
	return 0;
}

static int run_rm(struct context *c, void *values, int argc, char **argv)
{
	struct rm_options *o = values;
	struct container_choice choice = { .all = o->all, .latest = o->latest, .ignore = o->ignore || o->force,
		.cidfiles = o->cidfile, .filters = o->filter, .missing_status = MISSING };
	g_autoptr(GPtrArray) set = NULL;
	struct err e = ERR_INIT, later = ERR_INIT;
	int worst = 0, r = context_store(c, &e);

	if (r == 0)
		r = container_choose(c, &choice, argc, argv, &set, &worst, &e);
	if (r < 0)
		return fail(&e);
	for (guint n = 0; n < set->len; n++) {
		struct container_info *i = set->pdata[n];

		err_clear(&e);
		r = remove_one(c, o, i, &e);
		if (r)
			fail_one(&e, r, &worst);
		else
			puts(i->given);
	}
	(void)store_collect(c->store, &later);
	return worst;
}

const struct command command_rm = {
	.name = "rm", .alias = "container rm", .summary = "Remove containers",
	.usage = "[options] CONTAINER [CONTAINER...]", .opts = rm_opts, .values_size = sizeof(struct rm_options),
	.run = run_rm, .min_args = 0, .max_args = -1, .complete = COMPLETE_CONTAINER,
};

static const struct opt prune_opts[] = {
	{ .name = "filter", .type = OPT_LIST, .offset = AT(filter), .arg = "key=value",
	  .choices = "~label=|until=",
	  .help = "Only containers that match, as for ps: label, until" },
	{ .name = "force", .letter = 'f', .type = OPT_FLAG, .offset = AT(force), .help = "Do not ask" },
	OPT_END
};

static int run_prune(struct context *c, void *values, int argc, char **argv)
{
	struct rm_options *o = values, no_force = { .force = false };
	struct container_choice choice = { .all = true, .filters = o->filter,
		.states = 1U << CONTAINER_CREATED | 1U << CONTAINER_EXITED };
	g_autoptr(GPtrArray) set = NULL;
	struct err e = ERR_INIT, later = ERR_INIT;
	int worst = 0, r = context_store(c, &e);

	(void)argc;
	(void)argv;
	if (r == 0)
		r = container_choose(c, &choice, 0, NULL, &set, &worst, &e);
	if (r < 0)
		return fail(&e);
	if (!o->force && !confirmed("all non running containers"))
		return 0;
	for (guint n = 0; n < set->len; n++) {
		struct container_info *i = set->pdata[n];

		err_clear(&e);
		r = remove_one(c, &no_force, i, &e);
		if (r == 0)
			puts(i->record->id);
		else if (r != RUNNING)  /* started since the list was made: not ours to remove */
			fail_one(&e, r, &worst);
	}
	(void)store_collect(c->store, &later);
	return worst;
}

const struct command command_container_prune = {
	.name = "container prune", .summary = "Remove all containers that do not run", .usage = "[options]",
	.opts = prune_opts, .values_size = sizeof(struct rm_options), .run = run_prune,
};
