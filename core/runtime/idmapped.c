/* idmapped.c - see idmapped.h. */
#include "core/runtime/idmapped.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/proc.h"

static bool has_option(const struct rspec_mount *m, const char *word)
{
	return m->options && g_strv_contains((const char *const *)m->options, word);
}

bool idmapped_wanted(const struct rspec_mount *m)
{
	return m->n_uid_mappings || has_option(m, "idmap") || has_option(m, "ridmap");
}

static int write_map(pid_t pid, const char *file, const struct rspec_id_mapping *map, size_t n)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/%s", pid, file);
	g_autoptr(GString) text = g_string_new(NULL);

	for (size_t i = 0; i < n; i++)
		g_string_append_printf(text, "%u %u %u\n", map[i].container_id, map[i].host_id, map[i].size);
	return file_poke(AT_FDCWD, path, text->str);
}

/* A process in a new user namespace, which waits to be killed. It says its number in the host's /proc: ours may be in
 * another pid namespace. */
static pid_t hold_namespace(int ready)
{
	pid_t pid = fork(), seen;

	if (pid != 0)
		return pid;
	seen = proc_self_in(AT_FDCWD, "/proc/self");
	if (unshare(CLONE_NEWUSER) == 0 && write(ready, &seen, sizeof seen) == (ssize_t)sizeof seen)
		for (;;)
			(void)pause();
	_exit(1);
}

static int make_namespace(const struct rspec_mount *m, struct err *e)
{
	autofd ours = -1, theirs = -1, ns = -1;
	g_autofree char *path = NULL;
	autochild pid = -1;
	pid_t seen = 0;
	int p[2], r;

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	ours = p[0];
	theirs = p[1];
	pid = hold_namespace(theirs);
	if (pid < 0)
		return err_set(e, errno, "fork");
	fd_close(&theirs);
	if (read(ours, &seen, sizeof seen) != (ssize_t)sizeof seen) {
		err_msg(e, EPERM, "idmap: no user namespace can be made for it");
		return err_hint(e, "only who owns the file system may, which is root as a rule");
	}
	r = write_map(seen, "uid_map", m->uid_mappings, m->n_uid_mappings);
	if (r == 0)
		r = write_map(seen, "gid_map", m->gid_mappings, m->n_gid_mappings);
	if (r < 0) {
		err_set(e, -r, "idmap: uidMappings and gidMappings");
		return r == -EPERM ? err_hint(e, "only who owns the file system may, which is root as a rule") : r;
	}
	path = g_strdup_printf("/proc/%d/ns/user", seen);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	return ns < 0 ? err_set(e, errno, "idmap") : take_fd(&ns);
}

/* The container's own map: of the namespace that is joined, or as the spec has it. */
static int find_namespace(const struct rspec *spec, const struct rspec_mount *m, struct err *e)
{
	const struct rspec_namespace *user = &spec->namespaces[RSPEC_NS_USER];
	struct rspec_mount own = *m;
	int fd;

	if (m->n_uid_mappings)
		return make_namespace(m, e);
	if (user->listed && user->path) {
		fd = open(user->path, O_RDONLY | O_CLOEXEC);
		return fd < 0 ? err_set(e, errno, "idmap: user namespace %s", user->path) : fd;
	}
	if (!spec->n_uid_mappings || !spec->n_gid_mappings)
		return err_msg(e, EINVAL, "idmap: there are no mappings, of the mount or of the container");
	own.uid_mappings = spec->uid_mappings;
	own.n_uid_mappings = spec->n_uid_mappings;
	own.gid_mappings = spec->gid_mappings;
	own.n_gid_mappings = spec->n_gid_mappings;
	return make_namespace(&own, e);
}

int idmapped_apply(const struct rspec *spec, const struct rspec_mount *m, int fd, struct err *e)
{
	autofd ns = find_namespace(spec, m, e);
	unsigned all = has_option(m, "ridmap") ? AT_RECURSIVE : 0;
	struct mount_attr a = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)ns };

	if (ns < 0)
		return ns;
	if (mount_setattr(fd, "", AT_EMPTY_PATH | all, &a, sizeof a) == 0)
		return 0;
	err_set(e, errno, "idmap");
	if (e->code == EPERM)
		return err_hint(e, "only who owns the file system may, which is root as a rule");
	return e->code == EINVAL ? err_hint(e, "this file system or kernel has no mounts with mapped ids") : -e->code;
}
