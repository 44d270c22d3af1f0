/* standalone.c - see standalone.h. */
#include "storage/overlay/fuse/standalone.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/proc.h"
#include "storage/overlay/fuse/confine.h"
#include "storage/overlay/fuse/server_private.h"

#ifdef SANITIZED
#define KEPT_STREAM 2   /* what a sanitizer has to say */
#else
#define KEPT_STREAM 3   /* none */
#endif

extern char **environ;

static int mount_here(const struct fuse_standalone *s, int dev, struct err *e)
{
	struct mount_attr a = { .attr_set = s->attributes };
	autofd mnt = fuse_mount_device(dev, geteuid(), e);

	if (mnt < 0)
		return mnt;
	if (a.attr_set && mount_setattr(mnt, "", AT_EMPTY_PATH, &a, sizeof a) < 0)
		return err_set(e, errno, "mount options of %s", s->mountpoint);
	if (move_mount(mnt, "", AT_FDCWD, s->mountpoint, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_set(e, errno, "mount on %s", s->mountpoint);
	return 0;
}

/* fusermount3(1) mounts, as root, and sends the descriptor through the socket that _FUSE_COMMFD names. */
static int ask_fusermount(const struct fuse_standalone *s, struct err *e)
{
	char number[16], options[160], program[] = "fusermount3", o[] = "-o", end[] = "--";
	char *argv[] = { program, o, options, end, (char *)s->mountpoint, NULL };
	autofd ours = -1, theirs = -1;
	int pair[2], fd = -1, r;
	size_t n = 1;
	pid_t pid;
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(e, errno, "socketpair");
	ours = pair[0];
	theirs = pair[1];
	(void)fd_set_cloexec(theirs, false);
	(void)snprintf(number, sizeof number, "%d", theirs);
	(void)setenv("_FUSE_COMMFD", number, 1);
	(void)snprintf(options, sizeof options, "fsname=coracle,subtype=coracle-overlay,default_permissions,%s%s%s%s%s",
		       s->attributes & MOUNT_ATTR_RDONLY ? "ro" : "rw", s->allow_other ? ",allow_other" : "",
		       s->attributes & MOUNT_ATTR_NOEXEC ? ",noexec" : "", ",nosuid", ",nodev");
	r = posix_spawnp(&pid, program, NULL, NULL, argv, environ);
	(void)unsetenv("_FUSE_COMMFD");
	fd_close(&theirs);
	if (r != 0)
		return err_hint((err_set(e, r, "fusermount3"), e), "who is not root needs it to mount: apt-get install fuse3");
	if (fd_recv(ours, &byte, 1, &fd, &n) != 1 || n != 1)
		fd = -1;
	r = proc_wait(pid);
	return fd < 0 || r != 0 ? err_msg(e, EPERM, "fusermount3 could not mount on %s", s->mountpoint) : fd;
}

static int make_mount(const struct fuse_standalone *s, int *devs, struct err *e)
{
	int r;

	for (int i = 0; i < SESSION_THREADS; i++) {
		devs[i] = fuse_open_device(e);
		if (devs[i] < 0)
			return devs[i];
	}
	r = mount_here(s, devs[0], e);
	if (r != -EPERM)
		return r;
	err_clear(e);
	(void)close(devs[0]);
	devs[0] = ask_fusermount(s, e);
	return devs[0] < 0 ? devs[0] : 0;
}

static int get_ready(const struct fuse_standalone *s, struct err *e)
{
	const struct session_options so = { .no_acl = s->no_acl || s->ids, .lifetime = s->lifetime };
	static struct server_dirs dirs;
	struct ovl_config c = { .lower_fds = dirs.lowers, .durable = s->dirs.durable, .foreign = true,
				.ids = s->ids, .static_links = s->static_links };
	int devs[SESSION_THREADS];
	struct ovl *o;

	if (libfuse_load(e) < 0 || server_open_dirs(&s->dirs, &dirs, e) < 0)
		return -e->code;
	c.n_lowers = dirs.n;
	c.upper_fd = dirs.upper;
	c.work_fd = dirs.work;
	if (ovl_new(&c, &o, e) < 0)
		return -e->code;
	server_limits(o);
	if (make_mount(s, devs, e) < 0 || session_new(o, devs, &so, e) < 0)
		return -e->code;
	return confine_server(o, e);
}

static _Noreturn void server(const struct fuse_standalone *s, int report)
{
	const int keep[] = { report };
	struct err e = ERR_INIT;
	int null;

	fd_close_all_but(keep, 1);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	(void)umask(0);
	if (get_ready(s, &e) < 0) {
		(void)!write(report, &e, sizeof e);
		_exit(1);
	}
	proc_set_name("coracle-overlay");
	for (int fd = 0; fd < KEPT_STREAM && null >= 0; fd++)
		(void)dup2(null, fd);
	if (write(report, &e, sizeof e) == (ssize_t)sizeof e)
		session_run();
	_exit(0);
}

int fuse_serve_at(const struct fuse_standalone *s, struct err *e)
{
	autofd from = -1;
	pid_t pid;
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	from = p[0];
	pid = fork();
	if (pid == 0) {
		if (!s->foreground)
			(void)setsid();
		fd_close(&from);
		server(s, p[1]);
	}
	(void)close(p[1]);
	if (pid < 0)
		return err_set(e, errno, "fork");
	if (fd_read_full(from, e, sizeof *e) != (ssize_t)sizeof *e)
		return err_msg(e, EPIPE, "the overlay process died");
	if (e->code)
		return -e->code;
	return s->foreground && proc_wait(pid) != 0 ? err_msg(e, EPIPE, "the overlay process was killed") : 0;
}
