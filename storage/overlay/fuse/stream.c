/* stream.c - see stream.h. */
#include "storage/overlay/fuse/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "storage/overlay/fuse/ops.h"

#define PIPE_SIZE (1024 * 1024) /* what every user may have, and twice the largest request */

static _Thread_local int ends[2] = { -1, -1 };
static _Thread_local bool expected, refused;

void stream_wrote(size_t size)
{
	expected = size >= STREAM_LEAST;
}

static void drop_pipe(void)
{
	for (int i = 0; i < 2; i++) {
		if (ends[i] >= 0)
			(void)close(ends[i]);
		ends[i] = -1;
	}
}

static bool have_pipe(void)
{
	if (ends[0] >= 0)
		return true;
	if (refused || pipe2(ends, O_CLOEXEC) < 0)
		return false;
	if (fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE) >= PIPE_SIZE)
		return true;
	/* One that is too small would lose the request. */
	refused = true;
	drop_pipe();
	return false;
}

bool stream_expects(void)
{
	return expected && have_pipe();
}

ssize_t stream_receive(int dev, struct fuse_buf *buf)
{
	ssize_t n = splice(dev, NULL, ends[1], NULL, OPS_MAX_IO + OPS_HEADER, 0);

	expected = false;
	if (n <= 0)
		return n == 0 ? 0 : errno == ENOENT ? -EINTR : -errno; /* given up before it was read */
	*buf = (struct fuse_buf){ .size = (size_t)n, .mem = buf->mem };
	/* The largest of the others sets an attribute of 64 KiB. */
	if (n < STREAM_LEAST + OPS_HEADER)
		return read(ends[0], buf->mem, (size_t)n) == n ? n : -EIO;
	buf->fd = ends[0];
	buf->flags = FUSE_BUF_IS_FD;
	return n;
}

void stream_done(void)
{
	int left = 0;

	if (ends[0] >= 0 && (ioctl(ends[0], FIONREAD, &left) < 0 || left > 0))
		drop_pipe();
}

static ssize_t write_by_hand(int pipe, int fd, size_t size, off_t off)
{
	char buf[16 * 1024];
	ssize_t n = read(pipe, buf, size < sizeof buf ? size : sizeof buf), done = 0;

	while (done < n) {
		ssize_t w = pwrite(fd, buf + done, (size_t)(n - done), off + done);

		if (w < 0)
			return done ? done : -errno;
		done += w;
	}
	return n < 0 ? -errno : done;
}

ssize_t stream_write(int pipe, int fd, size_t size, off_t off)
{
	size_t done = 0;

	while (done < size) {
		off_t at = off + (off_t)done;
		ssize_t n = splice(pipe, NULL, fd, &at, size - done, SPLICE_F_MOVE);

		if (n < 0 && errno == EINVAL)
			n = write_by_hand(pipe, fd, size - done, off + (off_t)done);
		else if (n < 0)
			n = -errno;
		if (n <= 0)
			return done ? (ssize_t)done : n;
		done += (size_t)n;
	}
	return (ssize_t)done;
}
