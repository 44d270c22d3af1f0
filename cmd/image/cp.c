/* cp.c - `coracle-image cp`: the copies of which one end is "-". The others are coracle's own: cmd/cp.c. */
#include "cmd/image/cp.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/cp.h"
#include "core/base/fd.h"
#include "storage/tree_tar.h"
#include "storage/unpack.h"

/* Is it the container's root, whose /dev, /proc and /sys are not its files? */
static bool is_root(const struct copy_place *p, const struct copy_found *f)
{
	struct stat a, b;

	return fstatat(f->parent, f->name, &a, 0) == 0 && fstat(p->root, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

static int write_tar(struct cp *k, struct err *e)
{
	static const char *const system[] = { "dev", "proc", "sys", NULL };
	struct remembered *remembered = remembered_open(NULL, NULL, NULL);
	struct tree_tar_options o = TREE_TAR_OPTIONS;
	int out = STDOUT_FILENO;
	autofound f = { .parent = -1 };
	struct container_root root;
	struct copy_place place;
	autofd dir = -1;

	if (cp_enter(&k->from, &place, &root, e) < 0 || copy_find_source(&place, k->from.path, &f, e) < 0)
		return -e->code;
	/* The process ends with the copy. */
	o.remembered = remembered;
	o.part = true;
	o.live = root.running;
	o.whole_seconds = true;
	if (!f.content && strcmp(f.name, ".") != 0)
		return tree_tar_write_one(f.parent, f.name, f.name, &o, sink_to_fd, &out, e);
	/* What is in it, without a name around it. */
	o.no_root = true;
	o.without = is_root(&place, &f) ? system : NULL;
	dir = openat(f.parent, f.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return dir < 0 ? err_set(e, errno, "%s", k->from.path) : tree_tar_write(dir, &o, sink_to_fd, &out, e);
}

/* The directory that the tar is unpacked in: it must be there. fd or -errno. */
static int open_target(const struct copy_place *p, const char *path, struct copy_found *f, struct err *e)
{
	int r = copy_find(p, path, f), fd;

	if (r < 0 || (!f->exists && f->slash))
		return err_set(e, r < 0 ? -r : ENOENT, "\"%s\" could not be found on container %s", path, p->container);
	if (!f->directory)
		return err_msg(e, ENOTDIR, "destination must be a directory when copying from stdin");
	fd = openat(f->parent, f->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_set(e, errno, "%s", path) : fd;
}

static int read_tar(struct cp *k, struct err *e)
{
	struct unpack_options o = { .keep_kinds = !k->o->overwrite, .give = k->o->archive };
	struct unpack_result done = { 0 };
	autofound f = { .parent = -1 };
	struct container_root root;
	struct copy_place place;
	autofd dir = -1;
	int r;

	if (cp_enter(&k->to, &place, &root, e) < 0)
		return -e->code;
	dir = open_target(&place, k->to.path, &f, e);
	if (dir < 0)
		return dir;
	o.uid = root.uid;
	o.gid = root.gid;
	/* From here on this process reads what comes from outside. */
	unpack_confine(dir);
	r = unpack_into(STDIN_FILENO, dir, &o, &done, e);
	if (r == -EBADMSG || (r == 0 && done.tar_size == 0))
		return r == 0 ? err_msg(e, EBADMSG, "source must be a (compressed) tar archive when copying from stdin") :
		       err_wrap(e, "source must be a (compressed) tar archive when copying from stdin");
	if (done.skipped_devices)
		log_warn("%lld device nodes could not be made", (long long)done.skipped_devices);
	if (done.unset_owners)
		log_warn("the owners of %lld files could not be set", (long long)done.unset_owners);
	return r;
}

static int copy(struct context *c, struct cp *k, struct err *e)
{
	bool out = k->from.container != NULL;

	if (isatty(out ? STDOUT_FILENO : STDIN_FILENO))
		return out ? err_msg(e, EINVAL, "refusing to write a tar to a terminal: redirect standard output") :
		       err_msg(e, EINVAL, "cannot read a tar from a terminal: redirect standard input");
	return cp_open(c, k, e) < 0 ? -e->code : cp_in_worker(k, out ? write_tar : read_tar, e);
}

static int run_cp(struct context *c, void *values, int argc, char **argv)
{
	struct cp k = { .o = values };
	struct err e = ERR_INIT;
	int r = cp_parse(&k, argv, &e);

	(void)argc;
	signal(SIGPIPE, SIG_IGN);
	if (r == 0)
		r = copy(c, &k, &e);
	cp_close(&k, r == 0);
	return r < 0 ? fail_writing(&e) : 0;
}

const struct command image_command_cp = COMMAND_CP(run_cp);
