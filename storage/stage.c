/* stage.c - locks of the store and directories in tmp/ that are being filled; see store.h.
 *
 * tmp/NAME is somebody's as long as tmp/NAME.lock is held. The lock is made first and removed last, so a directory
 * whose lock file is missing or free has no owner.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/lock.h"
#include "core/base/text.h"
#include "storage/store.h"

int store_lock_shared(struct store *s, struct err *e)
{
	autofd fd = lock_open(s->root_fd, "locks/store");
	int r = fd < 0 ? fd : lock_wait(fd, LOCK_SHARED);

	return r < 0 ? err_set(e, -r, "lock the store %s", s->root) : take_fd(&fd);
}

int store_lock_exclusive(struct store *s, struct err *e)
{
	autofd fd = lock_open(s->root_fd, "locks/store");
	int r = fd < 0 ? fd : lock_try(fd, LOCK_EXCLUSIVE);

	if (r == -EAGAIN)
		return err_msg(e, EAGAIN, "the store %s is in use by another command", s->root);
	return r < 0 ? err_set(e, -r, "lock the store %s", s->root) : take_fd(&fd);
}

static int use(struct store *s, enum lock_mode mode, struct err *e)
{
	autofd fd = lock_open(s->root_fd, "locks/use");
	int r = fd < 0 ? fd : lock_wait(fd, mode);

	if (r < 0)
		return err_set(e, -r, "lock the images of the store %s", s->root);
	s->use_fd = take_fd(&fd);
	return 0;
}

int store_use_shared(struct store *s, struct err *e)
{
	return use(s, LOCK_SHARED, e);
}

int store_use_alone(struct store *s, struct err *e)
{
	return use(s, LOCK_EXCLUSIVE, e);
}

void store_use_end(struct store *s)
{
	if (s->use_fd < 0)
		return;
	lock_release(s->use_fd);
	fd_close(&s->use_fd);
}

int store_stage(struct store *s, char **ret_name, int *ret_lock, struct err *e)
{
	for (;;) {
		g_autofree char *id = text_random_hex(8);
		g_autofree char *name = g_strconcat("stage-", id, NULL);
		g_autofree char *lock_name = g_strconcat(name, ".lock", NULL);
		autofd lock = lock_open(s->tmp_fd, lock_name), dir = -1;
		struct stat st;
		int r = lock < 0 ? lock : lock_wait(lock, LOCK_EXCLUSIVE);

		if (r < 0)
			return err_set(e, -r, "create a staging directory in %s/tmp", s->root);
		/* A collector may have seen it free between the two and removed it. */
		if (fstat(lock, &st) < 0 || st.st_nlink == 0)
			continue;
		if (mkdirat(s->tmp_fd, name, 0700) < 0)
			return err_set(e, errno, "create a staging directory in %s/tmp", s->root);
		dir = openat(s->tmp_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (dir < 0)
			return err_set(e, errno, "open the staging directory %s/tmp/%s", s->root, name);
		*ret_name = g_steal_pointer(&name);
		*ret_lock = take_fd(&lock);
		return take_fd(&dir);
	}
}

void store_unstage(struct store *s, const char *name)
{
	g_autofree char *lock_name = g_strconcat(name, ".lock", NULL);

	(void)unlinkat(s->tmp_fd, lock_name, 0);
}
