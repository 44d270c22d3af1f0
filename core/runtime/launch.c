/* launch.c - the keeper's side of a start. Text: launch.h; the steps: steps.h; the other side: init.c. */
#include "core/runtime/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "core/runtime/caps.h"
#include "core/runtime/cgroup_oci.h"
#include "core/runtime/hooks.h"
#include "core/runtime/init.h"
#include "core/runtime/namespaces.h"
#include "core/runtime/pretend.h"
#include "core/runtime/program.h"
#include "core/runtime/seccomp.h"
#include "core/runtime/steps.h"
#include "core/runtime/time_offsets.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#define FORKED_NOT_EXECED 0x40  /* PF_FORKNOEXEC of the kernel's include/linux/sched.h */

/* What launch() owns while it runs; launch_undo() takes it all back. */
struct start {
	const struct launch_params *p;
	const struct idmap *map;
	struct idmap *own_map;          /* made from the spec, or NULL */
	struct namespaces ns;
	struct seccomp_program filter;
	struct pretend pretend;
	pid_t pid;
	int pidfd, sock, tty;
	struct mounts mounts;           /* only their sources: see open_trees */
	int root;                       /* the same, or -1 */
};

static void close_trees(struct start *s)
{
	for (size_t i = 0; i < s->mounts.n_sources; i++)
		fd_close(&s->mounts.sources[i]);
	g_free(s->mounts.sources);
	s->mounts = (struct mounts){ .spec = NULL };
	fd_close(&s->root);
}

static void start_undo(struct start *s)
{
	pretend_free(&s->pretend, s->pid > 0);
	/* Kills, and reaps: nothing of the container is left when this returns. */
	proc_kill_and_reap(&s->pid);
	fd_close(&s->pidfd);
	fd_close(&s->sock);
	fd_close(&s->tty);
	close_trees(s);
	namespaces_close(&s->ns);
	seccomp_program_free(&s->filter);
	free(s->own_map);
}

static void copy_ranges(const struct rspec_id_mapping *from, size_t n, struct id_range *to, size_t *ret_n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (struct id_range){ from[i].container_id, from[i].host_id, from[i].size };
	*ret_n = n;
}

/* The id map of a spec that was made elsewhere. */
static int map_from_spec(struct start *s, struct err *e)
{
	const struct rspec *spec = s->p->spec;
	struct idmap *m;

	if (spec->n_uid_mappings > IDMAP_MAX || spec->n_gid_mappings > IDMAP_MAX)
		return err_msg(e, E2BIG, "more than %d id mappings", IDMAP_MAX);
	m = calloc(1, sizeof *m);
	if (!m)
		return err_set(e, ENOMEM, "id map");
	s->own_map = m;
	s->map = m;
	m->none = !spec->namespaces[RSPEC_NS_USER].listed;
	copy_ranges(spec->uid_mappings, spec->n_uid_mappings, m->uid, &m->n_uid);
	copy_ranges(spec->gid_mappings, spec->n_gid_mappings, m->gid, &m->n_gid);
	if (!m->none && !spec->namespaces[RSPEC_NS_USER].path && (!m->n_uid || !m->n_gid))
		return err_msg(e, EINVAL, "linux.uidMappings and linux.gidMappings are missing for the new user "
			       "namespace");
	m->one_id = m->n_uid == 1 && m->uid[0].count == 1 && m->n_gid == 1 && m->gid[0].count == 1 &&
		    m->uid[0].outside == geteuid() && m->gid[0].outside == getegid();
	return 0;
}

static void __attribute__((noreturn)) run_init(struct start *s, int sock, uint64_t make_late)
{
	struct init in = {
		.p = s->p, .map = s->map, .filter = &s->filter, .make = s->ns.make, .joined = s->ns.joined,
		.make_late = make_late, .shared_mounts = !(s->ns.make & CLONE_NEWNS),
		.mounts = s->mounts, .rootfd = s->root,
		.sock = sock,
		.guard_exe = program_exe_in_reach(),
	};

	fd_close(&s->sock);
	init_run(&in);
}

struct forked { pid_t pid; struct err err; };

/* A user or pid namespace is joined: a short-lived process joins them, and its child is init. CLONE_PARENT makes
 * that the keeper's own child. */
static void __attribute__((noreturn)) join_and_fork(struct start *s, int sock, int report, uint64_t late)
{
	struct forked f = { .err = ERR_INIT };
	int pidfd = -1;

	/* In a container's pid namespace its processes must not look into init: not from its first moment on. */
	if (s->ns.joined & CLONE_NEWPID)
		(void)prctl(PR_SET_DUMPABLE, 0);
	if (namespaces_join(&s->ns, &f.err) == 0) {
		f.pid = namespaces_clone(CLONE_PARENT | (s->ns.make & ~late), -1, &pidfd);
		if (f.pid == 0) {
			fd_close(&report);
			run_init(s, sock, late);
		}
		if (f.pid < 0)
			namespaces_explain(-f.pid, (err_set(&f.err, -f.pid, "make namespaces"), &f.err));
	}
	(void)fd_send(report, &f, sizeof f, &pidfd, pidfd >= 0);
	_exit(0);
}

static int clone_joined(struct start *s, int sock, uint64_t late, struct err *e)
{
	struct forked f = { .err = ERR_INIT };
	autofd ours = -1, theirs = -1;
	autochild between = -1;
	int pair[2], fds[1];
	size_t n = 1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(e, errno, "socketpair");
	ours = pair[0];
	theirs = pair[1];
	between = fork();
	if (between == 0)
		join_and_fork(s, sock, theirs, late);
	if (between < 0)
		return err_set(e, errno, "fork");
	fd_close(&theirs);
	if (fd_recv(ours, &f, sizeof f, fds, &n) != (ssize_t)sizeof f)
		return err_msg(e, EPIPE, "the process that joins namespaces died");
	(void)proc_wait(take_child(&between));
	if (f.err.code) {
		*e = f.err;
		return -e->code;
	}
	s->pid = f.pid;
	s->pidfd = n ? fds[0] : -1;
	return 0;
}

static int clone_into(struct start *s, int sock, int cgroup, uint64_t late, struct err *e)
{
	pid_t pid = namespaces_clone(s->ns.make & ~late, cgroup, &s->pidfd);

	if (pid == 0)
		run_init(s, sock, late);
	if (pid == -EPERM && !(s->ns.make & CLONE_NEWUSER)) {
		err_set(e, EPERM, "make namespaces");
		return err_hint(e, "who is not root needs a user namespace among linux.namespaces, as `coracle oci spec "
				"--rootless` writes it");
	}
	if (pid < 0)
		return namespaces_explain(-pid, (err_set(e, -pid, "make namespaces"), e));
	s->pid = pid;
	return 0;
}

static int move_to_cgroup(const struct start *s, int cgroup, struct err *e)
{
	char text[16];
	int r;

	snprintf(text, sizeof text, "%d", s->pid);
	r = file_poke(cgroup, "cgroup.procs", text);
	return r < 0 ? err_set(e, -r, "move into cgroup %s", s->p->cgroup) : 0;
}

static int clone_init(struct start *s, struct err *e)
{
	autofd theirs = -1, cgroup = -1;
	const struct launch_hooks *h = &s->p->hooks;
	bool moved = h->cgroup || (s->p->cgroups && s->p->cgroups[0]);
	uint64_t late = time_offsets_given(s->p->spec) ? s->ns.make & CLONE_NEWTIME : 0;
	int pair[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(e, errno, "socketpair");
	s->sock = pair[0];
	theirs = pair[1];
	if (s->p->cgroup) {
		cgroup = open(s->p->cgroup, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (cgroup < 0)
			return err_set(e, errno, "cgroup %s", s->p->cgroup);
	}
	if (!s->ns.joined && !moved) {
		r = clone_into(s, theirs, cgroup, late, e);
		if (r == 0 || cgroup < 0 || (r != -EACCES && r != -EBUSY && r != -EOPNOTSUPP && r != -EPERM))
			return r;
		/* Being born there takes more rights than being moved. The cgroup namespace begins where its
		 * maker is, so it is made afterwards. */
		err_clear(e);
	}
	if (cgroup >= 0 || moved)
		late |= s->ns.make & CLONE_NEWCGROUP;
	r = s->ns.joined ? clone_joined(s, theirs, late, e) : clone_into(s, theirs, -1, late, e);
	if (r == 0 && cgroup >= 0)
		r = move_to_cgroup(s, cgroup, e);
	if (r < 0 || !moved)
		return r;
	return h->cgroup ? h->cgroup(h->ctx, s->pid, e) : cgroup_oci_enter(s->p->cgroups, s->pid, e);
}

/* After the end of file on the socket: has it executed the program, or died on the way? The kernel's flag tells,
 * also of a process that is dead by now; it is cleared before exec closes descriptors. */
bool launch_has_executed(pid_t pid)
{
	char path[32], text[512], *field;
	autofd fd = -1;
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	/* hidepid, or no /proc: then it is the keeper's wait that tells what became of it. */
	if (n <= 0)
		return true;
	text[n] = '\0';
	field = strrchr(text, ')');
	/* state, ppid, pgrp, session, tty, tpgid, flags */
	for (int i = 0; field && i < 7; i++)
		field = strchr(field + 1, ' ');
	return !field || !(strtoul(field + 1, NULL, 10) & FORKED_NOT_EXECED);
}

/* "died before X": add what the kernel says about how. */
static int explain_death(struct start *s, struct err *e)
{
	int st;

	if (e->code != EPIPE || s->pid <= 0)
		return -e->code;
	st = proc_wait(take_child(&s->pid));
	err_wrap(e, "the container's first process");
	if (st > 128)
		return err_hint(e, "it was killed by signal %d (%s)%s", st - 128, strsignal(st - 128),
				st == 128 + SIGKILL ? ": out of memory?" : "");
	return err_hint(e, "it exited with status %d", st);
}

static int serve_network(struct start *s, struct err *e)
{
	const struct launch_hooks *h = &s->p->hooks;
	int fds[STEP_FDS_MAX];
	size_t n = STEP_FDS_MAX;
	int r = step_expect(s->sock, STEP_NETTED, fds, &n, e);

	if (r < 0)
		return r;
	if (h->net_outside && (s->ns.make & CLONE_NEWNET))
		r = h->net_outside(h->ctx, s->pid, s->pidfd, fds, n, e);
	for (size_t i = 0; i < n; i++)
		(void)close(fds[i]);
	return r;
}

/* The hooks of the runtime's side, with everything made and nothing entered yet. Said only where there are hooks:
 * both sides read the same spec. */
static int serve_hooks(struct start *s, struct err *e)
{
	struct hook_state h = { .id = s->p->id, .bundle = s->p->bundle, .status = "creating", .pid = s->pid };

	if (!hooks_before_pivot(s->p->spec))
		return 0;
	if (step_expect(s->sock, STEP_BUILT, NULL, NULL, e) < 0 ||
	    hooks_run(s->p->spec, HOOK_PRESTART, &h, e) < 0)
		return -e->code;
	return hooks_run(s->p->spec, HOOK_CREATE_RUNTIME, &h, e);
}

/* Without a gate the program runs by now. */
static int after_start(struct start *s, struct err *e)
{
	struct hook_state h = { .id = s->p->id, .bundle = s->p->bundle, .status = "running", .pid = s->pid };

	return hooks_run(s->p->spec, HOOK_POSTSTART, &h, e);
}

/* The maps of a process that is dead cannot be written, which says nothing: why it died does. */
static int prefer_last_words(struct start *s, struct err *e)
{
	struct err said = ERR_INIT;

	/* One that lives still waits for us, and now ends for want of us: EPIPE. */
	(void)shutdown(s->sock, SHUT_WR);
	if (step_expect(s->sock, STEP_NETTED, NULL, NULL, &said) < 0 && said.code != EPIPE)
		*e = said;
	return -e->code;
}

/* Root of this user namespace may look into directories that root of the new one may not, whose ids own them: what is
 * to be bound is opened here then. An ordinary user has no right to, and no need. */
static int open_trees(struct start *s, struct err *e)
{
	const struct rspec *spec = s->p->spec;

	s->mounts.spec = spec;
	if (!(s->ns.make & CLONE_NEWUSER) || !caps_have(CAP_SYS_ADMIN))
		return 0;
	if (!s->p->hooks.mount_root) {
		s->root = root_open_path(spec, e);
		if (s->root < 0)
			return s->root;
	}
	return mounts_open_sources(&s->mounts, e);
}

/* From the maps to the exec. */
static int walk(struct start *s, struct err *e)
{
	const struct launch_hooks *h = &s->p->hooks;
	size_t n = 1;
	int r;

	if ((s->ns.make & CLONE_NEWUSER) && idmap_write(s->map, s->pid, e) < 0)
		return prefer_last_words(s, e);
	if (step_say(s->sock, STEP_MAPPED, NULL, 0, e) < 0 || serve_network(s, e) < 0)
		return -e->code;
	if (serve_hooks(s, e) < 0)
		return -e->code;
	if (step_say(s->sock, STEP_SERVED, NULL, 0, e) < 0 ||
	    step_expect(s->sock, STEP_ROOTED, &s->tty, &n, e) < 0)
		return -e->code;
	if (n == 0)
		s->tty = -1;
	if (h->created && h->created(h->ctx, s->pid, e) < 0)
		return -e->code;
	if (step_say(s->sock, STEP_GO, NULL, 0, e) < 0 || step_expect(s->sock, STEP_EXEC, NULL, NULL, e) < 0)
		return -e->code;
	if (s->p->gate)
		return 0;
	r = step_expect_end(s->sock, e);
	if (r == 0 && !launch_has_executed(s->pid))
		return err_msg(e, EPIPE, "died before it could execute the program");
	return r == 0 ? after_start(s, e) : r;
}

static int start_pretending(struct start *s, struct err *e)
{
	struct pretend_params q = { .spec = s->p->spec, .map = s->map, .dir = s->p->owners_dir, .until = -1 };

	if (!s->p->pretend || !pretend_wanted(q.spec, q.map))
		return 0;
	s->filter.pretend = &s->pretend;
	return pretend_start(&q, &s->pretend, e);
}

int launch(const struct launch_params *p, struct launched *ret, struct err *e)
{
	struct start s = { .p = p, .map = p->idmap, .pid = -1, .pidfd = -1, .sock = -1, .tty = -1,
			   .ns = NAMESPACES_INIT, .root = -1, .pretend = PRETEND_INIT };
	int r = 0;

	if (p->spec->process.unknown_capability)
		log_warn("process.capabilities: no such capability, ignoring: %s", p->spec->process.unknown_capability);
	if (p->spec->refused)
		return err_msg(e, ENOTSUP, "%s: not supported by this runtime", p->spec->refused);
	if (!s.map)
		r = map_from_spec(&s, e);
	if (r == 0)
		r = namespaces_open(p->spec, s.map->none, &s.ns, e);
	if (r == 0 && (s.ns.make & (CLONE_NEWUSER | CLONE_NEWNS)) == CLONE_NEWUSER)
		r = err_msg(e, EINVAL, "linux.namespaces: a new user namespace has no right to mount in the caller's mount "
			    "namespace: list a mount namespace");
	if (r == 0 && time_offsets_given(p->spec) && !(s.ns.make & CLONE_NEWTIME))
		r = err_msg(e, EINVAL, "linux.timeOffsets: needs a new time namespace among linux.namespaces");
	if (r == 0)
		r = seccomp_prepare(p->spec, NULL, &s.filter, e);
	if (r == 0)
		r = start_pretending(&s, e);
	if (r == 0)
		r = open_trees(&s, e);
	if (r == 0)
		r = clone_init(&s, e);
	if (r == 0)
		r = walk(&s, e);
	if (r < 0) {
		r = explain_death(&s, e);
		start_undo(&s);
		return r;
	}
	*ret = (struct launched){ .pid = take_child(&s.pid), .pidfd = take_fd(&s.pidfd), .tty = take_fd(&s.tty) };
	start_undo(&s);
	return 0;
}
