/* vfs.c - see vfs.h.
 *
 * The layers are applied bottom first, each as its tar once was: whiteouts remove, opaque directories are
 * emptied, everything else replaces what has its name.
 */
#include "storage/overlay/vfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/proc.h"
#include "core/runtime/idmap.h"

#define STAGED "root.part"
#define DEPTH_MAX 1000  /* each level holds two descriptors and a stream */

struct copy {
	int top;                /* root of the copy */
	GHashTable *links;      /* inode number -> path below top, of files with several names in this layer */
	GString *path;          /* of the entry at hand, below top */
	unsigned depth;
	struct err *e;
};

static int fail(struct copy *c)
{
	return err_set(c->e, errno, "copy of the image: %s", c->path->str);
}

/* All attributes but overlayfs' own marks, by descriptor or, for links and pipes, by name. */
static int copy_xattrs(struct copy *c, const char *from, const char *to)
{
	char names[4096], value[65536];
	ssize_t n = llistxattr(from, names, sizeof names);

	if (n < 0)
		return errno == EOPNOTSUPP ? 0 : fail(c);
	for (char *name = names; name < names + n; name += strlen(name) + 1) {
		ssize_t len;

		if (g_str_has_prefix(name, "user.overlay."))
			continue;
		len = lgetxattr(from, name, value, sizeof value);
		if (len >= 0 && lsetxattr(to, name, value, (size_t)len, 0) < 0 && errno != EPERM &&
		    errno != EOPNOTSUPP)
			return fail(c);
	}
	return 0;
}

static int copy_attributes(struct copy *c, int from, int to, const char *name, const struct stat *st)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	g_autofree char *src = g_strdup_printf("/proc/self/fd/%d/%s", from, name);
	g_autofree char *dst = g_strdup_printf("/proc/self/fd/%d/%s", to, name);
	int r;

	if (fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(c);
	if (!S_ISLNK(st->st_mode) && fchmodat(to, name, st->st_mode & 07777, 0) < 0)
		return fail(c);
	r = copy_xattrs(c, src, dst);
	if (r == 0 && utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		r = fail(c);
	return r;
}

static int copy_bytes(int in, int out, off_t size)
{
	char buf[65536];

	if (size == 0 || ioctl(out, FICLONE, in) == 0)
		return 0;
	for (;;) {
		ssize_t n = copy_file_range(in, NULL, out, NULL, 1 << 30, 0);

		if (n == 0)
			return 0;
		if (n < 0)
			break;
	}
	if (errno != EXDEV && errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS)
		return -1;
	for (;;) {
		ssize_t n = read(in, buf, sizeof buf);

		if (n <= 0)
			return (int)n;
		if (fd_write_all(out, buf, (size_t)n) < 0)
			return -1;
	}
}

static int copy_file(struct copy *c, int from, int to, const char *name, const struct stat *st)
{
	autofd in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	autofd out = -1;

	if (in < 0)
		return fail(c);
	out = openat(to, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0 || copy_bytes(in, out, st->st_size) < 0)
		return fail(c);
	return 0;
}

static int copy_link(struct copy *c, int from, int to, const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from, name, target, sizeof target - 1);

	if (n < 0)
		return fail(c);
	target[n] = '\0';
	return symlinkat(target, to, name) < 0 ? fail(c) : 0;
}

/* Everything but directories, where nothing has the name any more. */
static int copy_other(struct copy *c, int from, int to, const char *name, const struct stat *st)
{
	int64_t ino = (int64_t)st->st_ino;
	int r;

	if (st->st_nlink > 1) {
		const char *first = g_hash_table_lookup(c->links, &ino);

		if (first)
			return linkat(c->top, first, to, name, 0) < 0 ? fail(c) : 0;
		g_hash_table_insert(c->links, g_memdup2(&ino, sizeof ino), g_strdup(c->path->str));
	}
	if (S_ISREG(st->st_mode))
		r = copy_file(c, from, to, name, st);
	else if (S_ISLNK(st->st_mode))
		r = copy_link(c, from, to, name);
	else
		r = mknodat(to, name, st->st_mode & (S_IFMT | 0777), st->st_rdev) < 0 ? fail(c) : 0;
	return r < 0 ? r : copy_attributes(c, from, to, name, st);
}

static bool is_opaque(int fd)
{
	char value[2];

	return fgetxattr(fd, "user.overlay.opaque", value, sizeof value) == 1 && value[0] == 'y';
}

static int copy_below(struct copy *c, int from, int to);

static int copy_dir(struct copy *c, int from, int to, const char *name, const struct stat *st)
{
	autofd src = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	autofd dst = -1;
	struct stat old;
	int r;

	if (src < 0)
		return fail(c);
	if (fstatat(to, name, &old, AT_SYMLINK_NOFOLLOW) == 0 && (!S_ISDIR(old.st_mode) || is_opaque(src))) {
		r = path_remove_tree(to, name);
		if (r < 0)
			return err_set(c->e, -r, "copy of the image: %s", c->path->str);
	}
	if (mkdirat(to, name, 0700) < 0 && errno != EEXIST)
		return fail(c);
	dst = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dst < 0)
		return fail(c);
	if (++c->depth > DEPTH_MAX)
		return err_set(c->e, ELOOP, "copy of the image: %s", c->path->str);
	r = copy_below(c, src, dst);
	c->depth--;
	return r < 0 ? r : copy_attributes(c, from, to, name, st);
}

static int copy_entry(struct copy *c, int from, int to, const char *name)
{
	struct stat st;
	int r;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return fail(c);
	if (S_ISDIR(st.st_mode))
		return copy_dir(c, from, to, name, &st);
	r = path_remove_tree(to, name);
	if (r < 0)
		return err_set(c->e, -r, "copy of the image: %s", c->path->str);
	if (S_ISCHR(st.st_mode) && st.st_rdev == 0)
		return 0;
	return copy_other(c, from, to, name, &st);
}

static int copy_below(struct copy *c, int from, int to)
{
	int own = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	size_t len = c->path->len;
	struct dirent *d;
	DIR *dir;

	dir = own < 0 ? NULL : fdopendir(own);
	if (!dir)
		return fail(c);
	while (r == 0 && (d = readdir(dir))) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		g_string_append_printf(c->path, "%s%s", len ? "/" : "", d->d_name);
		r = copy_entry(c, from, to, d->d_name);
		g_string_truncate(c->path, len);
	}
	(void)closedir(dir);
	return r;
}

static int apply_layer(int basefd, const char *layer, int top, struct err *e)
{
	g_autoptr(GHashTable) links = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	struct copy c = { .top = top, .links = links, .path = g_string_new(NULL), .e = e };
	autofd tree = openat(basefd, layer, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	int r;

	if (tree < 0 || fstat(tree, &st) < 0)
		r = err_set(e, errno, "%s", layer);
	else
		r = copy_below(&c, tree, top);
	if (r == 0)
		r = copy_attributes(&c, tree, top, ".", &st);
	g_string_free(c.path, TRUE);
	return r;
}

static int copy_all(const char *base, char *const *layers, size_t n, int container_fd, struct err *e)
{
	autofd basefd = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC), top = -1;
	int r;

	if (basefd < 0)
		return err_set(e, errno, "%s", base);
	r = path_remove_tree(container_fd, STAGED);
	if (r < 0)
		return err_set(e, -r, STAGED);
	if (mkdirat(container_fd, STAGED, 0755) < 0)
		return err_set(e, errno, STAGED);
	top = openat(container_fd, STAGED, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top < 0)
		return err_set(e, errno, STAGED);
	while (r == 0 && n-- > 0)
		r = apply_layer(basefd, layers[n], top, e);
	if (r < 0)
		(void)path_remove_tree(container_fd, STAGED);
	else if (renameat(container_fd, STAGED, container_fd, "root") < 0)
		r = err_set(e, errno, "root");
	return r;
}

int vfs_prepare(const char *base, char *const *layers, size_t n, int container_fd, struct err *e)
{
	int p[2];
	autochild child = -1;
	autofd from = -1;

	if (path_exists_at(container_fd, "root"))
		return 0;
	if (pipe2(p, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	from = p[0];
	child = fork();
	if (child == 0) {
		struct err inner = ERR_INIT;
		int r = idmap_enter(idmap_store(), &inner);

		umask(0);
		if (r == 0)
			r = copy_all(base, layers, n, container_fd, &inner);
		(void)fd_write_all(p[1], &inner, sizeof inner);
		_exit(r < 0);
	}
	(void)close(p[1]);
	if (child < 0)
		return err_set(e, errno, "fork");
	if (fd_read_full(from, e, sizeof *e) != (ssize_t)sizeof *e)
		return err_msg(e, EIO, "copying the image ended unexpectedly");
	return proc_wait(take_child(&child)) == 0 ? 0 : -(e->code ? e->code : EIO);
}
