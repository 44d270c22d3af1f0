/* path.c - see path.h. */
#include "core/base/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"

static int openat2_retry(int dirfd, const char *path, int flags, mode_t mode, unsigned long long resolve)
{
	struct open_how how = {
		.flags = (unsigned)flags | O_CLOEXEC,
		.mode = flags & (O_CREAT | O_TMPFILE) ? mode : 0,
		.resolve = resolve,
	};

	/* EAGAIN: something was renamed meanwhile and the kernel could not prove that we stayed inside. */
	for (int tries = 0; tries < 64; tries++) {
		int fd = (int)syscall(SYS_openat2, dirfd, path, &how, sizeof how);

		if (fd >= 0)
			return fd;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return -EAGAIN;
}

int path_open_in_root(int rootfd, const char *path, int flags, mode_t mode)
{
	return openat2_retry(rootfd, *path ? path : ".", flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int path_open_beneath(int dirfd, const char *path, int flags, mode_t mode)
{
	return openat2_retry(dirfd, path, flags, mode,
			     RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS);
}

int path_mkdirs_in_root(int rootfd, const char *path, mode_t mode)
{
	g_autofree char *clean = path_normalize("/", path);
	g_autofree char *dir = NULL, *base = NULL;
	autofd parent = -1;
	int fd = path_open_in_root(rootfd, clean, O_PATH | O_DIRECTORY, 0);

	if (fd != -ENOENT || !strcmp(clean, "/"))
		return fd;
	/* The one above it, made when it is missing: each is resolved by the kernel from the root again, so a link in
	 * the middle is followed the way a process inside would follow it. */
	dir = g_path_get_dirname(clean);
	base = g_path_get_basename(clean);
	parent = path_mkdirs_in_root(rootfd, dir, mode);
	if (parent < 0)
		return parent;
	if (mkdirat(parent, base, mode) < 0 && errno != EEXIST)
		return -errno;
	return path_open_in_root(rootfd, clean, O_PATH | O_DIRECTORY, 0);
}

int path_mkfile_in_root(int rootfd, const char *path, mode_t mode)
{
	g_autofree char *clean = path_normalize("/", path);
	g_autofree char *dir = g_path_get_dirname(clean), *base = g_path_get_basename(clean);
	autofd parent = -1, made = -1;
	int fd = path_open_in_root(rootfd, clean, O_PATH, 0);

	if (fd != -ENOENT)
		return fd;
	parent = path_mkdirs_in_root(rootfd, dir, 0755);
	if (parent < 0)
		return parent;
	made = openat(parent, base, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, mode);
	if (made < 0 && errno != EEXIST)
		return -errno;
	return path_open_in_root(rootfd, clean, O_PATH, 0);
}

int path_mkdirs(const char *path, mode_t mode)
{
	g_autofree char *copy = g_strdup(path);

	for (char *p = copy + 1; *copy; p++) {
		char kept;

		p += strcspn(p, "/");
		kept = *p;
		*p = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST) {
			struct stat st;
			int code = errno;

			/* A parent on a read-only file system says EROFS although it is there. */
			if (stat(copy, &st) < 0 || !S_ISDIR(st.st_mode))
				return -code;
		}
		*p = kept;
		if (!kept)
			break;
	}
	return 0;
}

/* A tree of any depth: directories that lie deeper than this are first moved to the top. So neither the stack nor
 * the number of open descriptors grows with what somebody else made. */
#define REMOVE_DEPTH_MAX 64

struct removal {
	dev_t dev;
	int top;                /* the directory that goes away */
	unsigned depth, moved;
};

static int remove_below(struct removal *r, int fd);

static int move_to_top(struct removal *r, int dirfd, const char *name)
{
	char to[32];

	for (;;) {
		snprintf(to, sizeof to, ".removing.%u~", r->moved++);
		if (renameat(dirfd, name, r->top, to) == 0)
			return 0;
		if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR)
			return -errno;
	}
}

/* The directory behind `fd` goes away, if it can be emptied. */
static int remove_directory(struct removal *r, int dirfd, const char *name, int fd)
{
	struct stat st;
	int result;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_dev != r->dev)
		return -EXDEV;
	/* Entries can't be removed from a directory that its owner made read-only, nor can it be moved. */
	if ((st.st_mode & 0700) != 0700)
		(void)fchmod(fd, 0700);
	if (r->depth >= REMOVE_DEPTH_MAX)
		return move_to_top(r, dirfd, name);
	if (r->top < 0)
		r->top = fd;
	r->depth++;
	result = remove_below(r, fd);
	r->depth--;
	if (result < 0)
		return result;
	return unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

/* Open a directory that is to be emptied. An empty one that cannot be opened is removed at once: -ENOENT. */
static int open_for_removal(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == EACCES) {
		if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0)
			return -ENOENT;
		errno = EACCES;
		if (fchmodat(dirfd, name, 0700, 0) == 0)
			fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	}
	return fd < 0 ? -errno : fd;
}

/* Remove one entry; directories are entered without following anything. `known_directory`: there is no use in
 * trying to remove it as a file. */
static int remove_entry(struct removal *r, int dirfd, const char *name, bool known_directory)
{
	autofd sub = -1;
	int first = EISDIR;

	if (!known_directory) {
		if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
			return 0;
		first = errno;
		if (first != EISDIR && first != EPERM && first != EACCES)
			return -first;
	}
	sub = open_for_removal(dirfd, name);
	if (sub == -ENOENT)
		return 0;
	/* A file that may not be removed: say that, so that the caller can try as somebody else. */
	if (sub == -ENOTDIR || sub == -ELOOP)
		return -first;
	return sub < 0 ? sub : remove_directory(r, dirfd, name, sub);
}

/* As getdents64(2) gives them. No DIR: the heap may be needed by nobody who removes a tree. */
struct entry {
	uint64_t ino;
	int64_t off;
	unsigned short length;
	unsigned char type;
	char name[];
};

static int remove_entries(struct removal *r, int fd)
{
	char buf[2048] __attribute__((aligned(8)));
	int first = 0;
	long n;

	while ((n = syscall(SYS_getdents64, fd, buf, sizeof buf)) > 0) {
		for (long at = 0; at < n;) {
			const struct entry *d = (const struct entry *)(buf + at);
			int result;

			at += d->length;
			if (!strcmp(d->name, ".") || !strcmp(d->name, ".."))
				continue;
			result = remove_entry(r, fd, d->name, d->type == DT_DIR);
			if (result < 0 && first == 0)
				first = result;
		}
	}
	/* ENOENT: somebody else has removed it since it was opened. */
	return n < 0 && errno != ENOENT && first == 0 ? -errno : first;
}

static int remove_below(struct removal *r, int fd)
{
	unsigned moved;
	int result;

	do {
		moved = r->moved;
		result = remove_entries(r, fd);
	} while (result == 0 && fd == r->top && moved != r->moved && lseek(fd, 0, SEEK_SET) == 0);
	return result;
}

int path_remove_tree(int dirfd, const char *name)
{
	struct removal r = { .top = -1 };
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	r.dev = st.st_dev;
	return remove_entry(&r, dirfd, name, S_ISDIR(st.st_mode));
}

bool path_is_mount_point(int dirfd, const char *name)
{
	struct statx st;

	return statx(dirfd, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0, &st) == 0 &&
	       st.stx_attributes & STATX_ATTR_MOUNT_ROOT;
}

char *path_of_fd(int fd, char *buf)
{
	snprintf(buf, 32, "/proc/self/fd/%d", fd);
	return buf;
}

char *path_normalize(const char *cwd, const char *path)
{
	g_autofree char *all = *path == '/' ? g_strdup(path) : g_strconcat(cwd, "/", path, NULL);
	g_auto(GStrv) parts = g_strsplit(all, "/", -1);
	g_autoptr(GPtrArray) kept = g_ptr_array_new();
	GString *out = g_string_new(NULL);

	for (char **p = parts; *p; p++) {
		if (!**p || !strcmp(*p, "."))
			continue;
		if (strcmp(*p, "..") != 0)
			g_ptr_array_add(kept, *p);
		else if (kept->len > 0)
			g_ptr_array_remove_index(kept, kept->len - 1);
	}
	for (unsigned i = 0; i < kept->len; i++)
		g_string_append_printf(out, "/%s", (char *)kept->pdata[i]);
	if (!out->len)
		g_string_append_c(out, '/');
	return g_string_free(out, FALSE);
}

bool path_exists_at(int dirfd, const char *path)
{
	return faccessat(dirfd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}
