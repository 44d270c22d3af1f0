/* pretend_serve.c - the process that answers calls for other ids.
 *
 * Who forked me: the keeper, or a client of exec, before the program's process. What I hold: from that process, the
 * listener of its filter, its user namespace, which I enter, and its root; the host's /proc, to look at who calls; the
 * container's directory in the store. When I end: when nobody is left under the filter, with the keeper, or with the
 * container. What must never happen here: believing a path outside the caller's root (I change mine to it before I walk),
 * memory from the heap, an end for any other reason: calls would fail then.
 *
 * A path that is changed between my look and the caller's next is the caller's own: nothing is allowed here that the caller,
 * root of the container, could not do by itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/proc.h"
#include "core/runtime/pretend_ids.h"
#include "core/runtime/pretend_private.h"
#include "core/runtime/remember.h"

struct server {
	struct remember memory;
	struct pretend_ids ids;
	int listener, until, proc, root;
	struct stat userns;
};

/* What is asked for, read out of the arguments. */
struct call {
	int dirfd;
	uint64_t path;          /* an address in the caller, 0: the descriptor itself */
	int flags;              /* AT_* */
	uint32_t uid, gid;
	bool device;
	mode_t mode;
	uint32_t dev;
};

static bool read_call(const struct seccomp_data *d, struct call *c)
{
	*c = (struct call){ .dirfd = AT_FDCWD };
	switch (d->nr) {
#ifdef SYS_chown
	case SYS_lchown:
		c->flags = AT_SYMLINK_NOFOLLOW;
		__attribute__((fallthrough));
	case SYS_chown:
		c->path = d->args[0];
		c->uid = (uint32_t)d->args[1];
		c->gid = (uint32_t)d->args[2];
		return true;
	case SYS_mknod:
		c->device = true;
		c->path = d->args[0];
		c->mode = (mode_t)d->args[1];
		c->dev = (uint32_t)d->args[2];
		return true;
#endif
	case SYS_fchown:
		c->dirfd = (int)d->args[0];
		c->uid = (uint32_t)d->args[1];
		c->gid = (uint32_t)d->args[2];
		return true;
	case SYS_fchownat:
		c->dirfd = (int)d->args[0];
		c->path = d->args[1];
		c->uid = (uint32_t)d->args[2];
		c->gid = (uint32_t)d->args[3];
		c->flags = (int)d->args[4];
		return true;
	case SYS_mknodat:
		c->device = true;
		c->dirfd = (int)d->args[0];
		c->path = d->args[1];
		c->mode = (mode_t)d->args[2];
		c->dev = (uint32_t)d->args[3];
		return true;
	default:
		return false;
	}
}

/* `what` of the caller's directory in /proc. fd or -errno. */
static int open_of(const struct server *s, uint32_t pid, const char *what, int flags)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof path, "%u/%s", pid, what);
	fd = openat(s->proc, path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int read_path(const struct server *s, uint32_t pid, uint64_t address, char *buf)
{
	autofd mem = open_of(s, pid, "mem", O_RDONLY);
	ssize_t n = mem < 0 ? -1 : pread(mem, buf, PATH_MAX, (off_t)address);

	if (n <= 0)
		return -EFAULT;
	return memchr(buf, '\0', (size_t)n) ? 0 : n == PATH_MAX ? -ENAMETOOLONG : -EFAULT;
}

static int open_base(const struct server *s, uint32_t pid, int dirfd)
{
	char what[32];
	int fd;

	if (dirfd == AT_FDCWD)
		return open_of(s, pid, "cwd", O_PATH);
	(void)snprintf(what, sizeof what, "fd/%d", dirfd);
	fd = open_of(s, pid, what, O_PATH);
	return fd == -ENOENT ? -EBADF : fd;
}

/* Walk as the caller does, in its root. */
static int be_in_root_of(const struct server *s, uint32_t pid)
{
	autofd root = open_of(s, pid, "root", O_PATH | O_DIRECTORY);

	return root < 0 ? root : fchdir(root) < 0 || chroot(".") < 0 ? -errno : 0;
}

/* Names for the caller's own descriptors, which lead me to mine, or nowhere: pipes and terminals mostly. */
static bool is_own_descriptor(const char *path)
{
	static const char *const begins[] = { "/proc/self/", "/proc/thread-self/", "/dev/std", "/dev/fd/" };

	for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
		if (strncmp(path, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

/* The file that a chown is for, as O_PATH. fd, or -errno as the kernel would answer. */
static int open_target(const struct server *s, uint32_t pid, const struct call *c, const char *path)
{
	/* Where the container sees the host's processes, the links of /proc would lead to what I hold. */
	struct open_how how = { .flags = O_PATH | O_CLOEXEC | (c->flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0),
				.resolve = RESOLVE_NO_MAGICLINKS };
	autofd base = -1;
	int fd, r;

	if (c->flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (!*path && !(c->flags & AT_EMPTY_PATH) && c->path)
		return -ENOENT;
	if (*path != '/') {
		base = open_base(s, pid, c->dirfd);
		if (base < 0 || !*path)
			return take_fd(&base);
	}
	r = be_in_root_of(s, pid);
	if (r < 0)
		return r;
	fd = (int)syscall(SYS_openat2, *path == '/' ? AT_FDCWD : base, path, &how, sizeof how);
	return fd < 0 ? -errno : fd;
}

static bool still_waits(const struct server *s, uint64_t id)
{
	return ioctl(s->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

/* In a user namespace of its own the caller's numbers are others. */
static bool counts_as_we(const struct server *s, uint32_t pid)
{
	autofd ns = open_of(s, pid, "ns/user", O_RDONLY);
	struct stat st;

	return ns >= 0 && fstat(ns, &st) == 0 && st.st_ino == s->userns.st_ino && st.st_dev == s->userns.st_dev;
}

/* Walks of links need a root; what I look up for myself is the container's. */
static bool come_home(const struct server *s)
{
	return fchdir(s->root) == 0 && chroot(".") == 0;
}

static int answer_chown(struct server *s, const struct seccomp_notif *req, const struct call *c, const char *path)
{
	autofd fd = open_target(s, req->pid, c, path);
	bool same = counts_as_we(s, req->pid);

	if ((fd == -ENOENT || fd == -ELOOP) && is_own_descriptor(path))
		return 0;
	if (fd < 0 || !still_waits(s, req->id))
		return fd < 0 ? fd : -ESRCH;
	/* Errors are the kernel's, and bits of setuid programs go as with every chown. */
	if (fchownat(fd, "", c->uid == UINT32_MAX ? c->uid : s->memory.uid, c->gid == UINT32_MAX ? c->gid : s->memory.gid,
		     AT_EMPTY_PATH) < 0)
		return -errno;
	if (same && come_home(s))
		remember_owner(&s->memory, fd, c->uid, c->gid);
	return 0;
}

static mode_t umask_of(const struct server *s, uint32_t pid)
{
	autofd fd = open_of(s, pid, "status", O_RDONLY);
	char text[1024];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	const char *line;

	text[n > 0 ? n : 0] = '\0';
	line = strstr(text, "\nUmask:");
	return line ? (mode_t)strtoul(line + 7, NULL, 8) : 022;
}

/* The directory that the device is to be in; *name is its name there. */
static int open_parent(const struct server *s, uint32_t pid, const struct call *c, char *path, const char **name)
{
	struct call parent = { .dirfd = c->dirfd, .path = c->path, .flags = AT_EMPTY_PATH };
	char *slash = strrchr(path, '/');
	int fd;

	*name = slash ? slash + 1 : path;
	if (!**name)
		return *path ? -EEXIST : -ENOENT;
	if (!slash)
		return open_target(s, pid, &parent, "");
	if (slash == path)
		return open_target(s, pid, &parent, "/");
	*slash = '\0';
	fd = open_target(s, pid, &parent, path);
	*slash = '/';
	return fd;
}

/* An empty file in its place, which commit makes a device again. */
static int answer_mknod(struct server *s, const struct seccomp_notif *req, const struct call *c, char *path)
{
	const char *name = NULL;
	autofd dir = open_parent(s, req->pid, c, path, &name), fd = -1;
	mode_t mode = c->mode & 07777 & ~umask_of(s, req->pid);

	if (dir < 0 || !still_waits(s, req->id))
		return dir < 0 ? dir : -ESRCH;
	if (!counts_as_we(s, req->pid) || !remember_can(&s->memory, dir))
		return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? -EEXIST : -EPERM;
	fd = openat(dir, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	if (come_home(s) && remember_device(&s->memory, fd, (c->mode & S_IFMT) | mode, c->dev) == 0)
		return 0;
	(void)unlinkat(dir, name, 0);
	return -EPERM;
}

/* getresuid, getresgid. Others as they are. */
static int answer_three(struct server *s, const struct seccomp_notif *req)
{
	const struct pretended *p = pretend_ids_find(&s->ids, req->pid);
	autofd mem = p ? open_of(s, req->pid, "mem", O_WRONLY) : -1;

	if (mem < 0 || !still_waits(s, req->id))
		return 0;
	for (int i = 0; i < ID_COUNT; i++) {
		const uint32_t *id = req->data.nr == SYS_getresuid ? &p->uid[i] : &p->gid[i];

		if (pwrite(mem, id, sizeof *id, (off_t)req->data.args[i]) != (ssize_t)sizeof *id)
			return -EFAULT;
	}
	return 1;
}

/* 1, 0: the kernel's own answer, or -errno. Where ids have another meaning they are the kernel's matter. */
static int answer_ids(struct server *s, const struct seccomp_notif *req, int64_t *val)
{
	if (s->ids.n == 0 && pretend_ids_only_looks(req->data.nr))
		return 0;
	if (!counts_as_we(s, req->pid))
		return 0;
	if (req->data.nr == SYS_getresuid || req->data.nr == SYS_getresgid)
		return answer_three(s, req);
	return pretend_ids_answer(&s->ids, req->pid, &req->data, val);
}

static int answer(struct server *s, const struct seccomp_notif *req)
{
	static char path[PATH_MAX + 1];
	struct call c;
	int r;

	if (!read_call(&req->data, &c))
		return -ENOSYS;
	*path = '\0';
	r = c.path ? read_path(s, req->pid, c.path, path) : c.device || req->data.nr != SYS_fchown ? -EFAULT : 0;
	if (r < 0)
		return r;
	return c.device ? answer_mknod(s, req, &c, path) : answer_chown(s, req, &c, path);
}

static void fill(struct server *s, const struct seccomp_notif *req, struct seccomp_notif_resp *resp)
{
	int64_t val = 0;
	int r;

	resp->id = req->id;
	if (!pretend_ids_call(req->data.nr)) {
		resp->error = answer(s, req);
		return;
	}
	r = answer_ids(s, req, &val);
	resp->error = r < 0 ? r : 0;
	resp->val = val;
	resp->flags = r == 0 ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0;
}

/* Until nobody is left who could ask. */
static void serve(struct server *s)
{
	/* A kernel newer than this program may have larger ones. */
	static union { struct seccomp_notif n; char room[4096]; } req;
	static union { struct seccomp_notif_resp n; char room[4096]; } resp;

	for (;;) {
		struct pollfd p[2] = { { .fd = s->listener, .events = POLLIN }, { .fd = s->until, .events = POLLIN } };

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return;
		if (p[1].revents || (p[0].revents & (POLLHUP | POLLERR | POLLNVAL) && !(p[0].revents & POLLIN)))
			return;
		memset(&req, 0, sizeof req);
		memset(&resp, 0, sizeof resp);
		if (!(p[0].revents & POLLIN) || ioctl(s->listener, SECCOMP_IOCTL_NOTIF_RECV, &req) < 0)
			continue;
		fill(s, &req.n, &resp.n);
		/* Who asked may be gone. */
		(void)ioctl(s->listener, SECCOMP_IOCTL_NOTIF_SEND, &resp);
	}
}

static void close_rest(const struct pretend_server *p)
{
	const int keep[] = { p->sock, p->dir, p->until };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd < 3 && null >= 0; fd++)
		(void)dup2(null, fd);
	fd_close(&null);
	fd_close_all_but(keep, 3);
}

void pretend_serve(const struct pretend_server *p)
{
	static struct server s;
	int fds[PRETEND_FDS];
	size_t n = PRETEND_FDS;
	sigset_t all;
	char byte;

	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	close_rest(p);
	proc_set_name("coracle-owners");
	(void)umask(0);
	if (fd_recv(p->sock, &byte, 1, fds, &n) != 1 || n != PRETEND_FDS)
		_exit(0);
	(void)close(p->sock);
	s.listener = fds[PRETEND_LISTENER];
	s.until = p->until;
	s.root = fds[PRETEND_ROOT];
	s.proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s.proc < 0 || fstat(fds[PRETEND_USERNS], &s.userns) < 0 || setns(fds[PRETEND_USERNS], CLONE_NEWUSER) < 0)
		_exit(1);
	(void)close(fds[PRETEND_USERNS]);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	remember_init(&s.memory, s.proc, s.root, p->dir);
	s.memory.uid = p->uid;
	s.memory.gid = p->gid;
	s.ids.proc = s.proc;
	s.ids.uid = p->uid;
	s.ids.gid = p->gid;
	serve(&s);
	_exit(0);
}
