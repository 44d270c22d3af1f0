/* root.c - see root.h. */
#include "core/runtime/root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/runtime/mount_options.h"
#include "core/runtime/mounts.h"

int root_open_path(const struct rspec *spec, struct err *e)
{
	const char *path = spec->root_path ? spec->root_path : "rootfs";
	int fd = mount_clone(AT_FDCWD, path, true);

	return fd < 0 ? err_set(e, -fd, "root file system %s", path) : fd;
}

int root_attach(int rootfd, const char *on, struct err *e)
{
	autofd top = open(on ? on : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = top < 0 ? -errno : mount_attach(rootfd, top);

	/* What is mounted over "/" is not seen through "/": a lookup starts at the process's own root. */
	if (r == 0)
		r = mount_change(rootfd, true, 0, 0, MS_PRIVATE);
	return r < 0 ? err_set(e, -r, "attach the root file system") : 0;
}

/* One empty, read-only tmpfs covers all masked directories. */
static int cover_directory(int target, int *empty, struct err *e)
{
	autofd copy = -1;
	int r;

	if (*empty < 0) {
		*empty = mount_new("tmpfs", "tmpfs", (const char *const[]){ "size=0", "nr_inodes=1" }, 2,
				   MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, e);
		return *empty < 0 ? *empty : mount_attach(*empty, target);
	}
	copy = mount_clone(*empty, "", false);
	r = copy < 0 ? copy : mount_attach(copy, target);
	return r;
}

static int cover_file(int target, int *null)
{
	autofd copy = -1;

	/* The first one comes from the host's /dev, its copies from that. */
	if (*null < 0) {
		*null = mount_clone(AT_FDCWD, "/dev/null", false);
		return *null < 0 ? *null : mount_attach(*null, target);
	}
	copy = mount_clone(*null, "", false);
	return copy < 0 ? copy : mount_attach(copy, target);
}

static int mask_one(int rootfd, const char *path, int *null, int *empty, struct err *e)
{
	autofd target = path_open_in_root(rootfd, path, O_PATH, 0);
	struct stat st;
	int r;

	if (target == -ENOENT || target == -ENOTDIR || target == -EACCES)
		return 0;
	r = target < 0 ? target : fstat(target, &st) < 0 ? -errno : 0;
	if (r == 0)
		r = S_ISDIR(st.st_mode) ? cover_directory(target, empty, e) : cover_file(target, null);
	return r < 0 ? (e->code ? err_wrap(e, "mask %s", path) : err_set(e, -r, "mask %s", path)) : 0;
}

static int make_readonly(int rootfd, const char *path, struct err *e)
{
	autofd target = path_open_in_root(rootfd, path, O_PATH, 0), tree = -1;
	int r;

	if (target == -ENOENT || target == -ENOTDIR || target == -EACCES)
		return 0;
	if (target < 0)
		return err_set(e, -target, "read-only %s", path);
	tree = mount_clone(target, "", true);
	r = tree < 0 ? tree : mount_attach(tree, target);
	if (r == 0)
		r = mount_change(tree, true, MOUNT_ATTR_RDONLY, 0, 0);
	return r < 0 ? err_set(e, -r, "read-only %s", path) : 0;
}

int root_mask(const struct rspec *spec, int rootfd, struct err *e)
{
	autofd null = -1, empty = -1;
	int r = 0;

	/* Read-only first: a mask inside such a tree lies on top of it. */
	for (char **p = spec->readonly_paths; r == 0 && p && *p; p++)
		r = make_readonly(rootfd, *p, e);
	for (char **p = spec->masked_paths; r == 0 && p && *p; p++)
		r = mask_one(rootfd, *p, &null, &empty, e);
	return r;
}

/* linux.rootfsPropagation, after the host is out of reach. */
static int set_propagation(const char *word, struct err *e)
{
	struct mount_options o;
	autofd root = -1;
	int r = mount_options_parse((const char *const[]){ word, NULL }, &o, e);

	if (r < 0 || !o.propagation)
		return err_msg(e, EINVAL, "rootfsPropagation '%s' is not a kind of propagation", word);
	/* It is private already, with all below. */
	if (o.propagation == MS_PRIVATE)
		return 0;
	root = open("/", O_PATH | O_CLOEXEC);
	r = root < 0 ? -errno : mount_change(root, o.propagation_all, 0, 0, o.propagation);
	return r < 0 ? err_set(e, -r, "rootfsPropagation %s", word) : 0;
}

int root_find_mounts(const struct rspec *spec, int rootfd, struct root_mounts *ret, struct err *e)
{
	int own = spec->root_readonly ? openat(rootfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	DIR *dir = own < 0 ? NULL : fdopendir(own);
	struct dirent *d;

	ret->n = 0;
	if (!dir)
		return spec->root_readonly ? err_set(e, errno, "read the root directory") : 0;
	while ((d = readdir(dir)) && ret->n < ROOT_MOUNTS_MAX) {
		int fd = d->d_name[0] == '.' && (!d->d_name[1] || d->d_name[1] == '.') ? -1 :
			 openat(rootfd, d->d_name, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
		struct statx st;

		if (fd >= 0 && statx(fd, "", AT_EMPTY_PATH, 0, &st) == 0 && st.stx_attributes & STATX_ATTR_MOUNT_ROOT)
			ret->fds[ret->n++] = fd;
		else
			fd_close(&fd);
	}
	(void)closedir(dir);
	return 0;
}

static int close_root(int rootfd, const struct root_mounts *with, struct err *e)
{
	int r = mount_change(rootfd, false, MOUNT_ATTR_RDONLY, 0, 0);

	for (size_t i = 0; i < with->n && r == 0; i++)
		r = mount_change(with->fds[i], false, MOUNT_ATTR_RDONLY, 0, 0);
	return r < 0 ? err_set(e, -r, "make the root file system read-only") : 0;
}

static int pivot(int rootfd, struct err *e)
{
	autofd old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (old < 0 || fchdir(rootfd) < 0)
		return err_set(e, errno, "enter the root file system");
	/* With "." twice the old root ends up on top of the new one, from where it is taken away. */
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return errno == EINVAL ?
		       err_msg(e, EINVAL, "pivot_root: coracle's own root is not a mount (chroot, initramfs)") :
		       err_set(e, errno, "pivot_root");
	if (fchdir(old) < 0 || umount2(".", MNT_DETACH) < 0)
		return err_set(e, errno, "detach the host's root");
	return 0;
}

int root_enter(const struct rspec *spec, int rootfd, const struct root_mounts *with, bool no_pivot, struct err *e)
{
	if (spec->root_readonly && close_root(rootfd, with, e) < 0)
		return -e->code;
	/* The root is mounted over "/" by now (root_attach): it covers the host's. */
	if (no_pivot && (fchdir(rootfd) < 0 || chroot(".") < 0))
		return err_set(e, errno, "chroot");
	if (!no_pivot && pivot(rootfd, e) < 0)
		return -e->code;
	if (chdir("/") < 0)
		return err_set(e, errno, "chdir /");
	return spec->rootfs_propagation ? set_propagation(spec->rootfs_propagation, e) : 0;
}
