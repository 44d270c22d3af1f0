/* mountpoints.c - the lowest layer of every container: empty files and directories where mounts go.
 *
 * An image mostly has no /etc/hosts. Making one to mount over in each container's upper layer would copy /etc up,
 * write four inodes at every start and remove them at every end: a tenth of a start. Here they lie once for all
 * containers, below the image, which hides what it has itself. The layer is made whole in tmp/ and renamed; its name
 * changes with its content.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "storage/store.h"

static const char *const directories[] = { "dev", "etc", "proc", "run", "sys" };
static const char *const files[] = { "etc/hostname", "etc/hosts", "etc/resolv.conf", "run/.containerenv" };

/* The caller's umask does not count for what containers see. */
static int fill(int dir)
{
	for (size_t i = 0; i < G_N_ELEMENTS(directories); i++)
		if (mkdirat(dir, directories[i], 0755) < 0 || fchmodat(dir, directories[i], 0755, 0) < 0)
			return -errno;
	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		autofd fd = openat(dir, files[i], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

		if (fd < 0 || fchmod(fd, 0644) < 0)
			return -errno;
	}
	return fchmod(dir, 0755) < 0 ? -errno : 0;
}

int store_mountpoints(struct store *s, struct err *e)
{
	g_autofree char *name = NULL;
	autofd lock = -1, dir = -1;
	int r;

	if (path_exists_at(s->root_fd, STORE_MOUNTPOINTS))
		return 0;
	dir = store_stage(s, &name, &lock, e);
	if (dir < 0)
		return dir;
	r = fill(dir);
	if (r == 0 && renameat(s->tmp_fd, name, s->root_fd, STORE_MOUNTPOINTS) < 0) {
		/* Somebody else was faster. */
		r = errno == ENOTEMPTY || errno == EEXIST ? 0 : -errno;
		(void)path_remove_tree(s->tmp_fd, name);
	}
	store_unstage(s, name);
	return r < 0 ? err_set(e, -r, "make %s/" STORE_MOUNTPOINTS, s->root) : 0;
}
