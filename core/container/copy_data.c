/* copy_data.c - see copy_data.h. */
#include "core/container/copy_data.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"

#define PIECE (16 << 20)        /* between two looks at whether a signal came */
#define BUFFER (256 << 10)

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
	(void)sig;
	interrupted = 1;
}

/* What was ignored when the command began (nohup, a job in the background) stays so. */
void copy_data_interruptible(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	const struct sigaction a = { .sa_handler = on_signal };

	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
		struct sigaction before;

		if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			(void)sigaction(signals[i], &a, NULL);
	}
}

/* The ways, the best first; one that a pair of files cannot go is not tried again for them. */
enum way { WAY_RANGE, WAY_SENDFILE, WAY_BUFFER };

static ssize_t by_buffer(int in, int out, off_t *at, size_t len)
{
	char *buf = malloc(BUFFER);
	ssize_t n = buf ? pread(in, buf, len < BUFFER ? len : BUFFER, *at) : -1;
	int r = n > 0 ? fd_write_all(out, buf, (size_t)n) : 0;

	free(buf);
	if (r < 0) {
		errno = -r;
		return -1;
	}
	*at += n > 0 ? n : 0;
	return n;
}

/* Bytes moved from *at on to where `out` stands; 0 at the end. */
static ssize_t move(int in, int out, off_t *at, size_t len, enum way *way)
{
	ssize_t n = -1;

	if (*way == WAY_RANGE) {
		n = copy_file_range(in, at, out, NULL, len, 0);
		if (n > 0 || (n < 0 && errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP && errno != EPERM))
			return n;
		/* Some file systems say "end" to a file whose size they do not know. */
		*way = WAY_SENDFILE;
	}
	if (*way == WAY_SENDFILE) {
		n = sendfile(out, in, at, len);
		if (n >= 0 || (errno != EINVAL && errno != ENOSYS))
			return n;
		*way = WAY_BUFFER;
	}
	return by_buffer(in, out, at, len);
}

/* What lies between `from` and `to`; `out` stands at `from`. */
static int copy_span(int in, int out, off_t from, off_t to, enum way *way)
{
	while (from < to && !interrupted) {
		size_t len = to - from < PIECE ? (size_t)(to - from) : PIECE;
		ssize_t n = move(in, out, &from, len, way);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return 0;
	}
	return interrupted ? -EINTR : 0;
}

/* Data and holes in turn. */
static int copy_sparse(int in, int out, off_t size, enum way *way)
{
	off_t hole = 0;
	struct stat st;
	int r = 0;

	while (r == 0 && hole < size) {
		off_t from = hole, data = lseek(in, from, SEEK_DATA);

		if (data < 0 && errno == ENXIO)
			break;
		hole = data < 0 ? -1 : lseek(in, data, SEEK_HOLE);
		/* A file system that cannot tell: all is data. */
		if (hole < 0) {
			data = from;
			hole = size;
		}
		if (data >= size)
			break;
		hole = hole < size ? hole : size;
		if (lseek(out, data, SEEK_SET) < 0)
			return -errno;
		r = copy_span(in, out, data, hole, way);
	}
	/* What is a hole at the end, unless the file has become shorter meanwhile. */
	if (r == 0 && fstat(in, &st) == 0 && ftruncate(out, st.st_size < size ? st.st_size : size) < 0)
		r = -errno;
	return r;
}

int copy_data(int in, int out, int64_t size)
{
	enum way way = WAY_RANGE;
	off_t at = 0;

	if (size > 0)
		return copy_sparse(in, out, size, &way);
	while (!interrupted) {
		ssize_t n = by_buffer(in, out, &at, BUFFER);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return 0;
	}
	return -EINTR;
}
