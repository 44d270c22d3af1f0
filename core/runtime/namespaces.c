/* namespaces.c - see namespaces.h. */
#include "core/runtime/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

static const struct {
	uint64_t flag;
	const char *file;
} kinds[RSPEC_NS_COUNT] = {
	[RSPEC_NS_USER] = { CLONE_NEWUSER, "user" },
	[RSPEC_NS_MOUNT] = { CLONE_NEWNS, "mnt" },
	[RSPEC_NS_PID] = { CLONE_NEWPID, "pid" },
	[RSPEC_NS_NETWORK] = { CLONE_NEWNET, "net" },
	[RSPEC_NS_IPC] = { CLONE_NEWIPC, "ipc" },
	[RSPEC_NS_UTS] = { CLONE_NEWUTS, "uts" },
	[RSPEC_NS_CGROUP] = { CLONE_NEWCGROUP, "cgroup" },
	[RSPEC_NS_TIME] = { CLONE_NEWTIME, "time" },
};

uint64_t namespace_flag(enum rspec_ns kind)
{
	return kinds[kind].flag;
}

const char *namespace_file(enum rspec_ns kind)
{
	return kinds[kind].file;
}

int namespaces_open(const struct rspec *spec, bool without_user, struct namespaces *ret, struct err *e)
{
	struct namespaces ns = NAMESPACES_INIT;

	for (int i = 0; i < RSPEC_NS_COUNT; i++) {
		const struct rspec_namespace *n = &spec->namespaces[i];

		if (!n->listed || (i == RSPEC_NS_USER && without_user && !n->path))
			continue;
		if (!n->path) {
			ns.make |= kinds[i].flag;
			continue;
		}
		ns.join[i] = open(n->path, O_RDONLY | O_CLOEXEC);
		if (ns.join[i] < 0) {
			err_set(e, errno, "%s namespace %s", kinds[i].file, n->path);
			namespaces_close(&ns);
			return -e->code;
		}
		ns.joined |= kinds[i].flag;
	}
	if (!(ns.make & CLONE_NEWNS)) {
		namespaces_close(&ns);
		return err_msg(e, EINVAL, "the spec must ask for a new mount namespace");
	}
	*ret = ns;
	return 0;
}

void namespaces_close(struct namespaces *ns)
{
	for (int i = 0; i < RSPEC_NS_COUNT; i++)
		fd_close(&ns->join[i]);
}

int namespaces_join(struct namespaces *ns, struct err *e)
{
	/* In the order of the enum: the user namespace gives the right to join the others. */
	for (int i = 0; i < RSPEC_NS_COUNT; i++) {
		if (ns->join[i] < 0)
			continue;
		if (setns(ns->join[i], (int)kinds[i].flag) < 0) {
			err_set(e, errno, "join the %s namespace", kinds[i].file);
			if (e->code == EPERM && ns->join[RSPEC_NS_USER] < 0)
				return err_hint(e, "it belongs to another user namespace, which must be joined too");
			return -e->code;
		}
		fd_close(&ns->join[i]);
	}
	return 0;
}

pid_t namespaces_clone(uint64_t flags, int cgroup_fd, int *ret_pidfd)
{
	int pidfd = -1;
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD | (cgroup_fd >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		/* A process that shares its parent by CLONE_PARENT says nothing of its own when it ends. */
		.exit_signal = flags & CLONE_PARENT ? 0 : SIGCHLD,
		.cgroup = cgroup_fd >= 0 ? (uint64_t)cgroup_fd : 0,
	};
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);

	if (pid < 0)
		return -errno;
	*ret_pidfd = pidfd;
	return pid;
}

static bool sysctl_is_zero(const char *path, bool *exists)
{
	autofd fd = open(path, O_RDONLY | O_CLOEXEC);
	char c = '1';

	*exists = fd >= 0;
	return *exists && read(fd, &c, 1) == 1 && c == '0';
}

int namespaces_explain(int code, struct err *e)
{
	bool exists;

	if (code == ENOSPC)
		return err_hint(e, "too many namespaces: see /proc/sys/user/max_user_namespaces and its neighbours");
	if (code == EINVAL)
		return err_hint(e, "the kernel was built without one of the namespaces");
	if (code != EPERM && code != EACCES)
		return -code;
	if (sysctl_is_zero("/proc/sys/kernel/unprivileged_userns_clone", &exists))
		return err_hint(e, "user namespaces are disabled; as root: sysctl -w kernel.unprivileged_userns_clone=1");
	if (sysctl_is_zero("/proc/sys/user/max_user_namespaces", &exists))
		return err_hint(e, "user namespaces are disabled; as root: sysctl -w user.max_user_namespaces=15000");
	if (!sysctl_is_zero("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", &exists) && exists)
		return err_hint(e, "AppArmor forbids user namespaces to this program; as root: sysctl -w "
				"kernel.apparmor_restrict_unprivileged_userns=0, or give coracle a profile with 'userns,'");
	return err_hint(e, "a security policy, a chroot or the surrounding container forbids new namespaces");
}
