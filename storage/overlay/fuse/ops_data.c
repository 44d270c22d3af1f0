/* ops_data.c - see ops_data.h: files. */
#include "storage/overlay/fuse/ops_data.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "storage/overlay/fuse/copyup.h"
#include "storage/overlay/fuse/data.h"
#include "storage/overlay/fuse/place.h"
#include "storage/overlay/fuse/session.h"
#include "storage/overlay/fuse/stream.h"

void ops_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	(void)fi;
	(void)libfuse.reply_err(req, ENOSYS);
}

void ops_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	ops_open(req, ino, fi);
}

static int get(struct ops *s, fuse_ino_t ino, bool write, struct handle **h)
{
	int r;

	ops_lock(s->o);
	r = data_get(s->o, ops_node(s, ino), write, h);
	ops_unlock(s->o);
	return r;
}

/* Each thread reads into one buffer of its own. */
static char *thread_buffer(void)
{
	static _Thread_local char *buf;

	if (!buf)
		buf = malloc(STREAM_LEAST);
	return buf;
}

/* From memory at once; what comes from the disk may take longer. */
static ssize_t read_piece(int fd, char *buf, size_t size, off_t off)
{
	const struct iovec v = { buf, size };
	ssize_t n = preadv2(fd, &v, 1, off, RWF_NOWAIT);

	if (n >= 0 || (errno != EAGAIN && errno != EOPNOTSUPP))
		return n;
	session_let_others();
	return pread(fd, buf, size, off);
}

/* The kernel takes the pages from the file itself. */
static void reply_pages(fuse_req_t req, struct ops *s, struct handle *h, size_t size, off_t off)
{
	struct fuse_bufvec v = { .count = 1 };
	char last;

	/* What is in memory is quicker given than others are woken. */
	if (preadv2(data_fd(h), &(struct iovec){ &last, 1 }, 1, off + (off_t)size - 1, RWF_NOWAIT) < 0)
		session_let_others();
	v.buf[0] = (struct fuse_buf){ .size = size, .flags = FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK, .fd = data_fd(h),
				      .pos = off };
	(void)libfuse.reply_data(req, &v, 0);
	data_put(s->o, h);
}

void ops_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct ops *s = libfuse.req_userdata(req);
	char *buf = thread_buffer();
	struct handle *h;
	size_t done = 0;
	int r = buf ? get(s, ino, false, &h) : -ENOMEM;

	(void)fi;
	if (r < 0) {
		(void)libfuse.reply_err(req, -r);
		return;
	}
	if (size >= STREAM_LEAST) {
		reply_pages(req, s, h, size, off);
		return;
	}
	while (done < size) {
		ssize_t n = read_piece(data_fd(h), buf + done, size - done, off + (off_t)done);

		if (n < 0)
			r = errno;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	data_put(s->o, h);
	(void)(r != 0 && done == 0 ? libfuse.reply_err(req, r) : libfuse.reply_buf(req, buf, done));
}

static ssize_t write_memory(int fd, const char *buf, size_t size, off_t off)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pwrite(fd, buf + done, size - done, off + (off_t)done);

		if (n <= 0)
			return done ? (ssize_t)done : -errno;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

void ops_write(fuse_req_t req, fuse_ino_t ino, struct fuse_bufvec *in, off_t off, struct fuse_file_info *fi)
{
	struct ops *s = libfuse.req_userdata(req);
	struct fuse_buf *b = &in->buf[0];
	struct handle *h;
	ssize_t n;
	int r = get(s, ino, true, &h);

	(void)fi;
	if (r < 0) {
		(void)libfuse.reply_err(req, -r);
		return;
	}
	stream_wrote(b->size);
	n = b->flags & FUSE_BUF_IS_FD ? stream_write(b->fd, data_fd(h), b->size, off) :
		write_memory(data_fd(h), b->mem, b->size, off);
	data_put(s->o, h);
	(void)(n < 0 ? libfuse.reply_err(req, (int)-n) : libfuse.reply_write(req, (size_t)n));
}

void ops_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	struct ops *s = libfuse.req_userdata(req);
	struct node *n = ops_node(s, ino);
	struct handle *h;
	int r = 0;

	(void)fi;
	if (s->o->durable && node_has(n, NODE_UPPER)) {
		session_let_others();
		r = get(s, ino, false, &h);
		if (r == 0) {
			r = (datasync ? fdatasync : fsync)(data_fd(h)) < 0 ? -errno : 0;
			data_put(s->o, h);
		}
	}
	(void)libfuse.reply_err(req, -r);
}

void ops_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
	struct ops *s = libfuse.req_userdata(req);
	struct node *n = ops_node(s, ino);
	autoplace p = PLACE_INIT;
	int r = 0, fd = -1;

	(void)fi;
	(void)datasync;
	if (s->o->durable && node_has(n, NODE_UPPER) && !node_has(n, NODE_GONE)) {
		session_let_others();
		ops_lock(s->o);
		r = place_of(s->o, n, NULL, 0, &p);
		fd = r < 0 ? r : place_open(&p, O_RDONLY | O_DIRECTORY);
		ops_unlock(s->o);
		r = fd < 0 ? fd : fsync(fd) < 0 ? -errno : 0;
		if (fd >= 0)
			(void)close(fd);
	}
	(void)libfuse.reply_err(req, -r);
}

void ops_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t off, off_t len, struct fuse_file_info *fi)
{
	struct ops *s = libfuse.req_userdata(req);
	struct handle *h;
	int r;

	(void)fi;
	session_let_others();
	r = get(s, ino, true, &h);
	if (r == 0) {
		r = fallocate(data_fd(h), mode, off, len) < 0 ? -errno : 0;
		data_put(s->o, h);
	}
	(void)libfuse.reply_err(req, -r);
}

void ops_copy_file_range(fuse_req_t req, fuse_ino_t in, off_t off_in, struct fuse_file_info *fi_in, fuse_ino_t out,
			 off_t off_out, struct fuse_file_info *fi_out, size_t len, int flags)
{
	struct ops *s = libfuse.req_userdata(req);
	struct handle *from, *to;
	ssize_t n;
	int r;

	session_let_others();
	r = get(s, out, true, &to);
	(void)fi_in;
	(void)fi_out;
	if (r == 0 && (r = get(s, in, false, &from)) < 0)
		data_put(s->o, to);
	if (r < 0) {
		(void)libfuse.reply_err(req, -r);
		return;
	}
	n = copy_file_range(data_fd(from), &off_in, data_fd(to), &off_out, len, (unsigned)flags);
	/* EOPNOTSUPP lets the kernel copy by itself. */
	r = n < 0 ? (errno == EXDEV ? EOPNOTSUPP : errno) : 0;
	data_put(s->o, from);
	data_put(s->o, to);
	(void)(r ? libfuse.reply_err(req, r) : libfuse.reply_write(req, (size_t)n));
}

/* The kernel may have pages that we do not know. Have it write them; that takes another thread of ours, so only one
 * waits for it, and who comes meanwhile is told what is always true: all is data. */
void ops_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence, struct fuse_file_info *fi)
{
	struct ops *s = libfuse.req_userdata(req);
	bool busy = false, upper = node_has(ops_node(s, ino), NODE_UPPER);
	bool mine = upper && atomic_compare_exchange_strong(&s->flushing, &busy, true);
	struct handle *h;
	struct stat st;
	off_t at = off;
	int r;

	(void)fi;
	session_let_others();
	if (mine) {
		(void)libfuse.lowlevel_notify_inval_inode(s->se, ino, 0, 0);
		s->flushing = false;
	}
	r = get(s, ino, false, &h);
	if (r < 0) {
		(void)libfuse.reply_err(req, -r);
		return;
	}
	if (mine || !upper) {
		at = lseek(data_fd(h), off, whence);
		r = at < 0 ? errno : 0;
	} else if (fstat(data_fd(h), &st) < 0 || off >= st.st_size) {
		r = ENXIO;
	} else if (whence == SEEK_HOLE) {
		at = st.st_size;
	}
	data_put(s->o, h);
	(void)(r ? libfuse.reply_err(req, r) : libfuse.reply_lseek(req, at));
}
