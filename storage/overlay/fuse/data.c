/* data.c - see data.h. */
#include "storage/overlay/fuse/data.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "storage/overlay/fuse/copyup.h"
#include "storage/overlay/fuse/place.h"
#include "storage/overlay/fuse/work.h"

struct handle {
	struct handle *older, *newer;
	struct node *node;      /* NULL: replaced or forgotten, closed by the last user */
	int fd;
	unsigned users;
	bool upper, pinned;
};

void data_limit(struct ovl *o, unsigned descriptors)
{
	o->max_handles = descriptors;
}

int data_fd(const struct handle *h)
{
	return h->fd;
}

static void list_out(struct ovl *o, struct handle *h)
{
	*(h->older ? &h->older->newer : &o->oldest) = h->newer;
	*(h->newer ? &h->newer->older : &o->newest) = h->older;
	o->n_handles--;
}

static void list_in(struct ovl *o, struct handle *h)
{
	h->newer = NULL;
	h->older = o->newest;
	*(o->newest ? &o->newest->newer : &o->oldest) = h;
	o->newest = h;
	o->n_handles++;
}

static void handle_free(struct handle *h)
{
	(void)close(h->fd);
	free(h);
}

/* It stands for no node any more. The handles are locked. */
static void detach(struct ovl *o, struct handle *h)
{
	h->node->file->handle = NULL;
	h->node = NULL;
	list_out(o, h);
	if (h->users == 0)
		handle_free(h);
}

/* Close what was not used for longest. */
static void make_room(struct ovl *o, unsigned max)
{
	struct handle *h = o->oldest;

	while (h && o->n_handles >= max) {
		struct handle *next = h->newer;

		if (h->users == 0 && !h->pinned)
			detach(o, h);
		h = next;
	}
}

void data_put(struct ovl *o, struct handle *h)
{
	(void)pthread_mutex_lock(&o->handles);
	if (--h->users == 0 && !h->node)
		handle_free(h);
	(void)pthread_mutex_unlock(&o->handles);
}

static struct handle *cached(struct ovl *o, struct node *n, bool upper)
{
	struct fileinfo *f = node_info(n);
	struct handle *h;

	(void)pthread_mutex_lock(&o->handles);
	h = f ? f->handle : NULL;
	if (h && upper && !h->upper) {
		detach(o, h);
		h = NULL;
	}
	if (h) {
		h->users++;
		list_out(o, h);
		list_in(o, h);
	}
	(void)pthread_mutex_unlock(&o->handles);
	return h;
}

static int open_file(struct ovl *o, struct node *n, bool upper)
{
	autoplace p = PLACE_INIT;
	char name[WORK_NAME];
	int r, flags = upper ? O_RDWR : O_RDONLY;

	if (node_has(n, NODE_GONE) && node_info(n) && node_info(n)->work_name) {
		work_name_of(node_info(n)->work_name, name);
		r = openat(o->work_fd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
		return r < 0 ? -errno : r;
	}
	r = place_of(o, n, NULL, upper ? 0 : n->layer, &p);
	if (r < 0)
		return r;
	r = place_open(&p, flags | O_NOATIME | O_NONBLOCK);
	/* Files of ids that are not ours. */
	return r == -EPERM ? place_open(&p, flags | O_NONBLOCK) : r;
}

/* Out of descriptors: the cache gives back what it has. */
static int open_somehow(struct ovl *o, struct node *n, bool upper)
{
	int fd = open_file(o, n, upper);

	if (fd != -EMFILE && fd != -ENFILE)
		return fd;
	(void)pthread_mutex_lock(&o->handles);
	make_room(o, o->n_handles / 2);
	(void)pthread_mutex_unlock(&o->handles);
	return open_file(o, n, upper);
}

/* Make `fd` the node's; the one that another thread has made meanwhile goes. With one user. */
static int install(struct ovl *o, struct node *n, int fd, bool upper, struct handle **ret)
{
	struct handle *h = calloc(1, sizeof *h);
	struct fileinfo *f = h ? node_file(o, n) : NULL;

	if (!f) {
		(void)close(fd);
		free(h);
		return -ENOMEM;
	}
	*h = (struct handle){ .node = n, .fd = fd, .users = 1, .upper = upper };
	(void)pthread_mutex_lock(&o->handles);
	if (f->handle) {
		h->pinned = f->handle->pinned;
		detach(o, f->handle);
	}
	make_room(o, o->max_handles);
	f->handle = h;
	list_in(o, h);
	(void)pthread_mutex_unlock(&o->handles);
	*ret = h;
	return 0;
}

int data_get(struct ovl *o, struct node *n, bool write, struct handle **ret)
{
	bool upper;
	int fd;

	if (!S_ISREG(n->type << 12))
		return -EINVAL;
	if (write) {
		int r = copyup_node(o, n, COPYUP_ALL);

		if (r < 0)
			return r;
	}
	upper = node_has(n, NODE_UPPER);
	*ret = cached(o, n, upper);
	if (*ret)
		return 0;
	fd = open_somehow(o, n, upper);
	return fd < 0 ? fd : install(o, n, fd, upper, ret);
}

int data_pin(struct ovl *o, struct node *n)
{
	struct handle *h;
	int r;

	if (S_ISREG(n->type << 12)) {
		r = data_get(o, n, false, &h);
	} else {
		autoplace p = PLACE_INIT;

		r = place_of(o, n, NULL, node_layer(n), &p);
		if (r == 0)
			r = place_open(&p, O_PATH);
		if (r >= 0)
			r = install(o, n, r, node_has(n, NODE_UPPER), &h);
	}
	if (r < 0)
		return r;
	(void)pthread_mutex_lock(&o->handles);
	h->pinned = true;
	(void)pthread_mutex_unlock(&o->handles);
	data_put(o, h);
	return 0;
}

int data_replace(struct ovl *o, struct node *n, int fd)
{
	struct handle *h;
	int r = install(o, n, fd, true, &h);

	if (r < 0)
		return r;
	(void)pthread_mutex_lock(&o->handles);
	h->pinned = true;
	(void)pthread_mutex_unlock(&o->handles);
	data_put(o, h);
	return 0;
}

int data_stat(struct ovl *o, struct node *n, struct stat *ret)
{
	struct fileinfo *f = node_is_dir(n) ? NULL : node_info(n);
	char name[WORK_NAME];
	int r = -ENOENT;

	if (node_is_dir(n)) {
		*ret = (struct stat){ .st_mode = S_IFDIR | 0755, .st_blksize = 4096 };
		return node_has(n, NODE_GONE) ? 0 : -ENOENT;
	}
	if (!f)
		return r;
	(void)pthread_mutex_lock(&o->handles);
	if (f->handle)
		r = fstat(f->handle->fd, ret) < 0 ? -errno : 0;
	(void)pthread_mutex_unlock(&o->handles);
	if (r == -ENOENT && f->work_name) {
		work_name_of(f->work_name, name);
		r = fstatat(o->work_fd, name, ret, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
	}
	return r;
}

void data_forget(struct ovl *o, struct node *n)
{
	struct fileinfo *f = node_info(n);
	char name[WORK_NAME];

	if (!f)
		return;
	(void)pthread_mutex_lock(&o->handles);
	if (f->handle)
		detach(o, f->handle);
	(void)pthread_mutex_unlock(&o->handles);
	if (f->work_name) {
		work_name_of(f->work_name, name);
		(void)unlinkat(o->work_fd, name, 0);
	}
}
