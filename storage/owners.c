/* owners.c - see owners.h. */
#include "storage/owners.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"

#define FLUSH_AT (64 * 1024)
#define OWNERS_MAX (1024L * 1024 * 1024)

struct owners_writer {
	int dirfd, fd;
	GString *buf;
	uint64_t written;               /* bytes, without the buffer's */
	/* Path -> where in the file (guint64 *) records of it, or of it and what is below, hold no longer. */
	GHashTable *dropped, *dropped_below;
};

struct owners_writer *owners_writer_new(int dirfd)
{
	struct owners_writer *w = g_new0(struct owners_writer, 1);

	w->dirfd = dirfd;
	w->fd = -1;
	w->buf = g_string_new(NULL);
	w->dropped = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	w->dropped_below = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return w;
}

static int flush(struct owners_writer *w)
{
	int r;

	if (w->buf->len == 0)
		return 0;
	if (w->fd < 0)
		w->fd = openat(w->dirfd, "owners", O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (w->fd < 0)
		return -errno;
	r = fd_write_all(w->fd, w->buf->str, w->buf->len);
	w->written += w->buf->len;
	g_string_truncate(w->buf, 0);
	return r;
}

static char type_letter(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR: return 'd';
	case S_IFLNK: return 'l';
	case S_IFIFO: return 'p';
	case S_IFCHR: return 'c';
	case S_IFBLK: return 'b';
	default: return 'f';
	}
}

static mode_t type_of_letter(char c)
{
	switch (c) {
	case 'd': return S_IFDIR;
	case 'l': return S_IFLNK;
	case 'p': return S_IFIFO;
	case 'c': return S_IFCHR;
	case 'b': return S_IFBLK;
	default: return S_IFREG;
	}
}

int owners_add(struct owners_writer *w, const struct owner *o)
{
	if (w->dirfd < 0)
		return 0;
	g_string_append_printf(w->buf, "%u %u %o %c %u:%u %s", o->uid, o->gid, (unsigned)(o->mode & 07777),
			       type_letter(o->mode), o->major, o->minor, o->path);
	g_string_append_c(w->buf, '\0');
	return w->buf->len < FLUSH_AT ? 0 : flush(w);
}

void owners_drop(struct owners_writer *w, const char *path, bool below)
{
	guint64 at = w->written + w->buf->len;

	if (at > 0)
		g_hash_table_replace(below ? w->dropped_below : w->dropped, g_strdup(path), g_memdup2(&at, sizeof at));
}

static bool is_before(GHashTable *table, const char *path, uint64_t at)
{
	const guint64 *limit = g_hash_table_lookup(table, path);

	return limit && at < *limit;
}

/* Does the record of `path` at that place of the file hold no longer? */
static bool is_dropped(const struct owners_writer *w, const char *path, uint64_t at)
{
	g_autofree char *front = g_strdup(path);
	char *slash;

	if (is_before(w->dropped, path, at) || is_before(w->dropped_below, path, at))
		return true;
	while ((slash = strrchr(front, '/'))) {
		*slash = '\0';
		if (is_before(w->dropped_below, front, at))
			return true;
	}
	return false;
}

static const char *record_path(const char *record)
{
	for (int spaces = 0; spaces < 5 && *record; record++)
		spaces += *record == ' ';
	return record;
}

/* Write the file again without what was dropped: names come twice rarely. */
static int compact(struct owners_writer *w)
{
	g_autoptr(GMappedFile) map = g_mapped_file_new_from_fd(w->fd, FALSE, NULL);
	const char *text = map ? g_mapped_file_get_contents(map) : NULL;
	uint64_t len = map ? g_mapped_file_get_length(map) : 0;
	int r = map ? 0 : -EIO;

	fd_close(&w->fd);
	if (r == 0 && unlinkat(w->dirfd, "owners", 0) < 0)
		r = -errno;
	for (uint64_t at = 0; r == 0 && at < len; at += strlen(text + at) + 1) {
		if (is_dropped(w, record_path(text + at), at))
			continue;
		g_string_append_len(w->buf, text + at, (gssize)strlen(text + at) + 1);
		r = w->buf->len < FLUSH_AT ? 0 : flush(w);
	}
	return r < 0 ? r : flush(w);
}

int owners_writer_close(struct owners_writer *w)
{
	int r = flush(w);

	if (r == 0 && w->fd >= 0 && g_hash_table_size(w->dropped) + g_hash_table_size(w->dropped_below) > 0)
		r = compact(w);
	fd_close(&w->fd);
	g_hash_table_unref(w->dropped);
	g_hash_table_unref(w->dropped_below);
	g_string_free(w->buf, TRUE);
	g_free(w);
	return r;
}

int owners_read(int dirfd, int (*each)(void *ctx, const struct owner *o), void *ctx, struct err *e)
{
	g_autofree char *text = NULL;
	size_t len;
	int r = file_read(dirfd, "owners", OWNERS_MAX, &text, &len, e);

	if (r == -ENOENT) {
		err_clear(e);
		return 0;
	}
	for (char *p = text; r == 0 && p < text + len; p += strlen(p) + 1) {
		struct owner o;
		unsigned mode;
		int skip = 0;
		char type;

		if (sscanf(p, "%u %u %o %c %u:%u%n", &o.uid, &o.gid, &mode, &type, &o.major, &o.minor,
			   &skip) != 6 || p[skip] != ' ')
			return err_msg(e, EBADMSG, "owners: damaged record");
		o.mode = (mode_t)mode | type_of_letter(type);
		o.path = p + skip + 1;
		r = each(ctx, &o);
	}
	return r;
}
