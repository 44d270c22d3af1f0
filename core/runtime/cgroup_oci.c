/* cgroup_oci.c - see cgroup_oci.h. Limits of v1: cgroup_v1.c; the filter of devices for v2: device_filter.c. */
#include "core/runtime/cgroup_oci.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/log.h"
#include "core/runtime/cgroup.h"
#include "core/runtime/cgroup_v1.h"
#include "core/runtime/device_filter.h"
#include "core/runtime/systemd_scope.h"

#define MOUNTS_MAX (4 * 1024 * 1024)
#define HIERARCHIES_MAX 32

static bool is_v2(const char *dir)
{
	struct statfs st;

	return statfs(dir, &st) == 0 && st.f_type == CGROUP2_SUPER_MAGIC;
}

static bool is_cgroup_fs(const char *dir)
{
	struct statfs st;

	return statfs(dir, &st) == 0 && (st.f_type == CGROUP2_SUPER_MAGIC || st.f_type == CGROUP_SUPER_MAGIC);
}

/* Mount points of all hierarchies, the unified one first. */
static GPtrArray *hierarchies(void)
{
	GPtrArray *a = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	struct err ignored = ERR_INIT;

	if (file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTS_MAX, &text, NULL, &ignored) < 0)
		return a;
	lines = g_strsplit(text, "\n", -1);
	for (char **l = lines; *l && a->len < HIERARCHIES_MAX; l++) {
		g_auto(GStrv) field = g_strsplit(*l, " ", 6);
		const char *type = strstr(*l, " - cgroup");

		/* Only the root of a hierarchy, in the usual place; another mount of it (in a container) is not ours. */
		if (!type || g_strv_length(field) < 6 || !g_str_has_prefix(field[4], "/sys/fs/cgroup"))
			continue;
		g_ptr_array_insert(a, g_str_has_prefix(type, " - cgroup2 ") ? 0 : -1, g_strdup(field[4]));
	}
	return a;
}

static int check_path(const char *path, struct err *e)
{
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);

	for (char **p = parts; *p; p++)
		if (!strcmp(*p, ".."))
			return err_msg(e, EINVAL, "linux.cgroupsPath: .. is not allowed: \"%s\"", path);
	return 0;
}

bool cgroup_oci_by_systemd(const struct cgroup_oci_request *req)
{
	return req->manager == CGROUP_OCI_SYSTEMD && systemd_scope_available();
}

static int check_scope(const char *path, struct err *e)
{
	g_auto(GStrv) parts = path && *path ? g_strsplit(path, ":", -1) : NULL;

	if (parts && (g_strv_length(parts) != 3 || !*parts[2] || strchr(path, '/')))
		return err_msg(e, EINVAL, "linux.cgroupsPath: is not SLICE:PREFIX:NAME, which systemd takes: \"%s\"", path);
	return 0;
}

int cgroup_oci_plan(const struct cgroup_oci_request *req, char ***ret, struct err *e)
{
	const char *path = req->spec->cgroups_path;
	g_autoptr(GPtrArray) mounts = NULL;
	char **dirs;

	*ret = g_new0(char *, HIERARCHIES_MAX + 1);
	if (cgroup_oci_by_systemd(req))
		return check_scope(path, e);
	if (req->manager != CGROUP_OCI_CGROUPFS)
		return 0;
	if (path && strchr(path, ':') && !strchr(path, '/'))
		return err_msg(e, EINVAL, "linux.cgroupsPath: \"%s\" is a path for systemd: use --systemd-cgroup", path);
	if (path && check_path(path, e) < 0)
		return -e->code;
	mounts = hierarchies();
	dirs = *ret;
	for (guint i = 0; i < mounts->len; i++)
		dirs[i] = g_build_filename(mounts->pdata[i], path && *path ? path : req->id, NULL);
	return 0;
}

char **cgroup_oci_existing(char *const *dirs)
{
	GPtrArray *a = g_ptr_array_new();

	for (; dirs && *dirs; dirs++)
		if (access(*dirs, F_OK) == 0)
			g_ptr_array_add(a, g_strdup(*dirs));
	g_ptr_array_add(a, NULL);
	return (char **)g_ptr_array_free(a, FALSE);
}

static bool wants_limits(const struct rspec_resources *r)
{
	return cgroup_has_limits(r) || r->n_io || r->n_hugepages || r->n_rdma || r->has_class_id || r->n_priorities ||
	       r->has_cpu_burst || r->has_cpu_rt_runtime || r->has_cpu_rt_period || r->has_cpu_idle;
}

/* What is there is given on to what will be below; a controller that can't be is missed when its limit is set. */
static void give_controllers(const char *dir)
{
	g_autofree char *have = NULL, *names = g_build_filename(dir, "cgroup.controllers", NULL);
	g_autofree char *file = g_build_filename(dir, "cgroup.subtree_control", NULL);
	g_auto(GStrv) words = NULL;
	struct err ignored = ERR_INIT;

	if (file_read(AT_FDCWD, names, 4096, &have, NULL, &ignored) < 0)
		return;
	words = g_strsplit(g_strchomp(have), " ", -1);
	for (char **w = words; *w; w++) {
		g_autofree char *text = **w ? g_strconcat("+", *w, NULL) : NULL;

		if (text)
			(void)file_poke(AT_FDCWD, file, text);
	}
}

/* mkdir -p, with what a new cgroup needs on its way. */
static int make_dirs(const char *dir)
{
	g_autofree char *up = g_path_get_dirname(dir);
	int r;

	if (access(dir, F_OK) == 0)
		return 0;
	if (!is_cgroup_fs(up)) {
		r = make_dirs(up);
		if (r < 0)
			return r;
	}
	if (is_v2(up))
		give_controllers(up);
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return -errno;
	if (!is_v2(dir))
		cgroup_v1_inherit(dir);
	return 0;
}

static bool may_enter(const char *dir)
{
	g_autofree char *file = g_build_filename(dir, "cgroup.procs", NULL);

	return access(file, W_OK) == 0;
}

int cgroup_oci_make(const struct cgroup_oci_request *req, char **dirs, struct err *e)
{
	const struct rspec_resources *res = &req->spec->resources;
	size_t n = 0;

	if (cgroup_oci_by_systemd(req))
		return 0;
	for (char **d = dirs; *d; d++) {
		int r = make_dirs(*d);

		/* One that is there may be somebody else's. */
		if (r == 0 && req->rootless && !may_enter(*d))
			r = -EACCES;
		if (r < 0 && wants_limits(res) && !is_v2(*d) && !(req->rootless && req->manager == CGROUP_OCI_CGROUPFS))
			return err_set(e, -r, "make cgroup %s", *d);
		if (r == 0) {
			dirs[n++] = *d;
			continue;
		}
		log_debug("no cgroup %s: %s", *d, strerror(-r));
		g_free(*d);
	}
	for (char **d = dirs + n; n < HIERARCHIES_MAX && *d; d++)
		*d = NULL;
	if (n == 0 && wants_limits(res) && req->manager == CGROUP_OCI_DISABLED)
		return err_msg(e, EINVAL, "linux.resources: limits need a cgroup, and the cgroup manager is disabled");
	if (n == 0 && wants_limits(res) && req->manager == CGROUP_OCI_SYSTEMD) {
		err_msg(e, ENOENT, "linux.resources: limits need a cgroup, and this user's systemd is not here to make one");
		return err_hint(e, "use --cgroup-manager cgroupfs, or no limits");
	}
	if (n == 0 && wants_limits(res) && req->manager == CGROUP_OCI_CGROUPFS) {
		err_msg(e, EACCES, "linux.resources: limits need a cgroup, and none here may be written by this user");
		return err_hint(e, "run in a delegated cgroup, or without the limits");
	}
	return n ? cgroup_oci_apply(dirs, res, e) : 0;
}

/* Where systemd has put the process, below the mount of each hierarchy (g_free), or NULL. */
static char *scope_path(pid_t pid)
{
	g_autofree char *file = g_strdup_printf("/proc/%d/cgroup", pid), *text = NULL;
	g_auto(GStrv) lines = NULL;
	struct err ignored = ERR_INIT;

	if (file_read(AT_FDCWD, file, 65536, &text, NULL, &ignored) < 0)
		return NULL;
	lines = g_strsplit(text, "\n", -1);
	for (char **l = lines; *l; l++) {
		const char *systemd = strstr(*l, ":name=systemd:");

		if (systemd)
			return g_strdup(systemd + strlen(":name=systemd:"));
	}
	for (char **l = lines; *l; l++)
		if (g_str_has_prefix(*l, "0::"))
			return g_strdup(*l + 3);
	return NULL;
}

/* The cgroup inside the scope, in each hierarchy: made, entered, and then given what there is to be limited by (a cgroup
 * with processes of its own cannot do that, so that the scope must be empty by then). */
static int furnish_scope(const struct cgroup_oci_request *req, const char *path, pid_t pid, char **dirs, struct err *e)
{
	g_autoptr(GPtrArray) mounts = hierarchies();
	size_t n = 0;

	for (guint i = 0; i < mounts->len && n < HIERARCHIES_MAX; i++) {
		g_autofree char *scope = g_build_filename(mounts->pdata[i], path, NULL);
		g_autofree char *dir = g_build_filename(scope, "container", NULL);
		int r = make_dirs(scope);

		/* Not by make_dirs: a scope that has a process and gives a controller would become threaded. */
		if (r == 0 && mkdir(dir, 0755) < 0 && errno != EEXIST)
			r = -errno;
		if (r == 0 && !is_v2(dir))
			cgroup_v1_inherit(dir);
		if (r == 0)
			dirs[n++] = g_steal_pointer(&dir);
		else
			log_debug("no cgroup %s: %s", dir, strerror(-r));
	}
	if (cgroup_oci_enter(dirs, pid, e) < 0)
		return -e->code;
	for (char **d = dirs; *d; d++) {
		g_autofree char *scope = g_path_get_dirname(*d);

		if (is_v2(*d))
			give_controllers(scope);
	}
	return cgroup_oci_apply(dirs, &req->spec->resources, e);
}

int cgroup_oci_scope(const struct cgroup_oci_request *req, pid_t pid, char ***ret, struct err *e)
{
	const char *wanted = req->spec->cgroups_path;
	g_auto(GStrv) parts = wanted && *wanted ? g_strsplit(wanted, ":", 3) : NULL;
	g_autofree char *unit = NULL, *path = NULL, *what = g_strconcat("container ", req->id, NULL);
	char **dirs;
	int r;

	if (!parts)
		unit = g_strconcat(PACKAGE "-", req->id, ".scope", NULL);
	else
		unit = g_strconcat(parts[1], *parts[1] ? "-" : "", parts[2], ".scope", NULL);
	if (systemd_scope_start(unit, parts && *parts[0] ? parts[0] : NULL, what, pid, e) < 0)
		return -e->code;
	path = scope_path(pid);
	if (!path || !g_str_has_suffix(path, unit))
		return err_msg(e, ENOENT, "scope %s: the container's process is not in it", unit);
	dirs = g_new0(char *, HIERARCHIES_MAX + 1);
	r = furnish_scope(req, path, pid, dirs, e);
	*ret = dirs;
	return r;
}

int cgroup_oci_enter(char *const *dirs, pid_t pid, struct err *e)
{
	char text[16];

	snprintf(text, sizeof text, "%d", pid);
	for (; *dirs; dirs++) {
		g_autofree char *file = g_build_filename(*dirs, "cgroup.procs", NULL);
		int r = file_poke(AT_FDCWD, file, text);

		if (r < 0)
			return err_set(e, -r, "move the container into cgroup %s", *dirs);
	}
	return 0;
}

/* What cgroup_apply, for coracle's own limits, does not know. */
static int apply_more_v2(const char *dir, const struct rspec_resources *r, struct err *e)
{
	struct cgroup_settings s = { .n = 0 };

	cgroup_v2_more(r, &s);
	return cgroup_settings_write(dir, &s, e);
}

/* memory.checkBeforeUpdate: a limit below what is used already would kill. */
static int check_usage(char *const *dirs, const struct rspec_resources *r, struct err *e)
{
	int64_t limit = r->has_memory_limit && r->memory_limit >= 0 ? r->memory_limit : INT64_MAX;

	for (; *dirs; dirs++) {
		int64_t used = cgroup_read_number(*dirs, is_v2(*dirs) ? "memory.current" : "memory.usage_in_bytes");

		if (used > limit)
			return err_msg(e, EBUSY, "linux.resources.memory: the limit of %" PRId64 " bytes is below the %" PRId64
				       " that are in use", limit, used);
	}
	return 0;
}

int cgroup_oci_apply(char *const *dirs, const struct rspec_resources *r, struct err *e)
{
	bool v1 = false;

	if (r->check_before_update && check_usage(dirs, r, e) < 0)
		return -e->code;
	for (char *const *d = dirs; *d; d++)
		v1 = v1 || !is_v2(*d);
	if (v1 && r->n_unified)
		return err_msg(e, EINVAL, "linux.resources.unified: invalid configuration: the limits of this machine are of cgroup "
			       "version 1, which has no such files");
	for (char *const *d = dirs; *d; d++) {
		int code = 0;

		if (!is_v2(*d))
			code = cgroup_v1_apply(*d, r, e);
		else if (!v1)
			code = cgroup_apply(*d, r, e) < 0 || apply_more_v2(*d, r, e) < 0 ||
			       (r->n_devices && device_filter_attach(*d, r, e) < 0) ? -e->code : 0;
		if (code < 0)
			return code;
	}
	return 0;
}

const char *cgroup_oci_unified(char *const *dirs)
{
	for (; dirs && *dirs; dirs++)
		if (is_v2(*dirs))
			return *dirs;
	return NULL;
}

const char *cgroup_oci_freezer(char *const *dirs)
{
	for (; dirs && *dirs; dirs++) {
		g_autofree char *v2 = g_build_filename(*dirs, "cgroup.freeze", NULL);
		g_autofree char *v1 = g_build_filename(*dirs, "freezer.state", NULL);

		if (access(v2, W_OK) == 0 || access(v1, W_OK) == 0)
			return *dirs;
	}
	return NULL;
}

bool cgroup_oci_is_frozen(const char *dir)
{
	g_autofree char *file = g_build_filename(dir, "freezer.state", NULL), *text = NULL;
	struct err ignored = ERR_INIT;

	if (is_v2(dir))
		return cgroup_read_number(dir, "cgroup.freeze") == 1;
	return file_read(AT_FDCWD, file, 64, &text, NULL, &ignored) == 0 && g_str_has_prefix(text, "FROZEN");
}

int cgroup_oci_freeze(const char *dir, bool frozen, struct err *e)
{
	return is_v2(dir) ? cgroup_freeze(dir, frozen, e) : cgroup_v1_freeze(dir, frozen, e);
}

int cgroup_oci_remove(const char *dir, struct err *e)
{
	struct cgroup c = { NULL, NULL, false, NULL };
	int r;

	/* A directory that is no cgroup (state.json of another machine) is none of ours. */
	if (access(dir, F_OK) < 0 || !is_cgroup_fs(dir))
		return 0;
	if (!is_v2(dir))
		return cgroup_v1_remove(dir, e);
	c.path = g_strdup(dir);
	r = cgroup_destroy(&c, e);
	g_free(c.path);
	return r;
}
