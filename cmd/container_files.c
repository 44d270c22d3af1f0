/* container_files.c - see container_files.h. */
#include "cmd/container_files.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cmd/container_set.h"
#include "cmd/launch_inside.h"
#include "cmd/launch_user.h"
#include "core/base/fd.h"
#include "core/base/lock.h"
#include "core/container/manage.h"
#include "core/runtime/mounts.h"
#include "core/runtime/rights.h"
#include "core/runtime/root.h"
#include "storage/volume.h"

struct container_files {
	struct context *c;
	struct container_record *record;
	struct container_state state;
	struct rspec *spec;
	struct launch_extras extras;
	struct idmap map;               /* running: of its user namespace; else the one that it would start with */
	bool running;

	/* running */
	int root, userns;               /* userns -1: ours */

	/* not running */
	int dir, turn, lock;
	struct image *img;
	struct rootfs_plan *plan;
	bool *fill;                     /* per special: a volume that was never mounted */
};

/* --- open ------------------------------------------------------------------------------------------------------------ */

static bool is_alive(const struct container_state *st)
{
	return (CONTAINER_ALIVE & ~(1U << CONTAINER_RESTARTING)) & 1U << st->status;
}

/* By the process's own links in /proc, while the pidfd says that they are its. */
static int open_running(struct container_files *f, struct err *e)
{
	autofd process = container_pidfd(&f->state, e);
	char path[64];
	struct stat ours, theirs;

	if (process < 0)
		return process;
	snprintf(path, sizeof path, "/proc/%d/root", (int)f->state.pid);
	f->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	snprintf(path, sizeof path, "/proc/%d/ns/user", (int)f->state.pid);
	f->userns = f->root < 0 ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	if (f->userns < 0 || fstat(f->userns, &theirs) < 0 || stat("/proc/self/ns/user", &ours) < 0)
		return err_set(e, errno, "the files of the running container");
	if (ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev)
		fd_close(&f->userns);
	idmap_of(f->state.pid, &f->map);
	f->map.none = f->userns < 0;
	/* Has it ended meanwhile? Then the number may have been another's. */
	return syscall(SYS_pidfd_send_signal, process, 0, NULL, 0) < 0 ? err_msg(e, ESRCH, "the container has ended") : 0;
}

static int plan_root(struct container_files *f, struct err *e)
{
	const struct container_record *r = f->record;
	struct rootfs_options o = { .container_fd = f->dir, .volatile_upper = r->auto_remove, .idmap = idmap_store() };
	g_autofree char *dir = NULL;
	int found;

	if (r->rootfs) {
		bool overlay = g_str_has_suffix(r->rootfs, ":O");

		dir = g_strndup(r->rootfs, strlen(r->rootfs) - (overlay ? 2 : 0));
		return rootfs_plan_dir(f->c->store, dir, overlay, &o, &f->plan, e);
	}
	found = image_find(f->c->store, r->image_id ? r->image_id : r->image_name, &f->img, e);
	if (found == 0)
		return err_msg(e, ENOENT, "its image %s is gone", r->image_name ? r->image_name : r->image_id);
	return found < 0 ? found : rootfs_plan_image(f->c->store, f->img, &o, &f->plan, e);
}

static int find_new_volumes(struct container_files *f, struct err *e)
{
	f->fill = g_new0(bool, f->extras.n_specials + 1);
	for (size_t i = 0; i < f->extras.n_specials; i++) {
		autovolume *v = NULL;
		int r = f->extras.specials[i].kind == SPECIAL_VOLUME ?
			volume_find(f->c->store, f->extras.specials[i].source, &v, e) : 0;

		if (r < 0)
			return r;
		f->fill[i] = r > 0 && v->needs_copy_up;
	}
	return 0;
}

/* Those that the host can bind: what only a running container has, or what is gone, is left out. */
static void choose_mounts(struct rspec *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n_mounts; i++) {
		const struct rspec_mount *m = &s->mounts[i];

		if (m->type && !strcmp(m->type, "bind") && m->source && access(m->source, F_OK) == 0 &&
		    strcmp(m->destination, "/dev") != 0 && strcmp(m->destination, "/sys") != 0)
			s->mounts[kept++] = *m;
	}
	s->n_mounts = kept;
}

static int open_stopped(struct container_files *f, struct err *e)
{
	if (launch_idmap(f->c, f->record, &f->extras, &f->map, e) < 0 || plan_root(f, e) < 0 ||
	    rootfs_prepare(f->plan, e) < 0)
		return -e->code;
	choose_mounts(f->spec);
	return find_new_volumes(f, e);
}

/* Two mounts of one upper directory would not know of each other: other copies wait, and a start is refused meanwhile. */
static int lock_stopped(struct container_files *f, struct err *e)
{
	const char *id = f->record->id;
	int r;

	f->turn = lock_open(f->dir, "copying");
	r = f->turn < 0 ? f->turn : lock_wait(f->turn, LOCK_EXCLUSIVE);
	if (r < 0)
		return err_set(e, -r, "wait for other copies");
	f->lock = container_lock(&f->c->place, id, e);
	if (f->lock >= 0 || e->code != EBUSY)
		return f->lock >= 0 ? 0 : -e->code;
	/* It was started since we looked. */
	err_clear(e);
	fd_close(&f->turn);
	if (container_read_state(&f->c->place, id, &f->state, e) < 0)
		return -e->code;
	f->running = is_alive(&f->state);
	return f->running ? 0 : err_msg(e, EBUSY, "it is being started or removed: try again");
}

static int open_files(struct container_files *f, const char *id, struct err *e)
{
	struct context *c = f->c;

	if (container_load(&c->place, id, &f->record, e) < 0 || container_read_state(&c->place, id, &f->state, e) < 0)
		return -e->code;
	f->dir = container_open(&c->place, id, e);
	if (f->dir < 0 || launch_read_config(f->dir, &f->spec, e) < 0 ||
	    launch_extras_from_json(f->record, &f->extras, e) < 0)
		return -e->code;
	f->running = is_alive(&f->state);
	if (f->running && f->extras.runtime)
		return err_msg(e, EOPNOTSUPP, "it is run by %s: its files can be read and written when it is stopped",
			       f->extras.runtime);
	if (!f->running && lock_stopped(f, e) < 0)
		return -e->code;
	return f->running ? open_running(f, e) : open_stopped(f, e);
}

struct container_files *container_files_open(struct context *c, const char *name, struct err *e)
{
	g_autofree char *id = NULL;
	struct container_files *f;
	int r = context_store(c, e);

	if (r == 0)
		r = container_find(&c->place, name, &id, e);
	if (r == 0)
		(void)err_msg(e, ENOENT, "container \"%s\" does not exist", name);
	if (r <= 0)
		return NULL;
	f = g_new0(struct container_files, 1);
	f->c = c;
	f->root = f->userns = f->dir = f->turn = f->lock = -1;
	if (open_files(f, id, e) == 0)
		return f;
	(void)err_wrap(e, "container %s", name);
	container_files_close(f, false);
	return NULL;
}

void container_files_close(struct container_files *f, bool filled)
{
	for (size_t i = 0; filled && f->fill && i < f->extras.n_specials; i++) {
		autovolume *v = NULL;
		struct err e = ERR_INIT;

		if (f->fill[i] && volume_find(f->c->store, f->extras.specials[i].source, &v, &e) > 0 &&
		    volume_mark_used(f->c->store, v, &e) < 0)
			log_warn("volume %s: %s", v->name, e.msg);
	}
	if (f->plan)
		rootfs_plan_free(f->plan);
	if (f->img)
		image_free(f->img);
	if (f->spec)
		rspec_free(f->spec);
	if (f->record)
		container_record_free(f->record);
	fd_close(&f->root);
	fd_close(&f->userns);
	fd_close(&f->lock);
	fd_close(&f->turn);
	fd_close(&f->dir);
	g_free(f->fill);
	g_free(f);
}

/* --- enter ----------------------------------------------------------------------------------------------------------- */

/* Nobody inside may look at this process, should they share a process namespace. */
static void hide(void)
{
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static int enter_running(struct container_files *f, struct err *e)
{
	hide();
	if (f->userns >= 0 && setns(f->userns, CLONE_NEWUSER) < 0)
		return err_set(e, errno, "join the container's user namespace");
	if (rights_become_root(&f->map, e) < 0)
		return -e->code;
	hide();
	return take_fd(&f->root);
}

/* Without a user namespace of its own this process would mount for all. */
static int own_mounts(struct err *e)
{
	if (!idmap_store()->none)
		return idmap_enter(idmap_store(), e);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_set(e, errno, "make a mount namespace");
	return 0;
}

static int fill_volumes(struct container_files *f, int root, struct err *e)
{
	for (size_t i = 0; i < f->extras.n_specials; i++)
		for (size_t k = 0; f->fill[i] && k < f->spec->n_mounts; k++)
			if (!strcmp(f->spec->mounts[k].destination, f->extras.specials[i].destination) &&
			    launch_volume_fill(root, &f->extras.specials[i], f->spec->mounts[k].source, e) < 0)
				return -e->code;
	return 0;
}

static int enter_stopped(struct container_files *f, struct err *e)
{
	struct mounts m = { .spec = f->spec, .map = idmap_store() };
	autofd server = -1, root = -1;
	int r;

	if (rootfs_serve(f->plan, &server, e) < 0 || own_mounts(e) < 0)
		return -e->code;
	root = rootfs_mount(f->plan, e);
	if (root < 0 || root_attach(root, NULL, e) < 0 || fill_volumes(f, root, e) < 0)
		return -e->code;
	r = mounts_make(&m, root, e);
	g_free(m.sources);
	if (r == 0 && f->record->read_only)
		r = mount_change(root, false, MOUNT_ATTR_RDONLY, 0, 0);
	if (r < 0)
		return e->code ? r : err_set(e, -r, "make the root read-only");
	return take_fd(&root);
}

/* An id of the container as this process, root of the store map, sees files of it that are not in the container's layers. */
static uint32_t seen_outside(const struct id_range *theirs, size_t n, const struct id_range *store, size_t n_store, uint32_t id)
{
	int64_t outside = idmap_outside(theirs, n, id), inside = outside < 0 ? -1 : idmap_inside(store, n_store, (uint32_t)outside);

	return inside < 0 ? id : (uint32_t)inside;
}

static int find_user(struct container_files *f, struct container_root *ret, struct err *e)
{
	g_autofree char *passwd = account_file_read(ret->fd, "/etc/passwd"), *group = account_file_read(ret->fd, "/etc/group");
	const char *user = f->record->user ? f->record->user : "";
	const struct idmap *s = idmap_store();
	struct found_user u;

	if (user_find(&f->spec->arena, passwd, group, user, &u, e) < 0)
		return -e->code;
	ret->uid = ret->uid_mounted = u.uid;
	ret->gid = ret->gid_mounted = u.gid;
	if (f->running || s->none)
		return 0;
	ret->uid_mounted = seen_outside(f->map.uid, f->map.n_uid, s->uid, s->n_uid, u.uid);
	ret->gid_mounted = seen_outside(f->map.gid, f->map.n_gid, s->gid, s->n_gid, u.gid);
	/* These roots are files of the host, too. */
	if (f->record->rootfs || (f->img && f->img->host)) {
		ret->uid = ret->uid_mounted;
		ret->gid = ret->gid_mounted;
	}
	return 0;
}

int container_files_enter(struct container_files *f, struct container_root *ret, struct err *e)
{
	const char *cwd = f->spec->process.cwd;

	ret->running = f->running;
	ret->fd = f->running ? enter_running(f, e) : enter_stopped(f, e);
	ret->cwd = g_strdup(cwd && *cwd == '/' ? cwd : "/");
	if (ret->fd < 0 || find_user(f, ret, e) < 0)
		return err_wrap(e, "container %s", f->record->name);
	return 0;
}
