/* ctl.c - see ctl.h. */
#include "core/container/ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/fd.h"

int ctl_send(int sock, enum ctl_type type, int value, uint32_t a, uint32_t b, const void *data, size_t len)
{
	struct ctl_head head = { .type = type, .value = value, .a = a, .b = b };
	struct iovec iov[2] = { { &head, sizeof head }, { (void *)data, len } };
	struct msghdr mh = { .msg_iov = iov, .msg_iovlen = len ? 2 : 1 };

	while (sendmsg(sock, &mh, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		if (errno == ECONNRESET)
			return -EPIPE;
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

int ctl_recv(int sock, struct ctl_msg *m, size_t *ret_len)
{
	struct iovec iov = { m, sizeof *m };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	do
		n = recvmsg(sock, &mh, 0);      /* no room for descriptors: the kernel drops them */
	while (n < 0 && errno == EINTR);
	if (n == 0 || (n < 0 && errno == ECONNRESET))
		return 0;
	if (n < 0)
		return -errno;
	if ((size_t)n < sizeof m->head || (mh.msg_flags & MSG_TRUNC))
		return -EBADMSG;
	*ret_len = (size_t)n - sizeof m->head;
	return 1;
}

/* A path in a directory of any depth in the 108 bytes of a socket address: through the directory's descriptor. */
static void address(int dir, struct sockaddr_un *sa)
{
	*sa = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(sa->sun_path, sizeof sa->sun_path, "/proc/self/fd/%d/" CTL_SOCKET, dir);
}

static int open_run_directory(const struct container_place *p, const char *id)
{
	char path[96];
	int fd;

	snprintf(path, sizeof path, "containers/%.64s", id);
	fd = openat(p->run_fd, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int ctl_listen(const struct container_place *p, const char *id, struct err *e)
{
	autofd sock = -1;
	autofd dir = -1;
	struct sockaddr_un sa;
	char path[96];

	snprintf(path, sizeof path, "containers/%.64s", id);
	if (mkdirat(p->run_fd, path, 0700) < 0 && errno == ENOENT) {
		(void)mkdirat(p->run_fd, "containers", 0700);
		(void)mkdirat(p->run_fd, path, 0700);
	}
	dir = open_run_directory(p, id);
	if (dir < 0)
		return err_set(e, -dir, "open %s/%s", p->run_path, path);
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock < 0)
		return err_set(e, errno, "create a socket");
	address(dir, &sa);
	if (bind(sock, (struct sockaddr *)&sa, sizeof sa) < 0) {
		/* Of a keeper that was killed: ours now, as the run lock is. */
		if (errno == EADDRINUSE)
			(void)unlinkat(dir, CTL_SOCKET, 0);
		if (bind(sock, (struct sockaddr *)&sa, sizeof sa) < 0)
			return err_set(e, errno, "bind %s/%s/" CTL_SOCKET, p->run_path, path);
	}
	if (listen(sock, 64) < 0)
		return err_set(e, errno, "listen on %s/%s/" CTL_SOCKET, p->run_path, path);
	return take_fd(&sock);
}

int ctl_connect(const struct container_place *p, const char *id)
{
	autofd dir = open_run_directory(p, id);
	autofd sock = -1;
	struct sockaddr_un sa;

	if (dir < 0)
		return dir;
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return -errno;
	address(dir, &sa);
	while (connect(sock, (struct sockaddr *)&sa, sizeof sa) < 0) {
		if (errno == ECONNREFUSED)      /* it is ending, or was killed */
			return -ENOENT;
		if (errno != EINTR)
			return -errno;
	}
	return take_fd(&sock);
}

int ctl_await(int sock, enum ctl_type type, struct ctl_msg *m)
{
	size_t len;
	int r;

	while ((r = ctl_recv(sock, m, &len)) > 0)
		if (m->head.type == (uint32_t)type || m->head.type == CTL_EXIT)
			return (int)m->head.type;
	return r;
}
