/* cgroup.c - where a container's cgroup comes from. See cgroup.h. */
#include "core/runtime/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/runtime/cgroup_dir.h"
#include "core/runtime/systemd_scope.h"

#define SUPERVISOR "supervisor"         /* the sub-cgroup of the keeper, and of who was there before */
#define NAME_LEN 64

/* What one attempt works on. */
struct attempt {
	const struct cgroup_request *req;
	struct cgroup_host host;
	unsigned needed;        /* controllers */
};

void cgroup_free(struct cgroup *c)
{
	g_free(c->path);
	g_free(c->top);
	g_free(c->note);
	g_free(c);
}

static char *dir_name(const char *id)
{
	return g_strdup_printf(PACKAGE "-%.*s", NAME_LEN, id);
}

/* Every controller of `needed` that `dir` does not offer is an error with the remedy. */
static int check_controllers(const char *dir, unsigned needed, struct err *e)
{
	unsigned missing = needed & ~cgroup_controllers(dir, "cgroup.controllers");

	for (int c = 0; c < CGROUP_CONTROLLER_COUNT; c++) {
		const char *name = cgroup_controller_name((enum cgroup_controller)c);

		if (!(missing >> c & 1))
			continue;
		err_msg(e, EACCES, "the limit needs the cgroup controller %s, which is not delegated to this user",
			name);
		return err_hint(e, "an administrator can add it to Delegate= of user@.service; or run without the limit");
	}
	return 0;
}

static int enable_controllers(const char *dir, unsigned needed, struct err *e)
{
	unsigned todo = needed & ~cgroup_controllers(dir, "cgroup.subtree_control");
	g_autofree char *file = g_build_filename(dir, "cgroup.subtree_control", NULL);

	for (int c = 0; c < CGROUP_CONTROLLER_COUNT; c++) {
		char text[32];
		int r;

		if (!(todo >> c & 1))
			continue;
		snprintf(text, sizeof text, "+%s", cgroup_controller_name((enum cgroup_controller)c));
		r = file_poke(AT_FDCWD, file, text);
		if (r < 0)
			return err_set(e, -r, "enable the controller %s in cgroup %s", text + 1, dir);
	}
	return 0;
}

static int move_pid(const char *dir, pid_t pid)
{
	g_autofree char *file = g_build_filename(dir, "cgroup.procs", NULL);
	char text[16];

	snprintf(text, sizeof text, "%d", (int)pid);
	return file_poke(AT_FDCWD, file, text);
}

/* Move the processes of `from` to `to`; a process that ended meanwhile is no error. */
static int move_all(const char *from, const char *to, struct err *e)
{
	/* A process that forks between the list and the move leaves a child behind: look again. */
	for (int round = 0; round < 8; round++) {
		g_autofree pid_t *pids = NULL;
		int n = cgroup_pids(from, &pids);

		if (n <= 0)
			return n < 0 ? err_set(e, -n, "processes of cgroup %s", from) : 0;
		for (int i = 0; i < n; i++) {
			int r = move_pid(to, pids[i]);

			if (r < 0 && r != -ESRCH)
				return err_set(e, -r, "move process %d to cgroup %s", (int)pids[i], to);
		}
	}
	return err_msg(e, EBUSY, "cgroup %s does not get empty", from);
}

/* Make base/coracle-ID, check what it can do, and set the limits. */
static int make_leaf(const struct attempt *a, const char *base, struct cgroup *c, struct err *e)
{
	g_autofree char *name = dir_name(a->req->id);
	g_autofree char *leaf = g_build_filename(base, name, NULL);

	if (check_controllers(base, a->needed, e) < 0 || enable_controllers(base, a->needed, e) < 0)
		return -e->code;
	if (mkdir(leaf, 0755) < 0 && errno != EEXIST)
		return err_set(e, errno, "make cgroup %s", leaf);
	if (a->needed && cgroup_apply(leaf, a->req->resources, e) < 0) {
		(void)rmdir(leaf);
		return -e->code;
	}
	c->path = g_steal_pointer(&leaf);
	if (!c->top)
		c->top = g_strdup(c->path);
	return 0;
}

/* Split `base`: what is in it goes to base/supervisor, for a cgroup that has children with controllers may not
 * have processes of its own. */
static int make_in(const struct attempt *a, const char *base, struct cgroup *c, struct err *e)
{
	g_autofree char *supervisor = g_build_filename(base, SUPERVISOR, NULL);
	struct err ignored = ERR_INIT;

	if (check_controllers(base, a->needed, e) < 0)
		return -e->code;
	if (mkdir(supervisor, 0755) < 0 && errno != EEXIST)
		return err_set(e, errno, "make cgroup %s", supervisor);
	if (move_all(base, supervisor, e) == 0 && make_leaf(a, base, c, e) == 0)
		return 0;
	/* Back to how it was, as far as the kernel lets us: best effort after an error. */
	(void)move_all(supervisor, base, &ignored);
	(void)rmdir(supervisor);
	return -e->code;
}

/* Nobody in the cgroup but this process, and its parent, the client? */
static bool only_us(const char *dir)
{
	g_autofree pid_t *pids = NULL;
	int n = cgroup_pids(dir, &pids);

	if (n < 1)
		return false;
	for (int i = 0; i < n; i++)
		if (pids[i] != getpid() && pids[i] != getppid())
			return false;
	return true;
}

static int make_scope(const struct attempt *a, struct cgroup *c, struct err *e)
{
	g_autofree char *name = dir_name(a->req->id), *unit = g_strconcat(name, ".scope", NULL);
	g_autofree char *what = g_strdup_printf("Coracle container %.12s", a->req->id), *base = NULL;
	const char *parent = a->req->parent;
	struct cgroup_host h;

	if (parent && !g_str_has_suffix(parent, ".slice"))
		return err_msg(e, EINVAL, "cgroup parent %s: systemd needs the name of a slice (NAME.slice)", parent);
	if (!systemd_scope_available()) {
		err_msg(e, EACCES, "there is no systemd session of this user to ask for a cgroup");
		return err_hint(e, "log in through a session (ssh, machinectl shell), or loginctl enable-linger");
	}
	if (systemd_scope_start(unit, parent, what, getpid(), e) < 0)
		return -e->code;
	cgroup_probe(&h);
	if (!g_str_has_suffix(h.own, unit))
		return err_msg(e, EIO, "systemd has made the scope %s, but this process is in cgroup %s", unit, h.own);
	base = cgroup_own_dir(&h);
	c->scope = true;
	c->top = g_strdup(base);
	return make_in(a, base, c, e);
}

int cgroup_attach(const char *path, pid_t pid, struct err *e)
{
	const char *end = strstr(path, ".scope/"), *name = end ? memrchr(path, '/', (size_t)(end - path)) : NULL;
	g_autofree char *unit = NULL;

	/* Ours by name, or as cgroup_oci_scope() makes them, by what is inside. */
	if (!name || (!g_str_has_prefix(name, "/coracle-") && strcmp(end, ".scope/container") != 0))
		return err_msg(e, EACCES, "%s is in no scope that systemd has made for us", path);
	end += strlen(".scope");
	unit = g_strndup(name + 1, (gsize)(end - name - 1));
	return systemd_scope_attach(unit, end, pid, e);
}

/* 0: made; 1: not possible here, try the next; -errno. */
static int make_here(const struct attempt *a, bool delegated_only, struct cgroup *c, struct err *e)
{
	g_autofree char *own = cgroup_own_dir(&a->host);

	if (!a->host.own_writable || !only_us(own) || (delegated_only && !cgroup_delegated(own)))
		return 1;
	return make_in(a, own, c, e);
}

static int make_sibling(const struct attempt *a, struct cgroup *c, struct err *e)
{
	g_autofree char *own = cgroup_own_dir(&a->host), *up = g_path_get_dirname(own);

	if (!a->host.own_writable || strcmp(a->host.own, "/") == 0 || !cgroup_writable(up))
		return 1;
	return make_leaf(a, up, c, e);
}

/* --cgroup-parent with cgroupfs: a path below the mount (absolute) or below the caller's cgroup. */
static int make_below(const struct attempt *a, struct cgroup *c, struct err *e)
{
	g_autofree char *own = cgroup_own_dir(&a->host);
	g_autofree char *base = g_build_filename(*a->req->parent == '/' ? a->host.mount : own, a->req->parent, NULL);

	if (strstr(a->req->parent, ".."))
		return err_msg(e, EINVAL, "cgroup parent %s: .. is not allowed", a->req->parent);
	if (mkdir(base, 0755) < 0 && errno != EEXIST)
		return err_set(e, errno, "cgroup parent %s", a->req->parent);
	return make_leaf(a, base, c, e);
}

static int no_rights(struct err *e)
{
	err_msg(e, EACCES, "no cgroup here may be written by this user, so limits can't be set");
	return err_hint(e, "run in a systemd user session or a delegated cgroup, or without the limits");
}

static int make_auto(const struct attempt *a, struct cgroup *c, struct err *e)
{
	bool systemd = a->host.systemd && a->req->manager != CGROUP_MANAGER_CGROUPFS;
	int r;

	/* An earlier container of the same scope or service has split it already: beside the supervisor. */
	if (g_str_has_suffix(a->host.own, "/" SUPERVISOR)) {
		r = make_sibling(a, c, e);
		if (r <= 0)
			return r;
	}
	r = make_here(a, systemd, c, e);
	if (r <= 0)
		return r;
	if (systemd)
		return make_scope(a, c, e);
	r = make_sibling(a, c, e);
	return r <= 0 ? r : no_rights(e);
}

static int make_by_request(const struct attempt *a, struct cgroup *c, struct err *e)
{
	if (a->req->mode == CGROUP_SPLIT) {
		g_autofree char *own = cgroup_own_dir(&a->host);

		if (a->req->parent)
			return err_msg(e, EINVAL, "--cgroups=split does not go with a cgroup parent");
		if (g_str_has_suffix(own, "/" SUPERVISOR))
			return make_sibling(a, c, e) == 0 ? 0 : no_rights(e);
		if (!a->host.own_writable) {
			err_msg(e, EACCES, "--cgroups=split: the cgroup %s is not ours to split", a->host.own);
			return err_hint(e, "give the service Delegate=yes");
		}
		return make_in(a, own, c, e);
	}
	if (a->req->manager == CGROUP_MANAGER_SYSTEMD)
		return make_scope(a, c, e);
	if (a->req->parent && g_str_has_suffix(a->req->parent, ".slice") && a->host.systemd &&
	    a->req->manager == CGROUP_MANAGER_AUTO)
		return make_scope(a, c, e);
	if (a->req->parent)
		return make_below(a, c, e);
	return make_auto(a, c, e);
}

/* What podman says on such machines. */
static char *v1_note(enum cgroup_layout layout)
{
	return g_strdup(layout == CGROUP_LAYOUT_NONE
				? "Resource limits are not supported and ignored without a cgroup v2 file system"
				: "Resource limits are not supported and ignored on cgroups V1 rootless systems");
}

/* The decision before anything is made: 1: a cgroup is to be made; 0: none; -errno. */
static int decide(const struct cgroup_request *req, struct attempt *a, char **note, struct err *e)
{
	bool limits = cgroup_has_limits(req->resources);

	a->req = req;
	if (req->mode == CGROUP_DISABLED && limits)
		return err_msg(e, EINVAL, "limits need a cgroup, and --cgroups=disabled asks for none");
	if (req->mode == CGROUP_DISABLED || (!limits && !req->wanted && req->mode != CGROUP_SPLIT))
		return 0;
	if (cgroup_controllers_needed(req->resources, &a->needed, e) < 0)
		return -e->code;
	cgroup_probe(&a->host);
	if (a->host.layout == CGROUP_LAYOUT_V2)
		return 1;
	if (req->mode == CGROUP_SPLIT)
		return err_msg(e, EOPNOTSUPP, "--cgroups=split needs cgroup v2");
	if (limits)
		*note = v1_note(a->host.layout);
	return 0;
}

/* Without limits a container does not need its cgroup: what can't be had is only a note. */
static bool may_do_without(const struct cgroup_request *req)
{
	return !cgroup_has_limits(req->resources) && req->mode != CGROUP_SPLIT && !req->parent &&
	       req->manager == CGROUP_MANAGER_AUTO;
}

/* The directory whose controllers bound what we could have: the user's manager can hand on only what it was given. */
static char *bound_dir(const struct attempt *a)
{
	g_autofree char *own = cgroup_own_dir(&a->host), *manager = NULL;
	unsigned uid = (unsigned)geteuid();

	if (!a->host.systemd || a->req->manager == CGROUP_MANAGER_CGROUPFS || a->req->mode == CGROUP_SPLIT ||
	    (a->host.own_writable && cgroup_delegated(own)))
		return g_steal_pointer(&own);
	if (uid == 0)
		return g_strdup(a->host.mount);
	manager = g_strdup_printf("%s/user.slice/user-%u.slice/user@%u.service", a->host.mount, uid, uid);
	return access(manager, F_OK) == 0 ? g_steal_pointer(&manager) : g_steal_pointer(&own);
}

int cgroup_check(const struct cgroup_request *req, char **ret_note, struct err *e)
{
	g_autofree char *note = NULL, *dir = NULL;
	struct attempt a = { 0 };
	int r = decide(req, &a, &note, e);

	if (r < 0)
		return r;
	if (ret_note)
		*ret_note = g_steal_pointer(&note);
	if (r == 0 || may_do_without(req))
		return 0;
	if (!(a.host.systemd && req->manager != CGROUP_MANAGER_CGROUPFS) && !a.host.own_writable &&
	    (!req->parent || req->manager == CGROUP_MANAGER_SYSTEMD))
		return no_rights(e);
	dir = bound_dir(&a);
	return check_controllers(dir, a.needed, e);
}

int cgroup_make(const struct cgroup_request *req, struct cgroup **ret, struct err *e)
{
	autocgroup *c = g_new0(struct cgroup, 1);
	struct attempt a = { 0 };
	int r = decide(req, &a, &c->note, e);

	if (r > 0) {
		r = make_by_request(&a, c, e);
		if (r < 0 && may_do_without(req)) {
			g_clear_pointer(&c->path, g_free);
			g_clear_pointer(&c->top, g_free);
			c->scope = false;
			c->note = g_strdup_printf("No cgroup for the container: %s", e->msg);
			err_clear(e);
			r = 0;
		}
	}
	if (r < 0)
		return r;
	*ret = g_steal_pointer(&c);
	return 0;
}
