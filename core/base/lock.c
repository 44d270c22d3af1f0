/* lock.c - see lock.h. */
#include "core/base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "core/base/fd.h"

static int set(int fd, int cmd, short type)
{
	struct flock fl = { .l_type = type, .l_whence = SEEK_SET };
	int r;

	do
		r = fcntl(fd, cmd, &fl);
	while (r < 0 && errno == EINTR);
	if (r == 0)
		return 0;
	return errno == EACCES ? -EAGAIN : -errno;
}

static short type_of(enum lock_mode mode)
{
	return mode == LOCK_EXCLUSIVE ? F_WRLCK : F_RDLCK;
}

int lock_open(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : fd;
}

int lock_try(int fd, enum lock_mode mode)
{
	return set(fd, F_OFD_SETLK, type_of(mode));
}

int lock_wait(int fd, enum lock_mode mode)
{
	return set(fd, F_OFD_SETLKW, type_of(mode));
}

int lock_try_range(int fd, off_t first, off_t len, off_t *ret_end)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = first, .l_len = len };

	/* Who held it may give it back between the two questions: ask again. */
	for (;;) {
		struct flock other = fl;

		if (fcntl(fd, F_OFD_SETLK, &fl) == 0)
			return 0;
		if (errno != EAGAIN && errno != EACCES)
			return -errno;
		if (fcntl(fd, F_OFD_GETLK, &other) < 0)
			return -errno;
		if (other.l_type == F_UNLCK)
			continue;
		*ret_end = other.l_len ? other.l_start + other.l_len : INT64_MAX;
		return -EAGAIN;
	}
}

void lock_release(int fd)
{
	(void)set(fd, F_OFD_SETLK, F_UNLCK);
}

int lock_is_held(int dirfd, const char *name)
{
	struct flock fl = { .l_type = F_RDLCK, .l_whence = SEEK_SET };
	autofd fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fcntl(fd, F_OFD_GETLK, &fl) < 0)
		return -errno;
	return fl.l_type != F_UNLCK;
}
