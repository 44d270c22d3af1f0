/* unpack_tree.c - see unpack_tree.h: names, directories and the order of entries. What becomes of one is unpack_put.c's. */
#include "storage/unpack_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "storage/unpack_tree_private.h"

#define BELOW_NOTES_MAX 250000          /* they are kept in memory */
#define LINKS_MAX 40                    /* symbolic links on the way to a directory */

struct dir_time { char *path; struct timespec mtime; };

static void free_device(void *device)
{
	struct owner *o = device;

	g_free((char *)o->path);
	g_free(o);
}

static struct unpack_tree *new_tree(int stage_fd, struct tar_record *record)
{
	struct unpack_tree *t = g_new0(struct unpack_tree, 1);

	umask(0);
	t->stage = stage_fd;
	t->record = record;
	t->dir_times = g_array_new(FALSE, FALSE, sizeof(struct dir_time));
	t->devices = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_device);
	t->owners = owners_writer_new(stage_fd);
	t->below = below_new();
	t->n_uids = unpack_read_map("/proc/self/uid_map", t->uids);
	t->n_gids = unpack_read_map("/proc/self/gid_map", t->gids);
	t->one_id = t->n_uids == 1 && t->uids[0].count == 1;
	for (size_t i = 0; i < UNPACK_PARENTS; i++)
		t->parents[i].fd = -1;
	t->root = -1;
	return t;
}

struct unpack_tree *unpack_tree_into(int dir_fd, const struct unpack_options *o, struct err *e)
{
	struct unpack_tree *t = new_tree(-1, NULL);

	t->plain = true;
	t->options = *o;
	t->root = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->root >= 0)
		return t;
	err_set(e, errno, "the directory");
	unpack_tree_free(t);
	return NULL;
}

struct unpack_tree *unpack_tree_new(int stage_fd, struct tar_record *record, struct err *e)
{
	struct unpack_tree *t = new_tree(stage_fd, record);

	if (mkdirat(stage_fd, "tree", 0755) < 0 ||
	    (t->root = openat(stage_fd, "tree", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0) {
		err_set(e, errno, "tree");
		unpack_tree_free(t);
		return NULL;
	}
	g_hash_table_add(t->below->implied, g_strdup(""));
	return t;
}

/* Something was taken away: names may lead elsewhere now. The descriptors stay open until their places are
 * needed, because the entry at hand uses one. */
static void forget_parents(struct unpack_tree *t)
{
	for (size_t i = 0; i < UNPACK_PARENTS; i++)
		g_clear_pointer(&t->parents[i].path, g_free);
}

void unpack_tree_free(struct unpack_tree *t)
{
	if (!t)
		return;
	forget_parents(t);
	for (size_t i = 0; i < UNPACK_PARENTS; i++) {
		fd_close(&t->parents[i].fd);
		g_free(t->parents[i].real);
	}
	fd_close(&t->root);
	for (guint i = 0; i < t->dir_times->len; i++)
		g_free(g_array_index(t->dir_times, struct dir_time, i).path);
	g_array_unref(t->dir_times);
	g_hash_table_unref(t->devices);
	below_free(t->below);
	if (t->owners)
		(void)owners_writer_close(t->owners);
	g_free(t);
}

int unpack_open_dir(struct unpack_tree *t, const char *path)
{
	int fd = path_open_beneath(t->root, *path ? path : ".", O_RDONLY | O_DIRECTORY, 0);

	if (fd == -ELOOP || fd == -ENOTDIR || fd == -EXDEV)
		fd = path_open_in_root(t->root, path, O_RDONLY | O_DIRECTORY, 0);
	return fd;
}

/* Where the open directory is, relative to the root. */
static char *real_path(struct unpack_tree *t, int fd)
{
	char link[32], root_link[32];
	g_autofree char *whole = g_file_read_link(path_of_fd(fd, link), NULL);
	g_autofree char *root = g_file_read_link(path_of_fd(t->root, root_link), NULL);
	size_t len = root ? strlen(root) : 0;

	if (!whole || !root || strncmp(whole, root, len) != 0 || (whole[len] && whole[len] != '/'))
		return NULL;
	return g_strdup(whole[len] ? whole + len + 1 : "");
}

/* Open directory `path` and tell its real path. fd or -errno. */
static int open_real(struct unpack_tree *t, const char *path, char **ret_real)
{
	int fd = path_open_beneath(t->root, *path ? path : ".", O_RDONLY | O_DIRECTORY, 0);

	*ret_real = NULL;
	if (fd >= 0) {
		*ret_real = g_strdup(path);
		return fd;
	}
	if (fd != -ELOOP && fd != -ENOTDIR && fd != -EXDEV)
		return fd;
	fd = path_open_in_root(t->root, path, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return fd;
	*ret_real = real_path(t, fd);
	if (*ret_real)
		return fd;
	fd_close(&fd);
	return -EIO;
}

static bool keeps_content(const struct unpack_tree *t, const struct stat *st)
{
	return t->record && (S_ISDIR(st->st_mode) || (S_ISREG(st->st_mode) && st->st_size > 0));
}

/* Another name of the file stays: its number of links must not count what is kept here. */
static int keep_copy(struct unpack_tree *t, const struct item *it, const char *to)
{
	autofd in = openat(it->parent, it->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	autofd out = openat(t->stage, to, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
	char buf[65536];
	ssize_t n;

	if (in < 0 || out < 0)
		return -errno;
	while ((n = read(in, buf, sizeof buf)) > 0) {
		int r = fd_write_all(out, buf, (size_t)n);

		if (r < 0)
			return r;
	}
	return n < 0 ? -errno : unlinkat(it->parent, it->name, 0) < 0 ? -errno : 0;
}

static int keep_content(struct unpack_tree *t, const struct item *it, const struct stat *st)
{
	int n = tar_record_replaced(t->record, it->path);
	char to[64];

	if (n < 0)
		return n;
	snprintf(to, sizeof to, TAR_REPLACED "/%d", n);
	if (S_ISREG(st->st_mode) && st->st_nlink > 1)
		return keep_copy(t, it, to);
	return renameat(it->parent, it->name, t->stage, to) < 0 ? -errno : 0;
}

int unpack_make_room(struct unpack_tree *t, const struct item *it)
{
	struct stat st;

	owners_drop(t->owners, it->path, true);
	(void)g_hash_table_remove(t->devices, it->path);
	if (fstatat(it->parent, it->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (t->options.keep_kinds && S_ISDIR(st.st_mode))
		return -EEXIST;
	if (t->plain && path_is_mount_point(it->parent, it->name))
		return -EBUSY;
	forget_parents(t);
	if (keeps_content(t, &st))
		return keep_content(t, it, &st);
	return path_remove_tree(it->parent, it->name);
}

int unpack_note_below(struct unpack_tree *t, GHashTable *table, const char *path, const char *target)
{
	if (t->plain)
		return 0;
	/* Without a link a file would be missing; without the others something looks a little different. */
	if (g_hash_table_size(table) >= BELOW_NOTES_MAX)
		return target ? -EFBIG : 0;
	g_hash_table_replace(table, g_strdup(path), g_strdup(target));
	return 0;
}

int unpack_set_opaque(int fd)
{
	return fsetxattr(fd, "user.overlay.opaque", "y", 1, 0) < 0 ? -errno : 0;
}

int unpack_make_dir(struct unpack_tree *t, const struct item *it, mode_t mode)
{
	autofd fd = -1;
	struct stat st;
	int r;

	if (mkdirat(it->parent, it->name, mode) == 0)
		return 0;
	if (errno != EEXIST || fstatat(it->parent, it->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode)) {
		owners_drop(t->owners, it->path, false);
		return 0;
	}
	r = t->options.keep_kinds ? -EEXIST : unpack_make_room(t, it);
	if (r == 0 && mkdirat(it->parent, it->name, mode) < 0)
		r = -errno;
	if (r < 0)
		return r;
	fd = openat(it->parent, it->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : unpack_set_opaque(fd);
}

/* Where a link of the archive that leads to nothing yet would lead, with `rest` behind it; NULL: it is no link. */
static char *beyond_link(const struct item *it, const char *real, const char *rest)
{
	char to[PATH_MAX];
	ssize_t n = readlinkat(it->parent, it->name, to, sizeof to - 1);
	g_autofree char *whole = NULL;
	char *clean;

	if (n <= 0)
		return NULL;
	to[n] = '\0';
	whole = g_strconcat("/", *to == '/' ? "" : real, "/", to, rest, NULL);
	clean = path_normalize("/", whole);
	memmove(clean, clean + 1, strlen(clean));
	return clean;
}

/* The last component of `front`, a directory that may be missing: made, or where else it is (*ret_further, all of the path
 * with `rest`). */
static int make_one(struct unpack_tree *t, const char *front, const char *rest, char **ret_further)
{
	const char *slash = strrchr(front, '/'), *name = slash ? slash + 1 : front;
	g_autofree char *above = slash ? g_strndup(front, (gsize)(slash - front)) : g_strdup(""), *real = NULL, *whole = NULL;
	autofd dir = open_real(t, above, &real), there = -1;
	struct item it;
	int r;

	if (dir < 0)
		return dir;
	there = unpack_open_dir(t, front);
	if (there >= 0)
		return 0;
	whole = *real ? g_strconcat(real, "/", name, NULL) : g_strdup(name);
	it = (struct item){ .path = whole, .name = name, .parent = dir };
	*ret_further = there == -ENOENT ? beyond_link(&it, real, rest) : NULL;
	if (*ret_further)
		return 0;
	r = unpack_make_dir(t, &it, 0755);
	return r < 0 ? r : unpack_note_below(t, t->below->implied, whole, NULL);
}

/* Directories that the archive did not name: 0755, root's, unless a layer below says otherwise. *ret (g_free) is where the
 * last one is. */
static int make_missing(struct unpack_tree *t, const char *path, char **ret)
{
	g_autofree char *whole = g_strdup(path);
	size_t at = 0;

	for (unsigned links = 0; links < LINKS_MAX;) {
		g_autofree char *further = NULL, *front = NULL;
		int r;

		at += strcspn(whole + at, "/");
		front = g_strndup(whole, at);
		r = make_one(t, front, whole + at, &further);
		if (r < 0)
			return r;
		if (further) {
			links++;
			g_free(whole);
			whole = g_steal_pointer(&further);
			at = 0;
		} else if (!whole[at]) {
			*ret = g_steal_pointer(&whole);
			return 0;
		} else {
			at++;
		}
	}
	return -ELOOP;
}

/* The open directory `path`, kept in the cache; *ret_real (the cache's) is its real path. */
static int parent_dir(struct unpack_tree *t, const char *path, const char **ret_real)
{
	struct unpack_parent *oldest = &t->parents[0];
	g_autofree char *made = NULL;
	char *real = NULL;
	int fd, r;

	*ret_real = "";
	if (!*path)
		return t->root;
	t->clock++;
	for (size_t i = 0; i < UNPACK_PARENTS; i++) {
		struct unpack_parent *p = &t->parents[i];

		if (p->path && !strcmp(p->path, path)) {
			p->used = t->clock;
			*ret_real = p->real;
			return p->fd;
		}
		if (!p->path || (oldest->path && p->used < oldest->used))
			oldest = p;
	}
	fd = open_real(t, path, &real);
	if (fd == -ENOENT || fd == -ENOTDIR) {
		r = make_missing(t, path, &made);
		if (r < 0)
			return r;
		fd = open_real(t, made, &real);
	}
	if (fd < 0)
		return fd;
	fd_close(&oldest->fd);
	g_free(oldest->path);
	g_free(oldest->real);
	*oldest = (struct unpack_parent){ g_strdup(path), real, fd, t->clock };
	*ret_real = real;
	return fd;
}

void unpack_time_later(struct unpack_tree *t, const char *path, struct timespec mtime)
{
	struct dir_time later = { g_strdup(path), mtime };

	g_array_append_val(t->dir_times, later);
}

/* Is a component before the last one aufs' own? Then the entry is left out. (Any other name with ".wh." in front is a
 * whiteout as a last component only.) */
static bool aufs_above(const char *dir)
{
	g_auto(GStrv) parts = g_strsplit(dir, "/", -1);

	for (char **p = parts; *p; p++)
		if (whiteout_kind(*p) == WHITEOUT_IGNORED || whiteout_kind(*p) == WHITEOUT_OPAQUE)
			return true;
	return false;
}

int unpack_tree_entry(struct unpack_tree *t, struct archive *a, struct archive_entry *ae, struct err *e)
{
	const char *raw = archive_entry_pathname(ae), *real_dir;
	g_autofree char *clean = NULL, *dir = NULL, *real = NULL;
	struct item it = { .a = a, .ae = ae, .mode = archive_entry_mode(ae) };
	char *slash;

	if (!raw)
		raw = archive_entry_pathname_utf8(ae);
	clean = raw ? unpack_clean_name(raw) : NULL;
	if (!clean || strlen(clean) >= PATH_MAX)
		return err_msg(e, EBADMSG, "the layer has an entry outside of its root, or with a bad name: %.200s",
			       raw ? raw : "(none)");
	slash = strrchr(clean, '/');
	dir = slash ? g_strndup(clean, (gsize)(slash - clean)) : g_strdup("");
	it.name = slash ? slash + 1 : clean;
	it.uid = t->options.give ? t->options.uid : (uint32_t)archive_entry_uid(ae);
	it.gid = t->options.give ? t->options.gid : (uint32_t)archive_entry_gid(ae);
	if (!*clean && !S_ISDIR(it.mode))
		return err_msg(e, EBADMSG, "the layer's root is not a directory");
	if (!t->plain && strstr(dir, ".wh.") && aufs_above(dir))
		return 0;
	it.parent = parent_dir(t, dir, &real_dir);
	if (it.parent < 0)
		return err_set(e, -it.parent, "unpacking %s", clean);
	real = *real_dir ? g_strconcat(real_dir, "/", it.name, NULL) : g_strdup(it.name);
	it.path = real;
	return unpack_put(t, &it, e);
}

/* What of the notes still holds. */
static int write_below(struct unpack_tree *t, struct err *e)
{
	GHashTableIter it;
	gpointer path;

	g_hash_table_iter_init(&it, t->devices);
	while (g_hash_table_iter_next(&it, &path, NULL))
		g_hash_table_add(t->below->devices, g_strdup(path));
	/* Later something else took the name. */
	g_hash_table_iter_init(&it, t->below->links);
	while (g_hash_table_iter_next(&it, &path, NULL)) {
		autofd there = path_open_beneath(t->root, path, O_PATH | O_NOFOLLOW, 0);

		if (there >= 0 || g_hash_table_contains(t->devices, path))
			g_hash_table_iter_remove(&it);
	}
	return t->plain ? 0 : below_write(t->below, t->stage, e);
}

int unpack_tree_finish(struct unpack_tree *t, struct unpack_result *ret, struct err *e)
{
	static const struct timespec epoch[2] = { { 0, 0 }, { 0, 0 } };
	int r;

	/* Every layer has a root; that of one that does not name it should not tell when it was unpacked. */
	if (g_hash_table_contains(t->below->implied, "") && futimens(t->root, epoch) < 0)
		return err_set(e, errno, "unpacking the root");

	for (guint i = 0; i < t->dir_times->len; i++) {
		const struct dir_time *d = &g_array_index(t->dir_times, struct dir_time, i);
		const struct timespec times[2] = { d->mtime, d->mtime };
		autofd fd = path_open_beneath(t->root, *d->path ? d->path : ".", O_RDONLY | O_DIRECTORY, 0);

		/* It may have been replaced by something else since. */
		if (fd >= 0 && futimens(fd, times) < 0)
			return err_set(e, errno, "unpacking %s", d->path);
	}
	r = owners_writer_close(t->owners);
	t->owners = NULL;
	if (r < 0)
		return err_set(e, -r, "owners");
	*ret = t->result;
	return write_below(t, e);
}
