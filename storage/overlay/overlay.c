/* overlay.c - see overlay.h.
 *
 * Which way a kernel wants its lower directories is told by its version: probing with a mount that fails costs
 * more than a whole mount that works.
 *   6.8 and later  fsopen, one fsconfig(lowerdir+) a directory
 *   before         mount(2) with one page of options; each directory is opened and named by its descriptor's
 *                  number, seen from /proc/self/fd, so that 500 of them fit
 */
#include "storage/overlay/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/proc.h"
#include "core/runtime/idmap.h"

#define FSCONFIG_VALUE_MAX 255

static bool kernel_takes_lowers_singly(void)
{
	struct utsname u;
	unsigned major, minor;

	if (uname(&u) < 0 || sscanf(u.release, "%u.%u", &major, &minor) != 2)
		return false;
	return major > 6 || (major == 6 && minor >= 8);
}

/* A failed fsconfig leaves the reason as a text in its descriptor: "e overlay: ...". */
static int mount_failed(int fsfd, int code, const char *what, struct err *e)
{
	char text[256];
	ssize_t n = read(fsfd, text, sizeof text - 1);

	if (n <= 2)
		return err_set(e, code, "overlay: %s", what);
	text[n] = '\0';
	g_strchomp(text);
	return err_set(e, code, "overlay: %s: %s", what, text + 2);
}

/* Names that are too long, or have characters that option parsers unescape, go by a descriptor that is kept
 * in `held` until the mount is made. */
static const char *plain_name(const char *name, GArray *held, char buf[32])
{
	int fd;

	if (strlen(name) <= FSCONFIG_VALUE_MAX && !strpbrk(name, ":,\\"))
		return name;
	fd = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	g_array_append_val(held, fd);
	return path_of_fd(fd, buf);
}

static int set_dir(int fsfd, const char *key, const char *name, GArray *held, struct err *e)
{
	char buf[32];
	const char *plain = plain_name(name, held, buf);

	if (!plain)
		return err_set(e, errno, "%s", name);
	if (fsconfig(fsfd, FSCONFIG_SET_STRING, key, plain, 0) < 0)
		return mount_failed(fsfd, errno, name, e);
	return 0;
}

static int mount_singly(const struct overlay_spec *o, GArray *held, struct err *e)
{
	autofd fsfd = fsopen("overlay", FSOPEN_CLOEXEC);
	int r = 0, mnt;

	if (fsfd < 0)
		return err_set(e, errno, "overlay: fsopen");
	if (fsconfig(fsfd, FSCONFIG_SET_FLAG, "userxattr", NULL, 0) < 0)
		return mount_failed(fsfd, errno, "userxattr", e);
	for (size_t i = 0; i < o->n_lowers && r == 0; i++)
		r = set_dir(fsfd, "lowerdir+", o->lowers[i], held, e);
	if (r == 0 && o->upper)
		r = set_dir(fsfd, "upperdir", o->upper, held, e);
	if (r == 0 && o->upper)
		r = set_dir(fsfd, "workdir", o->work, held, e);
	if (r < 0)
		return r;
	if (o->upper && o->volatile_upper && fsconfig(fsfd, FSCONFIG_SET_FLAG, "volatile", NULL, 0) < 0)
		return mount_failed(fsfd, errno, "volatile", e);
	if (fsconfig(fsfd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return mount_failed(fsfd, errno, "mount", e);
	mnt = fsmount(fsfd, FSMOUNT_CLOEXEC, 0);
	return mnt < 0 ? mount_failed(fsfd, errno, "fsmount", e) : mnt;
}

/* Append the number of a descriptor of `name`, opened from `base`. */
static int add_number(GString *options, const char *key, int basefd, const char *name, GArray *held,
		      struct err *e)
{
	int fd = openat(basefd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_set(e, errno, "%s", name);
	g_array_append_val(held, fd);
	g_string_append_printf(options, "%s%d", key, fd);
	return 0;
}

/* Room for 500 descriptors and what the process has; the soft limit is often 1024 or less. */
static void raise_fd_limit(size_t n)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_cur < n + 128) {
		rl.rlim_cur = MIN(rl.rlim_max, n + 128);
		(void)setrlimit(RLIMIT_NOFILE, &rl);
	}
}

static int mount_in_a_page(const struct overlay_spec *o, GArray *held, struct err *e)
{
	autofd base = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	g_autoptr(GString) options = g_string_new("userxattr");
	const char *on = o->upper ? o->work : o->lowers[0];
	char target[32];
	int r = 0, mnt, onfd;

	if (base < 0)
		return err_set(e, errno, "%s", o->base);
	raise_fd_limit(o->n_lowers);
	for (size_t i = 0; i < o->n_lowers && r == 0; i++)
		r = add_number(options, i ? ":" : ",lowerdir=", base, o->lowers[i], held, e);
	if (r == 0 && o->upper)
		r = add_number(options, ",upperdir=", base, o->upper, held, e);
	if (r == 0 && o->upper)
		r = add_number(options, ",workdir=", base, o->work, held, e);
	if (r < 0)
		return r;
	if (o->upper && o->volatile_upper)
		g_string_append(options, ",volatile");
	if (options->len >= 4096)
		return err_msg(e, E2BIG, "overlay: %zu layers do not fit into this kernel's mount options",
			       o->n_lowers);
	/* It has to be mounted somewhere before a detached copy can be made: on one of its own directories. */
	onfd = openat(base, on, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (onfd < 0)
		return err_set(e, errno, "%s", on);
	g_array_append_val(held, onfd);
	if (chdir("/proc/self/fd") < 0)
		return err_set(e, errno, "/proc/self/fd");
	if (mount("overlay", path_of_fd(onfd, target), "overlay", 0, options->str) < 0)
		return err_set(e, errno, "overlay: mount");
	if (fchdir(base) < 0)
		return err_set(e, errno, "%s", o->base);
	mnt = open_tree(AT_FDCWD, on, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (mnt < 0)
		r = err_set(e, errno, "overlay: open_tree");
	(void)umount2(on, MNT_DETACH);
	return mnt < 0 ? r : mnt;
}

int overlay_mount(const struct overlay_spec *o, struct err *e)
{
	g_autoptr(GArray) held = g_array_new(FALSE, FALSE, sizeof(int));
	int r;

	if (o->n_lowers > OVERLAY_LOWERS_MAX) {
		err_msg(e, E2BIG, "the image has %zu layers; the kernel's overlay takes %d", o->n_lowers,
			OVERLAY_LOWERS_MAX);
		return err_hint(e, "use --storage-driver vfs");
	}
	if (chdir(o->base) < 0)
		return err_set(e, errno, "%s", o->base);
	if (o->volatile_upper && o->upper) {
		g_autofree char *mark = g_strconcat(o->work, "/work/incompat/volatile", NULL);
		g_autofree char *dirty = g_strconcat(mark, "/dirty", NULL);

		/* Left by an earlier start of the same container; the kernel would refuse the mount. */
		if (unlink(dirty) == 0)
			(void)rmdir(mark);
	}
	r = kernel_takes_lowers_singly() ? mount_singly(o, held, e) : mount_in_a_page(o, held, e);
	for (guint i = 0; i < held->len; i++)
		(void)close(g_array_index(held, int, i));
	return r;
}

static int try_here(int dirfd, const char *path, struct err *e)
{
	char *lowers[] = { (char *)"l2", (char *)"l1" };
	struct overlay_spec o = { .base = path, .lowers = lowers, .n_lowers = 2, .upper = "u", .work = "w" };
	autofd mnt = -1, opaque = -1;

	if (mkdirat(dirfd, "l1", 0755) < 0 || mkdirat(dirfd, "l2", 0755) < 0 || mkdirat(dirfd, "u", 0755) < 0 ||
	    mkdirat(dirfd, "w", 0755) < 0 || mkdirat(dirfd, "l1/gone", 0755) < 0 ||
	    mkdirat(dirfd, "l1/d", 0755) < 0 || mkdirat(dirfd, "l1/d/hidden", 0755) < 0 ||
	    mkdirat(dirfd, "l2/d", 0755) < 0)
		return err_set(e, errno, "mkdir");
	if (mknodat(dirfd, "l2/gone", S_IFCHR, makedev(0, 0)) < 0)
		return err_set(e, errno, "this file system takes no whiteouts (mknod)");
	opaque = openat(dirfd, "l2/d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (opaque < 0 || fsetxattr(opaque, "user.overlay.opaque", "y", 1, 0) < 0)
		return err_set(e, errno, "this file system takes no user.* attributes");
	mnt = overlay_mount(&o, e);
	if (mnt < 0)
		return mnt;
	if (path_exists_at(mnt, "gone") || path_exists_at(mnt, "d/hidden"))
		return err_msg(e, EOPNOTSUPP, "overlay does not honour whiteouts here");
	if (mkdirat(mnt, "new", 0755) < 0 || unlinkat(mnt, "new", AT_REMOVEDIR) < 0 ||
	    unlinkat(mnt, "d", AT_REMOVEDIR) < 0)
		return err_set(e, errno, "overlay: writing");
	return 0;
}

int overlay_trial(int dirfd, struct err *e)
{
	static const char *const made[] = { "l1", "l2", "u", "w" };
	g_autofree char *path = NULL;
	char link[32];
	int p[2], status;
	autochild child = -1;
	autofd from = -1;

	path = g_file_read_link(path_of_fd(dirfd, link), NULL);
	if (!path)
		return err_set(e, ENOENT, "/proc/self/fd");
	if (pipe2(p, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	from = p[0];
	child = fork();
	if (child == 0) {
		struct err inner = ERR_INIT;
		int r = idmap_enter(idmap_store(), &inner);

		if (r == 0 && idmap_store()->none && unshare(CLONE_NEWNS) < 0)
			r = err_set(&inner, errno, "unshare");
		if (r == 0)
			r = try_here(dirfd, path, &inner);
		/* work/ belongs to this namespace's root and has no permissions: it goes here or nowhere. */
		for (size_t i = 0; i < G_N_ELEMENTS(made); i++)
			(void)path_remove_tree(dirfd, made[i]);
		(void)fd_write_all(p[1], &inner, sizeof inner);
		_exit(r < 0);
	}
	(void)close(p[1]);
	if (child < 0)
		return err_set(e, errno, "fork");
	if (fd_read_full(from, e, sizeof *e) != (ssize_t)sizeof *e)
		return err_msg(e, EIO, "the trial mount ended unexpectedly");
	status = proc_wait(take_child(&child));
	return status == 0 ? 0 : -(e->code ? e->code : EIO);
}
