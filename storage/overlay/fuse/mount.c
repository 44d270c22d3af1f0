/* mount.c - in init: the mount, and its way to the overlay process. See server.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "storage/overlay/fuse/libfuse.h"
#include "storage/overlay/fuse/server_private.h"

int fuse_open_device(struct err *e)
{
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	(void)err_set(e, errno, "/dev/fuse");
	return err_hint(e, e->code == EACCES ? "an administrator can allow it: chmod 666 /dev/fuse" :
			"the kernel module fuse is needed: modprobe fuse");
}

static int set(int fsfd, const char *key, unsigned value, struct err *e)
{
	char text[16];

	(void)snprintf(text, sizeof text, "%u", value);
	if (fsconfig(fsfd, FSCONFIG_SET_STRING, key, text, 0) < 0)
		return err_set(e, errno, "fuse: %s", key);
	return 0;
}

int fuse_mount_device(int dev, unsigned root_id, struct err *e)
{
	autofd fsfd = fsopen("fuse", FSOPEN_CLOEXEC);
	int mnt;

	if (fsfd < 0)
		return err_set(e, errno, "fuse: fsopen");
	if (fsconfig(fsfd, FSCONFIG_SET_STRING, "source", "coracle", 0) < 0)
		return err_set(e, errno, "fuse: source");
	if (fsconfig(fsfd, FSCONFIG_SET_STRING, "rootmode", "40000", 0) < 0)
		return err_set(e, errno, "fuse: rootmode");
	if (set(fsfd, "fd", (unsigned)dev, e) < 0 || set(fsfd, "user_id", root_id, e) < 0 ||
	    set(fsfd, "group_id", root_id, e) < 0)
		return -e->code;
	if (fsconfig(fsfd, FSCONFIG_SET_FLAG, "allow_other", NULL, 0) < 0 ||
	    fsconfig(fsfd, FSCONFIG_SET_FLAG, "default_permissions", NULL, 0) < 0 ||
	    fsconfig(fsfd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return err_set(e, errno, "fuse: mount");
	mnt = fsmount(fsfd, FSMOUNT_CLOEXEC, 0);
	return mnt < 0 ? err_set(e, errno, "fuse: fsmount") : mnt;
}

int fuse_mount(int sock, unsigned root_id, int upper_fd, int work_fd, struct err *e)
{
	int fds[SESSION_THREADS + 3], n = 1 + SESSION_THREADS, r = 0;
	autofd mnt = -1;

	for (int i = 0; i < n; i++)
		fds[i] = -1;
	fds[0] = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
	if (fds[0] < 0)
		r = err_set(e, errno, "/proc/self/ns/user");
	for (int i = 1; r >= 0 && i < n; i++)
		r = fds[i] = fuse_open_device(e);
	if (r >= 0)
		r = mnt = fuse_mount_device(fds[1], root_id, e);
	fds[n] = upper_fd;
	fds[n + 1] = work_fd;
	if (r >= 0) {
		r = fd_send(sock, "m", 1, fds, (size_t)(upper_fd >= 0 ? n + 2 : n));
		r = r < 0 ? err_set(e, -r, "the overlay process") : 0;
	}
	for (int i = 0; i < n; i++)
		fd_close(&fds[i]);
	if (r < 0)
		return r;
	if (fd_read_full(sock, e, sizeof *e) != (ssize_t)sizeof *e)
		return err_msg(e, EPIPE, "the overlay process died");
	return e->code ? err_wrap(e, "overlay process") : take_fd(&mnt);
}

int fuse_trial(struct err *e)
{
	autofd dev = fuse_open_device(e);

	return dev < 0 ? dev : 0;
}

int fuse_trial_mount(struct err *e)
{
	autofd dev = fuse_open_device(e), mnt = dev < 0 ? -1 : fuse_mount_device(dev, 0, e);

	return mnt < 0 ? -e->code : libfuse_load(e);
}
