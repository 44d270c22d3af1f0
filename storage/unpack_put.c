/* unpack_put.c - one entry of a layer becomes a file, directory, link, pipe or record: see unpack_tree.h. */
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
#include "storage/unpack_tree_private.h"

#define ACL_DEFAULT "system.posix_acl_default"
#define ACL_ACCESS "system.posix_acl_access"

static int failed(const struct item *it, struct err *e)
{
	return err_set(e, errno, "unpacking %s", it->path);
}

static struct timespec entry_mtime(struct archive_entry *ae)
{
	struct timespec ts = { 0, 0 };

	if (archive_entry_mtime_is_set(ae))
		ts = (struct timespec){ archive_entry_mtime(ae), archive_entry_mtime_nsec(ae) };
	if (ts.tv_nsec < 0 || ts.tv_nsec >= 1000000000)
		ts.tv_nsec = 0;
	/* libarchive reads "-2.25" as -2 and .25: the fraction of a time before 1970 goes the other way. */
	if (ts.tv_sec < 0 && ts.tv_nsec > 0) {
		ts.tv_sec--;
		ts.tv_nsec = 1000000000 - ts.tv_nsec;
	}
	return ts;
}

static int set_xattrs(struct unpack_tree *t, const struct item *it, int fd, struct err *e)
{
	const char *name;
	const void *value;
	size_t len;

	if (archive_entry_xattr_reset(it->ae) == 0)
		return 0;
	while (archive_entry_xattr_next(it->ae, &name, &value, &len) == ARCHIVE_OK) {
		/* In a pax header an empty value means that there is none. */
		if (!name || !len || !unpack_xattr_allowed(name))
			continue;
		if (fsetxattr(fd, name, value, len, 0) == 0) {
			t->any_default_acl |= !strcmp(name, ACL_DEFAULT);
			continue;
		}
		if (errno != EPERM && errno != EOPNOTSUPP && errno != EINVAL && errno != ERANGE && errno != E2BIG)
			return failed(it, e);
		log_info("%s: attribute %s is left out", it->path, name);
	}
	return 0;
}

/* The directory may have been there: what this entry does not name goes. */
static int clear_xattrs(const struct item *it, int fd, struct err *e)
{
	ssize_t len = flistxattr(fd, NULL, 0);
	g_autofree char *names = len > 0 ? g_malloc((gsize)len) : NULL;

	len = names ? flistxattr(fd, names, (size_t)len) : 0;
	for (const char *n = names; n && n < names + len; n += strlen(n) + 1)
		if (unpack_xattr_allowed(n) && fremovexattr(fd, n) < 0 && errno != ENODATA && errno != EOPNOTSUPP)
			return failed(it, e);
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
	if ((uid != 0 || gid != 0 || S_ISDIR(it->mode) || t->any_setgid) && fchown(fd, uid, gid) < 0)
		return failed(it, e);
	/* Its directory's list came with it, and took of its mode. */
	if (t->any_default_acl && fremovexattr(fd, ACL_ACCESS) < 0 && errno != ENODATA && errno != EOPNOTSUPP)
		return failed(it, e);
	/* After chown, which clears the bits of setuid programs. */
	if ((mode != made || mode & 07000 || t->any_default_acl) && fchmod(fd, mode) < 0)
		return failed(it, e);
	r = set_xattrs(t, it, fd, e);
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
	if ((uid != 0 || gid != 0 || t->any_setgid) && fchownat(it->parent, it->name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(it, e);
	if (S_ISFIFO(it->mode) && t->any_default_acl) {
		char dir[32];
		g_autofree char *path = g_strdup_printf("%s/%s", path_of_fd(it->parent, dir), it->name);

		if (lremovexattr(path, ACL_ACCESS) < 0 && errno != ENODATA && errno != EOPNOTSUPP)
			return failed(it, e);
	}
	if (S_ISFIFO(it->mode) && fchmodat(it->parent, it->name, mode, 0) < 0)
		return failed(it, e);
	return utimensat(it->parent, it->name, times, AT_SYMLINK_NOFOLLOW) < 0 ? failed(it, e) : 0;
}

static int archive_failed(const struct item *it, struct err *e)
{
	const char *why = archive_error_string(it->a);

	return err_msg(e, EBADMSG, "%s: %s", it->path, why ? why : "damaged tar archive");
}

static int write_block(const struct item *it, int fd, const char *p, size_t len, int64_t offset, struct err *e)
{
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
	return 0;
}

/* Blocks as the archive has them, in order: what lies between is a hole. */
static int write_data(struct unpack_tree *t, const struct item *it, int fd, struct err *e)
{
	int64_t size = archive_entry_size(it->ae), end = 0;
	const void *block;
	la_int64_t offset;
	size_t len;
	int r;

	while ((r = archive_read_data_block(it->a, &block, &len, &offset)) == ARCHIVE_OK || r == ARCHIVE_WARN) {
		int64_t at = archive_filter_bytes(it->a, 0);

		if (offset < end || offset > size || (int64_t)len > size - offset)
			return err_msg(e, EBADMSG, "%s: data outside of its size, or twice", it->path);
		if (write_block(it, fd, block, len, offset, e) < 0)
			return -e->code;
		if (t->record)
			tar_record_content(t->record, (uint64_t)at, len, it->path, (uint64_t)offset);
		end = offset + (int64_t)len;
	}
	if (r != ARCHIVE_EOF)
		return archive_failed(it, e);
	if (end < size && ftruncate(fd, size) < 0)
		return failed(it, e);
	/* Sizes of sparse files may be anything. */
	if (__builtin_add_overflow(t->result.bytes, size, &t->result.bytes))
		t->result.bytes = INT64_MAX;
	return 0;
}

static int put_file(struct unpack_tree *t, struct item *it, struct err *e)
{
	const int flags = O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC;
	mode_t mode = it->mode & 0777;
	autofd fd = openat(it->parent, it->name, flags, mode);
	int r;

	if (fd < 0 && errno == EEXIST) {
		r = unpack_make_room(t, it);
		if (r < 0)
			return err_set(e, -r, "unpacking %s", it->path);
		fd = openat(it->parent, it->name, flags, mode);
	}
	if (fd < 0)
		return failed(it, e);
	r = archive_entry_size(it->ae) > 0 ? write_data(t, it, fd, e) : 0;
	if (r == 0)
		r = dress(t, it, fd, mode, e);
	/* A layer goes away as a whole; here the user would find half a file. */
	if (r < 0 && t->plain)
		(void)unlinkat(it->parent, it->name, 0);
	return r;
}

static int put_dir(struct unpack_tree *t, struct item *it, struct err *e)
{
	autofd fd = -1;
	int r;

	if (*it->name) {
		r = unpack_make_dir(t, it, it->mode & 0777);
		if (r < 0)
			return err_set(e, -r, "unpacking %s", it->path);
	}
	fd = openat(it->parent, *it->name ? it->name : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return failed(it, e);
	/* It may have been there already with another mode. */
	r = clear_xattrs(it, fd, e);
	if (r == 0)
		r = dress(t, it, fd, (mode_t)-1, e);
	if (it->mode & S_ISGID)
		t->any_setgid = true;
	(void)g_hash_table_remove(t->below->implied, it->path);
	if (r == 0)
		unpack_time_later(t, it->path, entry_mtime(it->ae));
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
		r = unpack_make_room(t, it);
		if (r < 0 || symlinkat(target, it->parent, it->name) < 0)
			return r < 0 ? err_set(e, -r, "unpacking %s", it->path) : failed(it, e);
	}
	return dress_by_name(t, it, e);
}

/* A record takes the place of a device. (A whiteout would hide what a layer below has of that name, but where there is no
 * such directory below the kernel shows it to readdir.) */
static int note_device(struct unpack_tree *t, const struct item *it, const struct owner *device, struct err *e)
{
	struct owner *o = g_memdup2(device, sizeof *device);
	int r = unpack_make_room(t, it);

	o->path = g_strdup(it->path);
	g_hash_table_replace(t->devices, (gpointer)o->path, o);
	if (r == 0)
		r = owners_add(t->owners, o);
	t->result.skipped_devices++;
	return r < 0 ? err_set(e, -r, "unpacking %s", it->path) : 0;
}

static int put_device(struct unpack_tree *t, const struct item *it, struct err *e)
{
	const struct owner o = {
		.uid = it->uid, .gid = it->gid, .mode = it->mode,
		.major = (uint32_t)archive_entry_rdevmajor(it->ae),
		.minor = (uint32_t)archive_entry_rdevminor(it->ae),
	};

	return note_device(t, it, &o, e);
}

static int link_device(struct unpack_tree *t, const struct item *it, const struct owner *device, struct err *e)
{
	const struct owner o = *device;

	return note_device(t, it, &o, e);
}

static int no_target(const struct item *it, const char *to, struct err *e)
{
	return err_msg(e, EBADMSG, "%s: hard link to %s, which is no file that a link can be made to", it->path, to);
}

/* A link's own header says nothing that its file's did not, but the file's name may go, and its record with it. */
static int note_link(struct unpack_tree *t, const struct item *it, const struct stat *st, struct err *e)
{
	const struct owner o = {
		.uid = it->uid, .gid = it->gid, .path = it->path,
		.mode = (it->mode & 07777) | (st->st_mode & S_IFMT),
	};
	bool mapped = unpack_is_mapped(t->uids, t->n_uids, it->uid) && unpack_is_mapped(t->gids, t->n_gids, it->gid);
	int r = mapped ? 0 : owners_add(t->owners, &o);

	return r < 0 ? err_set(e, -r, "owners") : 0;
}

/* To a file of a layer below, perhaps: who knows all layers makes the link (image_patch.h). */
static int link_below(struct unpack_tree *t, const struct item *it, const char *to, struct err *e)
{
	const char *further = g_hash_table_lookup(t->below->links, to);
	int r;

	if (t->plain)
		return no_target(it, to, e);
	r = unpack_make_room(t, it);
	if (r == 0)
		r = unpack_note_below(t, t->below->links, it->path, further ? further : to);
	return r < 0 ? err_set(e, -r, "unpacking %s", it->path) : 0;
}

/* To a file of this layer, mostly: tools that write layers repeat a file whose links they change. */
static int put_hardlink(struct unpack_tree *t, struct item *it, const char *to, struct err *e)
{
	g_autofree char *clean = unpack_clean_name(to), *dir = NULL, *base = NULL;
	const struct owner *device;
	autofd from = -1;
	struct stat st, old;
	int r;

	if (!clean || !*clean)
		return err_msg(e, EBADMSG, "%s: hard link to %s, outside of the layer", it->path, to);
	if (!strcmp(clean, it->path))
		return 0;
	dir = g_path_get_dirname(clean);
	base = g_path_get_basename(clean);
	from = unpack_open_dir(t, strcmp(dir, ".") ? dir : "");
	if (from >= 0 && fstatat(from, base, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		device = g_hash_table_lookup(t->devices, clean);
		return device ? link_device(t, it, device, e) : link_below(t, it, clean, e);
	}
	if (from == -ENOENT)
		return link_below(t, it, clean, e);
	if (from < 0 || S_ISDIR(st.st_mode) || unpack_is_whiteout(&st))
		return no_target(it, to, e);
	if (linkat(from, base, it->parent, it->name, 0) == 0)
		return note_link(t, it, &st, e);
	if (errno != EEXIST)
		return failed(it, e);
	if (fstatat(it->parent, it->name, &old, AT_SYMLINK_NOFOLLOW) == 0 && old.st_ino == st.st_ino)
		return 0;
	r = unpack_make_room(t, it);
	/* What it links to may have been inside of that. */
	if (r == 0 && linkat(from, base, it->parent, it->name, 0) < 0)
		return errno == ENOENT ? no_target(it, to, e) : failed(it, e);
	return r < 0 ? err_set(e, -r, "unpacking %s", it->path) : note_link(t, it, &st, e);
}

static int put_fifo(struct unpack_tree *t, struct item *it, struct err *e)
{
	int r = unpack_make_room(t, it);

	if (r < 0 || mknodat(it->parent, it->name, S_IFIFO | (it->mode & 0777), 0) < 0)
		return r < 0 ? err_set(e, -r, "unpacking %s", it->path) : failed(it, e);
	return dress_by_name(t, it, e);
}

static char *dir_of(const struct item *it)
{
	const char *slash = strrchr(it->path, '/');

	return slash ? g_strndup(it->path, (gsize)(slash - it->path)) : g_strdup("");
}

static int note_opaque(struct unpack_tree *t, const struct item *it)
{
	g_autofree char *dir = dir_of(it);

	return unpack_note_below(t, t->below->opaque, dir, NULL);
}

/* ".wh.NAME": NAME of the layers below is gone. What this layer itself has of that name stays, and a directory
 * of it stands alone. */
static int white_out(struct unpack_tree *t, const struct item *it, const char *name, struct err *e)
{
	g_autofree char *dir_path = dir_of(it);
	autofd dir = -1;
	struct stat st;
	int r;

	if (mknodat(it->parent, name, S_IFCHR, makedev(0, 0)) == 0) {
		r = unpack_note_below(t, t->below->whiteouts, dir_path, NULL);
		return r < 0 ? err_set(e, -r, "unpacking %s", it->path) : 0;
	}
	if (errno != EEXIST || fstatat(it->parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return failed(it, e);
	if (!S_ISDIR(st.st_mode))
		return 0;
	dir = openat(it->parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = dir < 0 ? -errno : unpack_set_opaque(dir);
	return r < 0 ? err_set(e, -r, "unpacking %s", it->path) : 0;
}

int unpack_put(struct unpack_tree *t, struct item *it, struct err *e)
{
	const char *to = archive_entry_hardlink(it->ae);
	int r;

	if (!to)
		to = archive_entry_hardlink_utf8(it->ae);
	switch (t->plain ? WHITEOUT_NONE : whiteout_kind(it->name)) {
	case WHITEOUT_NAME:
		return white_out(t, it, it->name + 4, e);
	case WHITEOUT_OPAQUE:
		r = unpack_set_opaque(it->parent);
		if (r == 0)
			r = note_opaque(t, it);
		return r < 0 ? err_set(e, -r, "unpacking %s", it->path) : 0;
	case WHITEOUT_IGNORED:
		return 0;
	case WHITEOUT_BAD:
		return err_msg(e, EBADMSG, "%s: bad whiteout", it->path);
	case WHITEOUT_NONE:
		break;
	}
	t->result.files++;
	/* A device of that name is nowhere but in its record. */
	if (g_hash_table_remove(t->devices, it->path))
		owners_drop(t->owners, it->path, true);
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
		return put_device(t, it, e);
	default:
		return err_msg(e, EBADMSG, "%s: an entry of unknown type", it->path);
	}
}

