/* devices.c - see devices.h. */
#include "core/runtime/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/runtime/mounts.h"

static const char *const defaults[DEVICES_DEFAULT] = { "null", "zero", "full", "random", "urandom", "tty" };

static const struct {
	const char *name, *target;
} links[] = {
	{ "fd", "/proc/self/fd" },
	{ "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" },
	{ "stderr", "/proc/self/fd/2" },
	{ "core", "/proc/kcore" },
	{ "ptmx", "pts/ptmx" },
};

int devices_open(struct devices *d, struct err *e)
{
	for (int i = 0; i < DEVICES_DEFAULT; i++)
		d->fds[i] = -1;
	for (int i = 0; i < DEVICES_DEFAULT; i++) {
		char path[32];

		snprintf(path, sizeof path, "/dev/%s", defaults[i]);
		d->fds[i] = mount_clone(AT_FDCWD, path, false);
		/* Only /dev/null is something that nobody can do without. */
		if (d->fds[i] < 0 && i == 0)
			return err_set(e, -d->fds[i], "bind %s", path);
	}
	return 0;
}

/* Attach a copy of a host node at dev/name; the file below it may be there already. */
static int bind_node(int tree, int dev, const char *name)
{
	autofd at = openat(dev, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);

	if (at < 0 && errno == EEXIST)
		at = path_open_beneath(dev, name, O_PATH, 0);
	return at < 0 ? -errno : mount_attach(tree, at);
}

static int make_defaults(struct devices *d, int dev, struct err *e)
{
	for (int i = 0; i < DEVICES_DEFAULT; i++) {
		autofd tree = d->fds[i];
		int r;

		d->fds[i] = -1;
		if (tree < 0)
			continue;
		r = bind_node(tree, dev, defaults[i]);
		if (r < 0)
			return err_set(e, -r, "bind /dev/%s", defaults[i]);
	}
	return 0;
}

static int make_links(int dev, struct err *e)
{
	for (size_t i = 0; i < G_N_ELEMENTS(links); i++) {
		const char *target = links[i].target;

		/* A link to /proc/kcore that dangles helps nobody, but docker and podman make it where it exists. */
		if (!strcmp(links[i].name, "core") && !path_exists_at(AT_FDCWD, target))
			continue;
		if (symlinkat(target, dev, links[i].name) == 0)
			continue;
		/* An old-style image has a node or a link of its own there. */
		if (errno != EEXIST)
			return err_set(e, errno, "link /dev/%s", links[i].name);
	}
	return 0;
}

static bool is_node(int dir, const char *name, const struct rspec_device *d)
{
	mode_t type = d->type == 'b' ? S_IFBLK : d->type == 'p' ? S_IFIFO : S_IFCHR;
	struct stat st;

	/* A link (stdin) may lead anywhere. */
	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && (st.st_mode & S_IFMT) == type &&
	       (d->type == 'p' || st.st_rdev == makedev((unsigned)d->major, (unsigned)d->minor));
}

/* The host's node with these numbers: the same name, udev's list by number, or any in /dev itself. A detached copy or
 * -errno. */
static int find_host_node(const struct rspec_device *d)
{
	g_autoptr(GDir) all = NULL;
	autofd dev = open("/dev", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char path[64];
	const char *name;

	if (is_node(AT_FDCWD, d->path, d))
		return mount_clone(AT_FDCWD, d->path, false);
	snprintf(path, sizeof path, "/dev/%s/%u:%u", d->type == 'b' ? "block" : "char", (unsigned)d->major,
		 (unsigned)d->minor);
	if (is_node(AT_FDCWD, path, d))
		return mount_clone(AT_FDCWD, path, false);
	all = g_dir_open("/dev", 0, NULL);
	while (all && (name = g_dir_read_name(all)))
		if (is_node(dev, name, d))
			return mount_clone(dev, name, false);
	return -ENXIO;
}

static int make_node(const struct rspec_device *d, int parent, const char *name)
{
	mode_t type = d->type == 'p' ? S_IFIFO : d->type == 'b' ? S_IFBLK : S_IFCHR;
	mode_t mode = d->has_mode ? d->mode & 07777 : 0666;

	if (mknodat(parent, name, type | mode, makedev((unsigned)d->major, (unsigned)d->minor)) < 0)
		return -errno;
	if (fchownat(parent, name, d->uid, d->gid, AT_SYMLINK_NOFOLLOW) < 0 || fchmodat(parent, name, mode, 0) < 0)
		return -errno;
	return 0;
}

static int make_extra(const struct rspec_device *d, int rootfd, bool make_nodes, struct err *e)
{
	g_autofree char *dir = g_path_get_dirname(d->path), *base = g_path_get_basename(d->path);
	autofd parent = path_mkdirs_in_root(rootfd, dir, 0755), tree = -1;
	int r;

	if (parent < 0)
		return err_set(e, -parent, "device %s", d->path);
	if (make_nodes || d->type == 'p') {
		r = make_node(d, parent, base);
		if (r == 0 || (r == -EEXIST && is_node(parent, base, d)))
			return 0;
		if (r == -EEXIST)
			return err_msg(e, EEXIST, "device %s: there is a file that is another", d->path);
		if (r != -EPERM)
			return err_set(e, -r, "device %s", d->path);
	}
	tree = find_host_node(d);
	if (tree == -ENXIO)
		return err_msg(e, ENXIO, "device %s: the host has no node with the numbers %u:%u in /dev", d->path,
			       (unsigned)d->major, (unsigned)d->minor);
	r = tree < 0 ? tree : bind_node(tree, parent, base);
	return r < 0 ? err_set(e, -r, "device %s", d->path) : 0;
}

int devices_make(struct devices *d, const struct rspec *spec, int rootfd, bool make_nodes, struct err *e)
{
	if (!mounts_dev_is_foreign(spec)) {
		autofd dev = path_mkdirs_in_root(rootfd, "/dev", 0755);

		if (dev < 0)
			return err_set(e, -dev, "/dev");
		if (make_defaults(d, dev, e) < 0 || make_links(dev, e) < 0)
			return -e->code;
	}
	for (size_t i = 0; i < spec->n_devices; i++)
		if (make_extra(&spec->devices[i], rootfd, make_nodes, e) < 0)
			return -e->code;
	return 0;
}
