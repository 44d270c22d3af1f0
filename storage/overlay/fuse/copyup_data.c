/* copyup_data.c - the bytes of a file: shared where the file system can, holes kept. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "storage/overlay/fuse/copyup.h"

#define STEP (64 * 1024)

/* By read and write, where the kernel will not copy itself. */
static int copy_by_hand(int in, int out, off_t at, off_t end)
{
	char buf[STEP];

	while (at < end) {
		size_t want = end - at < STEP ? (size_t)(end - at) : STEP;
		ssize_t n = pread(in, buf, want, at), done = 0;

		if (n <= 0)
			return n < 0 ? -errno : 0;
		while (done < n) {
			ssize_t w = pwrite(out, buf + done, (size_t)(n - done), at + done);

			if (w < 0)
				return -errno;
			done += w;
		}
		at += n;
	}
	return 0;
}

static int copy_piece(int in, int out, off_t at, off_t end)
{
	while (at < end) {
		off_t from = at, to = at;
		ssize_t n = copy_file_range(in, &from, out, &to, (size_t)(end - at), 0);

		if (n == 0)
			return 0;
		if (n < 0 && (errno == EXDEV || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS ||
			      errno == EPERM || errno == EIO))
			return copy_by_hand(in, out, at, end);
		if (n < 0)
			return -errno;
		at += n;
	}
	return 0;
}

int copyup_data(int in, int out, off_t size)
{
	off_t at = 0;
	int r = 0;

	if (size == 0 || ioctl(out, FICLONE, in) == 0)
		return 0;
	while (r == 0 && at < size) {
		off_t data = lseek(in, at, SEEK_DATA), end;

		if (data < 0 && errno == ENXIO)
			break;
		if (data < 0)
			data = at;
		end = lseek(in, data, SEEK_HOLE);
		if (end < 0)
			end = size;
		r = copy_piece(in, out, data, end);
		at = end;
	}
	return r < 0 ? r : ftruncate(out, size) < 0 ? -errno : 0;
}
