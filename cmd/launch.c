/* launch.c - see launch.h. */
#include "cmd/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/globals.h"
#include "cmd/launch_inside.h"
#include "cmd/launch_runtime.h"
#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/path.h"
#include "core/container/edit.h"
#include "core/runtime/cgroup.h"
#include "core/runtime/namespaces.h"
#include "net/names.h"
#include "storage/reown.h"
#include "storage/volume.h"

#define CONFIG_MAX (64 * 1024 * 1024)

static const char *option_value(const char *option, const char *key)
{
	size_t n = strlen(key);

	return !strncmp(option, key, n) && option[n] == '=' ? option + n + 1 : NULL;
}

/* All values of one key, in the arena. */
static char **option_values(struct arena *a, char *const *options, const char *key)
{
	char **v = NULL;

	for (; options && *options; options++)
		if (option_value(*options, key))
			arena_strv_push(a, &v, arena_strdup(a, option_value(*options, key)));
	return v;
}

static const char *const no_strings[] = { NULL };

int launch_net_plan(const struct container_record *r, struct net_plan *ret, struct err *e)
{
	struct arena a = ARENA_INIT;
	char *const *o = r->network_options;
	char **publish = option_values(&a, o, "publish"), **expose = option_values(&a, o, "expose");
	int result = net_plan_parse(ret, r->network, publish ? (const char *const *)publish : no_strings,
				    option_values(&a, o, "publish-all") != NULL,
				    expose ? (const char *const *)expose : no_strings, e);

	if (result == 0) {
		ret->dns = option_values(&ret->arena, o, "dns");
		ret->dns_search = option_values(&ret->arena, o, "dns-search");
		ret->dns_option = option_values(&ret->arena, o, "dns-option");
		ret->add_host = option_values(&ret->arena, o, "add-host");
		ret->no_hosts = option_values(&a, o, "no-hosts") != NULL;
		ret->hostname = arena_strdup(&ret->arena, r->hostname);
		result = net_names_check(ret, e);
		if (result < 0)
			net_plan_free(ret);
	}
	arena_free(&a);
	return result;
}

/* Who shares the IPC namespace of a container shares its /dev/shm, unless the user mounts something there, or it has
 * none (--ipc none). */
static int borrow_shm(struct launch_ctx *x, pid_t pid, struct err *e)
{
	const struct rspec *s = x->job->spec;

	for (size_t i = 0; i < s->n_mounts; i++)
		if (!strcmp(s->mounts[i].destination, "/dev/shm"))
			return 0;
	x->shm_fd = namespaces_borrow_mount(pid, "/dev/shm", e);
	if (x->shm_fd == -ENOENT || x->shm_fd == -EINVAL) {
		err_clear(e);
		return 0;
	}
	return x->shm_fd < 0 ? -e->code : 0;
}

/* Namespaces of running containers, by the pid that they have now. */
static int join_namespaces(struct launch_ctx *x, struct err *e)
{
	static const char *const files[RSPEC_NS_COUNT] = { "user", "mnt", "pid", "net", "ipc", "uts", "cgroup", "time" };
	const struct launch_job *job = x->job;
	struct rspec *s = job->spec;

	for (unsigned ns = 0; ns < RSPEC_NS_COUNT; ns++) {
		const char *id = job->extras->join[ns];
		struct container_state st;

		if (!id)
			continue;
		if (container_read_state(&job->c->place, id, &st, e) < 0)
			return -e->code;
		if (st.status != CONTAINER_RUNNING || st.pid <= 0)
			return err_msg(e, EINVAL, "cannot join the %s namespace of container %.12s: it is not running",
				       files[ns], id);
		s->namespaces[ns].listed = true;
		s->namespaces[ns].path = arena_printf(&s->arena, "/proc/%d/ns/%s", (int)st.pid, files[ns]);
		if (ns == RSPEC_NS_IPC && borrow_shm(x, st.pid, e) < 0)
			return -e->code;
	}
	return 0;
}

static int plan_root(struct launch_ctx *x, struct err *e)
{
	const struct container_record *r = x->job->record;
	struct rootfs_options o = {
		.container_fd = x->job->container_fd,
		.volatile_upper = r->auto_remove,
		.mountpoints = !x->net.no_hosts && !x->net.no_resolv,
		.idmap = &x->map,
	};
	g_autofree char *dir = NULL;
	bool overlay;

	if (!r->rootfs)
		return rootfs_plan_image(x->job->c->store, x->job->img, &o, &x->root, e);
	overlay = g_str_has_suffix(r->rootfs, ":O");
	dir = g_strndup(r->rootfs, strlen(r->rootfs) - (overlay ? 2 : 0));
	return rootfs_plan_dir(x->job->c->store, dir, overlay, &o, &x->root, e);
}

/* :O - a directory of its own below the container's for what the program changes, empty at every start. */
static int plan_overlay(struct launch_ctx *x, size_t i, struct err *e)
{
	const struct launch_special *s = &x->job->extras->specials[i];
	g_autofree char *name = g_strdup_printf("overlay%zu", i);
	struct store *store = x->job->c->store;
	struct rootfs_options o = { .volatile_upper = true, .idmap = &x->map };
	autofd dir = -1;

	if (path_exists_at(x->job->container_fd, name) && store_remove(store, x->job->container_fd, name, e) < 0)
		return -e->code;
	if (mkdirat(x->job->container_fd, name, 0700) < 0)
		return err_set(e, errno, "%s", name);
	dir = openat(x->job->container_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_set(e, errno, "%s", name);
	o.container_fd = dir;
	if (rootfs_plan_dir(store, s->source, true, &o, &x->overlays[i], e) < 0)
		return err_wrap(e, "mount %s at %s with option O", s->source, s->destination);
	/* The plan goes on using the descriptor until the container has started. */
	(void)take_fd(&dir);
	return rootfs_prepare(x->overlays[i], e);
}

/* Is it still to be filled? 1 found, 0 gone, -errno. */
static int plan_volume(struct launch_ctx *x, size_t i, struct err *e)
{
	autovolume *v = NULL;
	int r = volume_find(x->job->c->store, x->job->extras->specials[i].source, &v, e);

	x->fill[i] = r > 0 && v->needs_copy_up;
	return r;
}

static int plan_specials(struct launch_ctx *x, struct err *e)
{
	size_t n = x->job->extras->n_specials;

	x->images = g_new0(struct image *, n + 1);
	x->overlays = g_new0(struct rootfs_plan *, n + 1);
	x->fill = g_new0(bool, n + 1);
	for (size_t i = 0; i < n; i++) {
		const struct launch_special *s = &x->job->extras->specials[i];
		int r = 1;

		if (s->kind == SPECIAL_OVERLAY && plan_overlay(x, i, e) < 0)
			return -e->code;
		if (s->kind == SPECIAL_IMAGE)
			r = image_find(x->job->c->store, s->source, &x->images[i], e);
		if (x->images[i] && reown_image(x->job->c->store, x->images[i], e) < 0)
			return -e->code;
		if (s->kind == SPECIAL_VOLUME)
			r = plan_volume(x, i, e);
		if (r == 0)
			return err_msg(e, ENOENT, "mount at %s: %s %s is gone", s->destination,
				       s->kind == SPECIAL_IMAGE ? "image" : "volume", s->source);
		if (r < 0)
			return r;
		if (x->images[i] && rootfs_plan_volume(x->job->c->store, x->images[i], s->rw, &x->map,
						       &x->overlays[i], e) < 0)
			return err_wrap(e, "mount at %s", s->destination);
	}
	return 0;
}

/* Hooks in the keeper. */

static int serve(struct launch_ctx *x, struct rootfs_plan *p, struct err *e)
{
	int pidfd;

	if (!p)
		return 0;
	if (rootfs_serve(p, &pidfd, e) < 0)
		return -e->code;
	if (pidfd >= 0 && x->n_servers < KEEPER_HELPERS_MAX - 2)
		x->servers[x->n_servers++] = pidfd;
	else if (pidfd >= 0)
		(void)close(pidfd);
	return 0;
}

static int serve_all(struct launch_ctx *x, struct err *e)
{
	if (serve(x, x->root, e) < 0)
		return -e->code;
	for (size_t i = 0; i < x->job->extras->n_specials; i++)
		if (serve(x, x->overlays[i], e) < 0)
			return -e->code;
	return 0;
}

/* The record of a new container is written later; that of an old one says what an earlier start was given. */
static int note_ports(struct launch_ctx *x, struct err *e)
{
	struct container_record *r = x->job->record;
	bool changed = false;

	for (size_t i = 0; i < x->net.n_ports && i < r->n_ports; i++) {
		changed = changed || r->ports[i].host_port != x->net.ports[i].host_port;
		r->ports[i].host_port = x->net.ports[i].host_port;
	}
	if (!changed || x->job->config_json)
		return 0;
	return container_set_host_ports(&x->job->c->place, r->id, r->ports, r->n_ports, e);
}

static int prepare(void *ctx, struct launch_params *p, struct err *e)
{
	struct launch_ctx *x = ctx;
	const struct rspec_resources *limits = &x->job->spec->resources;
	struct cgroup_request req = { .id = x->job->record->id, .resources = limits };

	if (serve_all(x, e) < 0)
		return -e->code;
	if (x->net.n_ports && (net_plan_bind(&x->net, e) < 0 || note_ports(x, e) < 0))
		return -e->code;
	if (!cgroup_has_limits(limits))
		return 0;
	if (!cgroup_mode_parse(x->job->extras->cgroups, &req.mode) ||
	    !cgroup_manager_parse(x->job->c->cgroup_manager, &req.manager))
		return err_msg(e, EINVAL, "--cgroups or --cgroup-manager: not known");
	if (cgroup_make(&req, &x->cgroup, e) < 0)
		return -e->code;
	p->cgroup = x->cgroup->path;
	if (x->cgroup->note)
		log_warn("%s", x->cgroup->note);
	return 0;
}

static int net_in_init(void *ctx, int *fds, size_t *n_fds, struct err *e)
{
	struct launch_ctx *x = ctx;

	return net_inside(&x->net, fds, n_fds, e);
}

static int net_in_keeper(void *ctx, pid_t init, int init_pidfd, const int *fds, size_t n_fds, struct err *e)
{
	struct launch_ctx *x = ctx;

	return net_outside(&x->net, init, init_pidfd, fds, n_fds, &x->procs, e);
}

static int created(void *ctx, pid_t init, struct err *e)
{
	struct launch_ctx *x = ctx;

	(void)init;
	for (size_t i = 0; i < x->job->extras->n_specials; i++) {
		const struct launch_special *s = &x->job->extras->specials[i];
		autovolume *v = NULL;
		int r = x->fill[i] ? volume_find(x->job->c->store, s->source, &v, e) : 0;

		if (r > 0)
			r = volume_mark_used(x->job->c->store, v, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static size_t helpers(void *ctx, int *pidfds, size_t max)
{
	const struct launch_ctx *x = ctx;
	size_t n = 0;

	/* The record is written: the image is in use for everybody to see. */
	store_use_end(x->job->c->store);
	launch_secrets_close(x);

	if (x->procs.net_pidfd >= 0 && n < max)
		pidfds[n++] = x->procs.net_pidfd;
	if (x->procs.ports_pidfd >= 0 && n < max)
		pidfds[n++] = x->procs.ports_pidfd;
	for (size_t i = 0; i < x->n_servers && n < max; i++)
		pidfds[n++] = x->servers[i];
	return n;
}

static void stopped(void *ctx, const struct container_state *state)
{
	struct launch_ctx *x = ctx;
	struct err e = ERR_INIT;

	(void)state;
	if (x->cgroup && cgroup_destroy(x->cgroup, &e) < 0)
		log_warn("%s", e.msg);
}

/* Replace this process, a child of the keeper, by coracle itself with the same store. */
static void become_coracle(const struct context *c, const char *const *words)
{
	g_auto(GStrv) argv = own_command(c, words);

	(void)execv("/proc/self/exe", argv);
}

/* A new process with nothing of the old one in its memory, by the same way as `start`. */
static void again(void *ctx, int lock_fd, int listener)
{
	const struct launch_ctx *x = ctx;
	g_autofree char *lock = g_strdup_printf("--lock-fd=%d", lock_fd), *sock = g_strdup_printf("--listener=%d", listener);
	const char *words[] = { "__restart", lock, sock, x->job->record->id, NULL };

	become_coracle(x->job->c, words);
}

static void inside(void *ctx, char *const *words)
{
	const struct launch_ctx *x = ctx;
	g_autoptr(GPtrArray) a = g_ptr_array_new();

	g_ptr_array_add(a, (char *)"__check");
	g_ptr_array_add(a, x->job->record->id);
	for (; *words; words++)
		g_ptr_array_add(a, *words);
	g_ptr_array_add(a, NULL);
	become_coracle(x->job->c, (const char *const *)a->pdata);
}

static int remove_tree(void *ctx, int dirfd, const char *name, struct err *e)
{
	const struct launch_ctx *x = ctx;

	return store_remove(x->job->c->store, dirfd, name, e);
}

void launch_remove_volumes(struct context *c, char *const *names)
{
	for (; names && *names; names++) {
		struct err e = ERR_INIT;

		if (volume_remove(c->store, *names, &e) < 0 && e.code != ENOENT)
			log_warn("volume %s: %s", *names, e.msg);
	}
}

static void removed(void *ctx, const struct container_record *record)
{
	const struct launch_ctx *x = ctx;

	(void)record;
	launch_remove_volumes(x->job->c, x->job->extras->anonymous);
}

/* Who the caller is outside: in the container's user namespace nobody can tell any more. A colon or line break would
 * make another line of the passwd file. */
static void note_user(struct launch_ctx *x)
{
	const struct passwd *pw = x->job->extras->keep_id ? getpwuid(getuid()) : NULL;
	struct arena *a = &x->job->spec->arena;

	x->user.name = pw ? arena_strdup(a, pw->pw_name) : arena_printf(a, "%u", getuid());
	x->user.gecos = arena_strdup(a, pw && pw->pw_gecos ? pw->pw_gecos : "container user");
	x->user.home = arena_strdup(a, pw && pw->pw_dir && *pw->pw_dir == '/' ? pw->pw_dir : "/");
	g_strdelimit(x->user.gecos, ":\n", ' ');
}

static int plan(struct launch_ctx *x, struct err *e)
{
	struct launch_job *job = x->job;

	note_user(x);
	if (launch_idmap(job->c, job->record, job->extras, &x->map, e) < 0 || join_namespaces(x, e) < 0 ||
	    launch_net_plan(job->record, &x->net, e) < 0 || plan_root(x, e) < 0 || rootfs_prepare(x->root, e) < 0)
		return -e->code;
	return plan_specials(x, e) < 0 ? -e->code : launch_secrets_open(x, e);
}

/* In a user's own directory nothing is written down, and the image host is many mounts. */
int launch_owners_dir(const struct launch_job *job)
{
	return job->record->rootfs || !job->record->image_id ? -1 : job->container_fd;
}

static void fill_start(struct launch_ctx *x, const struct start_options *o, struct container_start *s)
{
	struct launch_job *job = x->job;

	*s = (struct container_start){
		.place = &job->c->place,
		.record = job->record,
		.config_json = job->config_json,
		.launch = {
			.id = job->record->id,
			.spec = job->spec,
			.idmap = &x->map,
			.hooks = { .ctx = x, .mount_root = launch_mount_root, .root_ready = launch_root_ready,
				   .created = created },
			.preserve_fds = o->preserve_fds,
			.init_path = job->record->init ? job->extras->init_path : NULL,
			.keep_groups = job->record->keep_groups,
			.pretend = true,
			.owners_dir = launch_owners_dir(job),
		},
		.hooks = { .ctx = x, .prepare = prepare, .helpers = helpers, .stopped = stopped, .again = again, .inside = inside,
			   .remove_tree = remove_tree, .removed = removed },
		.container_fd = job->container_fd,
		.lock_fd = job->lock_fd,
		.detach = o->detach,
		.attach_stdin = o->attach_stdin,
		.attach_stdout = o->attach_stdout,
		.attach_stderr = o->attach_stderr,
		.sig_proxy = o->sig_proxy,
		.detach_keys = o->detach_keys,
		.quiet = o->quiet,
		.watcher = o->watcher,
		.listener = o->listener,
	};
	/* Also without a network the loopback interface comes up. */
	if (x->net.mode == NET_SLIRP || x->net.mode == NET_NONE) {
		s->launch.hooks.net_inside = net_in_init;
		s->launch.hooks.net_outside = net_in_keeper;
	}
}

/* The process that becomes another runtime in the place of the container's own. */
static int hand_over(struct launch_ctx *x, struct container_start *s, struct rspec **ret, struct err *e)
{
	if (!x->job->extras->runtime)
		return 0;
	if (launch_runtime_plan(x, s->launch.preserve_fds, ret, e) < 0)
		return -e->code;
	s->launch.spec = *ret;
	s->launch.init_path = NULL;
	s->launch.hooks.mount_root = launch_runtime_mount_root;
	s->launch.hooks.root_ready = NULL;
	return 0;
}

int launch_container(struct launch_job *job, const struct start_options *o, struct err *e)
{
	struct launch_ctx x = { .job = job, .procs = { -1, -1, -1, -1 }, .files_fd = -1, .shm_fd = -1 };
	g_autofree char *files = g_build_filename(job->c->store->root, "tmp", NULL);
	autorspec *other = NULL;
	struct container_start s;
	int r;

	x.files_path = files;
	r = plan(&x, e);
	if (r == 0) {
		fill_start(&x, o, &s);
		s.launch.preserve_fds = MAX(s.launch.preserve_fds, launch_listen_fds(job->spec, job->record->init));
		s.notify_to = launch_notify(job);
		s.restarts = job->state.restarts;
		s.quick_restarts = job->state.quick_restarts;
		r = hand_over(&x, &s, &other, e);
		if (r == 0) {
			r = container_run(&s, e);
			job->lock_fd = -1;
		}
		if (r >= 0 && o->leave)
			command_leave(r);
	}
	rootfs_plan_free(x.root);
	for (size_t i = 0; x.images && i < job->extras->n_specials; i++) {
		if (x.images[i])
			image_free(x.images[i]);
		if (x.overlays[i])
			rootfs_plan_free(x.overlays[i]);
	}
	fd_close(&x.shm_fd);
	launch_secrets_close(&x);
	g_free(x.secrets);
	g_free(x.images);
	g_free(x.overlays);
	g_free(x.fill);
	net_plan_free(&x.net);
	return r;
}

int launch_read_config(int container_fd, struct rspec **ret, struct err *e)
{
	g_autofree char *text = NULL;
	size_t len;

	if (file_read(container_fd, "config.json", CONFIG_MAX, &text, &len, e) < 0)
		return -e->code;
	return rspec_parse(text, len, ret, e) < 0 ? err_wrap(e, "config.json") : 0;
}

static int find_image(struct context *c, const struct container_record *r, struct image **ret, struct err *e)
{
	int found;

	if (r->rootfs)
		return 0;
	found = image_find(c->store, r->image_id ? r->image_id : r->image_name, ret, e);
	if (found == 0)
		return err_msg(e, ENOENT, "its image %s is gone", r->image_name ? r->image_name : r->image_id);
	return found < 0 ? found : 0;
}

int start_container(struct context *c, const char *id, const struct start_options *o, struct err *e)
{
	autorecord *record = NULL;
	autorspec *spec = NULL;
	autoimage *img = NULL;
	struct launch_extras extras;
	autofd dir = -1, lock = -1;
	struct launch_job job = { .c = c, .extras = &extras };
	int r;

	lock = o->lock_fd > 0 ? o->lock_fd : container_lock(&c->place, id, e);
	if (lock < 0)
		return lock;
	if (o->lock_fd > 0 && container_read_state(&c->place, id, &job.state, e) < 0)
		return -e->code;
	if (o->lock_fd > 0)
		job.state.restarts++;
	dir = container_open(&c->place, id, e);
	if (dir < 0 || container_load(&c->place, id, &record, e) < 0 || launch_read_config(dir, &spec, e) < 0 ||
	    launch_extras_from_json(record, &extras, e) < 0 || find_image(c, record, &img, e) < 0)
		return err_wrap(e, "container %.12s", id);
	job.record = record;
	job.spec = spec;
	job.img = img;
	job.container_fd = dir;
	job.lock_fd = lock;
	r = launch_container(&job, o, e);
	lock = job.lock_fd;
	return r;
}
