/* fd.c - see fd.h. */
#include "core/base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define FDS_PER_RECORD 8

void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	errno = saved;
}

int fd_write_all(int fd, const void *buf, size_t len)
{
	const char *p = buf;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

ssize_t fd_read_full(int fd, void *buf, size_t len)
{
	size_t got = 0;

	while (got < len) {
		ssize_t n = read(fd, (char *)buf + got, len - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

int fd_read_all(int fd, size_t max, char **ret, size_t *ret_len)
{
	size_t cap = 4096, len = 0;
	char *buf = g_malloc(cap);

	for (;;) {
		ssize_t n;

		if (len + 1 == cap) {
			cap *= 2;
			buf = g_realloc(buf, cap);
		}
		n = fd_read_full(fd, buf + len, cap - len - 1);
		if (n < 0 || len + (size_t)n > max) {
			g_free(buf);
			return n < 0 ? (int)n : -EFBIG;
		}
		len += (size_t)n;
		if (len + 1 < cap)
			break;
	}
	buf[len] = '\0';
	*ret = buf;
	if (ret_len)
		*ret_len = len;
	return 0;
}

int fd_set_cloexec(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFD);

	if (flags < 0)
		return -errno;
	flags = on ? flags | FD_CLOEXEC : flags & ~FD_CLOEXEC;
	return fcntl(fd, F_SETFD, flags) < 0 ? -errno : 0;
}

int fd_set_nonblock(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -errno;
	flags = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
	return fcntl(fd, F_SETFL, flags) < 0 ? -errno : 0;
}

int fd_move_above(int fd, int min)
{
	int moved;

	if (fd >= min)
		return fd;
	moved = fcntl(fd, F_DUPFD_CLOEXEC, min);
	if (moved < 0)
		return -errno;
	(void)close(fd);
	return moved;
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

void fd_close_all_but(const int *keep, size_t n)
{
	int sorted[64], from = 3;

	if (n > G_N_ELEMENTS(sorted))
		n = G_N_ELEMENTS(sorted);
	memcpy(sorted, keep, n * sizeof *sorted);
	qsort(sorted, n, sizeof *sorted, by_number);
	for (size_t i = 0; i < n; i++) {
		if (sorted[i] < from)
			continue;
		if (sorted[i] > from)
			(void)close_range((unsigned)from, (unsigned)sorted[i] - 1, 0);
		from = sorted[i] + 1;
	}
	(void)close_range((unsigned)from, ~0U, 0);
}

/* Is `fd` open? Then it is closed if it is foreign. */
static bool close_if_foreign(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	if (fd > 2 && flags >= 0 && !(flags & FD_CLOEXEC))
		(void)close(fd);
	return flags >= 0;
}

/* Since Linux 6.2 the size of /proc/self/fd is the number of open descriptors. They are dense: asking for each number
 * until all are found costs a tenth of reading the directory, whose entries the kernel has to make and forget. */
static bool close_foreign_by_count(void)
{
	enum { TRIES = 1024 };
	struct stat st;
	off_t found = 0;

	if (stat("/proc/self/fd", &st) < 0 || st.st_size == 0)
		return false;
	for (int fd = 0; fd < TRIES && found < st.st_size; fd++)
		found += close_if_foreign(fd);
	return found == st.st_size;
}

void fd_close_foreign(void)
{
	DIR *d = close_foreign_by_count() ? NULL : opendir("/proc/self/fd");
	struct dirent *de;

	if (!d)
		return;
	while ((de = readdir(d)))
		(void)close_if_foreign(atoi(de->d_name));
	(void)closedir(d);
}

int fd_send(int sock, const void *buf, size_t len, const int *fds, size_t nfds)
{
	union {
		char space[CMSG_SPACE(FDS_PER_RECORD * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { .iov_base = (void *)(uintptr_t)buf, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (nfds > FDS_PER_RECORD)
		return -EINVAL;
	if (nfds > 0) {
		struct cmsghdr *c;

		memset(&control, 0, sizeof control);
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, nfds * sizeof(int));
	}
	do
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EMSGSIZE;
}

/* Hand over the descriptors of one control message, closing those without room. */
static void collect_fds(struct cmsghdr *c, int *fds, size_t room, size_t *got)
{
	size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (size_t i = 0; i < n; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
		if (*got < room)
			fds[(*got)++] = fd;
		else
			(void)close(fd);
	}
}

ssize_t fd_recv(int sock, void *buf, size_t len, int *fds, size_t *nfds)
{
	union {
		char space[CMSG_SPACE(FDS_PER_RECORD * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { .iov_base = buf, .iov_len = len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = &control, .msg_controllen = sizeof control };
	size_t room = nfds ? *nfds : 0, got = 0;
	ssize_t n;

	do
		n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			collect_fds(c, fds, room, &got);
	if (nfds)
		*nfds = got;
	return n;
}
