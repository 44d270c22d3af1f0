/* launch_files.c - generated files of a container: /etc/hosts and its like, in a tmpfs made in init.
 *
 * They belong to the container's root whatever its id map is, cost no disk access, and vanish with the container's
 * mount namespace. The tmpfs covers the store's tmp/ in that namespace alone, so that the files have host paths.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/launch_inside.h"
#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/path.h"
#include "core/runtime/mounts.h"

#define ZONE_MAX (1024 * 1024)

int launch_files_open(struct launch_ctx *x, struct err *e)
{
	static const char *const data[] = { "mode=755" };
	autofd target = open(x->files_path, O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -1;
	int r;

	/* Ids that the store's owner has not lent cannot go there; this one is masked inside anyway. */
	if (target < 0 && errno == EACCES) {
		x->files_path = "/sys/firmware";
		target = open(x->files_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (target < 0)
		return err_set(e, errno, "%s", x->files_path);
	fd = mount_new("tmpfs", "coracle", data, 1, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, e);
	if (fd < 0)
		return fd;
	r = mount_attach(fd, target);
	if (r < 0)
		return err_set(e, -r, "attach a tmpfs to %s", x->files_path);
	x->files_fd = take_fd(&fd);
	return 0;
}

int launch_file_show(struct launch_ctx *x, struct rspec *spec, const char *destination, const char *text,
		     struct err *e)
{
	static const char *const options[] = { "bind", "nosuid", "nodev", "noexec", "rprivate", NULL };
	const char *name = strrchr(destination, '/') + 1;
	autofd fd = -1;
	int r;

	for (size_t i = 0; i < spec->n_mounts; i++)
		if (!strcmp(spec->mounts[i].destination, destination))
			return 0;
	fd = openat(x->files_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_set(e, errno, "make %s", destination);
	r = fd_write_all(fd, text, strlen(text));
	/* The caller's umask does not count for the container's files. */
	if (r == 0 && fchmod(fd, 0644) < 0)
		r = -errno;
	if (r < 0)
		return err_set(e, -r, "write %s", destination);
	(void)rspec_add_mount(spec, destination, "bind",
			      arena_printf(&spec->arena, "%s/%s", x->files_path, name), options);
	return 0;
}

/* One line per fact, for --privileged, where tools look for them; else the file says only "a container". */
static char *containerenv_text(const struct launch_ctx *x)
{
	const struct container_record *r = x->job->record;

	if (!x->job->extras->env_file_full)
		return g_strdup("");
	return g_strdup_printf("engine=\"coracle-%s\"\nname=\"%s\"\nid=\"%s\"\nimage=\"%s\"\nimageid=\"%s\"\n"
			       "rootless=%d\n", PACKAGE_VERSION, r->name, r->id, r->image_name ? r->image_name : "",
			       r->image_id ? r->image_id : "", x->map.none ? 0 : 1);
}

/* --tz: the host's rules for a zone, as a copy: the container's own files may have none. */
static int show_zone(struct launch_ctx *x, struct rspec *spec, struct err *e)
{
	static const char *const options[] = { "bind", "ro", "nosuid", "nodev", "noexec", "rprivate", NULL };
	const char *zone = x->job->extras->tz;
	g_autofree char *path = NULL, *text = NULL;
	autofd fd = -1;
	size_t len;
	int r;

	if (!zone || !*zone)
		return 0;
	path = !strcmp(zone, "local") ? g_strdup("/etc/localtime") : g_build_filename("/usr/share/zoneinfo", zone, NULL);
	if (file_read(AT_FDCWD, path, ZONE_MAX, &text, &len, e) < 0)
		return err_wrap(e, "--tz %s: unknown timezone", zone);
	fd = openat(x->files_fd, "localtime", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	r = fd < 0 ? -errno : fd_write_all(fd, text, len);
	if (r < 0)
		return err_set(e, -r, "write /etc/localtime");
	(void)rspec_add_mount(spec, "/etc/localtime", "bind",
			      arena_printf(&spec->arena, "%s/localtime", x->files_path), options);
	return 0;
}

int launch_files_make(struct launch_ctx *x, struct rspec *spec, struct err *e)
{
	const struct container_record *r = x->job->record;
	g_autofree char *env = containerenv_text(x), *resolv = NULL, *hosts = NULL;
	g_autofree char *hostname = g_strconcat(r->hostname, "\n", NULL);

	if (!x->net.no_hosts) {
		g_autofree char *base = NULL;
		struct err ignored = ERR_INIT;
		size_t len;

		/* As podman, the host's own names count inside too; a host without the file is fine. */
		(void)file_read(AT_FDCWD, "/etc/hosts", ZONE_MAX, &base, &len, &ignored);
		hosts = net_hosts_text(&x->net, r->name, base);
		if (launch_file_show(x, spec, "/etc/hosts", hosts, e) < 0)
			return -e->code;
	}
	if (!x->net.no_resolv) {
		resolv = net_resolv_text(&x->net);
		if (launch_file_show(x, spec, "/etc/resolv.conf", resolv, e) < 0)
			return -e->code;
	}
	if (launch_file_show(x, spec, "/etc/hostname", hostname, e) < 0 ||
	    launch_file_show(x, spec, "/run/.containerenv", env, e) < 0)
		return -e->code;
	return show_zone(x, spec, e);
}
