/* run.c - `coracle run`: make a container and start it. */
#include <glib.h>
#include <stdio.h>

#include "cmd/image_use.h"
#include "cmd/linger.h"
#include "cmd/run_commands.h"
#include "cmd/run_create.h"
#include "cmd/run_status.h"
#include "core/base/log.h"

static bool attached(const struct run_options *o, const char *stream)
{
	if (!o->attach)
		return true;
	for (char **a = o->attach; *a; a++)
		if (!g_ascii_strcasecmp(*a, stream))
			return true;
	return false;
}

static int start(struct new_container *n, const struct run_options *o, struct run_status *st, struct err *e)
{
	g_autofree char *config = new_container_config(n);
	struct launch_job job = {
		.c = n->plan.c, .record = n->plan.rec, .spec = n->plan.spec, .extras = &n->plan.x, .img = n->img,
		.config_json = config, .container_fd = n->dir_fd, .lock_fd = n->lock_fd,
	};
	struct start_options so = {
		.detach = o->detach, .leave = !o->detach && !o->rmi, .sig_proxy = o->sig_proxy && !o->tty, .quiet = o->quiet,
		.attach_stdin = attached(o, "stdin"), .attach_stdout = attached(o, "stdout"),
		.attach_stderr = attached(o, "stderr"), .detach_keys = o->detach_keys,
		.preserve_fds = (unsigned)o->preserve_fds, .watcher = st->fd >= 0 ? &st->watcher : NULL,
	};
	int r;

	st->id = n->plan.rec->id;
	r = launch_container(&job, &so, e);

	n->lock_fd = job.lock_fd;
	return r;
}

/* --rmi. The container is gone; one that stays is no reason to end with another status than the program's. */
static void remove_image(struct context *c, const char *name)
{
	autoimage *img = NULL;
	struct err e = ERR_INIT;
	int r = image_find(c->store, name, &img, &e);

	if (r > 0 && img->names[0] && img->names[1] && image_name_meant(img, name))
		r = image_untag(c->store, img, image_name_meant(img, name), &e) == 0 ? 1 : -e.code;
	else if (r > 0)
		r = image_remove_unused(c, img, &e);
	if (r < 0)
		log_warn("--rmi %s: %s", name, e.msg);
	else if (r == 0 && img)
		log_warn("--rmi %s: the image is in use by another container", name);
}

static int run(struct context *c, void *values, int argc, char **argv)
{
	const struct run_options *o = values;
	struct new_container n;
	struct run_status st;
	struct err e = ERR_INIT;
	int status = -1;

	if (run_status_begin(&st, o->status_fd, &e) < 0)
		return fail(&e);
	if (new_container_begin(c, o, argc, argv, &n, &e) == 0) {
		status = start(&n, o, &st, &e);
		n.committed = status >= 0;
	}
	if (status < 0)
		run_status_error(&st, &e);
	if (status < 0)
		status = fail(&e);
	else if (o->detach)
		printf("%s\n", n.plan.rec->id);
	if (status == 0 && o->detach && !o->quiet)
		warn_of_logout(c);
	new_container_end(&n);
	if (o->rmi && !o->rootfs && n.committed)
		remove_image(c, argv[0]);
	return status;
}

static const struct opt options[] = { OPT_GROUP(run_only_options), OPT_GROUP(run_common_options), OPT_END };

const struct command command_run = {
	.name = "run",
	.alias = "container run",
	.summary = "Make a container and start it",
	.usage = "[options] IMAGE [COMMAND [ARG...]]",
	.opts = options,
	.values_size = sizeof(struct run_options),
	.defaults = run_options_defaults,
	.run = run,
	.min_args = 1,
	.max_args = -1,
	.complete = COMPLETE_IMAGE,
	.flags = COMMAND_STOP_AT_FIRST,
};
