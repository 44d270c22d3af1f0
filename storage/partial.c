/* partial.c - beginnings of layers. */
#include "storage/partial.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/lock.h"

static int open_dir(struct store *s, bool create)
{
	int fd = openat(s->root_fd, "partial", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 && errno == ENOENT && create && mkdirat(s->root_fd, "partial", 0700) == 0)
		fd = openat(s->root_fd, "partial", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd;
}

void partial_open(struct store *s, const struct descriptor *d, struct partial *ret, int64_t *ret_have)
{
	struct stat st;

	*ret = (struct partial)PARTIAL_NONE;
	*ret_have = 0;
	if (d->size < PARTIAL_MIN)
		return;
	g_strlcpy(ret->name, d->digest, sizeof ret->name);
	g_strdelimit(ret->name, ":", '-');
	ret->dir_fd = open_dir(s, true);
	ret->fd = ret->dir_fd < 0 ? -1 : lock_open(ret->dir_fd, ret->name);
	/* Locked by another pull, or removed by it just now: do without. */
	if (ret->fd < 0 || lock_try(ret->fd, LOCK_EXCLUSIVE) < 0 || fstat(ret->fd, &st) < 0 || st.st_nlink == 0) {
		fd_close(&ret->fd);
		return;
	}
	*ret_have = st.st_size;
	if (st.st_size > d->size) {
		*ret_have = 0;
		if (ftruncate(ret->fd, 0) < 0)
			partial_close(ret, false);
	}
}

void partial_close(struct partial *p, bool keep)
{
	struct stat st;

	if (p->fd >= 0 && (!keep || fstat(p->fd, &st) < 0 || st.st_size == 0))
		(void)unlinkat(p->dir_fd, p->name, 0);
	fd_close(&p->fd);
	fd_close(&p->dir_fd);
}

static void collect_one(int dir, const char *name, time_t before)
{
	struct stat st;
	autofd fd = -1;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) || st.st_mtime >= before)
		return;
	fd = openat(dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0 && lock_try(fd, LOCK_EXCLUSIVE) == 0)
		(void)unlinkat(dir, name, 0);
}

void partial_collect(struct store *s)
{
	int fd = open_dir(s, false);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	time_t before = time(NULL) - (time_t)PARTIAL_DAYS * 24 * 3600;
	struct dirent *entry;

	if (!d) {
		fd_close(&fd);
		return;
	}
	while ((entry = readdir(d)))
		if (entry->d_name[0] != '.')
			collect_one(dirfd(d), entry->d_name, before);
	closedir(d);
}
