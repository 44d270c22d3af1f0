/* create.c - see create.h.
 *
 * A new file is made in the directory itself, so that the file system below applies what it inherits from it (the
 * group, a default ACL). Where a whiteout has the name, it is made in the work directory and renamed over that.
 */
#include "storage/overlay/fuse/create.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "storage/overlay/fuse/attr.h"
#include "storage/overlay/fuse/copyup.h"
#include "storage/overlay/fuse/data.h"
#include "storage/overlay/fuse/listing.h"
#include "storage/overlay/fuse/lookup.h"
#include "storage/overlay/fuse/whiteout.h"
#include "storage/overlay/fuse/work.h"

#define DEFAULT_ACL "system.posix_acl_default"

/* The umask counts only where there is no default ACL. */
static mode_t masked(struct ovl *o, struct node *parent, const struct request *q)
{
	autoplace p = PLACE_INIT;

	if (node_has(parent, NODE_NO_ACL))
		return q->mode & ~q->umask;
	if (place_of(o, parent, NULL, 0, &p) == 0 && place_xattr(&p, DEFAULT_ACL, NULL, 0) > 0)
		return q->mode;
	node_set(parent, NODE_NO_ACL);
	return q->mode & ~q->umask;
}

static int make_at(int fd, const char *name, const struct request *q, mode_t mode)
{
	int r;

	switch (q->mode & S_IFMT) {
	case S_IFREG:
		r = openat(fd, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, mode & 07777);
		if (r >= 0)
			(void)close(r);
		break;
	case S_IFDIR:
		r = mkdirat(fd, name, mode & 07777);
		break;
	case S_IFLNK:
		r = symlinkat(q->target, fd, name);
		break;
	default:
		r = mknodat(fd, name, mode, q->rdev);
	}
	return r < 0 ? -errno : 0;
}

/* Owner, and the mode bits that the change of owner or mkdir(2) has not kept. */
static int finish(const struct ovl *o, const struct place *p, const struct stat *dir, const struct request *q, mode_t mode)
{
	bool sgid = S_ISDIR(mode) && (dir->st_mode & S_ISGID);
	int r = attr_give(o, p, dir, q->uid, q->gid);

	if (r == 0 && (mode & 07000) && !S_ISLNK(mode) &&
	    fchmodat(p->fd, p->name, (mode & 07777) | (sgid ? S_ISGID : 0), 0) < 0)
		r = -errno;
	return r;
}

static void undo(int fd, const char *name, mode_t mode)
{
	(void)unlinkat(fd, name, S_ISDIR(mode) ? AT_REMOVEDIR : 0);
}

/* Over a whiteout. A directory is opaque: what the whiteout hid stays hidden. */
static int make_over(struct ovl *o, const struct place *p, const struct stat *dir, const struct request *q, mode_t mode)
{
	char name[WORK_NAME];
	const struct place made = { .fd = o->work_fd, .name = name, .held = -1 };
	int r;

	(void)work_name(o, name);
	r = make_at(o->work_fd, name, q, mode);
	if (r < 0)
		return r;
	r = finish(o, &made, dir, q, mode);
	if (r == 0 && S_ISDIR(mode))
		r = whiteout_make_opaque(&made);
	if (r == 0 && renameat2(o->work_fd, name, p->fd, p->name, S_ISDIR(mode) ? RENAME_EXCHANGE : 0) < 0)
		r = -errno;
	if (r < 0)
		undo(o->work_fd, name, mode);
	else if (S_ISDIR(mode))
		(void)unlinkat(o->work_fd, name, 0);
	return r;
}

static bool whiteout_at(const struct place *p)
{
	struct stat st;

	return place_stat(p, &st) == 0 && whiteout_is(p, &st);
}

static int make_new(struct ovl *o, struct node *parent, const char *name, const struct request *q, struct stat *st)
{
	autoplace dir = PLACE_INIT, p = PLACE_INIT;
	bool made_over = false;
	struct stat dst;
	mode_t mode;
	int r = copyup_node(o, parent, COPYUP_ALL);

	if (r == 0)
		r = place_of(o, parent, NULL, 0, &dir);
	if (r == 0)
		r = place_stat(&dir, &dst);
	if (r == 0)
		r = place_of(o, parent, name, 0, &p);
	if (r < 0)
		return r;
	mode = S_ISLNK(q->mode) ? q->mode : masked(o, parent, q);
	r = make_at(p.fd, p.name, q, mode);
	if (r == -EEXIST && whiteout_at(&p)) {
		made_over = node_has(parent, NODE_NO_ACL) || S_ISDIR(mode) || unlinkat(p.fd, p.name, 0) < 0;
		r = made_over ? make_over(o, &p, &dst, q, mode) : make_at(p.fd, p.name, q, mode);
	}
	if (r < 0 || made_over)
		return r < 0 ? r : place_stat(&p, st);
	r = finish(o, &p, &dst, q, mode);
	if (r < 0)
		undo(p.fd, p.name, mode);
	return r < 0 ? r : place_stat(&p, st);
}

static bool may_not_be(const struct ovl *o, const char *name, const struct request *q)
{
	return whiteout_is_mark(o, name) || (S_ISCHR(q->mode) && q->rdev == 0);
}

int create_node(struct ovl *o, struct node *parent, const char *name, const struct request *q, struct node **ret,
	   struct stat *st)
{
	struct node_born b = { .parent = parent, .name = name, .flags = NODE_UPPER, .layer = OVL_NONE };
	int r = strlen(name) > NAME_MAX ? -ENAMETOOLONG : may_not_be(o, name, q) ? -EPERM :
		make_new(o, parent, name, q, st);

	if (r < 0)
		return r;
	listing_drop(o, parent);
	b.ino = ovl_ino(o, st);
	b.mode = st->st_mode;
	*ret = node_add(o, &b);
	if (!*ret)
		return -ENOMEM;
	attr_fix(o, *ret, st);
	return 0;
}

int create_unnamed(struct ovl *o, struct node *parent, const struct request *q, struct node **ret, struct stat *st)
{
	struct node_born b = { .flags = NODE_UPPER | NODE_GONE, .layer = OVL_NONE };
	autoplace dir = PLACE_INIT;
	char name[WORK_NAME];
	const struct place made = { .fd = o->work_fd, .name = name, .held = -1 };
	struct fileinfo *f;
	struct stat dst;
	unsigned number;
	int r = copyup_node(o, parent, COPYUP_ALL);

	if (r == 0)
		r = place_of(o, parent, NULL, 0, &dir);
	if (r == 0)
		r = place_stat(&dir, &dst);
	if (r < 0)
		return r;
	number = work_name(o, name);
	r = make_at(o->work_fd, name, q, masked(o, parent, q));
	if (r == 0)
		r = finish(o, &made, &dst, q, masked(o, parent, q));
	if (r == 0 && fstatat(o->work_fd, name, st, AT_SYMLINK_NOFOLLOW) < 0)
		r = -errno;
	if (r == 0) {
		b.ino = ovl_ino(o, st);
		b.mode = st->st_mode;
		*ret = node_add(o, &b);
		f = *ret ? node_file(o, *ret) : NULL;
		if (f) {
			f->work_name = number;
			f->links = -1;
			attr_fix(o, *ret, st);
			return 0;
		}
		r = -ENOMEM;
	}
	undo(o->work_fd, name, S_IFREG);
	return r;
}

static int link_at(struct ovl *o, struct node *n, const struct place *to)
{
	unsigned number = node_has(n, NODE_GONE) && node_info(n) ? node_info(n)->work_name : 0;
	autoplace from = PLACE_INIT;
	char name[WORK_NAME];
	int r;

	if (number) {
		work_name_of(number, name);
		return renameat2(o->work_fd, name, to->fd, to->name, RENAME_NOREPLACE) < 0 ? -errno : 0;
	}
	r = place_of(o, n, NULL, 0, &from);
	return r < 0 ? r : linkat(from.fd, from.name, to->fd, to->name, 0) < 0 ? -errno : 0;
}

int create_link(struct ovl *o, struct node *n, struct node *parent, const char *name, struct stat *st)
{
	struct place w = { .fd = o->work_fd, .held = -1 };
	autoplace p = PLACE_INIT;
	char temporary[WORK_NAME];
	struct fileinfo *f;
	int r = copyup_node(o, n, COPYUP_ALL);

	if (r == 0)
		r = copyup_node(o, parent, COPYUP_ALL);
	if (r == 0)
		r = place_of(o, parent, name, 0, &p);
	if (r < 0)
		return r;
	r = link_at(o, n, &p);
	if (r == -EEXIST && whiteout_at(&p)) {
		(void)work_name(o, temporary);
		w.name = temporary;
		r = link_at(o, n, &w);
		if (r == 0 && renameat(w.fd, w.name, p.fd, p.name) < 0)
			r = -errno;
	}
	if (r < 0)
		return r;
	listing_drop(o, parent);
	f = node_file(o, n);
	if (f && f->work_name) {
		f->work_name = 0;
		f->links = 0;
		node_clear(n, NODE_GONE);
	}
	if (node_add_name(o, n, parent, name) < 0 || place_stat(&p, st) < 0)
		return -ENOMEM;
	if (n->ino != ovl_ino(o, st))
		copyup_mark_impure(o, parent);
	node_set_key(o, n, st->st_dev, st->st_ino);
	attr_fix(o, n, st);
	return 0;
}
