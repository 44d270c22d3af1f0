/* sysctl.c - see sysctl.h. */
#include "core/runtime/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"

#define PROC_ROOT_INO 1         /* of every procfs */

/* Which namespace a parameter belongs to; a trailing "." or "*" takes everything that starts so. */
static const struct {
	const char *name;
	enum rspec_ns ns;
} owners[] = {
	{ "net.", RSPEC_NS_NETWORK },
	{ "kernel.msgmax", RSPEC_NS_IPC }, { "kernel.msgmnb", RSPEC_NS_IPC }, { "kernel.msgmni", RSPEC_NS_IPC },
	{ "kernel.sem", RSPEC_NS_IPC }, { "kernel.shmall", RSPEC_NS_IPC }, { "kernel.shmmax", RSPEC_NS_IPC },
	{ "kernel.shmmni", RSPEC_NS_IPC }, { "kernel.shm_rmid_forced", RSPEC_NS_IPC },
	{ "fs.mqueue.", RSPEC_NS_IPC },
	{ "kernel.hostname", RSPEC_NS_UTS }, { "kernel.domainname", RSPEC_NS_UTS },
};

static bool owner_of(const char *key, enum rspec_ns *ret)
{
	for (size_t i = 0; i < G_N_ELEMENTS(owners); i++) {
		size_t len = strlen(owners[i].name);
		bool prefix = owners[i].name[len - 1] == '.';

		if (prefix ? !strncmp(key, owners[i].name, len) : !strcmp(key, owners[i].name)) {
			*ret = owners[i].ns;
			return true;
		}
	}
	return false;
}

/* Is the file on the very mount that is the container's /proc, and that its root? Another file of a procfs, mounted over
 * it, would take the value for something else. */
static bool on_proc(int rootfd, int fd)
{
	autofd proc = path_open_in_root(rootfd, "/proc", O_PATH, 0);
	struct statx top, file;

	return proc >= 0 && statx(proc, "", AT_EMPTY_PATH, STATX_MNT_ID | STATX_INO, &top) == 0 &&
	       statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &file) == 0 && top.stx_ino == PROC_ROOT_INO &&
	       top.stx_mnt_id == file.stx_mnt_id;
}

static int set_one(const struct rspec *spec, const struct rspec_kv *kv, int rootfd, struct err *e)
{
	g_autofree char *key = g_strdup(kv->key), *name = NULL, *path = NULL;
	struct statfs st;
	autofd fd = -1;
	enum rspec_ns ns;

	/* "net/ipv4/ip_forward" is allowed too, and the form for names with dots in them. */
	if (strchr(key, '/'))
		g_strdelimit(key, "/", '.');
	if (!strcmp(key, "kernel.hostname"))
		return err_msg(e, EINVAL, "sysctl %s: use the hostname option", kv->key);
	if (!owner_of(key, &ns))
		return err_msg(e, EINVAL, "sysctl %s: is not separate for each container", kv->key);
	if (!spec->namespaces[ns].listed)
		return err_msg(e, EINVAL, "sysctl %s: not allowed while the container shares the host's namespace",
			       kv->key);
	name = strchr(kv->key, '/') ? g_strdup(kv->key) : g_strdelimit(g_strdup(key), ".", '/');
	path = g_strconcat("/proc/sys/", name, NULL);
	fd = path_open_in_root(rootfd, path, O_WRONLY | O_NOFOLLOW, 0);
	if (fd < 0)
		return err_set(e, -fd, "sysctl %s", kv->key);
	if (fstatfs(fd, &st) < 0 || st.f_type != PROC_SUPER_MAGIC || !on_proc(rootfd, fd))
		return err_msg(e, EINVAL, "sysctl %s: the container's /proc is not one", kv->key);
	if (write(fd, kv->value, strlen(kv->value)) < 0)
		return err_set(e, errno, "sysctl %s=%s", kv->key, kv->value);
	return 0;
}

int sysctl_set_all(const struct rspec *spec, int rootfd, struct err *e)
{
	for (size_t i = 0; i < spec->n_sysctl; i++)
		if (set_one(spec, &spec->sysctl[i], rootfd, e) < 0)
			return -e->code;
	return 0;
}
