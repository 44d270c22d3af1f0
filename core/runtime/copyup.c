/* copyup.c - see copyup.h. */
#include "core/runtime/copyup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"

#define DEPTH_MAX 128

static int copy_dir(int from, int to, int depth, struct err *e);

static int copy_bytes(int in, int out)
{
	ssize_t n;

	do
		n = sendfile(out, in, NULL, 1 << 20);
	while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : 0;
}

static void copy_times(int to, const char *name, const struct stat *st)
{
	const struct timespec t[2] = { st->st_atim, st->st_mtim };

	(void)utimensat(to, name, t, AT_SYMLINK_NOFOLLOW);
}

/* Owners that the container has no ids for stay what they are: its root. */
static int give(int fd, const struct stat *st)
{
	if (fchown(fd, st->st_uid, st->st_gid) < 0 && errno != EINVAL)
		return -errno;
	return fchmod(fd, st->st_mode & 07777) < 0 ? -errno : 0;
}

static int copy_file(int from, const char *name, int to, const struct stat *st)
{
	autofd in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), out = -1;
	int r;

	if (in < 0)
		return -errno;
	out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0)
		return -errno;
	r = copy_bytes(in, out);
	return r < 0 ? r : give(out, st);
}

static int copy_link(int from, const char *name, int to, const struct stat *st)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from, name, target, sizeof target - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	if (symlinkat(target, to, name) < 0)
		return -errno;
	if (fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 && errno != EINVAL)
		return -errno;
	return 0;
}

static int copy_subdir(int from, const char *name, int to, const struct stat *st, int depth, struct err *e)
{
	autofd in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), out = -1;

	if (in < 0 || mkdirat(to, name, 0700) < 0)
		return -errno;
	out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (out < 0)
		return -errno;
	if (copy_dir(in, out, depth + 1, e) < 0)
		return -e->code;
	return give(out, st);
}

static int copy_entry(int from, const char *name, int to, int depth, struct err *e)
{
	struct stat st;
	int r = 0;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, errno, "copy %s", name);
	if (S_ISDIR(st.st_mode))
		r = copy_subdir(from, name, to, &st, depth, e);
	else if (S_ISREG(st.st_mode))
		r = copy_file(from, name, to, &st);
	else if (S_ISLNK(st.st_mode))
		r = copy_link(from, name, to, &st);
	else if (S_ISFIFO(st.st_mode))
		r = mkfifoat(to, name, st.st_mode & 07777) < 0 ? -errno : 0;
	/* Files of ids that the container has not are closed to its root too: it misses nothing. */
	if (r == -EACCES && !e->code)
		return 0;
	if (r < 0)
		return e->code ? err_wrap(e, "%s", name) : err_set(e, -r, "copy %s", name);
	copy_times(to, name, &st);
	return 0;
}

static int copy_dir(int from, int to, int depth, struct err *e)
{
	int own = fcntl(from, F_DUPFD_CLOEXEC, 3), r = 0;
	DIR *dir = own < 0 ? NULL : fdopendir(own);
	struct dirent *d;

	if (!dir || depth > DEPTH_MAX) {
		r = err_set(e, dir ? ELOOP : errno, "read a directory");
		if (dir)
			(void)closedir(dir);
		else
			fd_close(&own);
		return r;
	}
	while (r == 0 && (d = readdir(dir)))
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			r = copy_entry(from, d->d_name, to, depth, e);
	(void)closedir(dir);
	return r;
}

int copyup(int from, int to, bool keep, struct err *e)
{
	autofd in = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autofd out = openat(to, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (in < 0 || out < 0 || fstat(in, &st) < 0)
		return err_set(e, errno, "tmpcopyup");
	if (copy_dir(in, out, 0, e) < 0)
		return err_wrap(e, "tmpcopyup");
	/* A directory of an id that the container has not stays root's. */
	if (!keep && fchown(out, st.st_uid, st.st_gid) == 0)
		(void)fchmod(out, st.st_mode & 07777);
	return 0;
}
