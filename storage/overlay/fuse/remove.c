/* remove.c - see remove.h: unlink and rmdir. */
#include "storage/overlay/fuse/remove.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "storage/overlay/fuse/attr.h"
#include "storage/overlay/fuse/copyup.h"
#include "storage/overlay/fuse/data.h"
#include "storage/overlay/fuse/listing.h"
#include "storage/overlay/fuse/lookup.h"
#include "storage/overlay/fuse/whiteout.h"
#include "storage/overlay/fuse/work.h"

void remove_known(struct ovl *o, struct node *n, struct node *parent, const char *name)
{
	struct fileinfo *f = node_is_dir(n) ? NULL : node_file(o, n);

	/* A lower file's own count cannot change. */
	if (f && !node_has(n, NODE_UPPER))
		f->links--;
	node_remove_name(o, n, parent, name);
	(void)pthread_mutex_lock(&o->table);
	if (!n->name.text)
		node_set(n, NODE_GONE);
	(void)pthread_mutex_unlock(&o->table);
}

static int remove_at(struct ovl *o, struct node *parent, const char *name, struct node *n)
{
	int r = whiteout_needed(o, parent, name), hide = r;
	autoplace p = PLACE_INIT;

	if (r > 0)
		r = copyup_node(o, parent, COPYUP_ALL);
	if (r >= 0)
		r = place_of(o, parent, name, 0, &p);
	if (r < 0)
		return r;
	if (hide)
		return whiteout_put(o, &p);
	if (unlinkat(p.fd, p.name, 0) < 0 && (errno != ENOENT || node_has(n, NODE_UPPER)))
		return -errno;
	return 0;
}

int remove_file(struct ovl *o, struct node *parent, const char *name)
{
	pthread_mutex_t *lock;
	struct node *n;
	struct stat st;
	bool upper;
	int r = o->writable ? lookup_node(o, parent, name, &n, &st) : -EROFS;

	if (r < 0)
		return r;
	if (node_is_dir(n)) {
		node_forget(o, n, 1);
		return -EISDIR;
	}
	/* Only then may the parent be copied up: the stripes are not ordered. */
	r = whiteout_needed(o, parent, name) ? copyup_node(o, parent, COPYUP_ALL) : 0;
	lock = copyup_lock(o, n);
	(void)pthread_mutex_lock(lock);
	if (r == 0 && st.st_nlink <= 1)
		r = data_pin(o, n);
	upper = node_has(n, NODE_UPPER);
	if (r == 0)
		r = remove_at(o, parent, name, n);
	if (r == 0) {
		remove_known(o, n, parent, name);
		listing_drop(o, parent);
		if (upper)
			copyup_unlinked(o, n, (long)st.st_nlink - 1);
	}
	(void)pthread_mutex_unlock(lock);
	node_forget(o, n, 1);
	return r;
}

int remove_upper_dir(struct ovl *o, const struct place *p, bool leave_whiteout)
{
	char name[WORK_NAME];
	int r = 0;

	(void)work_name(o, name);
	if (leave_whiteout)
		r = whiteout_make(o, o->work_fd, name);
	if (r < 0)
		return r;
	if (renameat2(p->fd, p->name, o->work_fd, name, leave_whiteout ? RENAME_EXCHANGE : 0) < 0) {
		r = -errno;
		(void)unlinkat(o->work_fd, name, 0);
		return r;
	}
	work_remove(o, name);
	return 0;
}

static int remove_dir_at(struct ovl *o, struct node *parent, const char *name, const struct node *n)
{
	int hide = whiteout_needed(o, parent, name), r = hide;
	autoplace p = PLACE_INIT;

	if (r > 0)
		r = copyup_node(o, parent, COPYUP_ALL);
	if (r >= 0)
		r = place_of(o, parent, name, 0, &p);
	if (r < 0)
		return r;
	if (!node_has(n, NODE_UPPER))
		return hide ? whiteout_put(o, &p) : 0;
	if (!hide && unlinkat(p.fd, p.name, AT_REMOVEDIR) == 0)
		return 0;
	return remove_upper_dir(o, &p, hide > 0);
}

int remove_dir(struct ovl *o, struct node *parent, const char *name)
{
	struct node *n;
	struct stat st;
	int r = o->writable ? lookup_node(o, parent, name, &n, &st) : -EROFS;

	if (r < 0)
		return r;
	r = node_is_dir(n) ? listing_is_empty(o, n) : -ENOTDIR;
	if (r == 0)
		r = -ENOTEMPTY;
	if (r > 0)
		r = remove_dir_at(o, parent, name, n);
	if (r == 0) {
		listing_drop(o, n);
		remove_known(o, n, parent, name);
		listing_drop(o, parent);
	}
	node_forget(o, n, 1);
	return r;
}
