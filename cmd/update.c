/* update.c - update. See podman-update(1). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/container_set.h"
#include "cmd/launch.h"
#include "cmd/run_commands.h"
#include "cmd/run_options.h"
#include "cmd/run_spec.h"
#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/container/edit.h"
#include "core/container/pause.h"
#include "core/container/record.h"
#include "core/runtime/cgroup.h"

#define CONFIG_MAX ((size_t)16 * 1024 * 1024)

/* config.json with these limits and nothing else changed. */
static int write_config(struct context *c, const char *id, int dir, const struct rspec *s, struct err *e)
{
	g_autofree char *text = NULL;
	json_t *whole = rspec_to_json(s), *doc, *limits;
	char *changed;
	size_t len;
	int r = file_read(dir, CONFIG_FILE, CONFIG_MAX, &text, &len, e);

	if (r < 0) {
		json_decref(whole);
		return r;
	}
	doc = json_loadb(text, len, 0, NULL);
	limits = json_object_get(json_object_get(whole, "linux"), "resources");
	if (json_is_object(json_object_get(doc, "linux")) && limits)
		json_object_set(json_object_get(doc, "linux"), "resources", limits);
	changed = json_dumps(doc, JSON_COMPACT);
	r = changed ? container_set_config(&c->place, id, changed, e) : err_msg(e, EBADMSG, CONFIG_FILE " is damaged");
	free(changed);
	json_decref(doc);
	json_decref(whole);
	return r;
}

/* Could the next start have them? Its note comes at that start. */
static int check(struct context *c, const struct container_record *r, const struct rspec *s, const char *cgroups,
		 struct err *e)
{
	struct cgroup_request req = { .id = r->id, .resources = &s->resources };

	if (!cgroup_mode_parse(cgroups, &req.mode) || !cgroup_manager_parse(c->cgroup_manager, &req.manager))
		return err_msg(e, EINVAL, "--cgroups or --cgroup-manager: not known");
	return cgroup_has_limits(&s->resources) ? cgroup_check(&req, NULL, e) : 0;
}

/* For create 0 is the same as nothing; here it would say that a limit is to go. */
static int check_zeros(const struct run_options *o, struct err *e)
{
	const struct { const char *option; bool given; int64_t value; } all[] = {
		{ "memory", o->memory_set, o->memory }, { "memory-reservation", o->memory_reservation_set, o->memory_reservation },
		{ "cpu-shares", o->cpu_shares_set, o->cpu_shares }, { "cpu-period", o->cpu_period_set, o->cpu_period },
		{ "cpu-quota", o->cpu_quota_set, o->cpu_quota },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
		if (all[i].given && all[i].value == 0)
			return err_msg(e, EINVAL, "--%s 0: a limit cannot be taken away, only changed", all[i].option);
	return 0;
}

static int apply(struct context *c, const struct container_info *i, const struct rspec *s, struct err *e)
{
	g_autofree char *cgroup = container_cgroup(&c->place, i->record->id);

	if (cgroup)
		return cgroup_apply(cgroup, &s->resources, e);
	(void)err_msg(e, EOPNOTSUPP, "container %s runs without a control group of its own, so its limits cannot be changed",
		      i->given);
	return err_hint(e, "stop it first: then they are changed for its next start");
}

static int update(struct context *c, struct run_options *o, struct container_info *i, struct err *e)
{
	bool alive = CONTAINER_ALIVE & 1U << i->state.status;
	autofd lock = alive ? -1 : container_lock(&c->place, i->record->id, e);
	autorspec *spec = NULL, *given = rspec_new();
	struct launch_extras extras;
	autofd dir = -1;

	if (!alive && lock < 0)
		return lock;
	dir = container_open(&c->place, i->record->id, e);
	if (dir < 0 || launch_read_config(dir, &spec, e) < 0 || launch_extras_from_json(i->record, &extras, e) < 0)
		return -e->code;
	/* A limit of memory and swap is held against that of memory. */
	if (o->memory_swap && !o->memory && spec->resources.has_memory_limit)
		o->memory = spec->resources.memory_limit;
	if (run_limits_resources(o, given, e) < 0)
		return -e->code;
	if (o->pids_limit_set && o->pids_limit <= 0) {
		given->resources.has_pids_limit = true;
		given->resources.pids_limit = -1;       /* no bound any more */
	}
	run_limits_merge(spec, &given->resources);
	if ((alive ? apply(c, i, spec, e) : check(c, i->record, spec, extras.cgroups, e)) < 0)
		return -e->code;
	return write_config(c, i->record->id, dir, spec, e);
}

static int run_update(struct context *c, void *values, int argc, char **argv)
{
	struct container_choice choice = { 0 };
	g_autoptr(GPtrArray) set = NULL;
	struct err e = ERR_INIT;
	struct container_info *i;
	int worst = 0;

	if (context_store(c, &e) < 0 || container_choose(c, &choice, argc, argv, &set, &worst, &e) < 0)
		return fail(&e);
	if (worst)
		return worst;
	i = set->pdata[0];
	if (check_zeros(values, &e) < 0 || update(c, values, i, &e) < 0)
		return fail(&e);
	container_event(&c->place, i->record, "update");
	puts(i->record->id);
	return 0;
}

const struct command command_update = {
	.name = "update", .alias = "container update", .summary = "Change the limits of a container",
	.usage = "[options] CONTAINER", .opts = run_limit_options, .values_size = sizeof(struct run_options),
	.run = run_update, .min_args = 1, .max_args = 1, .complete = COMPLETE_CONTAINER,
};
