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
};

struct owners_writer *owners_writer_new(int dirfd)
{
	struct owners_writer *w = g_new0(struct owners_writer, 1);

	w->dirfd = dirfd;
	w->fd = -1;
	w->buf = g_string_new(NULL);
	return w;
}

static int flush(struct owners_writer *w)
{
	int r;

	if (w->buf->len == 0)
		return 0;
	if (w->fd < 0)
		w->fd = openat(w->dirfd, "owners", O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (w->fd < 0)
		return -errno;
	r = fd_write_all(w->fd, w->buf->str, w->buf->len);
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
	g_string_append_printf(w->buf, "%u %u %o %c %u:%u %s", o->uid, o->gid, (unsigned)(o->mode & 07777),
			       type_letter(o->mode), o->major, o->minor, o->path);
	g_string_append_c(w->buf, '\0');
	return w->buf->len < FLUSH_AT ? 0 : flush(w);
}

int owners_writer_close(struct owners_writer *w)
{
	int r = flush(w);

	fd_close(&w->fd);
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
