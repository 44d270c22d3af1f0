/* place.c - see place.h. */
#include "storage/overlay/fuse/place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/fd.h"

int place_thread(void)
{
	return unshare(CLONE_FS) < 0 ? -errno : 0;
}

/* Names from `n` up to the root, written from the end of the buffer. -ENOENT: cut off somewhere. */
static size_t path_length(const struct node *root, const struct node *n)
{
	size_t len = 0;

	for (; n != root; n = n->name.parent) {
		if (!n->name.text)
			return SIZE_MAX;
		len += strlen(n->name.text) + 1;
	}
	return len;
}

static void path_fill(const struct node *root, const struct node *n, char *end)
{
	for (; n != root; n = n->name.parent) {
		size_t len = strlen(n->name.text);

		*--end = '/';
		end -= len;
		memcpy(end, n->name.text, len);
	}
}

static int path_build(struct ovl *o, const struct node *n, const char *name, struct place *p)
{
	size_t len, extra = name ? strlen(name) : 0;
	char *text = p->fixed;
	int r = 0;

	(void)pthread_mutex_lock(&o->table);
	len = path_length(o->root, n);
	if (len == SIZE_MAX)
		r = -ENOENT;
	else if (len + extra + 2 > sizeof p->fixed)
		text = p->heap = malloc(len + extra + 2);
	if (r == 0 && !text)
		r = -ENOMEM;
	if (r == 0)
		path_fill(o->root, n, text + len);
	(void)pthread_mutex_unlock(&o->table);
	if (r < 0)
		return r;
	if (name)
		memcpy(text + len, name, extra + 1);
	else if (len)
		text[len - 1] = '\0';
	else
		memcpy(text, ".", 2);
	p->name = text;
	return 0;
}

int place_of(struct ovl *o, const struct node *n, const char *name, unsigned l, struct place *p)
{
	char *at;
	int r;

	p->held = -1;
	p->heap = NULL;
	p->fd = o->layers[l].fd;
	r = path_build(o, n, name, p);
	at = (char *)p->name;
	while (r == 0 && strlen(at) >= PATH_MAX) {
		char *cut = at + PATH_MAX - 2;
		int fd;

		while (*cut != '/')
			cut--;
		*cut = '\0';
		fd = openat(p->fd, at, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		r = fd < 0 ? -errno : 0;
		fd_close(&p->held);
		p->fd = p->held = fd;
		at = cut + 1;
	}
	p->name = at;
	return r;
}

void place_done(struct place *p)
{
	fd_close(&p->held);
	free(p->heap);
	p->heap = NULL;
}

int place_stand(const struct place *p)
{
	return fchdir(p->fd) < 0 ? -errno : 0;
}

int place_open(const struct place *p, int flags)
{
	int fd = openat(p->fd, p->name, flags | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int place_stat(const struct place *p, struct stat *st)
{
	return fstatat(p->fd, p->name, st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

ssize_t place_xattr(const struct place *p, const char *name, void *value, size_t size)
{
	int r = place_stand(p);
	ssize_t n = r < 0 ? -1 : lgetxattr(p->name, name, value, size);

	return r < 0 ? r : n < 0 ? -errno : n;
}
