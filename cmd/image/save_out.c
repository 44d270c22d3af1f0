/* save_out.c - see save_out.h. */
#include "cmd/image/save_out.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"

#define BLOCK (1024 * 1024)

struct save_out {
	struct archive *tar;    /* NULL: a directory */
	int fd;                 /* the tar (the caller's), or the directory */
	int failed;             /* writing the tar */
	int file;               /* the member that is open, in a directory */
	char *name;             /* of it */
	GHashTable *dirs;       /* that the tar has */
};

static la_ssize_t to_fd(struct archive *a, void *ctx, const void *bytes, size_t len)
{
	struct save_out *o = ctx;

	o->failed = fd_write_all(o->fd, bytes, len);
	if (o->failed == 0)
		return (la_ssize_t)len;
	archive_set_error(a, -o->failed, "write");
	return -1;
}

static int tar_failed(struct save_out *o, struct err *e)
{
	return o->failed ? err_set(e, -o->failed, "write the archive") :
			   err_msg(e, EIO, "write the archive: %s", archive_error_string(o->tar));
}

static struct save_out *new_out(int fd)
{
	struct save_out *o = g_new0(struct save_out, 1);

	o->fd = fd;
	o->file = -1;
	o->dirs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return o;
}

int save_out_tar(int fd, struct save_out **ret, struct err *e)
{
	struct save_out *o = new_out(fd);
	int r = 0;

	o->tar = archive_write_new();
	if (archive_write_set_format_pax_restricted(o->tar) != ARCHIVE_OK ||
	    archive_write_set_bytes_per_block(o->tar, BLOCK) != ARCHIVE_OK ||
	    archive_write_set_bytes_in_last_block(o->tar, 1) != ARCHIVE_OK ||
	    archive_write_open(o->tar, o, NULL, to_fd, NULL) != ARCHIVE_OK)
		r = tar_failed(o, e);
	*ret = o;
	return r;
}

int save_out_dir(const char *path, struct save_out **ret, struct err *e)
{
	int r = path_mkdirs(path, 0755), fd;

	if (r < 0)
		return err_set(e, -r, "%s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "%s", path);
	*ret = new_out(fd);
	return 0;
}

static int begin_file(struct save_out *o, const char *name, struct err *e)
{
	g_autofree char *dir = g_path_get_dirname(name);
	g_autofree char *base = g_path_get_basename(name);
	autofd parent = path_mkdirs_in_root(o->fd, dir, 0755);

	if (parent < 0) {
		int code = -parent;

		parent = -1;
		return err_set(e, code, "%s", dir);
	}
	o->file = openat(parent, base, O_CREAT | O_TRUNC | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644);
	return o->file < 0 ? err_set(e, errno, "%s", name) : 0;
}

static int write_header(struct save_out *o, const char *name, mode_t mode, int64_t size, struct err *e)
{
	struct archive_entry *ae = archive_entry_new();
	int r;

	archive_entry_set_pathname(ae, name);
	archive_entry_set_mode(ae, mode);
	archive_entry_set_size(ae, size);
	archive_entry_set_mtime(ae, 0, 0);
	r = archive_write_header(o->tar, ae) < ARCHIVE_WARN ? tar_failed(o, e) : 0;
	archive_entry_free(ae);
	return r;
}

/* Readers (skopeo) would make directories without an entry with the owner of the first file. */
static int write_dirs(struct save_out *o, const char *name, struct err *e)
{
	int r = 0;

	for (const char *slash = strchr(name, '/'); slash && r == 0; slash = strchr(slash + 1, '/')) {
		char *dir = g_strndup(name, (gsize)(slash - name) + 1);

		if (g_hash_table_add(o->dirs, dir))
			r = write_header(o, dir, S_IFDIR | 0755, 0, e);
	}
	return r;
}

int save_out_begin(struct save_out *o, const char *name, int64_t size, struct err *e)
{
	int r;

	g_free(o->name);
	o->name = g_strdup(name);
	if (!o->tar)
		return begin_file(o, name, e);
	r = write_dirs(o, name, e);
	return r < 0 ? r : write_header(o, name, S_IFREG | 0444, size, e);
}

int save_out_write(void *ctx, const void *bytes, size_t len)
{
	struct save_out *o = ctx;

	if (!o->tar)
		return fd_write_all(o->file, bytes, len);
	if (archive_write_data(o->tar, bytes, len) == (la_ssize_t)len)
		return 0;
	return o->failed ? o->failed : -EIO;
}

int save_out_end(struct save_out *o, struct err *e)
{
	int r = 0;

	if (!o->tar && close(o->file) < 0)
		r = err_set(e, errno, "%s", o->name);
	o->file = -1;
	return r;
}

int save_out_rename(struct save_out *o, const char *name, struct err *e)
{
	return renameat(o->fd, o->name, o->fd, name) < 0 ? err_set(e, errno, "%s", name) : 0;
}

int save_out_put(struct save_out *o, const char *name, const void *bytes, size_t len, struct err *e)
{
	int r = save_out_begin(o, name, (int64_t)len, e), w;

	if (r < 0)
		return r;
	w = save_out_write(o, bytes, len);
	r = save_out_end(o, e);
	return w < 0 ? err_set(e, -w, "write %s", name) : r;
}

int save_out_finish(struct save_out *o, struct err *e)
{
	return o->tar && archive_write_close(o->tar) != ARCHIVE_OK ? tar_failed(o, e) : 0;
}

void save_out_free(struct save_out *o)
{
	if (!o)
		return;
	if (o->tar) {
		/* After a failure nothing more is written. */
		(void)archive_write_fail(o->tar);
		(void)archive_write_free(o->tar);
	} else {
		fd_close(&o->fd);
	}
	fd_close(&o->file);
	g_hash_table_unref(o->dirs);
	g_free(o->name);
	g_free(o);
}
