/* session.c - see session.h. */
#include "storage/overlay/fuse/session.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "storage/overlay/fuse/create.h"
#include "storage/overlay/fuse/place.h"
#include "storage/overlay/fuse/stream.h"

static struct ops ops;          /* of this process: it serves one mount */
static int queues[SESSION_THREADS];
static size_t n_queues;
static _Thread_local int queue; /* this thread's descriptor */
static pthread_mutex_t lead = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local bool leading;
static uint64_t init_request;   /* the INIT request to be answered; 0: none */
static uint32_t offered;        /* what the kernel can do, from it */
static bool long_setxattr;      /* SETXATTR has flags of its own, between what libfuse knows and the name */
static _Thread_local bool acl_clears_sgid;

static ssize_t io_read(int fd, void *buf, size_t len, void *userdata)
{
	const struct fuse_in_header *h = buf;
	const struct fuse_init_in *in = (const struct fuse_init_in *)(h + 1);
	ssize_t n = read(queue, buf, len);

	(void)fd;
	(void)userdata;
	if (n >= (ssize_t)(sizeof *h + 16) && h->opcode == FUSE_INIT) {
		init_request = h->unique;
		offered = in->flags;
	}
	return n;
}

/* Whoever writes to a file loses the set-user-id bit: the file system below sees to it. It cannot see who sets an ACL:
 * the kernel says whether S_ISGID goes then. */
static void add_flags(struct iovec *iov, int count)
{
	struct fuse_init_out *out = count > 1 ? iov[1].iov_base : NULL;

	init_request = 0;
	if (out && iov[1].iov_len >= 16 && (offered & FUSE_HANDLE_KILLPRIV_V2))
		out->flags |= FUSE_HANDLE_KILLPRIV_V2;
	/* A libfuse that reads such requests by itself has set the flag. */
	long_setxattr = out && iov[1].iov_len >= 16 && (offered & FUSE_SETXATTR_EXT & ~out->flags);
	if (long_setxattr)
		out->flags |= FUSE_SETXATTR_EXT;
}

static ssize_t io_splice(int pipe, off_t *from, int fd, off_t *to, size_t len, unsigned flags, void *userdata)
{
	(void)fd;
	(void)userdata;
	return splice(pipe, from, queue, to, len, flags);
}

static ssize_t io_writev(int fd, struct iovec *iov, int count, void *userdata)
{
	const struct fuse_out_header *h = iov[0].iov_base;

	(void)fd;
	(void)userdata;
	if (init_request && h->unique == init_request)
		add_flags(iov, count);
	return writev(queue, iov, count);
}

static void fill_attr(const struct stat *st, struct fuse_attr *a)
{
	*a = (struct fuse_attr){
		.ino = st->st_ino, .size = (uint64_t)st->st_size, .blocks = (uint64_t)st->st_blocks,
		.atime = (uint64_t)st->st_atim.tv_sec, .mtime = (uint64_t)st->st_mtim.tv_sec,
		.ctime = (uint64_t)st->st_ctim.tv_sec, .atimensec = (uint32_t)st->st_atim.tv_nsec,
		.mtimensec = (uint32_t)st->st_mtim.tv_nsec, .ctimensec = (uint32_t)st->st_ctim.tv_nsec,
		.mode = st->st_mode, .nlink = (uint32_t)st->st_nlink, .uid = st->st_uid, .gid = st->st_gid,
		.rdev = (uint32_t)st->st_rdev, .blksize = (uint32_t)st->st_blksize,
	};
}

static void answer_tmpfile(const struct fuse_in_header *h, const struct fuse_create_in *in)
{
	const struct request q = { .uid = h->uid, .gid = h->gid, .umask = in->umask,
				   .mode = (in->mode & ~(uint32_t)S_IFMT) | S_IFREG };
	struct fuse_out_header out = { .unique = h->unique, .len = sizeof out };
	struct fuse_entry_out entry = { .nodeid = 0 };
	struct fuse_open_out open = { .open_flags = FOPEN_KEEP_CACHE };
	struct iovec iov[3] = { { &out, sizeof out }, { &entry, sizeof entry }, { &open, sizeof open } };
	struct fuse_entry_param e;
	int r = ops_tmpfile(&ops, h->nodeid, &q, &e);

	if (r == 0) {
		entry.nodeid = e.ino;
		entry.entry_valid = entry.attr_valid = (uint64_t)e.attr_timeout;
		fill_attr(&e.attr, &entry.attr);
		out.len += (uint32_t)(sizeof entry + sizeof open);
	}
	out.error = r;
	if (writev(queue, iov, r < 0 ? 1 : 3) < 0 && r == 0)
		node_forget(ops.o, ops_node(&ops, e.ino), 1);
}

/* Note the flags and close their gap, for libfuse. */
static void shorten_setxattr(struct fuse_buf *buf)
{
	struct fuse_in_header *h = buf->mem;
	struct fuse_setxattr_in *in = (struct fuse_setxattr_in *)(h + 1);
	const size_t gap = sizeof *in - offsetof(struct fuse_setxattr_in, setxattr_flags);

	acl_clears_sgid = in->setxattr_flags & FUSE_SETXATTR_ACL_KILL_SGID;
	memmove(&in->setxattr_flags, in + 1, buf->size - sizeof *h - sizeof *in);
	buf->size -= gap;
	h->len -= (uint32_t)gap;
}

bool session_acl_clears_sgid(void)
{
	return acl_clears_sgid;
}

static void answer(struct fuse_buf *buf)
{
	const struct fuse_in_header *h = buf->mem;
	size_t body = buf->flags & FUSE_BUF_IS_FD || buf->size < sizeof *h ? 0 : buf->size - sizeof *h;

	acl_clears_sgid = false;
	if (body >= sizeof(struct fuse_create_in) && h->opcode == FUSE_TMPFILE) {
		answer_tmpfile(h, (const struct fuse_create_in *)(h + 1));
		return;
	}
	if (long_setxattr && body >= sizeof(struct fuse_setxattr_in) && h->opcode == FUSE_SETXATTR)
		shorten_setxattr(buf);
	libfuse.session_process_buf(ops.se, buf);
}

void session_let_others(void)
{
	if (!leading)
		return;
	leading = false;
	(void)pthread_mutex_unlock(&lead);
}

/* Writes to one file would only wait for each other. */
static bool is_write(const struct fuse_buf *buf)
{
	return (buf->flags & FUSE_BUF_IS_FD) || ((const struct fuse_in_header *)buf->mem)->opcode == FUSE_WRITE;
}

static int next_request(struct fuse_buf *buf)
{
	struct pollfd p = { .fd = queue, .events = POLLIN };
	int n;

	if (!leading)
		(void)pthread_mutex_lock(&lead);
	leading = true;
	buf->flags = 0;
	n = stream_expects() ? (int)stream_receive(queue, buf) : libfuse.session_receive_buf(ops.se, buf);
	if (n > 0 && !is_write(buf) && poll(&p, 1, 0) > 0)
		session_let_others();
	return n;
}

static void *serve(void *fd)
{
	struct fuse_buf buf = { .mem = NULL };

	queue = *(const int *)fd;
	if (place_thread() < 0)
		return NULL;
	for (;;) {
		int n = next_request(&buf);

		if (n == -EINTR)
			continue;
		if (n <= 0)
			break;
		answer(&buf);
		stream_done();
	}
	session_let_others();
	free(buf.mem);
	return NULL;
}

int session_new(struct ovl *o, const int *devs, const struct session_options *so, struct err *e)
{
	static const struct fuse_custom_io io = { .writev = io_writev, .read = io_read, .splice_send = io_splice };
	char name[] = "coracle-overlay", *argv[] = { name, NULL };
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	int r;

	ops.o = o;
	ops.no_acl = so && so->no_acl;
	ops.lifetime = so ? so->lifetime : OPS_FOR_EVER;
	ops.se = libfuse.session_new(&args, &ops_table, sizeof ops_table, &ops);
	if (!ops.se)
		return err_msg(e, ENOMEM, "no FUSE session could be made");
	r = libfuse.session_custom_io(ops.se, &io, devs[0]);
	if (r < 0)
		return err_set(e, -r, "FUSE session");
	queues[n_queues++] = devs[0];
	for (size_t i = 1; i < SESSION_THREADS; i++) {
		uint32_t master = (uint32_t)devs[0];

		/* A kernel that will not gives all threads one queue. */
		queues[n_queues++] = ioctl(devs[i], FUSE_DEV_IOC_CLONE, &master) == 0 ? devs[i] : devs[0];
	}
	return 0;
}

void session_run(void)
{
	pthread_t threads[SESSION_THREADS];
	bool started[SESSION_THREADS] = { false };

	for (size_t i = 1; i < n_queues; i++)
		started[i] = pthread_create(&threads[i], NULL, serve, &queues[i]) == 0;
	(void)serve(&queues[0]);
	for (size_t i = 1; i < n_queues; i++)
		if (started[i])
			(void)pthread_join(threads[i], NULL);
}
