/* file.c - see file.h. */
#include "core/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"

int file_read(int dirfd, const char *name, size_t max, char **ret, size_t *ret_len, struct err *e)
{
	autofd fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return err_set(e, errno, "%s", name);
	r = fd_read_all(fd, max, ret, ret_len);
	if (r == -EFBIG)
		return err_msg(e, EFBIG, "%s: larger than %zu bytes", name, max);
	return r < 0 ? err_set(e, -r, "read %s", name) : 0;
}

int file_replace(int dirfd, const char *name, const void *data, size_t len, mode_t mode, bool durable,
		 struct err *e)
{
	static unsigned counter;
	const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
	char tmp[PATH_MAX];
	autofd fd = -1;
	int r;

	/* A crash leaves ".name.PID.N~", which garbage collection of the directory's owner removes. */
	snprintf(tmp, sizeof tmp, "%.*s.%.200s.%d.%u~", (int)(base - name), name, base, (int)getpid(), counter++);
	fd = openat(dirfd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return err_set(e, errno, "create %s", name);
	r = fd_write_all(fd, data, len);
	if (r == 0 && durable && fsync(fd) < 0)
		r = -errno;
	if (r == 0 && renameat(dirfd, tmp, dirfd, name) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlinkat(dirfd, tmp, 0);
		return err_set(e, -r, "write %s", name);
	}
	if (durable && dirfd != AT_FDCWD && fsync(dirfd) < 0)
		return err_set(e, errno, "fsync of the directory of %s", name);
	return 0;
}

int file_poke(int dirfd, const char *name, const char *text)
{
	autofd fd = openat(dirfd, name, O_WRONLY | O_CLOEXEC);
	size_t len = strlen(text);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, len);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}
