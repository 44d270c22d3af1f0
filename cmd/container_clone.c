/* container_clone.c - container clone. See podman-container-clone(1).
 *
 * The record and the configuration are copied and given a new identity; files that the container changed are not. Its anonymous
 * volumes are its own, so the clone gets new ones.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/container_set.h"
#include "cmd/image_use.h"
#include "cmd/launch.h"
#include "cmd/run_options.h"
#include "cmd/run_spec.h"
#include "core/base/fd.h"
#include "core/base/text.h"
#include "core/runtime/cgroup.h"
#include "net/plan.h"
#include "storage/volume.h"

struct clone_options {
	struct run_options run;         /* the limits: first, as their table has its offsets */
	char *name;
	bool destroy, force, run_it;
};
#define AT(member) offsetof(struct clone_options, member)

static const struct opt options[] = {
	OPT_GROUP(run_limit_options),
	{ .name = "destroy", .type = OPT_FLAG, .offset = AT(destroy), .help = "Remove the original" },
	{ .name = "force", .letter = 'f', .type = OPT_FLAG, .offset = AT(force),
	  .help = "With --destroy: also when it is running" },
	{ .name = "name", .type = OPT_STRING, .offset = AT(name), .arg = "name",
	  .help = "Name of the clone (default: that of the original and -clone)" },
	{ .name = "run", .type = OPT_FLAG, .offset = AT(run_it), .help = "Start the clone" },
	OPT_END
};

/* The clone while it is made. */
struct clone {
	struct context *c;
	struct container_record *rec;   /* the original's, changed step by step */
	struct rspec *spec;
	struct launch_extras x;
	char **old_volumes;             /* anonymous ones of the original; x.anonymous has those that are made */
};

static int load(struct clone *cl, const char *id, struct err *e)
{
	autofd dir = container_open(&cl->c->place, id, e);

	if (dir < 0 || container_load(&cl->c->place, id, &cl->rec, e) < 0 || launch_read_config(dir, &cl->spec, e) < 0 ||
	    launch_extras_from_json(cl->rec, &cl->x, e) < 0)
		return -e->code;
	cl->old_volumes = cl->x.anonymous;
	cl->x.anonymous = NULL;
	if (cl->x.auto_size)
		return err_msg(e, EOPNOTSUPP, "container %s has ids of its own (--userns auto): it cannot be cloned", cl->rec->name);
	return 0;
}

/* NAME-clone, NAME-clone1 ... */
static char *free_name(struct clone *cl, const char *name, struct err *e)
{
	char *try = g_strconcat(name, "-clone", NULL);

	for (unsigned n = 1;; n++) {
		g_autofree char *id = NULL, *at = NULL;
		autorecord *holder = NULL;

		/* The beginning of an ID is no name. */
		if (container_find(&cl->c->place, try, &id, e) <= 0 || container_load(&cl->c->place, id, &holder, e) < 0 ||
		    strcmp(holder->name, try) != 0)
			break;
		g_free(try);
		try = g_strdup_printf("%s-clone%u", name, n);
	}
	err_clear(e);
	return try;
}

static void set_identity(struct clone *cl, const char *name)
{
	struct container_record *r = cl->rec;
	struct arena *a = &r->arena;
	g_autofree char *id = text_random_hex(32);
	bool own_name = r->hostname && strncmp(r->hostname, r->id, 12) == 0 && strlen(r->hostname) == 12;

	r->id = arena_strdup(a, id);
	r->name = arena_strdup(a, name);
	r->created_ns = text_now_ns();
	r->create_command = arena_strv_dup(a, (const char *const *)cl->c->argv);
	/* Files that one container has. */
	r->pid_file = r->conmon_pid_file = r->cid_file = r->log_path = NULL;
	if (own_name) {
		r->hostname = arena_strndup(a, id, 12);
		if (cl->spec->hostname)
			cl->spec->hostname = arena_strdup(&cl->spec->arena, r->hostname);
		rspec_add_env(cl->spec, arena_printf(&cl->spec->arena, "HOSTNAME=%s", r->hostname));
	}
	if (r->systemd)
		rspec_add_env(cl->spec, arena_printf(&cl->spec->arena, "container_uuid=%.32s", id));
}

/* A port of the host that was chosen at a start is chosen anew. */
static int set_ports(struct clone *cl, struct err *e)
{
	struct net_plan net = { 0 };

	if (launch_net_plan(cl->rec, &net, e) < 0)
		return -e->code;
	for (size_t i = 0; i < net.n_ports && i < cl->rec->n_ports; i++)
		cl->rec->ports[i].host_port = net.ports[i].host_port;
	net_plan_free(&net);
	return 0;
}

static int set_image(struct clone *cl, const char *name, struct err *e)
{
	autoimage *img = NULL;
	struct container_record *r = cl->rec;
	struct arena *a = &r->arena;

	const char *wanted = name ? name : r->image_id;
	int found = wanted ? image_find(cl->c->store, wanted, &img, e) : 1;

	if (found == 0)
		return err_msg(e, ENOENT, "%s: image not known", wanted);
	if (found < 0 || !name)
		return MIN(found, 0);
	if (r->rootfs)
		return err_msg(e, EINVAL, "container %s has a directory and no image (--rootfs)", r->name);
	r->image_id = arena_strdup(a, img->host ? "host" : img->id);
	r->image_name = arena_strdup(a, img->names[0] ? img->names[0] : name);
	r->image_digest = arena_strdup(a, img->digest);
	return 0;
}

static int set_limits(struct clone *cl, const struct run_options *o, struct err *e)
{
	autorspec *given = rspec_new();
	struct cgroup_request req = { .id = cl->rec->id, .resources = &cl->spec->resources };

	if (run_limits_resources(o, given, e) < 0)
		return -e->code;
	run_limits_merge(cl->spec, &given->resources);
	if (!cgroup_mode_parse(cl->x.cgroups, &req.mode) || !cgroup_manager_parse(cl->c->cgroup_manager, &req.manager))
		return err_msg(e, EINVAL, "--cgroups or --cgroup-manager: not known");
	return cgroup_has_limits(&cl->spec->resources) ? cgroup_check(&req, NULL, e) : 0;
}

/* Everything that names the volume `old`, or lies at its place, gets the new one. */
static void exchange_volume(struct clone *cl, const struct volume *old, const struct volume *new)
{
	struct arena *a = &cl->rec->arena;

	for (size_t i = 0; i < cl->rec->n_mounts; i++)
		if (g_strcmp0(cl->rec->mounts[i].name, old->name) == 0) {
			cl->rec->mounts[i].name = arena_strdup(a, new->name);
			cl->rec->mounts[i].source = arena_strdup(a, new->mountpoint);
		}
	for (size_t i = 0; i < cl->spec->n_mounts; i++)
		if (g_strcmp0(cl->spec->mounts[i].source, old->mountpoint) == 0)
			cl->spec->mounts[i].source = arena_strdup(&cl->spec->arena, new->mountpoint);
	for (size_t i = 0; i < cl->x.n_specials; i++) {
		struct launch_special *s = &cl->x.specials[i];

		if (strcmp(s->source, old->name) == 0)
			s->source = arena_strdup(a, new->name);
		else if (strcmp(s->source, old->mountpoint) == 0)
			s->source = arena_strdup(a, new->mountpoint);
	}
}

static int set_volumes(struct clone *cl, struct err *e)
{
	for (char **name = cl->old_volumes; name && *name; name++) {
		autovolume *old = NULL, *new = NULL;
		int r = volume_find(cl->c->store, *name, &old, e);

		if (r == 0)
			return err_msg(e, ENOENT, "container %s: its volume %s is gone", cl->rec->name, *name);
		if (r < 0 || volume_create(cl->c->store, NULL, NULL, NULL, true, &new, e) < 0)
			return -e->code;
		arena_strv_push(&cl->rec->arena, &cl->x.anonymous, arena_strdup(&cl->rec->arena, new->name));
		exchange_volume(cl, old, new);
	}
	return 0;
}

/* From here on it is on disk; what goes wrong is undone. */
static int make(struct clone *cl, struct err *e)
{
	autofd dir = -1, lock = -1;
	json_t *doc;
	g_autofree char *config = NULL;
	struct err ignored = ERR_INIT;
	int r = container_reserve(&cl->c->place, cl->rec, &dir, &lock, e);

	if (r < 0)
		return r;
	r = set_volumes(cl, e);
	if (r == 0) {
		g_autofree char *extra = launch_extras_to_json(&cl->x);

		cl->rec->extra_json = arena_strdup(&cl->rec->arena, extra);
		doc = rspec_to_json(cl->spec);
		config = json_dumps(doc, JSON_COMPACT);
		json_decref(doc);
		r = container_commit(dir, cl->rec, config, true, e);
	}
	if (r == 0) {
		container_event(&cl->c->place, cl->rec, "create");
		return 0;
	}
	(void)container_remove(&cl->c->place, cl->rec->id, cl->rec->name, remove_tree_of_store, cl->c->store, &ignored);
	launch_remove_volumes(cl->c, cl->x.anonymous);
	return r;
}

static int clone_container(struct clone *cl, const struct clone_options *o, const struct container_info *from, int argc,
			   char **argv, struct err *e)
{
	const char *given = o->name ? o->name : argc > 1 ? argv[1] : NULL;
	g_autofree char *name = NULL;
	int r = store_use_shared(cl->c->store, e);

	if (r == 0)
		r = load(cl, from->record->id, e);
	if (r == 0) {
		name = given ? g_strdup(given) : free_name(cl, from->record->name, e);
		set_identity(cl, name);
		r = set_ports(cl, e);
	}
	if (r == 0)
		r = set_image(cl, argc > 2 ? argv[2] : NULL, e);
	if (r == 0)
		r = set_limits(cl, &o->run, e);
	if (r == 0)
		r = make(cl, e);
	store_use_end(cl->c->store);
	return r;
}

/* The clone is there; what is asked for besides. */
static int follow_up(struct clone *cl, const struct clone_options *o, const struct container_info *from, struct err *e)
{
	const struct start_options so = { .detach = true };
	int r = o->destroy ? remove_container(cl->c, from->record->id, e) : 0;

	if (r == 0 && o->run_it)
		r = start_container(cl->c, cl->rec->id, &so, e);
	return MIN(r, 0);
}

static int run_clone(struct context *c, void *values, int argc, char **argv)
{
	const struct clone_options *o = values;
	struct container_choice choice = { 0 };
	struct clone cl = { .c = c };
	g_autoptr(GPtrArray) set = NULL;
	struct container_info *from;
	struct err e = ERR_INIT;
	int worst = 0, r = 0;

	if (o->name && argc > 1)
		r = err_msg(&e, EINVAL, "--name and a name as the second argument exclude each other");
	if (r < 0 || context_store(c, &e) < 0 || container_choose(c, &choice, 1, argv, &set, &worst, &e) < 0)
		return fail(&e);
	if (worst)
		return worst;
	from = set->pdata[0];
	if (o->destroy && !o->force && CONTAINER_ALIVE >> from->state.status & 1)
		r = err_msg(&e, EBUSY, "container %s is running: --destroy needs --force", from->record->name);
	if (r == 0)
		r = clone_container(&cl, o, from, argc, argv, &e);
	if (r == 0)
		puts(cl.rec->id);
	if (r == 0)
		r = follow_up(&cl, o, from, &e);
	if (cl.spec)
		rspec_free(cl.spec);
	if (cl.rec)
		container_record_free(cl.rec);
	return r < 0 ? fail(&e) : 0;
}

const struct command command_container_clone = {
	.name = "container clone", .summary = "Make a container like another one", .usage = "[options] CONTAINER [NAME] [IMAGE]",
	.opts = options, .values_size = sizeof(struct clone_options), .run = run_clone, .min_args = 1, .max_args = 3,
	.complete = COMPLETE_CONTAINER,
};
