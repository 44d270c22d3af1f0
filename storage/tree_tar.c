/* tree_tar.c - see tree_tar.h. */
#include "storage/tree_tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "storage/owners.h"
#include "storage/unpack_tree.h"

#define DEPTH_MAX 1000          /* each level holds a descriptor and its sorted names */
#define PIECE (128 * 1024)

struct packer {
	const struct tree_tar_options *o;
	struct archive *a;
	sink_function *sink;
	void *ctx;
	int sink_failed;
	GHashTable *links;      /* "device:inode" -> the path that came first */
	GHashTable *owners;     /* path -> struct owner */
	GString *path;          /* of the entry at hand */
	unsigned depth;
	char *buf;
	struct err *e;
};

static la_ssize_t to_sink(struct archive *a, void *ctx, const void *bytes, size_t len)
{
	struct packer *p = ctx;

	p->sink_failed = p->sink(p->ctx, bytes, len);
	if (p->sink_failed == 0)
		return (la_ssize_t)len;
	archive_set_error(a, -p->sink_failed, "write");
	return -1;
}

static int failed(struct packer *p)
{
	return err_set(p->e, errno, "packing %s", p->path->len ? p->path->str : ".");
}

/* Has it been removed since its directory was read? Then there is nothing to pack. */
static int gone_or_failed(struct packer *p)
{
	return p->o->live && errno == ENOENT ? 0 : failed(p);
}

static int archive_failed(struct packer *p)
{
	if (p->sink_failed)
		return err_set(p->e, -p->sink_failed, "writing the tar");
	return err_msg(p->e, EIO, "packing %s: %s", p->path->str, archive_error_string(p->a));
}

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Attributes as an image may have them; the marks of overlayfs are told in another way. */
static int add_xattrs(struct packer *p, struct archive_entry *ae, const char *where)
{
	g_autoptr(GPtrArray) sorted = NULL;
	g_autofree char *names = NULL;
	ssize_t n = llistxattr(where, NULL, 0);

	if (n <= 0)
		return n == 0 || errno == EOPNOTSUPP || errno == ENOENT ? 0 : failed(p);
	names = g_malloc((gsize)n);
	n = llistxattr(where, names, (size_t)n);
	if (n < 0)
		return failed(p);
	/* They are listed in whatever order the file system has them. */
	sorted = g_ptr_array_new();
	for (char *name = names; name < names + n; name += strlen(name) + 1)
		if (unpack_xattr_allowed(name))
			g_ptr_array_add(sorted, name);
	g_ptr_array_sort(sorted, by_name);
	for (guint i = 0; i < sorted->len; i++) {
		ssize_t len = lgetxattr(where, sorted->pdata[i], p->buf, PIECE);

		if (len >= 0)
			archive_entry_xattr_add_entry(ae, sorted->pdata[i], p->buf, (size_t)len);
	}
	return 0;
}

static void set_time(struct packer *p, struct archive_entry *ae, const struct stat *st)
{
	int64_t sec = st->st_mtim.tv_sec;
	long nsec = p->o->whole_seconds ? 0 : st->st_mtim.tv_nsec;

	if (p->o->latest >= 0 && sec >= p->o->latest) {
		sec = p->o->latest;
		nsec = 0;
	}
	/* libarchive writes -2 and .25 as "-2.25", which is another time. Nothing can be done about the last second. */
	if (sec < -1 && nsec > 0) {
		sec++;
		nsec = 1000000000 - nsec;
	}
	archive_entry_set_mtime(ae, sec, nsec);
}

static struct archive_entry *new_entry(struct packer *p, const struct stat *st)
{
	struct archive_entry *ae = archive_entry_new();
	const struct owner *o = p->owners ? g_hash_table_lookup(p->owners, p->path->str) : NULL;
	mode_t mode = o ? o->mode : st->st_mode;

	archive_entry_set_mode(ae, mode);
	archive_entry_set_uid(ae, o ? o->uid : st->st_uid);
	archive_entry_set_gid(ae, o ? o->gid : st->st_gid);
	if (S_ISDIR(mode)) {
		g_autofree char *name = g_strconcat(p->path->len ? p->path->str : ".", "/", NULL);

		archive_entry_set_pathname(ae, name);
	} else {
		archive_entry_set_pathname(ae, p->path->str);
	}
	if (S_ISCHR(mode) || S_ISBLK(mode)) {
		archive_entry_set_rdevmajor(ae, o ? o->major : major(st->st_rdev));
		archive_entry_set_rdevminor(ae, o ? o->minor : minor(st->st_rdev));
	}
	set_time(p, ae, st);
	return ae;
}

static int write_header(struct packer *p, struct archive_entry *ae)
{
	/* A name that is not UTF-8 is written as bytes, with a warning. */
	return archive_write_header(p->a, ae) < ARCHIVE_WARN ? archive_failed(p) : 0;
}

/* An empty file ".wh.NAME". */
static int write_whiteout(struct packer *p, const char *dir, const char *name, const struct stat *st)
{
	g_autofree char *path = g_strconcat(dir, *dir ? "/" : "", ".wh.", name, NULL);
	struct archive_entry *ae = archive_entry_new();
	int r;

	archive_entry_set_pathname(ae, path);
	archive_entry_set_mode(ae, S_IFREG);
	archive_entry_set_size(ae, 0);
	set_time(p, ae, st);
	r = write_header(p, ae);
	archive_entry_free(ae);
	return r;
}

static int write_content(struct packer *p, int fd, int64_t size)
{
	while (size > 0) {
		ssize_t n = read(fd, p->buf, (size_t)MIN(size, PIECE));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failed(p);
		if (n == 0)
			return err_msg(p->e, EIO, "packing %s: it became shorter meanwhile", p->path->str);
		if (archive_write_data(p->a, p->buf, (size_t)n) != n)
			return archive_failed(p);
		size -= n;
	}
	return 0;
}

/* Is it another name of a file that has been packed? Then where. */
static const char *earlier_name(struct packer *p, const struct stat *st)
{
	g_autofree char *key = NULL;
	const char *first;

	if (st->st_nlink < 2 || S_ISDIR(st->st_mode))
		return NULL;
	key = g_strdup_printf("%llx:%llx", (unsigned long long)st->st_dev, (unsigned long long)st->st_ino);
	first = g_hash_table_lookup(p->links, key);
	if (!first)
		g_hash_table_insert(p->links, g_steal_pointer(&key), g_strdup(p->path->str));
	return first;
}

static int pack_file(struct packer *p, struct archive_entry *ae, int dirfd, const char *name)
{
	autofd fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	char link[32];
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return gone_or_failed(p);
	archive_entry_set_size(ae, st.st_size);
	r = add_xattrs(p, ae, path_of_fd(fd, link));
	if (r == 0)
		r = write_header(p, ae);
	return r < 0 ? r : write_content(p, fd, st.st_size);
}

static int pack_symlink(struct packer *p, struct archive_entry *ae, int dirfd, const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dirfd, name, target, sizeof target - 1);

	if (n < 0)
		return gone_or_failed(p);
	target[n] = '\0';
	archive_entry_set_symlink(ae, target);
	return write_header(p, ae);
}

static int pack_dir(struct packer *p, int fd, const struct stat *st);

static bool is_opaque(int fd)
{
	char value = 0;

	return fgetxattr(fd, "user.overlay.opaque", &value, 1) == 1 && value == 'y';
}

/* What is neither directory nor absent. */
static int pack_other(struct packer *p, int dirfd, const char *name, const struct stat *st)
{
	struct archive_entry *ae = new_entry(p, st);
	const char *first = earlier_name(p, st);
	int r;

	if (first) {
		archive_entry_set_hardlink(ae, first);
		r = write_header(p, ae);
	} else if (S_ISREG(st->st_mode)) {
		r = pack_file(p, ae, dirfd, name);
	} else if (S_ISLNK(st->st_mode)) {
		r = pack_symlink(p, ae, dirfd, name);
	} else if (S_ISSOCK(st->st_mode)) {
		/* A socket means nothing without who listens, and tar has no such type. */
		r = 0;
	} else {
		r = write_header(p, ae);
	}
	archive_entry_free(ae);
	return r;
}

static bool left_out(const struct packer *p)
{
	for (const char *const *w = p->o->without; w && *w; w++)
		if (!strcmp(*w, p->path->str))
			return true;
	return false;
}

/* Has `name` in `dirfd`, the entry at hand, another owner or kind than it seems? */
static void show(struct packer *p, int dirfd, const char *name, struct stat *st)
{
	remembered_show(p->o->remembered, dirfd, name, p->o->part ? NULL : p->path->str, st);
}

static int pack_as(struct packer *p, int dirfd, const char *name, const char *as)
{
	gsize before = p->path->len;
	g_autofree char *dir = g_strdup(p->path->str);
	autofd fd = -1;
	struct stat st;
	int r;

	if (before)
		g_string_append_c(p->path, '/');
	g_string_append(p->path, as);
	if (left_out(p)) {
		r = 0;
	} else if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		r = gone_or_failed(p);
	} else if (S_ISDIR(st.st_mode)) {
		fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		show(p, dirfd, name, &st);
		r = fd < 0 ? gone_or_failed(p) : pack_dir(p, fd, &st);
	} else if (p->o->layer && S_ISCHR(st.st_mode) && st.st_rdev == 0) {
		r = write_whiteout(p, dir, name, &st);
	} else {
		show(p, dirfd, name, &st);
		r = pack_other(p, dirfd, name, &st);
	}
	g_string_truncate(p->path, before);
	return r;
}

static int pack(struct packer *p, int dirfd, const char *name)
{
	return pack_as(p, dirfd, name, name);
}

/* All names in `fd`, sorted. */
static GPtrArray *sorted_names(struct packer *p, int fd)
{
	int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = again < 0 ? NULL : fdopendir(again);
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	const struct dirent *entry;

	if (!d) {
		(void)failed(p);
		fd_close(&again);
		g_ptr_array_unref(names);
		return NULL;
	}
	while ((entry = readdir(d)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			g_ptr_array_add(names, g_strdup(entry->d_name));
	(void)closedir(d);
	g_ptr_array_sort(names, by_name);
	return names;
}

static int pack_dir_entry(struct packer *p, int fd, const struct stat *st)
{
	struct archive_entry *ae = new_entry(p, st);
	char link[32];
	int r = add_xattrs(p, ae, path_of_fd(fd, link));

	if (r == 0)
		r = write_header(p, ae);
	archive_entry_free(ae);
	if (r == 0 && p->o->layer && is_opaque(fd))
		r = write_whiteout(p, p->path->str, ".wh..opq", st);
	return r;
}

static int pack_dir(struct packer *p, int fd, const struct stat *st)
{
	g_autoptr(GPtrArray) names = NULL;
	int r = p->path->len || !p->o->no_root ? pack_dir_entry(p, fd, st) : 0;

	if (r < 0)
		return r;
	if (p->depth >= DEPTH_MAX)
		return err_msg(p->e, ELOOP, "packing %.100s...: directories are nested too deeply", p->path->str);
	names = sorted_names(p, fd);
	if (!names)
		return -p->e->code;
	p->depth++;
	for (guint i = 0; i < names->len && r == 0; i++)
		r = pack(p, fd, names->pdata[i]);
	p->depth--;
	return r;
}

static void free_owner(void *owner)
{
	g_free((char *)((struct owner *)owner)->path);
	g_free(owner);
}

static int keep_owner(void *ctx, const struct owner *o)
{
	struct packer *p = ctx;
	struct owner *copy = g_memdup2(o, sizeof *o);

	copy->path = g_strdup(o->path);
	g_hash_table_replace(p->owners, (gpointer)copy->path, copy);
	return 0;
}

/* Devices that could not be made are in the owners file alone. */
static int pack_devices(struct packer *p, int root_fd)
{
	g_autoptr(GList) paths = p->owners ? g_hash_table_get_keys(p->owners) : NULL;
	const struct stat none = { 0 };
	int r = 0;

	paths = g_list_sort(paths, (GCompareFunc)strcmp);
	for (GList *l = paths; l && r == 0; l = l->next) {
		const struct owner *o = g_hash_table_lookup(p->owners, l->data);
		struct archive_entry *ae;

		if ((!S_ISCHR(o->mode) && !S_ISBLK(o->mode)) || path_exists_at(root_fd, o->path))
			continue;
		g_string_assign(p->path, o->path);
		ae = new_entry(p, &none);
		r = write_header(p, ae);
		archive_entry_free(ae);
	}
	g_string_truncate(p->path, 0);
	return r;
}

static int pack_remembered(struct packer *p, int root_fd)
{
	g_autoptr(GPtrArray) paths = remembered_devices(p->o->remembered, root_fd);
	int r = 0;

	for (guint i = 0; i < paths->len && r == 0; i++) {
		struct archive_entry *ae;
		struct stat st;

		remembered_show_device(p->o->remembered, paths->pdata[i], &st);
		g_string_assign(p->path, paths->pdata[i]);
		ae = new_entry(p, &st);
		r = write_header(p, ae);
		archive_entry_free(ae);
	}
	g_string_truncate(p->path, 0);
	return r;
}

static int open_archive(struct packer *p)
{
	p->a = archive_write_new();
	if (archive_write_set_format_pax_restricted(p->a) != ARCHIVE_OK ||
	    archive_write_set_format_option(p->a, "pax", "xattrheader", "SCHILY") != ARCHIVE_OK ||
	    archive_write_set_bytes_per_block(p->a, PIECE) != ARCHIVE_OK ||
	    archive_write_set_bytes_in_last_block(p->a, 1) != ARCHIVE_OK ||
	    archive_write_open(p->a, p, NULL, to_sink, NULL) != ARCHIVE_OK)
		return archive_failed(p);
	return 0;
}

/* What is packed: a tree without a name, or one thing called `as`. */
struct what { int fd; const char *name, *as; };

static int pack_tree(struct packer *p, const struct what *w)
{
	struct stat st;
	int r = fstat(w->fd, &st) < 0 ? failed(p) : 0;

	if (r == 0 && p->o->owners_dir >= 0) {
		p->owners = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_owner);
		r = owners_read(p->o->owners_dir, keep_owner, p, p->e);
	}
	if (r == 0)
		show(p, w->fd, ".", &st);
	if (r == 0)
		r = open_archive(p);
	if (r == 0)
		r = w->as ? pack_as(p, w->fd, w->name, w->as) : pack_dir(p, w->fd, &st);
	if (r == 0)
		r = pack_devices(p, w->fd);
	/* A layer has its own alone. */
	if (r == 0 && p->o->remembered && !p->o->layer && !p->o->part)
		r = pack_remembered(p, w->fd);
	if (r == 0 && archive_write_close(p->a) != ARCHIVE_OK)
		r = archive_failed(p);
	return r;
}

static int write_it(const struct what *w, const struct tree_tar_options *o, sink_function *sink, void *ctx, struct err *e)
{
	/* libarchive asks the locale how names are written. */
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
	struct packer p = { .o = o, .sink = sink, .ctx = ctx, .e = e };
	int r;

	p.links = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	p.path = g_string_new(NULL);
	p.buf = g_malloc(PIECE);
	r = pack_tree(&p, w);
	/* After a failure libarchive would write the end all the same. */
	if (r < 0 && p.a)
		(void)archive_write_fail(p.a);
	(void)archive_write_free(p.a);
	g_hash_table_unref(p.links);
	if (p.owners)
		g_hash_table_unref(p.owners);
	g_string_free(p.path, TRUE);
	g_free(p.buf);
	if (utf8) {
		(void)uselocale(before);
		freelocale(utf8);
	}
	return r;
}

int tree_tar_write(int root_fd, const struct tree_tar_options *o, sink_function *sink, void *ctx, struct err *e)
{
	const struct what w = { .fd = root_fd };

	return write_it(&w, o, sink, ctx, e);
}

int tree_tar_write_one(int dir_fd, const char *name, const char *as, const struct tree_tar_options *o, sink_function *sink,
		       void *ctx, struct err *e)
{
	const struct what w = { .fd = dir_fd, .name = name, .as = as };

	return write_it(&w, o, sink, ctx, e);
}
