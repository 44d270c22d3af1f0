/* mounts_special.c - file systems of the kernel whose mounting depends on the namespaces and the host. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/runtime/mount_options.h"
#include "core/runtime/mounts.h"

#define CGROUPS "/sys/fs/cgroup/"

/* The host's own tree in place of a mount that can't be made; the caller attaches it and sets the flags. */
static int bind_host(const char *path, struct mount_options *o, bool read_only, struct err *e)
{
	int fd = mount_clone(AT_FDCWD, path, true);

	if (fd < 0)
		return err_set(e, -fd, "bind the host's %s", path);
	err_clear(e);
	o->bind = true;
	if (read_only)
		o->set |= MOUNT_ATTR_RDONLY;
	return fd;
}

static int new_proc(const struct mounts *m, const char *source, struct mount_options *o, struct err *e)
{
	int fd;

	/* The pid namespace of a new /proc is ours; where that is the caller's, only its own mount will do. */
	if (!m->own_pid)
		return bind_host("/proc", o, false, e);
	fd = mount_new("proc", source, o->data, o->n_data, o->set, e);
	if (fd == -EPERM)
		return err_hint(e, "parts of this machine's /proc are covered by mounts, as in a container: start the "
				"outer container with /proc unmasked (podman: --security-opt unmask=/proc/*), or use "
				"--pid=host");
	return fd;
}

static int new_sysfs(const char *source, struct mount_options *o, struct err *e)
{
	int fd = mount_new("sysfs", source, o->data, o->n_data, o->set, e);

	/* Only the owner of the network namespace may. */
	return fd == -EPERM ? bind_host("/sys", o, true, e) : fd;
}

/* Has this container cgroups of version 1 that it can be shown? */
static bool own_v1(const struct mounts *m)
{
	struct statfs st;

	return m->cgroups && m->cgroups[0] && statfs("/sys/fs/cgroup", &st) == 0 && st.f_type != CGROUP2_SUPER_MAGIC;
}

/* "cpu,cpuacct" is also found as cpu and as cpuacct. */
static int link_parts(int dir, const char *name)
{
	g_auto(GStrv) parts = strchr(name, ',') ? g_strsplit(name, ",", -1) : NULL;

	for (char **p = parts; p && *p; p++)
		if (symlinkat(name, dir, *p) < 0)
			return -errno;
	return 0;
}

/* One of its directories, under the name of its hierarchy. */
static int show_cgroup(int dir, const char *cgroup, const struct mount_options *o)
{
	const char *rest = cgroup + strlen(CGROUPS);
	g_autofree char *name = g_strndup(rest, strcspn(rest, "/"));
	autofd tree = mount_clone(AT_FDCWD, cgroup, false), target = -1;
	int r;

	if (tree < 0 || mkdirat(dir, name, 0755) < 0)
		return tree < 0 ? tree : -errno;
	target = path_open_beneath(dir, name, O_PATH | O_DIRECTORY, 0);
	r = target < 0 ? target : mount_attach(tree, target);
	if (r == 0)
		r = mount_change(tree, false, o->set, 0, MS_PRIVATE);
	return r < 0 ? r : link_parts(dir, name);
}

int mount_fill_special(const struct mounts *m, const struct rspec_mount *s, int fd, const struct mount_options *o,
		       struct err *e)
{
	int r = 0;

	if (!s->type || strcmp(s->type, "cgroup") != 0 || !own_v1(m))
		return 0;
	for (char *const *c = m->cgroups; *c && r == 0; c++)
		r = g_str_has_prefix(*c, CGROUPS) ? show_cgroup(fd, *c, o) : 0;
	if (r == 0 && (o->set & MOUNT_ATTR_RDONLY))
		r = mount_change(fd, false, MOUNT_ATTR_RDONLY, 0, 0);
	return r < 0 ? err_set(e, -r, "show the container's cgroups") : 0;
}

/* A new cgroup2 mount shows our cgroup namespace. Machines with cgroup v1 have nothing that a user namespace
 * could mount: they show the host's tree, read-only. The question is cheap, a failing mount is not. */
static int new_cgroup(const struct mounts *m, struct mount_options *o, struct err *e)
{
	struct statfs st;
	int fd = -EPERM;

	if (own_v1(m))
		return mount_new("tmpfs", "tmpfs", (const char *const[]){ "mode=755" }, 1,
				 o->set & ~(uint64_t)MOUNT_ATTR_RDONLY, e);

	if (statfs("/sys/fs/cgroup", &st) < 0) {
		err_clear(e);
		o->set |= MOUNT_ATTR_RDONLY;
		return mount_new("tmpfs", "tmpfs", (const char *const[]){ "size=0" }, 1, o->set, e);
	}
	if (st.f_type == CGROUP2_SUPER_MAGIC)
		fd = mount_new("cgroup2", "cgroup2", NULL, 0, o->set, e);
	if (fd == -EPERM || fd == -EBUSY)
		fd = bind_host("/sys/fs/cgroup", o, true, e);
	return fd;
}

static int new_mqueue(const struct mounts *m, const char *source, struct mount_options *o, struct err *e)
{
	int fd;

	if (m->own_ipc)
		return mount_new("mqueue", source, o->data, o->n_data, o->set, e);
	fd = bind_host("/dev/mqueue", o, false, e);
	if (fd != -ENOENT)
		return fd;
	/* The host shows none: an empty directory, with the same rights. */
	err_clear(e);
	return mount_new("tmpfs", "mqueue", (const char *const[]){ "size=0", "mode=1777" }, 2, o->set, e);
}

static int new_devpts(const struct mounts *m, const char *source, struct mount_options *o, struct err *e)
{
	const char *data[MOUNT_DATA_MAX];
	unsigned n = 0, id;

	/* A group that this container has not (gid=5 with a single id) would be refused. */
	for (unsigned i = 0; i < o->n_data; i++) {
		if (sscanf(o->data[i], "gid=%u", &id) == 1 && m->map->n_gid &&
		    idmap_outside(m->map->gid, m->map->n_gid, id) < 0)
			continue;
		data[n++] = o->data[i];
	}
	return mount_new("devpts", source, data, n, o->set, e);
}

int mount_new_special(const struct mounts *m, const struct rspec_mount *s, struct mount_options *o, struct err *e)
{
	const char *type = s->type ? s->type : "none", *source = s->source && *s->source ? s->source : type;

	if (!strcmp(type, "proc"))
		return new_proc(m, source, o, e);
	if (!strcmp(type, "sysfs"))
		return new_sysfs(source, o, e);
	if (!strcmp(type, "cgroup") || !strcmp(type, "cgroup2"))
		return new_cgroup(m, o, e);
	if (!strcmp(type, "mqueue"))
		return new_mqueue(m, source, o, e);
	if (!strcmp(type, "devpts"))
		return new_devpts(m, source, o, e);
	return -ENOTSUP;
}
