/* hostfs.c - see hostfs.h.
 *
 * Overlay of "/" itself is refused in a user namespace, because of the mounts below it. So everything is put
 * together on a tmpfs that is mounted at the container's root/ for a moment, in init's mount namespace:
 *   root/          becomes the container's "/": a clone of it is what leaves this file
 *   upper/ work/   throw-away layers, when they are in memory
 */
#include "storage/overlay/hostfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "storage/overlay/overlay.h"

/* Where the tmpfs lies for a moment when the container's own directory is closed to the container's ids: everybody
 * may look there, and nothing of it is needed meanwhile. */
#define ANYWHERE "/sys"

struct host_root {
	int rootfd;             /* the new "/" */
	const char *path;       /* its own path for now */
	const char *layers;     /* absolute: upper/ and work/ are below */
	bool volatile_upper;
};

/* Made empty: the runtime mounts what belongs there. */
static bool is_own(const char *name)
{
	static const char *const own[] = { "dev", "proc", "sys", "run", "tmp", "lost+found", NULL };

	return g_strv_contains(own, name);
}

/* tmpfs keeps user.* attributes, which opaque directories need, since 6.6. */
bool hostfs_in_memory(void)
{
	struct utsname u;
	unsigned major, minor;

	if (uname(&u) < 0 || sscanf(u.release, "%u.%u", &major, &minor) != 2)
		return false;
	return major > 6 || (major == 6 && minor >= 6);
}

/* Nothing to show: empty, or closed to us. */
static bool has_nothing(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *entry;
	bool nothing = true;

	if (!d)
		return true;
	while (nothing && (entry = readdir(d)))
		nothing = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..");
	(void)closedir(d);
	return nothing;
}

/* Before Linux 5.12: one mount after the other, by name, keeping the flags that it has. */
static int remount_read_only(const char *path, struct err *e)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	size_t len = strlen(path);
	struct mntent *m;
	int r = 0;

	if (!mounts)
		return err_set(e, errno, "/proc/self/mounts");
	while (r == 0 && (m = getmntent(mounts))) {
		const unsigned long kept = MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME;
		struct statvfs st;

		if (strncmp(m->mnt_dir, path, len) != 0 || (m->mnt_dir[len] && m->mnt_dir[len] != '/'))
			continue;
		if (statvfs(m->mnt_dir, &st) < 0 ||
		    mount(NULL, m->mnt_dir, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | (st.f_flag & kept), NULL) < 0)
			r = err_set(e, errno, "make %s read-only", m->mnt_dir);
	}
	(void)endmntent(mounts);
	return r;
}

/* `path` and all below it at `name` of the new root. Only what is attached can be changed before Linux 5.12. */
static int bind_read_only(const struct host_root *h, const char *name, const char *path, struct err *e)
{
	struct mount_attr ro = { .attr_set = MOUNT_ATTR_RDONLY };
	autofd mnt = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	g_autofree char *place = g_build_filename(h->path, name, NULL);

	if (mnt < 0 || move_mount(mnt, "", h->rootfd, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_set(e, errno, "%s", path);
	if (mount_setattr(mnt, "", AT_EMPTY_PATH | AT_RECURSIVE, &ro, sizeof ro) == 0)
		return 0;
	return errno == ENOSYS ? remount_read_only(place, e) : err_set(e, errno, "make %s read-only", path);
}

static int overlay_one(const struct host_root *h, const char *name, const char *path, mode_t mode, struct err *e)
{
	g_autofree char *upper = g_build_filename(h->layers, "upper", name, NULL);
	g_autofree char *work = g_build_filename(h->layers, "work", name, NULL);
	char *lowers[] = { (char *)path };
	struct overlay_spec o = {
		.base = "/", .lowers = lowers, .n_lowers = 1, .upper = upper, .work = work,
		.volatile_upper = h->volatile_upper,
	};

	if ((mkdir(upper, 0755) < 0 && errno != EEXIST) || (mkdir(work, 0700) < 0 && errno != EEXIST) ||
	    chmod(upper, mode | 0700) < 0)
		return err_set(e, errno, "%s", upper);
	return overlay_mount(&o, e);
}

static int add_dir(const struct host_root *h, const char *name, mode_t mode, struct err *e)
{
	g_autofree char *path = g_strconcat("/", name, NULL);
	autofd mnt = -1;
	bool own = is_own(name);

	if (!strcmp(name, "lost+found"))
		return 0;
	if (mkdirat(h->rootfd, name, 0755) < 0)
		return err_set(e, errno, "%s", path);
	if (own || has_nothing(path)) {
		mode = !strcmp(name, "tmp") ? 01777 : mode & 01777;
		return fchmodat(h->rootfd, name, mode, 0) < 0 ? err_set(e, errno, "%s", path) : 0;
	}
	mnt = overlay_one(h, name, path, mode & 07777, e);
	if (mnt < 0) {
		log_info("%s is read-only in the container: %s", path, e->msg);
		err_clear(e);
		return bind_read_only(h, name, path, e);
	}
	if (move_mount(mnt, "", h->rootfd, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_set(e, errno, "mount %s", path);
	return 0;
}

static int add_link(const struct host_root *h, int hostfd, const char *name, struct err *e)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(hostfd, name, target, sizeof target - 1);

	if (n < 0)
		return err_set(e, errno, "/%s", name);
	target[n] = '\0';
	return symlinkat(target, h->rootfd, name) < 0 ? err_set(e, errno, "/%s", name) : 0;
}

static int fill(const struct host_root *h, struct err *e)
{
	DIR *d = opendir("/");
	struct dirent *entry;
	struct stat st;
	int r = 0;

	if (!d)
		return err_set(e, errno, "/");
	while (r == 0 && (entry = readdir(d))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
			continue;
		/* Plain files in "/" (a swap file, a flag of the boot) are the machine's business. */
		if (S_ISDIR(st.st_mode))
			r = add_dir(h, entry->d_name, st.st_mode, e);
		else if (S_ISLNK(st.st_mode))
			r = add_link(h, dirfd(d), entry->d_name, e);
	}
	(void)closedir(d);
	return r;
}

static int build(const char *place, const char *container, bool volatile_upper, struct err *e)
{
	struct host_root h = { .rootfd = -1, .layers = container, .volatile_upper = volatile_upper };
	g_autofree char *upper = NULL, *work = NULL, *root = g_build_filename(place, "root", NULL);
	autofd rootfd = -1;
	int r, mnt;

	/* Kept for a later start unless the container goes with its program. */
	if (volatile_upper && hostfs_in_memory()) {
		h.layers = place;
		h.volatile_upper = false;
	}
	h.path = root;
	upper = g_build_filename(h.layers, "upper", NULL);
	work = g_build_filename(h.layers, "work", NULL);
	if ((mkdir(upper, 0755) < 0 && errno != EEXIST) || (mkdir(work, 0700) < 0 && errno != EEXIST))
		return err_set(e, errno, "%s", upper);
	if (mkdir(root, 0755) < 0 || chmod(root, 0755) < 0)
		return err_set(e, errno, "%s", root);
	h.rootfd = rootfd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (rootfd < 0)
		return err_set(e, errno, "%s", root);
	r = fill(&h, e);
	if (r < 0)
		return r;
	mnt = open_tree(rootfd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_EMPTY_PATH);
	return mnt < 0 ? err_set(e, errno, "open_tree") : mnt;
}

int hostfs_mount(const char *container, bool volatile_upper, struct err *e)
{
	g_autofree char *place = container ? g_build_filename(container, "root", NULL) : g_strdup(ANYWHERE);
	int mnt;

	if (container && mkdir(place, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "%s", place);
	if (mount("tmpfs", place, "tmpfs", MS_NODEV | MS_NOSUID, container ? "mode=0755" : "mode=0755,uid=0,gid=0") < 0)
		return err_set(e, errno, "tmpfs on %s", place);
	/* An id that the namespace has not can make no files. */
	if (!container) {
		(void)setfsgid(0);
		(void)setfsuid(0);
	}
	mnt = build(place, container, volatile_upper || !container, e);
	(void)umount2(place, MNT_DETACH);
	return mnt < 0 ? err_wrap(e, "image host") : mnt;
}
