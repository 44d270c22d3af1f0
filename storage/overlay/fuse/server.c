/* server.c - the overlay process.
 *
 * Who forked me: the keeper, before init. What I hold: the layers' directories, opened with the user's ids; then, from
 * init, the descriptors of /dev/fuse that are the mount, and init's user namespace, which I enter (where the
 * container has another id map than the store, I have one of my own instead): there I may do to the files of
 * the store's ids what its root may. When I end: when the mount is gone, which lives and dies with the container's mount
 * namespace, or when init goes before it has a mount. What must never happen here: an exit for want of memory or
 * descriptors, following a link, opening anything that is not below a layer (confine.h).
 */
#include "storage/overlay/fuse/server.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/proc.h"
#include "core/runtime/idmap.h"
#include "storage/overlay/fuse/confine.h"
#include "storage/overlay/fuse/data.h"
#include "storage/overlay/fuse/server_private.h"

void server_limits(struct ovl *o)
{
	unsigned max = 1024;
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
		r.rlim_cur = r.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &r);
		max = r.rlim_cur > 1 << 20 ? 1 << 20 : (unsigned)r.rlim_cur;
	}
	if (max > 2 * o->n_layers + 64)
		data_limit(o, (max - 2 * o->n_layers) / 2);
}

static int open_dir(int base, const char *name, struct err *e)
{
	int fd = openat(base, name, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_set(e, errno, "%s", name) : fd;
}

int server_open_dirs(const struct fuse_dirs *d, struct server_dirs *ret, struct err *e)
{
	autofd base = open(d->base, O_PATH | O_DIRECTORY | O_CLOEXEC);

	ret->upper = ret->work = -1;
	if (base < 0)
		return err_set(e, errno, "%s", d->base);
	if (d->n_lowers >= OVL_LAYERS_MAX)
		return err_msg(e, E2BIG, "the image has %zu layers; %d are possible", d->n_lowers, OVL_LAYERS_MAX - 1);
	for (; ret->n < d->n_lowers; ret->n++) {
		ret->lowers[ret->n] = open_dir(base, d->lowers[ret->n], e);
		if (ret->lowers[ret->n] < 0)
			return -e->code;
	}
	if (!d->upper)
		return 0;
	ret->upper = open_dir(base, d->upper, e);
	if (ret->upper >= 0)
		ret->work = open_dir(base, d->work, e);
	return ret->work < 0 ? -e->code : 0;
}

/* What init sends: descriptors in this order, the last two only sometimes. */
enum { MSG_USERNS, MSG_DEV, MSG_UPPER = MSG_DEV + SESSION_THREADS, MSG_WORK, MSG_COUNT };

/* Entering the one that we are in is an error. */
static bool is_ours(int userns)
{
	struct stat a, b;

	return fstat(userns, &a) == 0 && stat("/proc/self/ns/user", &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int take_mount(int sock, struct server_dirs *dirs, bool own_ids, int *devs, struct err *e)
{
	int fds[MSG_COUNT];
	size_t n = MSG_COUNT;
	char byte;

	if (fd_recv(sock, &byte, 1, fds, &n) != 1 || n < MSG_UPPER)
		return err_msg(e, EPIPE, "no mount came");
	if (n == MSG_COUNT) {
		dirs->upper = fds[MSG_UPPER];
		dirs->work = fds[MSG_WORK];
	}
	for (int i = 0; i < SESSION_THREADS; i++)
		devs[i] = fds[MSG_DEV + i];
	/* Real root needs none. */
	if (!own_ids && !idmap_store()->none && !is_ours(fds[MSG_USERNS]) &&
	    setns(fds[MSG_USERNS], CLONE_NEWUSER) < 0)
		return err_set(e, errno, "enter the container's user namespace");
	(void)close(fds[MSG_USERNS]);
	return 0;
}

static int get_ready(int sock, const struct fuse_dirs *d, struct err *e)
{
	static struct server_dirs dirs;
	struct ovl_config c = { .lower_fds = dirs.lowers, .durable = d->durable };
	int devs[SESSION_THREADS];
	struct ovl *o;

	if (libfuse_load(e) < 0 || server_open_dirs(d, &dirs, e) < 0 || (d->own_ids && idmap_enter(idmap_store(), e) < 0) ||
	    take_mount(sock, &dirs, d->own_ids, devs, e) < 0)
		return -e->code;
	c.n_lowers = dirs.n;
	c.upper_fd = dirs.upper;
	c.work_fd = dirs.work;
	if (ovl_new(&c, &o, e) < 0)
		return -e->code;
	fd_close(&dirs.work);
	server_limits(o);
	if (session_new(o, devs, NULL, e) < 0)
		return -e->code;
	return confine_server(o, e);
}

static void close_rest(int sock)
{
	const int keep[] = { sock };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd < 3 && null >= 0; fd++)
		(void)dup2(null, fd);
	fd_close(&null);
	fd_close_all_but(keep, 1);
}

static _Noreturn void server(int sock, const struct fuse_dirs *d)
{
	struct err e = ERR_INIT;
	sigset_t all;
	int r;

	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	close_rest(sock);
	proc_set_name("coracle-overlay");
	(void)umask(0);
	(void)mallopt(M_ARENA_MAX, 2);
	r = get_ready(sock, d, &e);
	if (write(sock, &e, sizeof e) < 0)
		_exit(1);
	(void)close(sock);
	if (r == 0)
		session_run();
	_exit(r < 0);
}

int fuse_server_fork(const struct fuse_dirs *d, int *ret_sock, int *ret_pidfd, struct err *e)
{
	autofd ours = -1, theirs = -1;
	autochild pid = -1;
	int pair[2], pidfd;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(e, errno, "socketpair");
	ours = pair[0];
	theirs = pair[1];
	pid = fork();
	if (pid == 0) {
		fd_close(&ours);
		server(theirs, d);
	}
	if (pid < 0)
		return err_set(e, errno, "fork");
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		return err_set(e, errno, "overlay process");
	(void)take_child(&pid);
	*ret_pidfd = pidfd;
	*ret_sock = take_fd(&ours);
	return 0;
}
