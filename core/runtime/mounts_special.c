/* mounts_special.c - file systems of the kernel whose mounting depends on the namespaces and the host. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/vfs.h>

#include "core/runtime/mount_options.h"
#include "core/runtime/mounts.h"

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

/* A new cgroup2 mount shows our cgroup namespace. Machines with cgroup v1 have nothing that a user namespace
 * could mount: they show the host's tree, read-only. The question is cheap, a failing mount is not. */
static int new_cgroup(struct mount_options *o, struct err *e)
{
	struct statfs st;
	int fd = -EPERM;

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
		return new_cgroup(o, e);
	if (!strcmp(type, "mqueue"))
		return new_mqueue(m, source, o, e);
	if (!strcmp(type, "devpts"))
		return new_devpts(m, source, o, e);
	return -ENOTSUP;
}
