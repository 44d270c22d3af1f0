/* unpack_tree.c - see unpack_tree.h. */
#include "storage/unpack_tree.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "storage/owners.h"
#include "storage/unpack_ids.h"

#define PARENTS 8       /* open directories kept: tars go through a tree depth first */

struct parent { char *path; int fd; unsigned used; };

struct dir_time { char *path; struct timespec mtime; };

struct unpack_tree {
	int root;
	struct parent parents[PARENTS];
	unsigned clock;
	GArray *dir_times;
	struct owners_writer *owners;
	struct id_range uids[IDMAP_MAX], gids[IDMAP_MAX];
	size_t n_uids, n_gids;
	bool one_id;
	struct unpack_result result;
};

/* The entry at hand: where, and what it should be. */
struct item {
	const char *path;       /* clean */
	const char *name;       /* its last component */
	int parent;             /* belongs to the cache */
	struct archive_entry *ae;
	struct archive *a;
	mode_t mode;            /* as the archive says, with the type */
	uint32_t uid, gid;
};

static int failed(const struct item *it, struct err *e)
{
	return err_set(e, errno, "unpacking %s", it->path);
}

struct unpack_tree *unpack_tree_new(int stage_fd, struct err *e)
{
	struct unpack_tree *t = g_new0(struct unpack_tree, 1);

	umask(0);
	t->dir_times = g_array_new(FALSE, FALSE, sizeof(struct dir_time));
	t->owners = owners_writer_new(stage_fd);
	t->n_uids = unpack_read_map("/proc/self/uid_map", t->uids);
	t->n_gids = unpack_read_map("/proc/self/gid_map", t->gids);
	t->one_id = t->n_uids == 1 && t->uids[0].count == 1;
	for (size_t i = 0; i < PARENTS; i++)
		t->parents[i].fd = -1;
	t->root = -1;
	if (mkdirat(stage_fd, "tree", 0755) < 0 ||
	    (t->root = openat(stage_fd, "tree", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0) {
		err_set(e, errno, "tree");
		unpack_tree_free(t);
		return NULL;
	}
	return t;
}

/* Something was taken away: names may lead elsewhere now. The descriptors stay open until their places are
 * needed, because the entry at hand uses one. */
static void forget_parents(struct unpack_tree *t)
{
	for (size_t i = 0; i < PARENTS; i++) {
		g_free(t->parents[i].path);
		t->parents[i].path = NULL;
	}
}

void unpack_tree_free(struct unpack_tree *t)
{
	if (!t)
		return;
	forget_parents(t);
	for (size_t i = 0; i < PARENTS; i++)
		fd_close(&t->parents[i].fd);
	fd_close(&t->root);
	for (guint i = 0; i < t->dir_times->len; i++)
		g_free(g_array_index(t->dir_times, struct dir_time, i).path);
	g_array_unref(t->dir_times);
	if (t->owners)
		(void)owners_writer_close(t->owners);
	g_free(t);
}

/* Open directory `path` below the tree, or -errno. Where the archive made a link of a component, the kernel
 * resolves it as inside a root that is the tree. */
static int open_dir(struct unpack_tree *t, const char *path)
{
	int fd = path_open_beneath(t->root, *path ? path : ".", O_RDONLY | O_DIRECTORY, 0);

	if (fd == -ELOOP || fd == -ENOTDIR || fd == -EXDEV)
		fd = path_open_in_root(t->root, path, O_RDONLY | O_DIRECTORY, 0);
	return fd;
}

/* Take `name` away so that something else can have it. */
static int make_room(struct unpack_tree *t, int dirfd, const char *name)
{
	if (unlinkat(dirfd, name, 0) < 0 && errno == ENOENT)
		return 0;
	forget_parents(t);
	return path_remove_tree(dirfd, name);
}

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

static int set_opaque(int fd)
{
	return fsetxattr(fd, "user.overlay.opaque", "y", 1, 0) < 0 ? -errno : 0;
}

/* Make directory `name` in `dirfd`; what was there and is none goes away. A directory where this layer had a
 * whiteout hides what is below it. */
static int make_dir(struct unpack_tree *t, int dirfd, const char *name, mode_t mode)
{
	autofd fd = -1;
	struct stat st;

	if (mkdirat(dirfd, name, mode) == 0)
		return 0;
	if (errno != EEXIST || fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return 0;
	forget_parents(t);
	if (unlinkat(dirfd, name, 0) < 0 || mkdirat(dirfd, name, mode) < 0)
		return -errno;
	if (!is_whiteout(&st))
		return 0;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : set_opaque(fd);
}

/* Directories that the archive did not name: 0755, root's. */
static int make_missing(struct unpack_tree *t, const char *path)
{
	g_autofree char *front = g_strdup(path);

	for (char *slash = front;; slash++) {
		autofd dir = -1;
		char *name, kept;
		int r;

		slash += strcspn(slash, "/");
		kept = *slash;
		*slash = '\0';
		name = strrchr(front, '/');
		if (name)
			*name = '\0';
		dir = open_dir(t, name ? front : "");
		if (dir < 0)
			return dir;
		if (name)
			*name = '/';
		{
			autofd there = open_dir(t, front);

			r = there >= 0 ? 0 : make_dir(t, dir, name ? name + 1 : front, 0755);
		}
		*slash = kept;
		if (r < 0 || !kept)
			return r;
	}
}

/* The open directory `path`, kept in the cache. */
static int parent_dir(struct unpack_tree *t, const char *path)
{
	struct parent *oldest = &t->parents[0];
	int fd, r;

	if (!*path)
		return t->root;
	t->clock++;
	for (size_t i = 0; i < PARENTS; i++) {
		struct parent *p = &t->parents[i];

		if (p->path && !strcmp(p->path, path)) {
			p->used = t->clock;
			return p->fd;
		}
		if (!p->path || (oldest->path && p->used < oldest->used))
			oldest = p;
	}
	fd = open_dir(t, path);
	if (fd == -ENOENT || fd == -ENOTDIR) {
		r = make_missing(t, path);
		if (r < 0)
			return r;
		fd = open_dir(t, path);
	}
	if (fd < 0)
		return fd;
	fd_close(&oldest->fd);
	g_free(oldest->path);
	*oldest = (struct parent){ g_strdup(path), fd, t->clock };
	return fd;
}

static struct timespec entry_mtime(struct archive_entry *ae)
{
	struct timespec ts = { 0, 0 };

	if (archive_entry_mtime_is_set(ae))
		ts = (struct timespec){ archive_entry_mtime(ae), archive_entry_mtime_nsec(ae) };
	return ts;
}

static int set_xattrs(const struct item *it, int fd, struct err *e)
{
	const char *name;
	const void *value;
	size_t len;

	if (archive_entry_xattr_reset(it->ae) == 0)
		return 0;
	while (archive_entry_xattr_next(it->ae, &name, &value, &len) == ARCHIVE_OK) {
		if (!name || !unpack_xattr_allowed(name))
			continue;
		if (fsetxattr(fd, name, value, len, 0) == 0)
			continue;
		if (errno != EPERM && errno != EOPNOTSUPP && errno != EINVAL && errno != ERANGE && errno != E2BIG)
			return failed(it, e);
		log_info("%s: attribute %s is left out", it->path, name);
	}
	return 0;
}

/* Which owner and mode to store, and a record of what cannot be. */
static int choose_owner(struct unpack_tree *t, struct item *it, uint32_t *uid, uint32_t *gid, mode_t *mode)
{
	bool uid_ok = unpack_is_mapped(t->uids, t->n_uids, it->uid), gid_ok = unpack_is_mapped(t->gids, t->n_gids, it->gid);
	struct owner o = { .uid = it->uid, .gid = it->gid, .mode = it->mode, .path = it->path };

	*uid = uid_ok ? it->uid : 0;
	*gid = gid_ok ? it->gid : 0;
	*mode = it->mode & 07777;
	/* A program that runs as its owner must not become root's because that owner is missing. */
	if (!uid_ok)
		*mode &= ~(mode_t)S_ISUID;
	if (!gid_ok)
		*mode &= ~(mode_t)S_ISGID;
	/* With one id the tree has to stay readable, and removable, by its only owner. */
	if (t->one_id && S_ISDIR(it->mode))
		*mode |= 0700;
	else if (t->one_id && S_ISREG(it->mode))
		*mode |= 0400;
	if (uid_ok && gid_ok && *mode == (it->mode & 07777))
		return 0;
	if (!uid_ok || !gid_ok)
		t->result.unset_owners++;
	return owners_add(t->owners, &o);
}

/* Owner, mode, attributes and time of an open file or directory that was made with `made` as its mode. */
static int dress(struct unpack_tree *t, struct item *it, int fd, mode_t made, struct err *e)
{
	const struct timespec times[2] = { entry_mtime(it->ae), entry_mtime(it->ae) };
	uint32_t uid, gid;
	mode_t mode;
	int r;

	r = choose_owner(t, it, &uid, &gid, &mode);
	if (r < 0)
		return err_set(e, -r, "owners");
	if ((uid != 0 || gid != 0 || S_ISDIR(it->mode)) && fchown(fd, uid, gid) < 0)
		return failed(it, e);
	/* After chown, which clears the bits of setuid programs. */
	if ((mode != made || mode & 07000) && fchmod(fd, mode) < 0)
		return failed(it, e);
	r = set_xattrs(it, fd, e);
	if (r == 0 && !S_ISDIR(it->mode) && futimens(fd, times) < 0)
		r = failed(it, e);
	return r;
}

/* The same by name, for links and pipes. */
static int dress_by_name(struct unpack_tree *t, struct item *it, struct err *e)
{
	const struct timespec times[2] = { entry_mtime(it->ae), entry_mtime(it->ae) };
	uint32_t uid, gid;
	mode_t mode;
	int r = choose_owner(t, it, &uid, &gid, &mode);

	if (r < 0)
		return err_set(e, -r, "owners");
	if ((uid != 0 || gid != 0) && fchownat(it->parent, it->name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(it, e);
	if (S_ISFIFO(it->mode) && fchmodat(it->parent, it->name, mode, 0) < 0)
		return failed(it, e);
	return utimensat(it->parent, it->name, times, AT_SYMLINK_NOFOLLOW) < 0 ? failed(it, e) : 0;
}

static int archive_failed(const struct item *it, struct err *e)
{
	const char *why = archive_error_string(it->a);

	return err_msg(e, EBADMSG, "%s: %s", it->path, why ? why : "damaged tar archive");
}

/* Blocks as the archive has them: what lies between is a hole. */
static int write_data(struct unpack_tree *t, const struct item *it, int fd, struct err *e)
{
	int64_t size = archive_entry_size(it->ae), end = 0;
	const void *block;
	la_int64_t offset;
	size_t len;
	int r;

	while ((r = archive_read_data_block(it->a, &block, &len, &offset)) == ARCHIVE_OK || r == ARCHIVE_WARN) {
		const char *p = block;

		if (offset < 0 || offset > size || (int64_t)len > size - offset)
			return err_msg(e, EBADMSG, "%s: more data than its size", it->path);
		end = offset + (int64_t)len;
		while (len > 0) {
			ssize_t n = pwrite(fd, p, len, offset);

			if (n < 0 && errno != EINTR)
				return failed(it, e);
			if (n > 0) {
				p += n;
				offset += n;
				len -= (size_t)n;
			}
		}
	}
	if (r != ARCHIVE_EOF)
		return archive_failed(it, e);
	if (end < size && ftruncate(fd, size) < 0)
		return failed(it, e);
	t->result.bytes += size;
	return 0;
}

static int put_file(struct unpack_tree *t, struct item *it, struct err *e)
{
	const int flags = O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC;
	mode_t mode = it->mode & 0777;
	autofd fd = openat(it->parent, it->name, flags, mode);
	int r;

	if (fd < 0 && errno == EEXIST) {
		r = make_room(t, it->parent, it->name);
		if (r < 0)
			return err_set(e, -r, "unpacking %s", it->path);
		fd = openat(it->parent, it->name, flags, mode);
	}
	if (fd < 0)
		return failed(it, e);
	r = archive_entry_size(it->ae) > 0 ? write_data(t, it, fd, e) : 0;
	return r < 0 ? r : dress(t, it, fd, mode, e);
}

static int put_dir(struct unpack_tree *t, struct item *it, struct err *e)
{
	struct dir_time later = { NULL, entry_mtime(it->ae) };
	autofd fd = -1;
	int r;

	if (*it->name) {
		r = make_dir(t, it->parent, it->name, it->mode & 0777);
		if (r < 0)
			return err_set(e, -r, "unpacking %s", it->path);
	}
	fd = openat(it->parent, *it->name ? it->name : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return failed(it, e);
	/* It may have been there already with another mode. */
	r = dress(t, it, fd, (mode_t)-1, e);
	if (r == 0) {
		later.path = g_strdup(it->path);
		g_array_append_val(t->dir_times, later);
	}
	return r;
}

static int put_symlink(struct unpack_tree *t, struct item *it, struct err *e)
{
	const char *target = archive_entry_symlink(it->ae);
	int r;

	if (!target)
		target = archive_entry_symlink_utf8(it->ae);
	if (!target || !*target || strlen(target) >= PATH_MAX)
		return err_msg(e, EBADMSG, "%s: bad symbolic link", it->path);
	if (symlinkat(target, it->parent, it->name) < 0) {
		if (errno != EEXIST)
			return failed(it, e);
		r = make_room(t, it->parent, it->name);
		if (r < 0 || symlinkat(target, it->parent, it->name) < 0)
			return r < 0 ? err_set(e, -r, "unpacking %s", it->path) : failed(it, e);
	}
	return dress_by_name(t, it, e);
}

/* To a file of this layer only: layers are unpacked without the ones below, and tools that write layers
 * repeat a file whose links they change. */
static int put_hardlink(struct unpack_tree *t, struct item *it, const char *to, struct err *e)
{
	g_autofree char *clean = unpack_clean_name(to), *dir = NULL, *base = NULL;
	autofd from = -1;
	struct stat st, old;
	int r;

	if (!clean || !*clean)
		return err_msg(e, EBADMSG, "%s: hard link to %s, outside of the layer", it->path, to);
	if (!strcmp(clean, it->path))
		return 0;
	dir = g_path_get_dirname(clean);
	base = g_path_get_basename(clean);
	from = open_dir(t, strcmp(dir, ".") ? dir : "");
	if (from < 0 || fstatat(from, base, &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISDIR(st.st_mode) || is_whiteout(&st))
		return err_msg(e, EBADMSG, "%s: hard link to %s, which is no file of this layer", it->path, to);
	if (linkat(from, base, it->parent, it->name, 0) == 0)
		return 0;
	if (errno != EEXIST)
		return failed(it, e);
	if (fstatat(it->parent, it->name, &old, AT_SYMLINK_NOFOLLOW) == 0 && old.st_ino == st.st_ino)
		return 0;
	r = make_room(t, it->parent, it->name);
	if (r < 0 || linkat(from, base, it->parent, it->name, 0) < 0)
		return r < 0 ? err_set(e, -r, "unpacking %s", it->path) : failed(it, e);
	return 0;
}

static int put_fifo(struct unpack_tree *t, struct item *it, struct err *e)
{
	int r = make_room(t, it->parent, it->name);

	if (r < 0 || mknodat(it->parent, it->name, S_IFIFO | (it->mode & 0777), 0) < 0)
		return r < 0 ? err_set(e, -r, "unpacking %s", it->path) : failed(it, e);
	return dress_by_name(t, it, e);
}

static int note_device(struct unpack_tree *t, const struct item *it, struct err *e)
{
	struct owner o = {
		.uid = it->uid, .gid = it->gid, .mode = it->mode, .path = it->path,
		.major = (uint32_t)archive_entry_rdevmajor(it->ae),
		.minor = (uint32_t)archive_entry_rdevminor(it->ae),
	};
	int r = make_room(t, it->parent, it->name);

	if (r == 0)
		r = owners_add(t->owners, &o);
	t->result.skipped_devices++;
	return r < 0 ? err_set(e, -r, "unpacking %s", it->path) : 0;
}

/* ".wh.NAME": NAME of the layers below is gone. What this layer itself has of that name stays, and a directory
 * of it stands alone. */
static int white_out(const struct item *it, const char *name, struct err *e)
{
	autofd dir = -1;
	struct stat st;
	int r;

	if (mknodat(it->parent, name, S_IFCHR, makedev(0, 0)) == 0)
		return 0;
	if (errno != EEXIST || fstatat(it->parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(it, e);
	if (!S_ISDIR(st.st_mode))
		return 0;
	dir = openat(it->parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = dir < 0 ? -errno : set_opaque(dir);
	return r < 0 ? err_set(e, -r, "unpacking %s", it->path) : 0;
}

static int put(struct unpack_tree *t, struct item *it, struct err *e)
{
	const char *to = archive_entry_hardlink(it->ae);
	int r;

	if (!to)
		to = archive_entry_hardlink_utf8(it->ae);
	switch (whiteout_kind(it->name)) {
	case WHITEOUT_NAME:
		return white_out(it, it->name + 4, e);
	case WHITEOUT_OPAQUE:
		r = set_opaque(it->parent);
		return r < 0 ? err_set(e, -r, "unpacking %s", it->path) : 0;
	case WHITEOUT_IGNORED:
		return 0;
	case WHITEOUT_BAD:
		return err_msg(e, EBADMSG, "%s: bad whiteout", it->path);
	case WHITEOUT_NONE:
		break;
	}
	t->result.files++;
	if (to)
		return put_hardlink(t, it, to, e);
	switch (it->mode & S_IFMT) {
	case S_IFDIR:
		return put_dir(t, it, e);
	case S_IFREG:
		return put_file(t, it, e);
	case S_IFLNK:
		return put_symlink(t, it, e);
	case S_IFIFO:
		return put_fifo(t, it, e);
	case S_IFCHR:
	case S_IFBLK:
		return note_device(t, it, e);
	default:
		return err_msg(e, EBADMSG, "%s: an entry of unknown type", it->path);
	}
}

/* Is there a ".wh." component before the last? 1: aufs' own, to be left out; -1: hostile. */
static int whiteout_above(const char *dir)
{
	g_auto(GStrv) parts = g_strsplit(dir, "/", -1);

	for (char **p = parts; *p; p++)
		if (whiteout_kind(*p) == WHITEOUT_IGNORED)
			return 1;
		else if (whiteout_kind(*p) != WHITEOUT_NONE)
			return -1;
	return 0;
}

int unpack_tree_entry(struct unpack_tree *t, struct archive *a, struct archive_entry *ae, struct err *e)
{
	const char *raw = archive_entry_pathname(ae);
	g_autofree char *clean = NULL, *dir = NULL;
	struct item it = { .a = a, .ae = ae, .mode = archive_entry_mode(ae) };
	char *slash;
	int above;

	if (!raw)
		raw = archive_entry_pathname_utf8(ae);
	clean = raw ? unpack_clean_name(raw) : NULL;
	if (!clean || strlen(clean) >= PATH_MAX)
		return err_msg(e, EBADMSG, "the layer has an entry outside of its root, or with a bad name: %.200s",
			       raw ? raw : "(none)");
	slash = strrchr(clean, '/');
	dir = slash ? g_strndup(clean, (gsize)(slash - clean)) : g_strdup("");
	it.path = clean;
	it.name = slash ? slash + 1 : clean;
	it.uid = (uint32_t)archive_entry_uid(ae);
	it.gid = (uint32_t)archive_entry_gid(ae);
	if (!*clean && !S_ISDIR(it.mode))
		return err_msg(e, EBADMSG, "the layer's root is not a directory");
	above = strstr(dir, ".wh.") ? whiteout_above(dir) : 0;
	if (above < 0)
		return err_msg(e, EBADMSG, "%s: bad whiteout", clean);
	if (above > 0)
		return 0;
	it.parent = parent_dir(t, dir);
	if (it.parent < 0)
		return err_set(e, -it.parent, "unpacking %s", clean);
	return put(t, &it, e);
}

int unpack_tree_finish(struct unpack_tree *t, struct unpack_result *ret, struct err *e)
{
	int r;

	for (guint i = 0; i < t->dir_times->len; i++) {
		const struct dir_time *d = &g_array_index(t->dir_times, struct dir_time, i);
		const struct timespec times[2] = { d->mtime, d->mtime };
		autofd fd = open_dir(t, d->path);

		/* It may have been replaced by something else since. */
		if (fd >= 0 && futimens(fd, times) < 0)
			return err_set(e, errno, "unpacking %s", d->path);
	}
	r = owners_writer_close(t->owners);
	t->owners = NULL;
	if (r < 0)
		return err_set(e, -r, "owners");
	*ret = t->result;
	return 0;
}
