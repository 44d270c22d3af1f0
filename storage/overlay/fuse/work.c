/* work.c - see work.h. */
#include "storage/overlay/fuse/work.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/base/path.h"

#define MAKING "coracle"
#define LINKS "links"
#define SHARED_WHITEOUT "whiteout"

static int open_dir(int fd, const char *name, struct err *e)
{
	int r;

	if (mkdirat(fd, name, 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "workdir: %s", name);
	r = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return r < 0 ? err_set(e, errno, "workdir: %s", name) : r;
}

static bool has_entries(int fd)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	unsigned n = 0;

	while (d && n < 3 && readdir(d))
		n++;
	if (d)
		(void)closedir(d);
	return n == 3;
}

int work_open(struct ovl *o, int fd, struct err *e)
{
	(void)path_remove_tree(fd, MAKING);
	o->work_fd = open_dir(fd, MAKING, e);
	if (o->work_fd < 0)
		return o->work_fd;
	o->links_fd = open_dir(fd, LINKS, e);
	if (o->links_fd < 0)
		return o->links_fd;
	o->has_links = has_entries(o->links_fd);
	/* A file system without device nodes says so when something is removed. */
	o->link_whiteouts = mknodat(o->work_fd, SHARED_WHITEOUT, S_IFCHR, makedev(0, 0)) == 0;
	return 0;
}

void work_name_of(unsigned number, char ret[WORK_NAME])
{
	(void)snprintf(ret, WORK_NAME, "#%x", number);
}

unsigned work_name(struct ovl *o, char ret[WORK_NAME])
{
	unsigned number = ++o->counter;

	if (number == 0)
		number = ++o->counter;
	work_name_of(number, ret);
	return number;
}

void work_remove(struct ovl *o, const char *name)
{
	(void)path_remove_tree(o->work_fd, name);
}

void work_link_name(uint64_t ino, char ret[LINK_NAME])
{
	(void)snprintf(ret, LINK_NAME, "%llx", (unsigned long long)ino);
}
