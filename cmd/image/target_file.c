/* target_file.c - see target_file.h. */
#include "cmd/image/target_file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/text.h"

#define PIECE (256 * 1024)

int target_file_open(const char *path, struct target_file *ret, struct err *e)
{
	g_autofree char *random = text_random_hex(8);
	struct stat st;

	*ret = (struct target_file)TARGET_FILE_NONE;
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		ret->fd = open(path, O_WRONLY | O_CLOEXEC);
	} else {
		ret->part = g_strdup_printf("%s.part-%s", path, random);
		ret->fd = open(ret->part, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
	}
	if (ret->fd < 0) {
		g_clear_pointer(&ret->part, g_free);
		return err_set(e, errno, "%s", path);
	}
	ret->path = g_strdup(path);
	return 0;
}

int target_file_keep(struct target_file *f, struct err *e)
{
	if (f->part && rename(f->part, f->path) < 0)
		return err_set(e, errno, "%s", f->path);
	g_clear_pointer(&f->part, g_free);
	return 0;
}

void target_file_close(struct target_file *f)
{
	if (f->part)
		(void)unlink(f->part);
	fd_close(&f->fd);
	g_free(f->path);
	g_free(f->part);
	*f = (struct target_file)TARGET_FILE_NONE;
}

int target_file_spool(struct err *e)
{
	const char *dir = getenv("TMPDIR");
	int fd;

	/* What is big does not belong into a /tmp that may be memory. */
	if (!dir || !*dir)
		dir = "/var/tmp";
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return fd < 0 ? err_set(e, errno, "a temporary file in %s", dir) : fd;
}

int target_file_unspool(int *spool, struct save_out *out, const char *name, struct err *e)
{
	g_autofree char *buf = g_malloc(PIECE);
	off_t size = lseek(*spool, 0, SEEK_END);
	ssize_t n = 1;
	int r, w = 0;

	if (size < 0 || lseek(*spool, 0, SEEK_SET) < 0)
		return err_set(e, errno, "a temporary file");
	r = save_out_begin(out, name, size, e);
	while (r == 0 && w == 0 && n > 0) {
		n = fd_read_full(*spool, buf, PIECE);
		if (n < 0)
			r = err_set(e, (int)-n, "a temporary file");
		else if (n > 0)
			w = save_out_write(out, buf, (size_t)n);
	}
	if (r == 0 && w < 0)
		r = err_set(e, -w, "write %s", name);
	fd_close(spool);
	return r < 0 ? r : save_out_end(out, e);
}
