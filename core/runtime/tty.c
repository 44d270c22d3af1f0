/* tty.c - see tty.h. */
#include "core/runtime/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/runtime/mounts.h"

static int show_console(int rootfd, int slave, struct err *e)
{
	autofd target = path_mkfile_in_root(rootfd, "/dev/console", 0600), tree = -1;
	int r;

	if (target < 0)
		return err_set(e, -target, "/dev/console");
	tree = mount_clone(slave, "", false);
	r = tree < 0 ? tree : mount_attach(tree, target);
	return r < 0 ? err_set(e, -r, "bind the terminal at /dev/console") : 0;
}

int tty_open(const struct rspec *spec, int rootfd, int *ret_master, int *ret_slave, struct err *e)
{
	const struct rspec_process *p = &spec->process;
	struct winsize size = { .ws_row = p->console_rows, .ws_col = p->console_cols };
	autofd master = path_open_in_root(rootfd, "/dev/pts/ptmx", O_RDWR | O_NOCTTY, 0), slave = -1;
	int unlock = 0;

	if (master == -ENOENT)
		return err_msg(e, ENOENT, "a terminal needs a devpts mount at /dev/pts, and the spec has none");
	if (master < 0)
		return err_set(e, -master, "open /dev/pts/ptmx");
	if (ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return err_set(e, errno, "unlock the terminal");
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return err_set(e, errno, "open the terminal");
	if (size.ws_row && size.ws_col && ioctl(master, TIOCSWINSZ, &size) < 0)
		return err_set(e, errno, "set the terminal's size");
	if (p->user.uid != 0 && fchown(slave, p->user.uid, (gid_t)-1) < 0 && errno != EINVAL)
		return err_set(e, errno, "give the terminal to user %u", p->user.uid);
	*ret_master = take_fd(&master);
	*ret_slave = take_fd(&slave);
	return 0;
}

int tty_make(const struct rspec *spec, int rootfd, int *ret_master, int *ret_slave, struct err *e)
{
	if (tty_open(spec, rootfd, ret_master, ret_slave, e) < 0)
		return -e->code;
	return mounts_dev_is_foreign(spec) ? 0 : show_console(rootfd, *ret_slave, e);
}

int tty_take(int slave, struct err *e)
{
	if (ioctl(slave, TIOCSCTTY, 0) < 0)
		return err_set(e, errno, "take the terminal as the controlling one");
	for (int fd = 0; fd < 3; fd++)
		if (dup2(slave, fd) < 0)
			return err_set(e, errno, "dup2");
	return 0;
}
