/* enter.c - see enter.h. */
#include "core/runtime/enter.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/base/proc.h"
#include "core/runtime/cgroup.h"
#include "core/runtime/cgroup_oci.h"
#include "core/runtime/namespaces.h"
#include "core/runtime/pretend.h"
#include "core/runtime/program.h"
#include "core/runtime/rights.h"
#include "core/runtime/schedule.h"
#include "core/runtime/seccomp_notify.h"
#include "core/runtime/stdio.h"
#include "core/runtime/tty.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

struct entering {
	const struct enter_params *p;
	struct seccomp_program filter;
	struct pretend pretend;
	int flags;              /* CLONE_NEW* to join */
	bool guard_exe;
	struct seccomp_notify notify;
	int sock;               /* the caller's end */
	int theirs;             /* the new process's end */
	int cgroup;             /* its cgroup.procs, or -1 */
	int proc;               /* the host's /proc, where a label is to be written or we look up our number, or -1 */
	int root;               /* the container's root, where its mount namespace has another (shared_root.h), or -1 */

	/* said by the process that joins, in our memory */
	pid_t pid;
	int cgroup_code;        /* why the control group could not be entered, or 0 */
	struct err err;
};

/* From here on nobody inside may look at this process (a change of ids may have undone it). */
static void hide(void)
{
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static int enter_cwd(const struct rspec_process *p, int root, struct err *e)
{
	const char *cwd = p->cwd && *p->cwd ? p->cwd : "/";
	autofd fd = *cwd == '/' ? path_open_in_root(root, cwd, O_PATH | O_DIRECTORY, 0) : -EINVAL;

	if (fd < 0 || fchdir(fd) < 0) {
		(void)err_set(e, fd < 0 ? -fd : errno, "working directory '%s'", cwd);
		return err_exit(e, e->code == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
	}
	return 0;
}

static int make_terminal(struct entering *n, int root, int *ret_slave, struct err *e)
{
	autofd master = -1;
	struct err none = ERR_INIT;
	int r;

	if (!n->p->spec->process.terminal)
		return 0;
	if (tty_open(n->p->spec, root, &master, ret_slave, e) < 0)
		return -e->code;
	r = fd_send(n->theirs, &none, sizeof none, &master, 1);
	return r < 0 ? err_set(e, -r, "hand over the terminal") : 0;
}

static int write_label(const struct entering *n, struct err *e)
{
	const struct rspec_process *s = &n->p->spec->process;
	bool wanted = s->apparmor_profile || s->selinux_label;
	autofd fd = wanted ? openat(n->proc, "self/attr/exec", O_WRONLY | O_CLOEXEC) : -1;

	if (wanted && fd < 0)
		return err_set(e, errno, "security label");
	return rights_label(n->p->spec, fd, e);
}

/* Who answers for the container is told of this process, too. */
static void tell_listener(struct entering *n)
{
	struct hook_state h = { .id = n->p->id, .bundle = n->p->bundle, .status = "running", .pid = n->p->pid };

	if (!seccomp_notify_wanted(&n->filter))
		return;
	seccomp_notify_tell(n->p->spec, &h, proc_self_in(n->proc, "self"), &n->notify);
	n->filter.notify = &n->notify;
}

/* Returns only with an error. */
static int become_program(struct entering *n, struct err *e)
{
	const struct enter_params *p = n->p;
	struct rspec *s = p->spec;
	struct launch_params as_launched = { .spec = s, .keep_groups = p->keep_groups };
	autofd root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char *path = NULL;
	int slave = -1;

	if (root < 0)
		return err_set(e, errno, "open the container's root");
	tell_listener(n);
	/* That one is only for processes that share no memory. */
	if (n->flags & CLONE_NEWTIME && setns(p->pidfd, CLONE_NEWTIME) < 0)
		return err_set(e, errno, "join the time namespace");
	if (rights_rlimits(s, e) < 0 || rights_become_root(p->map, e) < 0)
		return -e->code;
	hide();
	if ((p->inside && p->inside(p->ctx, root, s, e) < 0) || make_terminal(n, root, &slave, e) < 0 ||
	    enter_cwd(&s->process, root, e) < 0 || write_label(n, e) < 0 ||
	    stdio_arrange(p->stdio, slave, p->preserve_fds, false, &n->theirs, e) < 0 ||
	    rights_drop(&as_launched, p->map, e) < 0)
		return -e->code;
	hide();
	if (p->die_with_caller)
		proc_die_with_outer_parent();
	if (schedule_cpus(s->process.cpus_final, e) < 0 || program_find(&s->process, n->guard_exe, &path, e) < 0)
		return -e->code;
	proc_reset_signals();
	if (rights_finish(s, &n->filter, e) < 0)
		return -e->code;
	hide();
	if (rights_seal(s, &n->filter, e) < 0)
		return -e->code;
	return program_exec(&s->process, path, e);
}

/* What it notes down of itself (numbers of descriptors above all) is in its own copy: the memory may be the caller's. */
static int run_inside(void *entering)
{
	struct entering mine = *(const struct entering *)entering;
	struct err e = ERR_INIT;

	if (mine.p->die_with_caller)
		proc_die_with_outer_parent();
	fd_close(&mine.sock);
	(void)become_program(&mine, &e);
	(void)fd_send(mine.theirs, &e, sizeof e, NULL, 0);
	_exit(err_status(&e));
}

/* The new process may use the caller's memory until it is the program, if the caller has nothing to do meanwhile (to
 * take a terminal or a listener) and the time namespace, which takes only a process that shares none, is no other one.
 * It spares some sixty page faults. Nobody inside can look into that memory: it is not dumpable, and it belongs to the
 * caller's user namespace. The sanitizers do not know of such stacks. */
static bool may_use_our_memory(const struct entering *n)
{
#ifdef __SANITIZE_ADDRESS__
	return false;
#else
	return !n->p->spec->process.terminal && !seccomp_notify_wanted(&n->filter) && !n->filter.pretend &&
		!(n->flags & CLONE_NEWTIME);
#endif
}

static pid_t fork_program(struct entering *n)
{
	static char stack[256 * 1024] __attribute__((aligned(16)));
	int pidfd = -1;
	pid_t pid;

	if (may_use_our_memory(n)) {
		pid = clone(run_inside, stack + sizeof stack, CLONE_VM | CLONE_VFORK | CLONE_PARENT | SIGCHLD, n);
		return pid < 0 ? -errno : pid;
	}
	pid = namespaces_clone(CLONE_PARENT, -1, &pidfd);
	if (pid == 0)
		_exit(run_inside(n));
	return pid;
}

/* Before Linux 5.8, and where a listed namespace is one that we are in as well: each by its file, if it is another. */
static int join_one_by_one(struct entering *n, struct err *e)
{
	struct namespaces ns = NAMESPACES_INIT;
	char path[64];
	int r;

	for (enum rspec_ns i = 0; i < RSPEC_NS_COUNT; i++) {
		struct stat ours, theirs;

		if (i == RSPEC_NS_TIME)
			continue;
		snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)n->p->pid, namespace_file(i));
		ns.join[i] = open(path, O_RDONLY | O_CLOEXEC);
		if (ns.join[i] < 0 && errno == ENOENT)
			continue;
		if (ns.join[i] < 0) {
			(void)err_set(e, errno, "%s", path);
			break;
		}
		snprintf(path, sizeof path, "/proc/self/ns/%s", namespace_file(i));
		if (stat(path, &ours) == 0 && fstat(ns.join[i], &theirs) == 0 && ours.st_ino == theirs.st_ino)
			fd_close(&ns.join[i]);
	}
	/* The number was that of our process when the files were opened, unless it has ended. */
	if (!e->code && syscall(SYS_pidfd_send_signal, n->p->pidfd, 0, NULL, 0) < 0)
		(void)err_set(e, errno, "the container's first process");
	r = e->code ? -e->code : namespaces_join(&ns, e);
	namespaces_close(&ns);
	return r;
}

static int join(struct entering *n, struct err *e)
{
	if (setns(n->p->pidfd, n->flags & ~CLONE_NEWTIME) == 0)
		return 0;
	if (errno == ESRCH)
		return err_msg(e, ESRCH, "the container has ended");
	if (join_one_by_one(n, e) < 0 && (e->code == EACCES || e->code == EPERM))
		return err_hint(e, "only the user who started the container may join it, from the user namespace in which that was "
				"done");
	return -e->code;
}

/* A command of another session is below another directory of systemd's, and only that may take it from there. */
static int join_cgroup(const struct entering *n)
{
	struct err why = ERR_INIT;

	if (n->cgroup < 0 || write(n->cgroup, "0", 1) > 0)
		return n->cgroup_code;
	if (errno != EACCES)
		return errno;
	return cgroup_attach(n->p->cgroup, getpid(), &why) < 0 ? why.code : 0;
}

/* The same for several. A lack of rights, where systemd does not help either, is an error only for who should have them. */
static int join_cgroups(struct entering *n)
{
	char *const *dirs = n->p->cgroups;
	struct err why = ERR_INIT;

	if (!dirs || !dirs[0] || cgroup_oci_enter(dirs, getpid(), &n->err) == 0)
		return 0;
	if (n->p->cgroups_must_work || (n->err.code != EACCES && n->err.code != EPERM))
		return -n->err.code;
	n->cgroup_code = cgroup_attach(dirs[0], getpid(), &why) < 0 ? n->err.code : 0;
	err_clear(&n->err);
	return 0;
}

/* In the caller's memory, which sleeps until this process is gone. */
static void join_and_fork(struct entering *n)
{
	n->cgroup_code = join_cgroup(n);
	if (join_cgroups(n) < 0)
		return;
	if (join(n, &n->err) < 0)
		return;
	if (n->root >= 0 && (fchdir(n->root) < 0 || chroot(".") < 0)) {
		(void)err_set(&n->err, errno, "enter the container's root");
		return;
	}
	n->pid = fork_program(n);
	if (n->pid < 0)
		(void)err_set(&n->err, -n->pid, "fork");
}

/* The right process for the job is one that shares our memory: nothing is copied twice. */
static int fork_inside(struct entering *n, struct err *e)
{
	int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
	pid_t between;

	hide();
	between = vfork();
	if (between == 0) {
		join_and_fork(n);
		_exit(0);
	}
	if (between > 0)
		(void)proc_wait(between);
	(void)prctl(PR_SET_DUMPABLE, dumpable == 1, 0, 0, 0);
	if (between < 0)
		return err_set(e, errno, "fork");
	if (n->err.code)
		*e = n->err;
	else if (n->pid < 0)
		(void)err_msg(e, EPIPE, "the process that joins the container's namespaces was killed");
	return -e->code;
}

/* What the new process says: its terminal, an error, or nothing more: it is the program. */
static int listen_to(struct entering *n, struct launched *ret, struct err *e)
{
	for (;;) {
		struct err said;
		int fd = -1;
		size_t n_fds = 1;
		ssize_t len = fd_recv(n->sock, &said, sizeof said, &fd, &n_fds);

		if (len == 0)
			return 0;
		if (len != (ssize_t)sizeof said)
			return err_msg(e, EBADMSG, "the new process sent what makes no sense");
		if (n_fds == 1) {
			fd_close(&ret->tty);
			ret->tty = fd;
		}
		if (said.code) {
			*e = said;
			return -e->code;
		}
	}
}

static int namespaces_of(const struct rspec *s, const struct idmap *map)
{
	uint64_t flags = 0;

	for (enum rspec_ns i = 0; i < RSPEC_NS_COUNT; i++)
		if (s->namespaces[i].listed && !(i == RSPEC_NS_USER && map->none))
			flags |= namespace_flag(i);
	return (int)flags;
}

static int prepare(struct entering *n, struct err *e)
{
	const struct enter_params *p = n->p;
	const struct rspec_process *process = &p->spec->process;
	int pair[2];

	n->flags = namespaces_of(p->spec, p->map);
	n->guard_exe = program_exe_in_reach();
	if (seccomp_prepare(p->spec, NULL, &n->filter, e) < 0 || rights_oom_score(p->spec, e) < 0)
		return -e->code;
	if (seccomp_notify_wanted(&n->filter) && seccomp_notify_connect(p->spec, &n->notify, e) < 0)
		return -e->code;
	if (process->apparmor_profile || process->selinux_label || seccomp_notify_wanted(&n->filter)) {
		n->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (n->proc < 0)
			return err_set(e, errno, "open /proc");
	}
	if (!p->spec->namespaces[RSPEC_NS_MOUNT].listed || p->spec->namespaces[RSPEC_NS_MOUNT].path) {
		char path[32];

		snprintf(path, sizeof path, "/proc/%d/root", (int)p->pid);
		n->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (n->root < 0)
			return err_set(e, errno, "the container's root");
	}
	if (p->cgroup) {
		autofd dir = open(p->cgroup, O_PATH | O_DIRECTORY | O_CLOEXEC);

		n->cgroup = dir < 0 ? -1 : openat(dir, "cgroup.procs", O_WRONLY | O_CLOEXEC);
		n->cgroup_code = n->cgroup < 0 ? errno : 0;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(e, errno, "socketpair");
	n->sock = pair[0];
	n->theirs = pair[1];
	return 0;
}

static int start_pretending(struct entering *n, struct err *e)
{
	struct pretend_params q = { .spec = n->p->spec, .map = n->p->map, .dir = n->p->owners_dir, .until = n->p->pidfd };

	if (!n->p->pretend || !pretend_wanted(q.spec, q.map))
		return 0;
	n->filter.pretend = &n->pretend;
	return pretend_start(&q, &n->pretend, e);
}

int enter(const struct enter_params *p, struct launched *ret, struct err *e)
{
	struct entering n = { .p = p, .filter = SECCOMP_PROGRAM_INIT, .sock = -1, .theirs = -1, .cgroup = -1, .proc = -1,
			      .root = -1, .notify = { .sock = -1 },
			      .pid = -1, .err = ERR_INIT, .pretend = PRETEND_INIT };
	struct launched l = { .pid = -1, .pidfd = -1, .tty = -1 };
	int r = prepare(&n, e);

	if (r == 0)
		r = start_pretending(&n, e);
	if (r == 0)
		r = fork_inside(&n, e);
	fd_close(&n.theirs);
	if (r == 0) {
		l.pid = n.pid;
		/* Our child: the number is its own until we have waited for it. */
		l.pidfd = (int)syscall(SYS_pidfd_open, n.pid, 0);
		r = l.pidfd < 0 ? err_set(e, errno, "pidfd_open") : listen_to(&n, &l, e);
	}
	if (n.cgroup_code && r == 0)
		log_warn("the process is not in the container's control group, and not under its limits: %s: %s",
			 p->cgroup ? p->cgroup : p->cgroups[0], strerror(n.cgroup_code));
	fd_close(&n.sock);
	fd_close(&n.cgroup);
	fd_close(&n.proc);
	fd_close(&n.root);
	fd_close(&n.notify.sock);
	seccomp_program_free(&n.filter);
	pretend_free(&n.pretend, r < 0);
	if (r < 0) {
		proc_kill_and_reap(&l.pid);
		fd_close(&l.pidfd);
		fd_close(&l.tty);
		return r;
	}
	*ret = l;
	return 0;
}
