/* xattr.c - see xattr.h. */
#include "storage/overlay/fuse/xattr.h"

#include <errno.h>
#include <linux/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "storage/overlay/fuse/copyup.h"
#include "storage/overlay/fuse/data.h"

#define OWN "user.overlay."
#define ESCAPED "user.overlay.overlay."
#define ACL "system.posix_acl_"
#define DEFAULT_ACL ACL "default"

static bool starts(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

/* The name on disk. */
static const char *outside(const char *name, char buf[XATTR_NAME_MAX + 1])
{
	if (!starts(name, OWN))
		return name;
	return snprintf(buf, XATTR_NAME_MAX + 1, ESCAPED "%s", name + strlen(OWN)) > XATTR_NAME_MAX ? NULL : buf;
}

/* What the container sees of a name on disk; NULL: nothing. */
static const char *inside(const char *name, char buf[XATTR_NAME_MAX + 1])
{
	if (starts(name, ESCAPED)) {
		(void)snprintf(buf, XATTR_NAME_MAX + 1, OWN "%s", name + strlen(ESCAPED));
		return buf;
	}
	return starts(name, OWN) ? NULL : name;
}

static int stand_at(struct ovl *o, struct node *n, struct place *p)
{
	int r = place_of(o, n, NULL, node_layer(n), p);

	return r < 0 ? r : place_stand(p);
}

/* A file without a name: by what is held of it. */
static ssize_t get_open(struct ovl *o, struct node *n, const char *name, char *value, size_t size)
{
	struct handle *h;
	ssize_t len = data_get(o, n, false, &h);

	if (len < 0)
		return -ENODATA;
	len = fgetxattr(data_fd(h), name, value, size);
	len = len < 0 ? -errno : len;
	data_put(o, h);
	return len;
}

ssize_t xattr_get(struct ovl *o, struct node *n, const char *name, char *value, size_t size)
{
	char buf[XATTR_NAME_MAX + 1];
	autoplace p = PLACE_INIT;
	ssize_t len;
	int r;

	name = outside(name, buf);
	if (!name)
		return -ENODATA;
	if (node_has(n, NODE_GONE))
		return get_open(o, n, name, value, size);
	r = stand_at(o, n, &p);
	len = r < 0 ? -1 : lgetxattr(p.name, name, value, size);
	return r < 0 ? r : len < 0 ? -errno : len;
}

/* Cut the list down to what may be seen, in place: names only get shorter. */
static ssize_t filter(char *list, ssize_t len)
{
	char *to = list, buf[XATTR_NAME_MAX + 1];

	for (char *from = list; from < list + len;) {
		size_t n = strlen(from) + 1;
		const char *shown = inside(from, buf);

		from += n;
		if (shown) {
			n = strlen(shown) + 1;
			memmove(to, shown, n);
			to += n;
		}
	}
	return to - list;
}

static ssize_t list_open(struct ovl *o, struct node *n, char *list, size_t size)
{
	struct handle *h;
	ssize_t len = data_get(o, n, false, &h);

	if (len < 0)
		return 0;
	len = flistxattr(data_fd(h), list, size);
	len = len < 0 ? -errno : len;
	data_put(o, h);
	return len;
}

ssize_t xattr_list(struct ovl *o, struct node *n, char *list, size_t size)
{
	autoplace p = PLACE_INIT;
	char *all;
	ssize_t len;
	bool gone = node_has(n, NODE_GONE);
	int r = gone ? 0 : stand_at(o, n, &p);

	if (r < 0)
		return r;
	all = malloc(XATTR_LIST_MAX);
	if (!all)
		return -ENOMEM;
	len = gone ? list_open(o, n, all, XATTR_LIST_MAX) : llistxattr(p.name, all, XATTR_LIST_MAX);
	if (len < 0 && !gone)
		len = -errno;
	if (len > 0)
		len = filter(all, len);
	if (len > 0 && size > 0 && (size_t)len > size)
		len = -ERANGE;
	if (len > 0 && size > 0)
		memcpy(list, all, (size_t)len);
	free(all);
	return len;
}

int xattr_set(struct ovl *o, struct node *n, const char *name, const char *value, size_t size, int flags)
{
	char buf[XATTR_NAME_MAX + 1];
	autoplace p = PLACE_INIT;
	struct handle *h;
	int r = copyup_node(o, n, COPYUP_ALL);

	name = outside(name, buf);
	if (r < 0 || !name)
		return r < 0 ? r : -ERANGE;
	if (!strcmp(name, DEFAULT_ACL))
		node_clear(n, NODE_NO_ACL);
	if (node_has(n, NODE_GONE)) {
		r = data_get(o, n, true, &h);
		if (r < 0)
			return r;
		r = fsetxattr(data_fd(h), name, value, size, flags) < 0 ? -errno : 0;
		data_put(o, h);
		return r;
	}
	r = stand_at(o, n, &p);
	return r < 0 ? r : lsetxattr(p.name, name, value, size, flags) < 0 ? -errno : 0;
}

int xattr_remove(struct ovl *o, struct node *n, const char *name)
{
	char buf[XATTR_NAME_MAX + 1];
	autoplace p = PLACE_INIT;
	ssize_t len = xattr_get(o, n, name, NULL, 0);
	struct handle *h;
	int r;

	/* An ACL that is not there is gone, as every file system has it. */
	if (len < 0)
		return len == -ENODATA && starts(name, ACL) ? 0 : (int)len;
	r = copyup_node(o, n, COPYUP_ALL);
	name = outside(name, buf);
	if (r < 0 || !name)
		return r < 0 ? r : -ENODATA;
	if (node_has(n, NODE_GONE)) {
		r = data_get(o, n, true, &h);
		if (r < 0)
			return r;
		r = fremovexattr(data_fd(h), name) < 0 ? -errno : 0;
		data_put(o, h);
		return r;
	}
	r = stand_at(o, n, &p);
	return r < 0 ? r : lremovexattr(p.name, name) < 0 ? -errno : 0;
}

static int copy_value(const struct place *from, const struct place *to, const char *name, char *value)
{
	ssize_t len = place_xattr(from, name, value, XATTR_SIZE_MAX);
	int r;

	if (len < 0)
		return 0;
	r = place_stand(to);
	if (r < 0 || lsetxattr(to->name, name, value, (size_t)len, 0) == 0)
		return r;
	/* Labels and the like, which this user or file system cannot set. */
	return errno == EOPNOTSUPP || errno == EPERM ? 0 : -errno;
}

int xattr_copy(const struct place *from, const struct place *to)
{
	char few[512], *list = few, *value;
	int r = place_stand(from);
	ssize_t len = r < 0 ? r : llistxattr(from->name, few, sizeof few);

	if (r < 0 || len == 0)
		return r;
	if (len < 0 && errno != ERANGE)
		return errno == EOPNOTSUPP ? 0 : -errno;
	value = malloc(XATTR_SIZE_MAX + XATTR_LIST_MAX);
	if (!value)
		return -ENOMEM;
	if (len < 0) {
		list = value + XATTR_SIZE_MAX;
		len = llistxattr(from->name, list, XATTR_LIST_MAX);
	}
	for (char *name = list; r == 0 && name < list + len; name += strlen(name) + 1)
		if (!starts(name, OWN) || starts(name, ESCAPED))
			r = copy_value(from, to, name, value);
	free(value);
	return r;
}
