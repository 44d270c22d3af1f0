/* bundle_state.c - see bundle_state.h. */
#include "core/runtime/bundle_state.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/lock.h"
#include "core/base/path.h"
#include "core/runtime/cgroup.h"
#include "core/runtime/cgroup_oci.h"
#include "core/runtime/launch.h"
#include "core/runtime/shared_root.h"

#define CONFIG_MAX (64 * 1024 * 1024)
#define ID_MAX 1024

int bundle_root_open(const char *path, struct err *e)
{
	autofd fd = -1;
	int r = path_mkdirs(path, 0700);

	fd = r < 0 ? r : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, r < 0 ? -r : errno, "state directory %s", path);
	return take_fd(&fd);
}

int bundle_check_id(const char *id, struct err *e)
{
	size_t len = strlen(id);

	if (len == 0 || len > ID_MAX || !strcmp(id, ".") || !strcmp(id, ".."))
		return err_msg(e, EINVAL, "invalid container id '%s'", id);
	for (const char *c = id; *c; c++)
		if (!g_ascii_isalnum(*c) && !strchr("_+-.", *c))
			return err_msg(e, EINVAL, "invalid container id '%s': only letters, digits and _ + - . are allowed",
				       id);
	return 0;
}

void bundle_close(struct bundle_container *c)
{
	fd_close(&c->dir);
	fd_close(&c->lock);
	g_free(c->state.id);
	g_free(c->state.bundle);
	g_free(c->state.rootfs);
	g_free(c->state.created);
	g_free(c->state.owner);
	g_free(c->state.freezer);
	g_strfreev(c->state.cgroups);
	g_strfreev(c->state.found_cgroups);
	rspec_free(c->spec);
	*c = (struct bundle_container)BUNDLE_CONTAINER_INIT;
}

int bundle_make(int root, const char *id, const char *text, size_t len, struct bundle_container *ret, struct err *e)
{
	autobundle c = BUNDLE_CONTAINER_INIT;

	if (bundle_check_id(id, e) < 0)
		return -e->code;
	if (mkdirat(root, id, 0700) < 0)
		return errno == EEXIST ? err_msg(e, EEXIST, "container with id exists: '%s'", id) :
		       err_set(e, errno, "state of container %s", id);
	c.root = root;
	c.state.id = g_strdup(id);
	c.dir = openat(root, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	c.lock = c.dir < 0 ? -errno : lock_open(c.dir, "lock");
	if (c.lock < 0 || lock_try(c.lock, LOCK_EXCLUSIVE) < 0 ||
	    file_replace(c.dir, "config.json", text, len, 0600, false, e) < 0) {
		(void)path_remove_tree(root, id);
		return e->code ? -e->code : err_msg(e, EIO, "state of container %s cannot be locked", id);
	}
	*ret = c;
	c = (struct bundle_container)BUNDLE_CONTAINER_INIT;
	return 0;
}

static char *get_string(const json_t *o, const char *key)
{
	return g_strdup(json_string_value(json_object_get(o, key)));
}

static char **get_strings(const json_t *o, const char *key)
{
	json_t *a = json_object_get(o, key), *v;
	char **ret = g_new0(char *, json_array_size(a) + 1);
	size_t i;

	json_array_foreach(a, i, v)
		ret[i] = g_strdup(json_is_string(v) ? json_string_value(v) : "/");
	return ret;
}

static void read_state(struct bundle_container *c, const json_t *o)
{
	struct bundle_state *s = &c->state;

	s->bundle = get_string(o, "bundle");
	s->rootfs = get_string(o, "rootfs");
	s->created = get_string(o, "created");
	s->owner = get_string(o, "owner");
	s->freezer = get_string(o, "freezer");
	s->pid = (pid_t)json_integer_value(json_object_get(o, "pid"));
	s->start_time = (uint64_t)json_integer_value(json_object_get(o, "startTime"));
	s->below_root = (uint64_t)json_integer_value(json_object_get(o, "belowRoot"));
	s->cgroups = get_strings(o, "cgroups");
	s->found_cgroups = get_strings(o, "foundCgroups");
}

static int load(struct bundle_container *c, struct err *e)
{
	g_autofree char *text = NULL, *config = NULL;
	struct err ignored = ERR_INIT;
	size_t len;
	json_t *o;
	int r;

	/* Written first and complete, or there is none yet. */
	if (file_read(c->dir, "config.json", CONFIG_MAX, &config, &len, &ignored) == 0 &&
	    rspec_parse(config, len, &c->spec, e) < 0)
		return err_wrap(e, "container %s", c->state.id);
	r = file_read(c->dir, "state.json", CONFIG_MAX, &text, &len, e);
	if (r == -ENOENT)
		return err_clear(e), 0;
	if (r < 0)
		return r;
	o = json_loadb(text, len, 0, NULL);
	if (!json_is_object(o)) {
		json_decref(o);
		return err_msg(e, EINVAL, "container %s: state.json is damaged; delete it with --force", c->state.id);
	}
	read_state(c, o);
	json_decref(o);
	return 0;
}

int bundle_open(int root, const char *id, bool exclusive, struct bundle_container *ret, struct err *e)
{
	autobundle c = BUNDLE_CONTAINER_INIT;
	struct stat st;

	if (bundle_check_id(id, e) < 0)
		return -e->code;
	c.root = root;
	c.state.id = g_strdup(id);
	c.dir = openat(root, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (c.dir < 0)
		return errno == ENOENT ? err_msg(e, ENOENT, "container '%s' does not exist", id) :
		       err_set(e, errno, "state of container %s", id);
	if (exclusive) {
		c.lock = lock_open(c.dir, "lock");
		if (c.lock < 0 || lock_wait(c.lock, LOCK_EXCLUSIVE) < 0)
			return err_msg(e, EIO, "state of container %s cannot be locked", id);
		/* Removed while we waited, and perhaps made again. */
		if (fstat(c.dir, &st) < 0 || st.st_nlink == 0 || !path_exists_at(c.dir, "lock"))
			return err_msg(e, ENOENT, "container '%s' does not exist", id);
	}
	if (load(&c, e) < 0)
		return -e->code;
	*ret = c;
	c = (struct bundle_container)BUNDLE_CONTAINER_INIT;
	return 0;
}

static void put(json_t *o, const char *key, const char *value)
{
	if (value)
		json_object_set_new(o, key, json_string_nocheck(value));
}

static void put_strings(json_t *o, const char *key, char *const *v)
{
	json_t *a = json_array();

	for (; v && *v; v++)
		json_array_append_new(a, json_string_nocheck(*v));
	json_object_set_new(o, key, a);
}

int bundle_save(struct bundle_container *c, struct err *e)
{
	json_t *o = json_object();
	struct bundle_state *s = &c->state;
	char *text;
	int r;

	put(o, "bundle", s->bundle);
	put(o, "rootfs", s->rootfs);
	put(o, "created", s->created);
	put(o, "owner", s->owner);
	put(o, "freezer", s->freezer);
	json_object_set_new(o, "pid", json_integer(s->pid));
	json_object_set_new(o, "startTime", json_integer((json_int_t)s->start_time));
	if (s->below_root)
		json_object_set_new(o, "belowRoot", json_integer((json_int_t)s->below_root));
	put_strings(o, "cgroups", s->cgroups);
	put_strings(o, "foundCgroups", s->found_cgroups);
	text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	r = file_replace(c->dir, "state.json", text, strlen(text), 0600, false, e);
	free(text);
	return r;
}

/* State letter and start time of a process; false: there is none. */
static bool read_stat(pid_t pid, char *state, uint64_t *start)
{
	g_autofree char *name = g_strdup_printf("/proc/%d/stat", pid), *text = NULL;
	struct err ignored = ERR_INIT;
	char *field;

	if (pid <= 0 || file_read(AT_FDCWD, name, 4096, &text, NULL, &ignored) < 0)
		return false;
	field = strrchr(text, ')');
	if (!field || !field[1])
		return false;
	*state = field[2];
	/* Field 3 is the state, 22 the time. */
	for (int i = 2; field && i < 22; i++)
		field = strchr(field + 1, ' ');
	*start = field ? strtoull(field + 1, NULL, 10) : 0;
	return true;
}

int bundle_set_process(struct bundle_container *c, pid_t pid, struct err *e)
{
	char letter;

	c->state.pid = pid;
	if (!read_stat(pid, &letter, &c->state.start_time))
		return err_msg(e, ESRCH, "the container's first process is gone");
	return bundle_save(c, e);
}

static bool alive(const struct bundle_state *s)
{
	uint64_t start;
	char letter;

	return read_stat(s->pid, &letter, &start) && letter != 'Z' && letter != 'X' && start == s->start_time;
}

enum bundle_status bundle_status(const struct bundle_container *c)
{
	if (c->state.pid <= 0)
		return lock_is_held(c->dir, "lock") == 1 && c->lock < 0 ? BUNDLE_CREATING : BUNDLE_STOPPED;
	if (!alive(&c->state))
		return BUNDLE_STOPPED;
	if (!launch_has_executed(c->state.pid))
		return BUNDLE_CREATED;
	if (c->state.freezer && cgroup_oci_is_frozen(c->state.freezer))
		return BUNDLE_PAUSED;
	return BUNDLE_RUNNING;
}

const char *bundle_status_name(enum bundle_status s)
{
	static const char *const names[] = { "creating", "created", "running", "paused", "stopped" };

	return names[s];
}

int bundle_pidfd(const struct bundle_container *c)
{
	autofd fd = c->state.pid > 0 ? (int)syscall(SYS_pidfd_open, c->state.pid, 0) : -1;

	/* Open first, look then: what we hold is what we looked at. */
	return fd < 0 || !alive(&c->state) ? -ESRCH : take_fd(&fd);
}

/* Is `pid` in the same namespace of that kind as the container's process, whose link is `own`? */
static bool shares(const char *pid, const char *own)
{
	g_autofree char *path = g_strdup_printf("/proc/%s/ns/pid", pid);
	char link[64];
	ssize_t n = readlink(path, link, sizeof link - 1);

	if (n <= 0)
		return false;
	link[n] = '\0';
	return !strcmp(link, own);
}

static void pids_of_namespace(const struct bundle_container *c, GArray *out)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/ns/pid", c->state.pid);
	g_autoptr(GDir) proc = g_dir_open("/proc", 0, NULL);
	char own[64];
	ssize_t n = readlink(path, own, sizeof own - 1);
	const char *name;

	if (n <= 0)
		return;
	own[n] = '\0';
	while (proc && (name = g_dir_read_name(proc))) {
		pid_t pid = (pid_t)strtol(name, NULL, 10);

		if (pid > 0 && shares(name, own))
			g_array_append_val(out, pid);
	}
}

static bool was_found(const struct bundle_state *s, const char *cgroup)
{
	return s->found_cgroups && g_strv_contains((const char *const *)s->found_cgroups, cgroup);
}

int bundle_pids(const struct bundle_container *c, pid_t **ret)
{
	const struct rspec_namespace *ns = c->spec ? &c->spec->namespaces[RSPEC_NS_PID] : NULL;
	GArray *a = g_array_new(FALSE, FALSE, sizeof(pid_t));
	int n = -1;

	/* In one that was there before us, others may be, too. */
	if (c->state.cgroups && c->state.cgroups[0] && !was_found(&c->state, c->state.cgroups[0]))
		n = cgroup_pids(c->state.cgroups[0], ret);
	if (n >= 0) {
		g_array_free(a, TRUE);
		return n;
	}
	if (ns && ns->listed && !ns->path && alive(&c->state))
		pids_of_namespace(c, a);
	else if (alive(&c->state))
		g_array_append_val(a, c->state.pid);
	n = (int)a->len;
	*ret = (pid_t *)(void *)g_array_free(a, FALSE);
	return n;
}

int bundle_kill(const struct bundle_container *c, int sig, bool all, struct err *e)
{
	g_autofree pid_t *pids = NULL;
	autofd fd = bundle_pidfd(c);
	int n;

	if (fd >= 0 && syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0) < 0)
		return err_set(e, errno, "send signal %d to container %s", sig, c->state.id);
	if (!all)
		return fd < 0 ? err_msg(e, ESRCH, "container '%s' is not running", c->state.id) : 0;
	n = bundle_pids(c, &pids);
	for (int i = 0; i < n; i++)
		if (pids[i] != c->state.pid)
			(void)kill(pids[i], sig);
	return 0;
}

int bundle_end(const struct bundle_container *c, struct err *e)
{
	autofd fd = bundle_pidfd(c);
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (c->state.freezer)
		(void)cgroup_oci_freeze(c->state.freezer, false, e);
	err_clear(e);
	if (bundle_kill(c, SIGKILL, true, e) < 0 && e->code != ESRCH)
		return -e->code;
	err_clear(e);
	/* Readable when it has ended, whoever reaps it. */
	while (fd >= 0 && poll(&p, 1, -1) < 0 && errno == EINTR)
		;
	return 0;
}

int bundle_remove(struct bundle_container *c, struct err *e)
{
	int r = 0;

	for (char **p = c->state.cgroups; p && *p && r == 0; p++)
		r = was_found(&c->state, *p) ? 0 : cgroup_oci_remove(*p, e);
	if (r < 0)
		return r;
	if (c->spec && c->state.below_root)
		shared_root_remove(c->spec, c->state.rootfs, c->state.below_root);
	r = path_remove_tree(c->root, c->state.id);
	return r < 0 ? err_set(e, -r, "remove the state of container %s", c->state.id) : 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **bundle_list(int root, struct err *e)
{
	char path[32];
	g_autoptr(GDir) d = g_dir_open(path_of_fd(root, path), 0, NULL);
	GPtrArray *a;
	const char *name;
	size_t n;

	if (!d) {
		err_msg(e, EIO, "the state directory cannot be read");
		return NULL;
	}
	a = g_ptr_array_new();
	while ((name = g_dir_read_name(d)))
		g_ptr_array_add(a, g_strdup(name));
	n = a->len;
	g_ptr_array_add(a, NULL);
	qsort(a->pdata, n, sizeof(char *), by_name);
	return (char **)g_ptr_array_free(a, FALSE);
}
