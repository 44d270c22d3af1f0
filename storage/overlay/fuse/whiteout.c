/* whiteout.c - see whiteout.h. */
#include "storage/overlay/fuse/whiteout.h"

#include <errno.h>
#include <limits.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "storage/overlay/fuse/work.h"

#define MARK ".wh."
#define OPAQUE_MARK ".wh..wh..opq"
#define SHARED "whiteout"

bool whiteout_is(const struct place *p, const struct stat *st)
{
	if (S_ISCHR(st->st_mode))
		return st->st_rdev == makedev(0, 0);
	return S_ISREG(st->st_mode) && st->st_size == 0 && place_xattr(p, "user.overlay.whiteout", NULL, 0) >= 0;
}

bool whiteout_is_mark(const struct ovl *o, const char *name)
{
	return o->foreign && !strncmp(name, MARK, strlen(MARK));
}

bool whiteout_beside(struct ovl *o, const struct node *parent, const char *name, unsigned layer)
{
	autoplace p = PLACE_INIT;
	char mark[NAME_MAX + sizeof MARK];
	struct stat st;

	if (!o->foreign || strlen(name) + strlen(MARK) > NAME_MAX)
		return false;
	(void)snprintf(mark, sizeof mark, MARK "%s", name);
	return place_of(o, parent, mark, layer, &p) == 0 && place_stat(&p, &st) == 0;
}

static bool says_yes(const struct place *p, const char *attribute)
{
	char value[2];

	return place_xattr(p, attribute, value, sizeof value) == 1 && value[0] == 'y';
}

bool whiteout_is_opaque(const struct ovl *o, const struct place *p)
{
	struct stat st;
	char name[PATH_MAX + sizeof OPAQUE_MARK + 1];

	if (says_yes(p, OVL_OPAQUE))
		return true;
	if (!o->foreign)
		return false;
	if (says_yes(p, "user.fuseoverlayfs.opaque") || says_yes(p, "trusted.overlay.opaque"))
		return true;
	(void)snprintf(name, sizeof name, "%s/" OPAQUE_MARK, p->name);
	return strlen(name) < PATH_MAX && fstatat(p->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

int whiteout_needed(struct ovl *o, struct node *parent, const char *name)
{
	uint16_t layers[OVL_LAYERS_MAX];
	unsigned n = node_layers(parent, layers);

	for (unsigned i = 0; i < n; i++) {
		autoplace p = PLACE_INIT;
		struct stat st;
		int r;

		if (layers[i] == 0)
			continue;
		r = place_of(o, parent, name, layers[i], &p);
		if (r == 0)
			r = place_stat(&p, &st);
		if (r == 0)
			return !whiteout_is(&p, &st);
		if (r != -ENOENT)
			return r;
		if (whiteout_beside(o, parent, name, layers[i]))
			return 0;
	}
	return 0;
}

int whiteout_make(struct ovl *o, int dirfd, const char *name)
{
	if (o->link_whiteouts && linkat(o->work_fd, SHARED, dirfd, name, 0) == 0)
		return 0;
	if (mknodat(dirfd, name, S_IFCHR, makedev(0, 0)) == 0)
		return 0;
	return -errno;
}

int whiteout_put(struct ovl *o, const struct place *p)
{
	char name[WORK_NAME];
	int r = whiteout_make(o, p->fd, p->name);

	if (r != -EEXIST)
		return r;
	work_name(o, name);
	r = whiteout_make(o, o->work_fd, name);
	if (r == 0 && renameat(o->work_fd, name, p->fd, p->name) < 0) {
		r = -errno;
		(void)unlinkat(o->work_fd, name, 0);
	}
	/* Both names were links of one whiteout: then rename(2) does nothing. */
	(void)unlinkat(o->work_fd, name, 0);
	return r;
}

int whiteout_make_opaque(const struct place *p)
{
	int r = place_stand(p);

	return r < 0 ? r : lsetxattr(p->name, OVL_OPAQUE, "y", 1, 0) < 0 ? -errno : 0;
}
