/* launch_volume.c - a new volume gets what the image has where it is mounted: content, owner and mode.
 *
 * volumes/<name>/filling is the lock and the journal of that: it holds one byte while files are copied. Whoever finds
 * the byte with the lock free starts again from nothing; a volume with content and without the byte is left alone.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/launch_inside.h"
#include "core/base/fd.h"
#include "core/base/lock.h"
#include "core/base/path.h"
#include "core/runtime/copyup.h"

#define JOURNAL "filling"

/* Entries of a directory: 0 empty, 1 not, or -errno. With `clear` they are removed. */
static int entries(int dirfd, bool clear)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!dir)
		return -errno;
	while (r == 0 && (d = readdir(dir))) {
		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		r = clear ? path_remove_tree(dirfd, d->d_name) : 1;
	}
	(void)closedir(dir);
	return r;
}

static int copy(int from, int to, int journal, struct err *e)
{
	struct stat st;

	if (pwrite(journal, "1", 1, 0) != 1 || fstat(from, &st) < 0)
		return err_set(e, errno, "fill it");
	if (copyup(from, to, false, e) < 0)
		return -e->code;
	/* Owners that the map cannot hold stay what they are. */
	if (fchown(to, st.st_uid, st.st_gid) < 0 && errno != EINVAL && errno != EPERM)
		return err_set(e, errno, "set its owner");
	if (fchmod(to, st.st_mode & 07777) < 0 || ftruncate(journal, 0) < 0)
		return err_set(e, errno, "set its mode");
	return 0;
}

static int fill(int from, const char *path, struct err *e)
{
	g_autofree char *parent = g_path_get_dirname(path);
	autofd top = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC), to = -1, journal = -1;
	struct stat st;
	int r;

	to = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top < 0 || to < 0)
		return err_set(e, errno, "open it");
	journal = lock_open(top, JOURNAL);
	r = journal < 0 ? journal : lock_wait(journal, LOCK_EXCLUSIVE);
	if (r < 0 || fstat(journal, &st) < 0)
		return err_set(e, r < 0 ? -r : errno, "lock it");
	if (st.st_size > 0)
		r = entries(to, true);
	else
		r = entries(to, false);
	if (r == 0)
		r = copy(from, to, journal, e);
	else if (r < 0)
		err_set(e, -r, "read it");
	if (r >= 0)
		(void)unlinkat(top, JOURNAL, 0);
	return r < 0 ? -e->code : 0;
}

int launch_volume_fill(int rootfd, const struct launch_special *s, const char *path, struct err *e)
{
	autofd from = path_open_in_root(rootfd, s->destination, O_RDONLY | O_DIRECTORY, 0);

	if (from < 0 || s->nocopy)
		return 0;
	if (fill(from, path, e) < 0)
		return err_wrap(e, "volume %s at %s", s->source, s->destination);
	return 0;
}
