/* volume_tar.c - a volume's files as a tar, and a tar's files into a volume. */
#include "cmd/image/volume_tar.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/archive_options.h"
#include "core/base/fd.h"
#include "storage/tree_tar.h"
#include "storage/unpack.h"
#include "storage/volume.h"

static int get_volume(struct context *c, const char *name, struct volume **ret, struct err *e)
{
	int r = context_store(c, e);

	if (r == 0)
		r = volume_find(c->store, name, ret, e);
	return r == 0 ? err_msg(e, ENOENT, "no volume with name \"%s\" found: no such volume", name) : MIN(r, 0);
}

/* Its files may belong to subordinate ids. */
static int open_data(const struct volume *v, struct err *e)
{
	int fd = idmap_enter(idmap_store(), e) < 0 ? -1 : open(v->mountpoint, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 || e->code)
		return fd >= 0 ? fd : -e->code;
	return err_set(e, errno, "volume %s", v->name);
}

static int export_volume(struct context *c, const char *output, const char *name, struct err *e)
{
	struct tree_tar_options o = TREE_TAR_OPTIONS;
	autofd out = -1, data = -1;
	autovolume *v = NULL;
	struct stat st;
	int r = get_volume(c, name, &v, e);

	if (r < 0)
		return r;
	out = output ? open(output, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644) : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	if (out < 0)
		return err_set(e, errno, "%s", output ? output : "standard output");
	data = open_data(v, e);
	r = data < 0 ? data : tree_tar_write(data, &o, sink_to_fd, &out, e);
	if (r < 0 && output && fstat(out, &st) == 0 && S_ISREG(st.st_mode))
		(void)unlink(output);
	return r;
}

static int export_run(struct context *c, void *values, int argc, char **argv)
{
	const struct export_options *o = values;
	struct err e = ERR_INIT;

	(void)argc;
	signal(SIGPIPE, SIG_IGN);
	if (!o->output && isatty(STDOUT_FILENO)) {
		err_msg(&e, EINVAL, "refusing to export to terminal. Use -o flag or redirect");
		return fail(&e);
	}
	return export_volume(c, o->output, argv[0], &e) < 0 ? fail_writing(&e) : 0;
}

static int import_volume(struct context *c, const char *name, const char *path, struct err *e)
{
	const struct unpack_options o = { .keep_kinds = false };
	struct unpack_result done = { 0 };
	autofd in = -1, data = -1;
	autovolume *v = NULL;
	int r = get_volume(c, name, &v, e);

	if (r < 0)
		return r;
	in = path ? open(path, O_RDONLY | O_CLOEXEC) : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (in < 0)
		return err_set(e, errno, "%s", path);
	/* It has content now that no image's may be mixed with. */
	r = volume_mark_used(c->store, v, e);
	data = r < 0 ? r : open_data(v, e);
	if (data < 0)
		return -e->code;
	/* From here on this process reads what comes from outside. */
	unpack_confine(data);
	if (unpack_into(in, data, &o, &done, e) < 0)
		return err_wrap(e, "%s", path ? path : "standard input");
	if (done.skipped_devices)
		log_warn("%lld device nodes could not be made", (long long)done.skipped_devices);
	if (done.unset_owners)
		log_warn("the owners of %lld files could not be set", (long long)done.unset_owners);
	return syncfs(data) < 0 ? err_set(e, errno, "volume %s", name) : 0;
}

static int import_run(struct context *c, void *values, int argc, char **argv)
{
	const char *path = argc > 1 && strcmp(argv[1], "-") != 0 ? argv[1] : NULL;
	struct err e = ERR_INIT;

	(void)values;
	if (!path && isatty(STDIN_FILENO)) {
		err_msg(&e, EINVAL, "cannot read from terminal, use command-line redirection or name a file");
		return fail(&e);
	}
	return import_volume(c, argv[0], path, &e) < 0 ? fail(&e) : 0;
}

const struct command image_command_volume_export = COMMAND_VOLUME_EXPORT(export_run);
const struct command image_command_volume_import = COMMAND_VOLUME_IMPORT(import_run);
