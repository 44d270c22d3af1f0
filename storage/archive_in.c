/* archive_in.c - see archive_in.h. */
#include "storage/archive_in.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <limits.h>
#include <locale.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "storage/inflate.h"
#include "storage/unpack_tree.h"

#define PIECE (256 * 1024)
#define LINKS_MAX 8
#define MEMBERS_MAX 100000
#define SPOOL_LEAVES 20                 /* a spool leaves this part of the disk, */
#define SPOOL_ENOUGH (256UL << 20)       /* or so many bytes */

struct member { int64_t offset, size; char *link; };

struct archive_in {
	char *shown;            /* for messages */
	int fd;                 /* the tar, or the directory */
	GHashTable *members;    /* clean name -> struct member; NULL: a directory */
};

static void free_member(void *member)
{
	g_free(((struct member *)member)->link);
	g_free(member);
}

void archive_in_close(struct archive_in *a)
{
	fd_close(&a->fd);
	if (a->members)
		g_hash_table_unref(a->members);
	g_free(a->shown);
	g_free(a);
}

/* A file without a name in the store: gone with its descriptor, whatever happens. */
static int open_spool(struct store *s, struct err *e)
{
	int fd = openat(s->tmp_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
		fd = openat(s->tmp_fd, "spool", O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
		if (fd >= 0)
			(void)unlinkat(s->tmp_fd, "spool", 0);
	}
	return fd < 0 ? err_set(e, errno, "a temporary file in %s/tmp", s->root) : fd;
}

/* A few bytes may inflate to very many: the spool leaves the disk's other users some room. */
static int check_room(int to, struct err *e)
{
	struct statvfs v;

	if (fstatvfs(to, &v) < 0)
		return err_set(e, errno, "a temporary file of the store");
	if (v.f_bavail > v.f_blocks / SPOOL_LEAVES || (uint64_t)v.f_bavail * v.f_frsize > SPOOL_ENOUGH)
		return 0;
	err_msg(e, ENOSPC, "the archive is larger than what the store's disk has room for while it is read");
	return err_hint(e, "load it uncompressed from a file or directory, or use another disk (--root)");
}

static int inflate_piece(struct inflate *z, const uint8_t *in, size_t len, uint8_t *out, int to, struct err *e)
{
	bool last = len == 0;
	size_t got;
	int r;

	do {
		r = inflate_step(z, &in, &len, out, PIECE, &got, e);
		if (r == 0 && got > 0)
			r = check_room(to, e);
		if (r == 0 && (r = fd_write_all(to, out, got)) < 0)
			err_set(e, -r, "a temporary file of the store");
	} while (r == 0 && (len > 0 || got == PIECE || (last && got > 0)));
	return r;
}

/* All of `from`, inflated, into `to`. */
static int inflate_all(int from, int to, struct err *e)
{
	g_autofree uint8_t *in = g_malloc(PIECE), *out = g_malloc(PIECE);
	struct inflate *z = inflate_new();
	ssize_t n;
	int r;

	do {
		n = fd_read_full(from, in, PIECE);
		r = n < 0 ? err_set(e, (int)-n, "read") : inflate_piece(z, in, (size_t)n, out, to, e);
	} while (r == 0 && n > 0);
	if (r == 0 && !inflate_complete(z))
		r = err_msg(e, EBADMSG, "the compressed data ends too early");
	inflate_free(z);
	return r;
}

static bool is_compressed(int fd)
{
	uint8_t head[4];

	return pread(fd, head, sizeof head, 0) == (ssize_t)sizeof head &&
	       ((head[0] == 0x1f && head[1] == 0x8b) || !memcmp(head, "\x28\xb5\x2f\xfd", 4));
}

/* Names are kept in memory, and a few compressed bytes may stand for many long ones. */
static bool too_long(const char *name)
{
	return name && strlen(name) >= PATH_MAX;
}

static int add_member(struct archive_in *a, struct archive *ar, struct archive_entry *ae, struct err *e)
{
	const char *name = archive_entry_pathname(ae), *hard = archive_entry_hardlink(ae);
	g_autofree char *clean = name ? unpack_clean_name(name) : NULL;
	struct member *m;

	if (!clean || too_long(name) || too_long(hard) || too_long(archive_entry_symlink(ae)) ||
	    g_hash_table_size(a->members) >= MEMBERS_MAX)
		return err_msg(e, EBADMSG, "a member with a bad name, or too many");
	m = g_new0(struct member, 1);
	m->offset = archive_filter_bytes(ar, 0);
	m->size = archive_entry_size(ae);
	if (hard) {
		m->link = unpack_clean_name(hard);
	} else if (archive_entry_filetype(ae) == AE_IFLNK && archive_entry_symlink(ae)) {
		g_autofree char *dir = g_path_get_dirname(clean);
		g_autofree char *whole = g_strconcat(dir, "/", archive_entry_symlink(ae), NULL);

		m->link = unpack_clean_name(whole);
	} else if (archive_entry_filetype(ae) != AE_IFREG) {
		free_member(m);
		return 0;
	}
	g_hash_table_replace(a->members, g_steal_pointer(&clean), m);
	return 0;
}

static int read_index(struct archive_in *a, struct err *e)
{
	struct archive *ar = archive_read_new();
	struct archive_entry *ae;
	int r, failed = 0;

	a->members = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_member);
	archive_read_support_format_tar(ar);
	r = lseek(a->fd, 0, SEEK_SET) < 0 ? ARCHIVE_FATAL : archive_read_open_fd(ar, a->fd, PIECE);
	while (r >= ARCHIVE_WARN && (r = archive_read_next_header(ar, &ae)) >= ARCHIVE_WARN && r != ARCHIVE_EOF) {
		failed = add_member(a, ar, ae, e);
		if (failed < 0)
			break;
	}
	if (failed == 0 && r != ARCHIVE_EOF)
		failed = err_msg(e, EBADMSG, "not an image archive: %s",
				 archive_error_string(ar) ? archive_error_string(ar) : "no tar");
	archive_read_free(ar);
	return failed;
}

static int open_tar(struct store *s, struct archive_in *a, const struct stat *st, struct err *e)
{
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
	int r = 0;

	if (!S_ISREG(st->st_mode) || is_compressed(a->fd) || lseek(a->fd, 0, SEEK_CUR) != 0) {
		autofd spool = open_spool(s, e);

		r = spool < 0 ? spool : inflate_all(a->fd, spool, e);
		fd_close(&a->fd);
		a->fd = take_fd(&spool);
	}
	if (r == 0)
		r = read_index(a, e);
	if (utf8) {
		(void)uselocale(before);
		freelocale(utf8);
	}
	return r;
}

int archive_in_open(struct store *s, const char *path, struct archive_in **ret, struct err *e)
{
	struct archive_in *a = g_new0(struct archive_in, 1);
	struct stat st;
	int r;

	a->shown = g_strdup(path ? path : "standard input");
	a->fd = path ? open(path, O_RDONLY | O_CLOEXEC) : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (a->fd < 0 || fstat(a->fd, &st) < 0)
		r = err_set(e, errno, "%s", a->shown);
	else if (S_ISDIR(st.st_mode))
		r = 0;
	else if ((r = open_tar(s, a, &st, e)) < 0)
		err_wrap(e, "%s", a->shown);
	if (r < 0)
		archive_in_close(a);
	else
		*ret = a;
	return r;
}

/* The member that `name` leads to, or NULL. */
static const struct member *find(struct archive_in *a, const char *name)
{
	g_autofree char *clean = unpack_clean_name(name);
	const char *at = clean;

	for (int i = 0; at && i < LINKS_MAX; i++) {
		const struct member *m = g_hash_table_lookup(a->members, at);

		if (!m || !m->link)
			return m;
		at = m->link;
	}
	return NULL;
}

/* Where the member's bytes are: a descriptor to be closed (of a directory's file), or the tar's. */
static int locate(struct archive_in *a, const char *name, int *ret_own, int64_t *ret_offset, int64_t *ret_size,
		  struct err *e)
{
	const struct member *m = a->members ? find(a, name) : NULL;
	struct stat st;

	*ret_offset = m ? m->offset : 0;
	*ret_size = m ? m->size : 0;
	if (m)
		return a->fd;
	if (a->members)
		return err_msg(e, ENOENT, "%s has no %s", a->shown, name);
	*ret_own = path_open_beneath(a->fd, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (*ret_own < 0) {
		int code = -*ret_own;

		*ret_own = -1;
		return err_set(e, code, "%s/%s", a->shown, name);
	}
	if (fstat(*ret_own, &st) < 0 || !S_ISREG(st.st_mode))
		return err_msg(e, EINVAL, "%s/%s is not a file", a->shown, name);
	*ret_size = st.st_size;
	return *ret_own;
}

bool archive_in_is_directory(const struct archive_in *a)
{
	return !a->members;
}

bool archive_in_has(struct archive_in *a, const char *name)
{
	return a->members ? find(a, name) != NULL : path_exists_at(a->fd, name);
}

int archive_in_read(struct archive_in *a, const char *name, size_t max, char **ret, size_t *ret_len, struct err *e)
{
	int64_t offset, size;
	autofd own = -1;
	int fd = locate(a, name, &own, &offset, &size, e);
	g_autofree char *text = NULL;

	if (fd < 0)
		return fd;
	if (size < 0 || (uint64_t)size > max)
		return err_msg(e, EFBIG, "%s: %s is too long", a->shown, name);
	text = g_malloc((gsize)size + 1);
	for (int64_t done = 0; done < size;) {
		ssize_t n = pread(fd, text + done, (size_t)(size - done), offset + done);

		if (n <= 0 && !(n < 0 && errno == EINTR))
			return err_msg(e, EBADMSG, "%s: %s ends too early", a->shown, name);
		done += MAX(n, 0);
	}
	text[size] = '\0';
	*ret = g_steal_pointer(&text);
	*ret_len = (size_t)size;
	return 0;
}

ssize_t archive_in_pread(struct archive_in *a, const char *name, void *buf, size_t len, int64_t offset, struct err *e)
{
	int64_t start, size;
	autofd own = -1;
	int fd = locate(a, name, &own, &start, &size, e);
	ssize_t n;

	if (fd < 0)
		return fd;
	if (offset >= size)
		return 0;
	do
		n = pread(fd, buf, (size_t)MIN((int64_t)len, size - offset), start + offset);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_set(e, errno, "%s: %s", a->shown, name);
	return n > 0 ? n : err_msg(e, EBADMSG, "%s: %s ends too early", a->shown, name);
}

int archive_in_send(struct archive_in *a, const char *name, int out_fd, struct err *e)
{
	int64_t offset, size;
	autofd own = -1;
	int fd = locate(a, name, &own, &offset, &size, e);

	if (fd < 0)
		return fd;
	while (size > 0) {
		off_t at = offset;
		ssize_t n = sendfile(out_fd, fd, &at, (size_t)MIN(size, 1 << 30));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(e, errno, "%s: %s", a->shown, name);
		if (n == 0)
			return err_msg(e, EBADMSG, "%s: %s ends too early", a->shown, name);
		offset += n;
		size -= n;
	}
	return 0;
}

int archive_in_send_all(const char *path, int out_fd, struct err *e)
{
	g_autofree char *buf = g_malloc(PIECE);
	autofd own = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	int fd = path ? own : STDIN_FILENO;

	if (fd < 0)
		return err_set(e, errno, "%s", path);
	for (;;) {
		ssize_t n = fd_read_full(fd, buf, PIECE);
		int r = n <= 0 ? (int)n : fd_write_all(out_fd, buf, (size_t)n);

		if (n < 0)
			return err_set(e, (int)-n, "%s", path ? path : "standard input");
		if (r < 0)
			return err_set(e, -r, "the layer");
		if (n == 0)
			return 0;
	}
}
