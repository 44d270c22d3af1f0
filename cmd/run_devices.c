/* run_devices.c - --device and the devices of --privileged, as bind mounts: nobody but root may make device nodes,
 * and a bound one keeps the host's rights. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/run_spec.h"
#include "core/base/path.h"

/* The last argument of HOST:PATH:PERMS is permissions when it is made of these letters only. */
static bool is_perms(const char *s)
{
	return *s && strspn(s, "rwm") == strlen(s);
}

int run_device_parse(struct arena *a, const char *text, struct run_device *ret, struct err *e)
{
	g_auto(GStrv) parts = g_strsplit(text, ":", -1);
	unsigned n = g_strv_length(parts);
	struct run_device d = { 0 };
	g_autofree char *clean = NULL;

	if (n < 1 || n > 3 || !*parts[0])
		return err_msg(e, EINVAL, "--device %s: host[:path[:rwm]] is needed", text);
	d.host = arena_strdup(a, parts[0]);
	d.path = d.host;
	d.perms = arena_strdup(a, "rwm");
	if (n == 3 && !is_perms(parts[2]))
		return err_msg(e, EINVAL, "--device %s: invalid device mode: %s", text, parts[2]);
	if (n == 3)
		d.perms = arena_strdup(a, parts[2]);
	if (n == 2 && is_perms(parts[1]))
		d.perms = arena_strdup(a, parts[1]);
	else if (n >= 2)
		d.path = arena_strdup(a, parts[1]);
	if (*d.host != '/' || *d.path != '/')
		return err_msg(e, EINVAL, "--device %s: device paths must be absolute", text);
	clean = path_normalize("/", d.path);
	d.path = arena_strdup(a, clean);
	*ret = d;
	return 0;
}

static void add_node(struct rspec *s, const char *host, const char *path)
{
	static const char *const options[] = { "bind", "nosuid", "noexec", NULL };

	for (size_t i = 0; i < s->n_mounts; i++)
		if (!strcmp(s->mounts[i].destination, path))
			return;
	(void)rspec_add_mount(s, path, "bind", host, options);
}

/* All nodes below a directory; those which the caller may not open are left away when `usable_only`. */
static int add_tree(struct rspec *s, const char *host, const char *path, bool usable_only, int depth, struct err *e)
{
	/* The container has its own of these. */
	static const char *const own[] = { "/dev/pts", "/dev/shm", "/dev/mqueue", "/dev/fd", "/dev/console", "/dev/ptmx",
		"/dev/tty", "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", NULL };
	g_autoptr(GDir) dir = g_dir_open(host, 0, NULL);
	const char *name;

	if (!dir)
		return usable_only ? 0 : err_set(e, errno, "--device %s", host);
	while ((name = g_dir_read_name(dir))) {
		g_autofree char *h = g_build_filename(host, name, NULL), *c = g_build_filename(path, name, NULL);
		struct stat st;

		if (g_strv_contains(own, h) || lstat(h, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode)) {
			if (depth < 8 && add_tree(s, h, c, usable_only, depth + 1, e) < 0)
				return -e->code;
		} else if ((S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) &&
			   (!usable_only || access(h, R_OK | W_OK) == 0)) {
			add_node(s, h, c);
		}
	}
	return 0;
}

static int add_device(struct run_plan *p, const char *text, struct err *e)
{
	struct run_device d;
	struct stat st;

	if (run_device_parse(&p->spec->arena, text, &d, e) < 0)
		return -e->code;
	if (stat(d.host, &st) < 0)
		return err_set(e, errno, "--device %s: stat %s", text, d.host);
	if (S_ISDIR(st.st_mode))
		return add_tree(p->spec, d.host, d.path, false, 0, e);
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return err_msg(e, ENOTBLK, "--device %s: %s is not a device node", text, d.host);
	add_node(p->spec, d.host, d.path);
	return 0;
}

int run_devices_plan(struct run_plan *p, struct err *e)
{
	for (char **d = p->o->device; d && *d; d++)
		if (add_device(p, *d, e) < 0)
			return -e->code;
	return p->o->privileged ? add_tree(p->spec, "/dev", "/dev", true, 0, e) : 0;
}
