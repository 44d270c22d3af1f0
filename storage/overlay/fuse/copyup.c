/* copyup.c - see copyup.h. */
#include "storage/overlay/fuse/copyup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "storage/overlay/fuse/data.h"
#include "storage/overlay/fuse/listing.h"
#include "storage/overlay/fuse/lookup.h"
#include "storage/overlay/fuse/session.h"
#include "storage/overlay/fuse/whiteout.h"
#include "storage/overlay/fuse/work.h"
#include "storage/overlay/fuse/xattr.h"

#define QUICK (256 * 1024)      /* bytes that are copied while others wait */

struct copy {
	struct ovl *o;
	struct node *n;
	struct stat st;         /* of the lower file */
	struct place from;
	char name[LINK_NAME];   /* in the work directory */
	struct place to;
};

pthread_mutex_t *copyup_lock(struct ovl *o, const void *of)
{
	return &o->stripes[((uintptr_t)of >> 6) % OVL_STRIPES];
}

static int make_file(struct copy *c, enum copyup_what what)
{
	autofd in = place_open(&c->from, O_RDONLY), out = -1;
	int r;

	if (in < 0)
		return in;
	out = openat(c->o->work_fd, c->name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0)
		return -errno;
	if (c->o->durable || c->st.st_size > QUICK)
		session_let_others();
	r = what == COPYUP_EMPTY ? 0 : copyup_data(in, out, c->st.st_size);
	if (r == 0 && c->o->durable && fsync(out) < 0)
		r = -errno;
	return r;
}

static int make_link(struct copy *c)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(c->from.fd, c->from.name, target, sizeof target - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	return symlinkat(target, c->o->work_fd, c->name) < 0 ? -errno : 0;
}

static int make(struct copy *c, enum copyup_what what)
{
	if (S_ISREG(c->st.st_mode))
		return make_file(c, what);
	if (S_ISLNK(c->st.st_mode))
		return make_link(c);
	if (S_ISDIR(c->st.st_mode))
		return mkdirat(c->o->work_fd, c->name, 0700) < 0 ? -errno : 0;
	return mknodat(c->o->work_fd, c->name, (c->st.st_mode & S_IFMT) | 0600, c->st.st_rdev) < 0 ? -errno : 0;
}

/* The number that it is known by goes with it. Not everything has attributes: then it is right until the next start. */
static void note_ino(struct copy *c)
{
	char text[24];

	if (!S_ISREG(c->st.st_mode) && !S_ISDIR(c->st.st_mode))
		return;
	(void)snprintf(text, sizeof text, "%llx", (unsigned long long)c->n->ino);
	if (place_stand(&c->to) == 0)
		(void)lsetxattr(c->to.name, OVL_INO_XATTR, text, strlen(text), 0);
}

static int dress(struct copy *c)
{
	const struct timespec t[2] = { c->st.st_atim, c->st.st_mtim };
	int r;

	if (fchownat(c->o->work_fd, c->name, c->st.st_uid, c->st.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISLNK(c->st.st_mode) && fchmodat(c->o->work_fd, c->name, c->st.st_mode & 07777, 0) < 0)
		return -errno;
	r = xattr_copy(&c->from, &c->to);
	if (r < 0)
		return r;
	note_ino(c);
	return utimensat(c->o->work_fd, c->name, t, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

/* How many links it has besides those that the copy shows. */
static void write_links(const struct place *p, int links)
{
	char text[16];

	(void)snprintf(text, sizeof text, "U%+d", links);
	if (place_stand(p) == 0)
		(void)lsetxattr(p->name, OVL_NLINK_XATTR, text, strlen(text), 0);
}

/* A second link of ours, found by the other names. */
static int index_copy(struct copy *c)
{
	struct fileinfo *f = node_file(c->o, c->n);
	int links = (int)c->st.st_nlink - 2;
	char name[LINK_NAME];

	if (!f)
		return -ENOMEM;
	links += f->links;      /* names that are gone already */
	work_link_name(c->n->ino, name);
	if (linkat(c->o->work_fd, c->name, c->o->links_fd, name, 0) < 0)
		return -errno;
	write_links(&c->to, links);
	f->links = links;
	f->indexed = true;
	c->o->has_links = true;
	return 0;
}

void copyup_mark_impure(struct ovl *o, struct node *parent)
{
	autoplace p = PLACE_INIT;

	if (node_has(parent, NODE_IMPURE) || node_has(parent, NODE_GONE))
		return;
	node_set(parent, NODE_IMPURE);
	if (place_of(o, parent, NULL, 0, &p) == 0 && place_stand(&p) == 0)
		(void)lsetxattr(p.name, OVL_IMPURE_XATTR, "y", 1, 0);
}

/* Copying up changes nothing that can be seen: the directory keeps its times. */
static int put_in_place(struct copy *c, struct node *parent, const char *name)
{
	autoplace dir = PLACE_INIT, to = PLACE_INIT;
	struct stat st;
	int r = place_of(c->o, parent, NULL, 0, &dir);

	if (r == 0)
		r = place_of(c->o, parent, name, 0, &to);
	if (r == 0)
		r = place_stat(&dir, &st);
	if (r < 0)
		return r;
	if (renameat(c->o->work_fd, c->name, to.fd, to.name) < 0)
		return -errno;
	copyup_mark_impure(c->o, parent);
	(void)utimensat(dir.fd, dir.name, (struct timespec[2]){ st.st_atim, st.st_mtim }, AT_SYMLINK_NOFOLLOW);
	return 0;
}

static void count_relinked(struct ovl *o, const struct place *p)
{
	struct stat st;
	char text[16];
	ssize_t len = place_xattr(p, OVL_NLINK_XATTR, text, sizeof text - 1);
	struct node *n;

	if (len < 2)
		return;
	text[len] = '\0';
	write_links(p, atoi(text + 1) - 1);
	if (place_stat(p, &st) < 0)
		return;
	(void)pthread_mutex_lock(&o->table);
	n = node_by_key(o, st.st_dev, st.st_ino);
	if (n)
		n->file->links--;
	(void)pthread_mutex_unlock(&o->table);
}

static int relink(struct ovl *o, struct node *parent, const char *name, const char *key)
{
	struct place index = { .fd = o->links_fd, .name = key, .held = -1 };
	autoplace to = PLACE_INIT;
	int r = copyup_node(o, parent, COPYUP_ALL);

	if (r == 0)
		r = place_of(o, parent, name, 0, &to);
	if (r < 0)
		return r;
	if (linkat(o->links_fd, key, to.fd, to.name, 0) < 0)
		return errno == EEXIST ? 1 : -errno;
	count_relinked(o, &index);
	copyup_mark_impure(o, parent);
	listing_drop(o, parent);
	return 1;
}

/* Its other names that are known become links of the copy at once. */
static int relink_others(struct ovl *o, struct node *n)
{
	struct node_name m;
	char key[LINK_NAME];
	int r = 1;

	work_link_name(n->ino, key);
	for (unsigned i = 0; r == 1; i++) {
		r = node_nth_name(o, n, i, &m);
		if (r != 1)
			break;
		r = relink(o, m.parent, m.text, key);
		free(m.text);
	}
	return r < 0 ? r : 0;
}

static int copy_one(struct ovl *o, struct node *n, const struct node_name *m, enum copyup_what what)
{
	struct copy c = { .o = o, .n = n, .from = PLACE_INIT, .to = { .fd = o->work_fd, .held = -1 } };
	struct stat now;
	int r;

	(void)work_name(o, c.name);
	c.to.name = c.name;
	r = place_of(o, m->parent, m->text, n->layer, &c.from);
	if (r == 0)
		r = place_stat(&c.from, &c.st);
	if (r == 0)
		r = make(&c, what);
	if (r == 0)
		r = dress(&c);
	if (r == 0 && !S_ISDIR(c.st.st_mode) && c.st.st_nlink > 1)
		r = index_copy(&c);
	if (r == 0)
		r = put_in_place(&c, m->parent, m->text);
	place_done(&c.from);
	if (r < 0) {
		work_remove(o, c.name);
		return r;
	}
	node_set(n, NODE_UPPER);
	if (S_ISDIR(c.st.st_mode) || c.st.st_nlink < 2)
		return 0;
	if (fstatat(o->links_fd, (work_link_name(n->ino, c.name), c.name), &now, AT_SYMLINK_NOFOLLOW) == 0)
		node_set_key(o, n, now.st_dev, now.st_ino);
	return 0;
}

/* No name any more, but somebody has it open: a copy without a name. */
static int copy_open(struct ovl *o, struct node *n)
{
	char name[WORK_NAME];
	struct handle *h;
	struct stat st;
	autofd out = -1;
	int r = S_ISREG(n->type << 12) ? data_get(o, n, false, &h) : -EPERM;

	if (r < 0)
		return r;
	(void)work_name(o, name);
	out = openat(o->work_fd, name, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0 || fstat(data_fd(h), &st) < 0)
		r = -errno;
	if (r == 0)
		r = copyup_data(data_fd(h), out, st.st_size);
	data_put(o, h);
	(void)unlinkat(o->work_fd, name, 0);
	if (r == 0 && (fchown(out, st.st_uid, st.st_gid) < 0 || fchmod(out, st.st_mode & 07777) < 0 ||
		       futimens(out, (struct timespec[2]){ st.st_atim, st.st_mtim }) < 0))
		r = -errno;
	if (r == 0)
		r = data_replace(o, n, take_fd(&out));
	if (r < 0)
		return r;
	if (node_info(n))
		node_info(n)->links = 0;
	node_set(n, NODE_UPPER);
	return 0;
}

static int copy_locked(struct ovl *o, struct node *n, enum copyup_what what)
{
	struct node_name m;
	int r;

	if (node_has(n, NODE_UPPER))
		return 0;
	if (node_has(n, NODE_GONE))
		return copy_open(o, n);
	r = node_nth_name(o, n, 0, &m);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	r = node_has(m.parent, NODE_UPPER) ? copy_one(o, n, &m, what) : -ENOENT;
	free(m.text);
	return r;
}

/* The topmost directory above `n` (or `n` itself) that is not in the upper directory yet. */
static struct node *topmost_lower(struct ovl *o, struct node *n)
{
	(void)pthread_mutex_lock(&o->table);
	while (n->name.text && !node_has(n->name.parent, NODE_UPPER))
		n = n->name.parent;
	(void)pthread_mutex_unlock(&o->table);
	return n;
}

int copyup_node(struct ovl *o, struct node *n, enum copyup_what what)
{
	if (!o->writable)
		return -EROFS;
	while (!node_has(n, NODE_UPPER)) {
		struct node *top = topmost_lower(o, n);
		pthread_mutex_t *lock = copyup_lock(o, top);
		int r;

		(void)pthread_mutex_lock(lock);
		r = copy_locked(o, top, what);
		(void)pthread_mutex_unlock(lock);
		if (r == 0 && !node_is_dir(top) && node_info(top) && node_info(top)->indexed)
			r = relink_others(o, top);
		if (r < 0)
			return r;
	}
	return 0;
}

int copyup_relink(struct ovl *o, struct node *parent, const char *name, const struct stat *st)
{
	char key[LINK_NAME];

	work_link_name(ovl_ino(o, st), key);
	if (faccessat(o->links_fd, key, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return relink(o, parent, name, key);
}

void copyup_unlinked(struct ovl *o, struct node *n, long left)
{
	char key[LINK_NAME];

	if (!node_info(n) || !node_info(n)->indexed || left > 0)
		return;
	work_link_name(n->ino, key);
	(void)unlinkat(o->links_fd, key, 0);
	node_info(n)->links++;
	node_info(n)->indexed = false;
}

static int copy_below(struct ovl *o, struct node *dir)
{
	struct listing *l;
	int r = listing_get(o, dir, &l);

	for (size_t i = 0; r == 0 && i < listing_count(l); i++) {
		struct node *child;
		struct stat st;

		r = lookup_node(o, dir, listing_name(l, i), &child, &st);
		if (r == -ENOENT) {
			r = 0;
			continue;
		}
		if (r < 0)
			break;
		r = node_is_dir(child) ? copyup_tree(o, child) : copyup_node(o, child, COPYUP_ALL);
		node_forget(o, child, 1);
	}
	if (l)
		listing_put(o, l);
	return r;
}

int copyup_tree(struct ovl *o, struct node *dir)
{
	autoplace p = PLACE_INIT;
	int r;

	if (dir->layer == OVL_NONE)
		return copyup_node(o, dir, COPYUP_ALL);
	r = copyup_node(o, dir, COPYUP_ALL);
	if (r == 0)
		r = copy_below(o, dir);
	if (r == 0)
		r = place_of(o, dir, NULL, 0, &p);
	if (r == 0)
		r = whiteout_make_opaque(&p);
	if (r < 0)
		return r;
	listing_drop(o, dir);
	dir->layer = OVL_NONE;
	if (dir->dir)
		dir->dir->n_more = 0;
	return 0;
}
