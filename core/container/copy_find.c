/* copy_find.c - where a copy begins and ends: see copy.h. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/container/copy.h"

#define LINKS_MAX 40

void copy_found_clear(struct copy_found *f)
{
	fd_close(&f->parent);
	g_clear_pointer(&f->name, g_free);
}

/* In a container the kernel keeps every link inside; on the host the path is the user's own. */
static int open_place(const struct copy_place *p, const char *path, int flags)
{
	int fd;

	if (p->root >= 0)
		return path_open_in_root(p->root, path, flags, 0);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static bool is_dots(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..");
}

/* Take the last component off an absolute path: it is returned; what is left names the directory. */
static char *split(char *path)
{
	char *slash, *name;

	while ((slash = strrchr(path, '/')) && slash > path && !slash[1])
		*slash = '\0';
	name = g_strdup(slash + 1);
	slash[slash == path] = '\0';
	return name;
}

static int look(struct copy_found *f)
{
	struct statx st;

	/* The directory tells the mount of what is not there yet. */
	f->exists = statx(f->parent, f->name, AT_SYMLINK_NOFOLLOW, STATX_TYPE | STATX_MNT_ID, &st) == 0;
	if (!f->exists && errno != ENOENT)
		return -errno;
	f->directory = f->exists && S_ISDIR(st.stx_mode);
	if (!f->exists && statx(f->parent, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0)
		return -errno;
	f->mount = st.stx_mask & STATX_MNT_ID ? st.stx_mnt_id : 0;
	return 0;
}

/* A directory named as itself: "/", ".", "a/..". */
static int find_itself(const struct copy_place *p, const char *path, struct copy_found *f)
{
	f->parent = open_place(p, path, O_PATH | O_DIRECTORY);
	if (f->parent < 0)
		return f->parent;
	f->name = g_strdup(".");
	return look(f);
}

/* One step: `*path` is split into a directory and a name in it. 1: the name is a link, and `*path` what it leads to. */
static int step(const struct copy_place *p, char **path, struct copy_found *f)
{
	g_autofree char *dir = g_strdup(*path), *name = split(dir);
	char target[PATH_MAX];
	ssize_t n;

	if (!*name || is_dots(name))
		return find_itself(p, *path, f);
	f->parent = open_place(p, dir, O_PATH | O_DIRECTORY);
	if (f->parent < 0)
		return f->parent;
	n = readlinkat(f->parent, name, target, sizeof target - 1);
	if (n >= 0) {
		target[n] = '\0';
		g_free(*path);
		*path = *target == '/' ? g_strdup(target) : g_strconcat(dir, "/", target, NULL);
		fd_close(&f->parent);
		return 1;
	}
	f->name = g_steal_pointer(&name);
	return look(f);
}

int copy_find(const struct copy_place *p, const char *path, struct copy_found *ret)
{
	size_t len = strlen(path);
	struct copy_found f = { .parent = -1 };
	const char *last = strrchr(path, '/');
	g_autofree char *at = *path == '/' ? g_strdup(path) : g_strconcat(p->cwd, "/", path, NULL);
	int r = 1;

	f.slash = len && path[len - 1] == '/';
	f.content = is_dots(last ? last + 1 : path);
	for (int i = 0; r == 1 && i < LINKS_MAX; i++)
		r = step(p, &at, &f);
	if (r == 1)
		r = -ELOOP;
	if (r == 0 && f.slash && f.exists && !f.directory)
		r = -ENOTDIR;
	if (r < 0)
		copy_found_clear(&f);
	*ret = f;
	return r;
}

static bool can_be_copied(const struct copy_found *f, bool *gone)
{
	struct stat st;

	*gone = fstatat(f->parent, f->name, &st, AT_SYMLINK_NOFOLLOW) < 0;
	return !*gone && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || S_ISFIFO(st.st_mode));
}

int copy_find_source(const struct copy_place *p, const char *path, struct copy_found *ret, struct err *e)
{
	int r = copy_find(p, path, ret);
	bool gone = false;

	if (r == 0 && (!ret->exists || (!can_be_copied(ret, &gone) && gone)))
		r = -ENOENT;
	if (r < 0)
		return p->container ? err_set(e, -r, "\"%s\" could not be found on container %s", path, p->container) :
		       err_set(e, -r, "\"%s\" could not be found on the host", path);
	if (!can_be_copied(ret, &gone))
		return err_msg(e, EINVAL, "\"%s\" is a device or socket: only files, directories, pipes and links are copied",
			       path);
	return 0;
}
