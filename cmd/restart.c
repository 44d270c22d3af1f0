/* restart.c - restart, and what a keeper executes for the restart policy. See podman-restart(1). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "cmd/container_set.h"
#include "cmd/launch.h"
#include "core/base/fd.h"
#include "core/container/manage.h"
#include "core/container/record.h"

struct restart_options {
	int64_t seconds, lock_fd, listener;
	bool all, latest, running, seconds_set;
	char **cidfile, **filter;
};
#define AT(member) offsetof(struct restart_options, member)

static const struct opt restart_opts[] = {
	{ .name = "all", .letter = 'a', .type = OPT_FLAG, .offset = AT(all), .help = "All containers, whatever their state" },
	{ .name = "cidfile", .type = OPT_LIST, .offset = AT(cidfile), .arg = "file",
	  .help = "Read the container's ID from this file", .complete = COMPLETE_FILE },
	{ .name = "filter", .letter = 'f', .type = OPT_LIST, .offset = AT(filter), .arg = "key=value",
	  .choices = CONTAINER_FILTERS,
	  .help = "Containers that match, as for ps" },
	{ .name = "latest", .letter = 'l', .type = OPT_FLAG, .offset = AT(latest), .help = "The container created last" },
	{ .name = "running", .type = OPT_FLAG, .offset = AT(running), .help = "All running containers" },
	{ .name = "time", .letter = 't', .type = OPT_INT, .offset = AT(seconds), .arg = "seconds",
	  .help = "Wait so long before SIGKILL; -1: for ever", .set_offset = AT(seconds_set), .alias = "timeout" },
	OPT_END
};
static const struct opt again_opts[] = {
	{ .name = "listener", .type = OPT_INT, .offset = AT(listener), .arg = "fd", .help = "The control socket" },
	{ .name = "lock-fd", .type = OPT_INT, .offset = AT(lock_fd), .arg = "fd", .help = "The run lock" },
	OPT_END
};

static int restart_one(struct context *c, const struct restart_options *o, const struct container_info *i, struct err *e)
{
	const struct start_options so = { .detach = true };
	bool over = i->state.status == CONTAINER_CREATED || i->state.status == CONTAINER_EXITED;

	if (!over && i->record->auto_remove)
		return err_msg(e, EINVAL, "container %s was made with --rm: it is removed when it is stopped", i->given);
	container_event(&c->place, i->record, "restart");
	if (!over && stop_one(c, i, o->seconds_set ? &o->seconds : NULL, e) < 0)
		return -e->code;
	return start_container(c, i->record->id, &so, e);
}

static int run_restart(struct context *c, void *values, int argc, char **argv)
{
	const struct restart_options *o = values;
	struct container_choice choice = { .all = o->all || o->running, .latest = o->latest, .cidfiles = o->cidfile,
		.filters = o->filter, .states = o->running ? CONTAINER_ALIVE : 0 };
	g_autoptr(GPtrArray) set = NULL;
	struct err e = ERR_INIT;
	int worst = 0;

	if (context_store(c, &e) < 0 || container_choose(c, &choice, argc, argv, &set, &worst, &e) < 0)
		return fail(&e);
	for (guint n = 0; n < set->len; n++) {
		const struct container_info *i = set->pdata[n];

		err_clear(&e);
		if (restart_one(c, o, i, &e) < 0)
			fail_one(&e, err_status(&e), &worst);
		else
			puts(i->given);
	}
	return worst;
}

/* Nobody reads what this prints: an error goes into the state. */
static int run_again(struct context *c, void *values, int argc, char **argv)
{
	const struct restart_options *o = values;
	struct start_options so = { .detach = true, .lock_fd = (int)o->lock_fd, .listener = (int)o->listener };
	struct container_state st;
	struct err e = ERR_INIT, ignored = ERR_INIT;
	autofd dir = -1;

	(void)argc;
	if (o->lock_fd < 3 || o->listener < 3 || fd_set_cloexec(so.lock_fd, true) < 0 ||
	    fd_set_cloexec(so.listener, true) < 0)
		return err_msg(&e, EINVAL, "only a keeper executes this"), fail(&e);
	if (context_store(c, &e) < 0)
		return fail(&e);
	if (start_container(c, argv[0], &so, &e) == 0)
		return 0;
	dir = container_open(&c->place, argv[0], &ignored);
	if (dir >= 0 && container_read_state(&c->place, argv[0], &st, &ignored) == 0 && !*st.error) {
		snprintf(st.error, sizeof st.error, "it could not be started again: %.200s", e.msg);
		st.status = CONTAINER_EXITED;
		(void)container_write_state(dir, &st, &ignored);
	}
	return fail(&e);
}

const struct command command_restart = {
	.name = "restart", .alias = "container restart", .summary = "Stop containers and start them again",
	.usage = "[options] CONTAINER [CONTAINER...]", .opts = restart_opts, .values_size = sizeof(struct restart_options),
	.run = run_restart, .min_args = 0, .max_args = -1, .complete = COMPLETE_CONTAINER,
};
const struct command command_again = {
	.name = "__restart", .summary = "Start a container for its restart policy", .usage = "ID", .opts = again_opts,
	.values_size = sizeof(struct restart_options), .run = run_again, .min_args = 1, .max_args = 1,
	.flags = COMMAND_HIDDEN,
};
