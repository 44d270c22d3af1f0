/* attr.c - see attr.h.
 *
 * Set-user-id bits and file capabilities go where they must (write, truncate, chown) because the file system below
 * takes them from everybody who is not root of the whole machine.
 */
#include "storage/overlay/fuse/attr.h"

#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse_lowlevel.h>
#include <unistd.h>

#include "storage/overlay/fuse/copyup.h"
#include "storage/overlay/fuse/data.h"
#include "storage/overlay/fuse/ids.h"
#include "storage/overlay/fuse/place.h"

void attr_fix(const struct ovl *o, struct node *n, struct stat *st)
{
	st->st_ino = n->ino;
	ids_show(o->ids, st);
	if (node_is_dir(n)) {
		/* As the kernel's: nobody counts the directories of several layers. */
		if (node_has(n, NODE_GONE))
			st->st_nlink = 0;
		else if (o->static_links || node_is_merged(n))
			st->st_nlink = 1;
	} else if (node_info(n)) {
		st->st_nlink = (nlink_t)((long)st->st_nlink + node_info(n)->links);
	}
}

int attr_get(struct ovl *o, struct node *n, struct stat *ret)
{
	autoplace p = PLACE_INIT;
	int r = -ENOENT;

	if (!node_has(n, NODE_GONE)) {
		r = place_of(o, n, NULL, node_layer(n), &p);
		if (r == 0)
			r = place_stat(&p, ret);
	}
	if (r == -ENOENT)
		r = data_stat(o, n, ret);
	if (r == 0)
		attr_fix(o, n, ret);
	return r;
}

static void wanted_times(const struct stat *want, int valid, struct timespec t[2])
{
	t[0] = t[1] = (struct timespec){ .tv_nsec = UTIME_OMIT };
	if (valid & FUSE_SET_ATTR_ATIME_NOW)
		t[0].tv_nsec = UTIME_NOW;
	else if (valid & FUSE_SET_ATTR_ATIME)
		t[0] = want->st_atim;
	if (valid & FUSE_SET_ATTR_MTIME_NOW)
		t[1].tv_nsec = UTIME_NOW;
	else if (valid & FUSE_SET_ATTR_MTIME)
		t[1] = want->st_mtim;
}

#define ANY_TIME (FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_ATIME_NOW | FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW)
#define ANY_OWNER (FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)
#define NOT_SIZE (ANY_OWNER | ANY_TIME | FUSE_SET_ATTR_MODE)

/* An owner that is not wanted is -1. Nothing named at all is chown(2) to -1 and -1, which takes set-user-id bits and changes ctime. */
static int set_at(int fd, const char *name, const struct stat *want, int valid)
{
	struct timespec t[2];

	if ((!valid || (valid & ANY_OWNER)) && fchownat(fd, name, want->st_uid, want->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if ((valid & FUSE_SET_ATTR_MODE) && fchmodat(fd, name, want->st_mode & 07777, 0) < 0)
		return -errno;
	wanted_times(want, valid, t);
	return (valid & ANY_TIME) && utimensat(fd, name, t, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

/* A file that has no name any more. */
static int set_open(int fd, const struct stat *want, int valid)
{
	struct timespec t[2];

	if ((!valid || (valid & ANY_OWNER)) && fchownat(fd, "", want->st_uid, want->st_gid, AT_EMPTY_PATH) < 0)
		return -errno;
	if ((valid & FUSE_SET_ATTR_MODE) && fchmod(fd, want->st_mode & 07777) < 0)
		return -errno;
	wanted_times(want, valid, t);
	return (valid & ANY_TIME) && futimens(fd, t) < 0 ? -errno : 0;
}

static int truncate_to(struct ovl *o, struct node *n, off_t size)
{
	struct handle *h;
	int r = data_get(o, n, true, &h);

	if (r < 0)
		return r;
	r = ftruncate(data_fd(h), size) < 0 ? -errno : 0;
	data_put(o, h);
	return r;
}

int attr_set(struct ovl *o, struct node *n, const struct stat *shown, int valid)
{
	struct stat stored = *shown, *want = &stored;
	bool emptied = (valid & FUSE_SET_ATTR_SIZE) && want->st_size == 0;
	autoplace p = PLACE_INIT;
	struct handle *h;
	int r;

	if (!(valid & FUSE_SET_ATTR_UID))
		stored.st_uid = (uid_t)-1;
	if (!(valid & FUSE_SET_ATTR_GID))
		stored.st_gid = (gid_t)-1;
	r = ids_store(o->ids, &stored.st_uid, &stored.st_gid);
	if (r == 0)
		r = copyup_node(o, n, emptied ? COPYUP_EMPTY : COPYUP_ALL);
	if (r == 0 && (valid & FUSE_SET_ATTR_SIZE))
		r = truncate_to(o, n, want->st_size);
	if (r < 0 || ((valid & FUSE_SET_ATTR_SIZE) && !(valid & NOT_SIZE)))
		return r;
	valid &= NOT_SIZE;
	if (!node_has(n, NODE_GONE)) {
		r = place_of(o, n, NULL, 0, &p);
		return r < 0 ? r : set_at(p.fd, p.name, want, valid);
	}
	r = data_get(o, n, true, &h);
	if (r < 0)
		return r;
	r = set_open(data_fd(h), want, valid);
	data_put(o, h);
	return r;
}

int attr_give(const struct ovl *o, const struct place *p, const struct stat *dir, uid_t uid, gid_t gid)
{
	struct stat st;
	int r = place_stat(p, &st);

	if (r < 0)
		return r;
	if (ids_store(o->ids, &uid, &gid) < 0)
		return -EOVERFLOW;
	if (dir->st_mode & S_ISGID)
		gid = dir->st_gid;
	if (st.st_uid == uid && st.st_gid == gid)
		return 0;
	return fchownat(p->fd, p->name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}
