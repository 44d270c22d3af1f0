/* export.c - `coracle-image export`: what a container has now, as a tar. */
#include "cmd/image/export.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/archive_options.h"
#include "cmd/container_set.h"
#include "cmd/image_use.h"
#include "core/base/fd.h"
#include "storage/rootfs.h"
#include "storage/tree_tar.h"

/* A descriptor of the container's root, as root of the store map. */
static int open_root(struct context *c, const struct container_record *record, struct remembered **ret, struct err *e)
{
	autoimage *img = NULL;
	autofd dir = -1;
	int r = 0;

	if (record->image_id)
		r = image_get(c, record->image_id, &img, e);
	else
		dir = open(record->rootfs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r < 0)
		return r;
	if (!record->image_id && dir < 0)
		return err_set(e, errno, "--rootfs %s", record->rootfs);
	r = idmap_enter(idmap_store(), e);
	if (r < 0 || dir >= 0)
		return r < 0 ? r : take_fd(&dir);
	*ret = remembered_open(c->store, record->id, img);
	return rootfs_open_container(c->store, img, record->id, e);
}

static int write_tar(const struct remembered *remembered, int root, int fd, struct err *e)
{
	struct tree_tar_options o = TREE_TAR_OPTIONS;

	o.remembered = remembered;
	o.whole_seconds = true;
	o.no_root = true;
	return tree_tar_write(root, &o, sink_to_fd, &fd, e);
}

static int export_container(struct context *c, const struct export_options *o, char *name, struct err *e)
{
	struct container_choice choice = { .missing_status = EXIT_OURS };
	g_autoptr(GPtrArray) set = NULL;
	struct remembered *remembered = NULL;
	autofd fd = -1, root = -1;
	const struct container_record *record;
	struct stat st;
	int worst = 0, r = container_choose(c, &choice, 1, &name, &set, &worst, e);

	if (r < 0)
		return r;
	/* container_choose has said why. */
	if (set->len == 0)
		return -(e->code = ENOENT);
	fd = o->output ? open(o->output, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644) :
			 fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return err_set(e, errno, "%s", o->output ? o->output : "standard output");
	record = ((const struct container_info *)set->pdata[0])->record;
	root = open_root(c, record, &remembered, e);
	r = root < 0 ? root : write_tar(remembered, root, fd, e);
	remembered_free(remembered);
	if (r == 0)
		container_event(&c->place, record, "export");
	if (r < 0 && o->output && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		(void)unlink(o->output);
	return r;
}

static int export_run(struct context *c, void *values, int argc, char **argv)
{
	const struct export_options *o = values;
	struct err e = ERR_INIT;
	int r;

	(void)argc;
	signal(SIGPIPE, SIG_IGN);
	if (!o->output && isatty(STDOUT_FILENO)) {
		err_msg(&e, EINVAL, "refusing to export to terminal. Use -o flag or redirect");
		return fail(&e);
	}
	r = context_store(c, &e);
	if (r == 0)
		r = export_container(c, o, argv[0], &e);
	return r < 0 ? fail_writing(&e) : 0;
}

const struct command image_command_export = COMMAND_EXPORT(export_run);
