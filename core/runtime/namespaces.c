/* namespaces.c - see namespaces.h. */
#include "core/runtime/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/proc.h"

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

/* In the process that goes there. The namespaces are opened first: inside, /proc is another. */
static int enter_and_clone(pid_t pid, const char *path)
{
	char user[48], mnt[48];
	autofd user_fd = -1, mnt_fd = -1;
	int tree;

	snprintf(user, sizeof user, "/proc/%d/ns/user", pid);
	snprintf(mnt, sizeof mnt, "/proc/%d/ns/mnt", pid);
	user_fd = open(user, O_RDONLY | O_CLOEXEC);
	mnt_fd = open(mnt, O_RDONLY | O_CLOEXEC);
	if (user_fd < 0 || mnt_fd < 0)
		return -errno;
	/* EINVAL: it is our own, which root's containers may have. */
	if (setns(user_fd, CLONE_NEWUSER) < 0 && errno != EINVAL)
		return -errno;
	if (setns(mnt_fd, CLONE_NEWNS) < 0)
		return -errno;
	tree = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
	return tree < 0 ? -errno : tree;
}

int namespaces_borrow_mount(pid_t pid, const char *path, struct err *e)
{
	autofd ours = -1, theirs = -1;
	autochild child = -1;
	int pair[2], fds[1], code = 0;
	size_t n = 1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(e, errno, "socketpair");
	ours = pair[0];
	theirs = pair[1];
	child = fork();
	if (child < 0)
		return err_set(e, errno, "fork");
	if (child == 0) {
		int fd = enter_and_clone(pid, path);

		code = fd < 0 ? -fd : 0;
		(void)fd_send(theirs, &code, sizeof code, &fd, fd >= 0);
		_exit(0);
	}
	fd_close(&theirs);
	if (fd_recv(ours, &code, sizeof code, fds, &n) != (ssize_t)sizeof code || code || n != 1)
		return err_set(e, code ? code : ESRCH, "%s of process %d", path, pid);
	return fds[0];
}

static bool sysctl_is_zero(const char *path, bool *exists)
{
	autofd fd = open(path, O_RDONLY | O_CLOEXEC);
	char c = '1';

	*exists = fd >= 0;
	return *exists && read(fd, &c, 1) == 1 && c == '0';
}

struct namespaces_remedy namespaces_remedy(int code)
{
	bool exists;

	if (code == ENOSPC)
		return (struct namespaces_remedy){ "too many namespaces: see /proc/sys/user/max_user_namespaces and its "
						   "neighbours", NULL };
	if (code == EINVAL)
		return (struct namespaces_remedy){ "the kernel was built without one of the namespaces", NULL };
	if (code != EPERM && code != EACCES)
		return (struct namespaces_remedy){ NULL, NULL };
	if (sysctl_is_zero("/proc/sys/kernel/unprivileged_userns_clone", &exists))
		return (struct namespaces_remedy){ "user namespaces are disabled",
						   "sysctl -w kernel.unprivileged_userns_clone=1" };
	if (sysctl_is_zero("/proc/sys/user/max_user_namespaces", &exists))
		return (struct namespaces_remedy){ "user namespaces are disabled",
						   "sysctl -w user.max_user_namespaces=15000" };
	if (!sysctl_is_zero("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", &exists) && exists)
		return (struct namespaces_remedy){ "AppArmor forbids user namespaces to this program",
						   "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0" };
	return (struct namespaces_remedy){ "a security policy, a chroot or the surrounding container forbids new "
					   "namespaces", NULL };
}

int namespaces_explain(int code, struct err *e)
{
	const struct namespaces_remedy r = namespaces_remedy(code);

	if (!r.why)
		return -code;
	return r.command ? err_hint(e, "%s; as root: %s", r.why, r.command) : err_hint(e, "%s", r.why);
}
