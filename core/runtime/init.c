/* init.c - the container's first process.
 *
 * Who forked me: the keeper, by clone3 with all namespaces that are new (launch.c). What I hold: all capabilities
 * in them, the user's own ids and groups until the root is mounted, a socket to the keeper, and the keeper's
 * memory, which nobody else sees change. When I end: never, I become the user's program; on the first error I tell
 * the keeper and exit; when the keeper dies I am killed. What must never happen here: printing, waiting for
 * anything but the socket, following a name of the container's outside its root, or reaching exec with a
 * descriptor of the host that is not the user's.
 *
 * The order is what the kernel wants. Trees to be bound are opened first, as the user, with the user's groups. The
 * host's /proc, /dev and names go away with the pivot. Capabilities go last but for the filter of system calls.
 */
#include "core/runtime/init.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <link.h>
#include <malloc.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/proc.h"
#include "core/runtime/gate.h"
#include "core/runtime/hooks.h"
#include "core/runtime/memory_policy.h"
#include "core/runtime/program.h"
#include "core/runtime/rights.h"
#include "core/runtime/root.h"
#include "core/runtime/schedule.h"
#include "core/runtime/stdio.h"
#include "core/runtime/steps.h"
#include "core/runtime/sysctl.h"
#include "core/runtime/time_offsets.h"
#include "core/runtime/tty.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#define INIT_INSIDE "/run/coracle-init"

/* Everything that needs no mapped ids: it runs while the maps are being written. */
static int before_maps(struct init *in, struct err *e)
{
	const struct rspec *s = in->p->spec;
	/* Those that our user namespace or one below it owns, so that their file systems can be mounted: not what is the
	 * caller's when only the user namespace is new. */
	uint64_t own = in->make | (in->make & CLONE_NEWUSER ? 0 : in->joined);

	if (rights_rlimits(s, e) < 0 || rights_oom_score(s, e) < 0 || schedule_set(&s->process, e) < 0 ||
	    memory_policy_set(&s->memory_policy, e) < 0)
		return -e->code;
	/* Copied by a new user namespace, mounts receive from the host but send nothing back. Else say so. */
	if (!(in->make & CLONE_NEWUSER) && !in->shared_mounts && mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return err_set(e, errno, "separate the mounts from the host's");
	/* Who joins one is at its root. */
	if ((in->joined & CLONE_NEWNS) && in->p->bundle && chdir(in->p->bundle) < 0)
		return err_set(e, errno, "bundle %s in the mount namespace", in->p->bundle);
	in->mounts.map = in->map;
	in->mounts.cgroups = in->p->cgroups;
	in->mounts.own_pid = own & CLONE_NEWPID;
	in->mounts.own_ipc = own & CLONE_NEWIPC;
	if (mounts_open_sources(&in->mounts, e) < 0 || devices_open(&in->devices, e) < 0)
		return -e->code;
	in->host_pid = proc_self_in(AT_FDCWD, "/proc/self");
	if (seccomp_notify_wanted(in->filter) && seccomp_notify_connect(s, &in->notify, e) < 0)
		return -e->code;
	if (s->process.apparmor_profile || s->process.selinux_label) {
		in->label_fd = open("/proc/self/attr/exec", O_WRONLY | O_CLOEXEC);
		if (in->label_fd < 0)
			return err_set(e, errno, "security label");
	}
	return 0;
}

static int name_host(const struct init *in, struct err *e)
{
	const struct rspec *s = in->p->spec;

	/* An engine's container that joins another's is to have its name there, too. */
	if (!(in->make & CLONE_NEWUTS) && !(in->p->gate && (in->joined & CLONE_NEWUTS)))
		return 0;
	/* We have every right here: EPERM is a system call filter around us (a container in a container), and
	 * a start without the name is better than none. */
	if (s->hostname && sethostname(s->hostname, strlen(s->hostname)) < 0 && errno != EPERM)
		return err_set(e, errno, "hostname %s", s->hostname);
	if (s->domainname && setdomainname(s->domainname, strlen(s->domainname)) < 0 && errno != EPERM)
		return err_set(e, errno, "domainname %s", s->domainname);
	return 0;
}

/* The network's inside; its descriptors go to the keeper. */
static int make_network(struct init *in, struct err *e)
{
	const struct launch_hooks *h = &in->p->hooks;
	int fds[LAUNCH_FDS_MAX], r = 0;
	size_t n = 0;

	if (in->make_late && unshare((int)in->make_late) < 0)
		return err_set(e, errno, "make the cgroup or time namespace");
	if ((in->make_late & CLONE_NEWTIME) && time_offsets_enter(in->p->spec, e) < 0)
		return -e->code;
	if (name_host(in, e) < 0)
		return -e->code;
	if (h->net_inside && (in->make & CLONE_NEWNET))
		r = h->net_inside(h->ctx, fds, &n, e);
	if (r == 0)
		r = step_say(in->sock, STEP_NETTED, fds, n, e);
	for (size_t i = 0; i < n; i++)
		(void)close(fds[i]);
	return r;
}

/* Show coracle-init inside, and execute it before the program. */
static int add_init_program(struct init *in, struct err *e)
{
	struct rspec *s = in->p->spec;
	autofd tree = -1, target = -1;
	char **args = NULL;
	int r;

	if (!in->p->init_path)
		return 0;
	tree = mount_clone(AT_FDCWD, in->p->init_path, false);
	if (tree < 0)
		return err_set(e, -tree, "%s", in->p->init_path);
	target = path_mkfile_in_root(in->rootfd, INIT_INSIDE, 0755);
	r = target < 0 ? target : mount_attach(tree, target);
	if (r == 0)
		r = mount_change(tree, false, MOUNT_ATTR_RDONLY, 0, 0);
	if (r < 0)
		return err_set(e, -r, "%s at " INIT_INSIDE, in->p->init_path);
	arena_strv_push(&s->arena, &args, arena_strdup(&s->arena, INIT_INSIDE));
	arena_strv_push(&s->arena, &args, arena_strdup(&s->arena, "--"));
	for (char **a = s->process.args; a && *a; a++)
		arena_strv_push(&s->arena, &args, *a);
	s->process.args = args;
	return 0;
}

static int make_root(struct init *in, struct err *e)
{
	const struct launch_hooks *h = &in->p->hooks;
	struct rspec *s = in->p->spec;

	/* Still with the user's own ids: the image may lie where nobody else may look. */
	if (in->rootfd < 0)
		in->rootfd = h->mount_root ? h->mount_root(h->ctx, e) : root_open_path(s, e);
	if (in->rootfd < 0 || root_attach(in->rootfd, in->shared_mounts ? s->root_path : NULL, e) < 0 ||
	    root_find_mounts(s, in->rootfd, &in->root_mounts, e) < 0)
		return -e->code;
	if (rights_become_root(in->map, e) < 0)
		return -e->code;
	/* The change of ids has undone it. */
	proc_die_with_outer_parent();
	(void)umask(0);
	if (h->root_ready && h->root_ready(h->ctx, in->rootfd, s, e) < 0)
		return -e->code;
	return 0;
}

/* What the root contains besides the image. */
static int furnish(struct init *in, struct err *e)
{
	const struct rspec *s = in->p->spec;

	if (mounts_make(&in->mounts, in->rootfd, e) < 0 ||
	    devices_make(&in->devices, s, in->rootfd, in->map->none, e) < 0)
		return -e->code;
	if (s->process.terminal && tty_make(s, in->rootfd, &in->tty_master, &in->tty_slave, e) < 0)
		return -e->code;
	if (add_init_program(in, e) < 0 || sysctl_set_all(s, in->rootfd, e) < 0)
		return -e->code;
	return root_mask(s, in->rootfd, e);
}

/* Into the working directory, which is made when it is missing, for the program's user. */
static int enter_cwd(const struct init *in, struct err *e)
{
	const struct rspec_process *p = &in->p->spec->process;
	const char *cwd = p->cwd && *p->cwd ? p->cwd : "/";
	autofd root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	autofd fd = path_open_in_root(root, cwd, O_PATH | O_DIRECTORY, 0);

	if (*cwd != '/')
		return err_msg(e, EINVAL, "working directory '%s' is not an absolute path", cwd);
	if (fd == -ENOENT) {
		fd = path_mkdirs_in_root(root, cwd, 0755);
		/* EINVAL: the container has no such user; that is reported where it matters. */
		if (fd >= 0 && fchownat(fd, "", p->user.uid, p->user.gid, AT_EMPTY_PATH) < 0 && errno != EINVAL)
			return err_set(e, errno, "give working directory '%s' to user %u", cwd, p->user.uid);
	}
	if (fd < 0)
		return err_set(e, -fd, "working directory '%s'", cwd);
	return fchdir(fd) < 0 ? err_set(e, errno, "working directory '%s'", cwd) : 0;
}

static int build(struct init *in, struct err *e)
{
	struct hook_state h = { .id = in->p->id, .bundle = in->p->bundle, .status = "creating", .pid = in->host_pid };
	const struct rspec *s = in->p->spec;

	if (make_root(in, e) < 0 || furnish(in, e) < 0)
		return -e->code;
	if (hooks_before_pivot(s) && step_say(in->sock, STEP_BUILT, NULL, 0, e) < 0)
		return -e->code;
	if (step_expect(in->sock, STEP_SERVED, NULL, NULL, e) < 0 ||
	    hooks_run(s, HOOK_CREATE_CONTAINER, &h, e) < 0)
		return -e->code;
	if (root_enter(s, in->rootfd, &in->root_mounts, in->p->no_pivot || in->shared_mounts, e) < 0 ||
	    enter_cwd(in, e) < 0)
		return -e->code;
	return step_say(in->sock, STEP_ROOTED, &in->tty_master, in->tty_master >= 0, e);
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* While it waits, the process has nothing of the host's but what the program is to have: no directory, no lock. */
static int keep_only(const struct init *in, int listener)
{
	unsigned from = 3 + in->p->preserve_fds;
	int keep[3] = { in->label_fd, listener, in->notify.sock };

	qsort(keep, G_N_ELEMENTS(keep), sizeof *keep, by_number);
	for (size_t i = 0; i < G_N_ELEMENTS(keep); i++) {
		if (keep[i] < (int)from)
			continue;
		if (keep[i] > (int)from)
			(void)close_range(from, (unsigned)keep[i] - 1, 0);
		from = (unsigned)keep[i] + 1;
	}
	(void)close_range(from, ~0U, 0);
	/* Nobody inside may trace it, or look at its descriptors and at coracle's own file. */
	return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* The kernel brings back what is used again. */
static int forget_pages(struct dl_phdr_info *o, size_t size, void *data)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)size;
	(void)data;
	for (int i = 0; i < o->dlpi_phnum; i++) {
		uintptr_t from = (o->dlpi_addr + o->dlpi_phdr[i].p_vaddr) & ~(page - 1);
		uintptr_t to = o->dlpi_addr + o->dlpi_phdr[i].p_vaddr + o->dlpi_phdr[i].p_memsz;

		/* Only what nobody has written to. */
		if (o->dlpi_phdr[i].p_type == PT_LOAD && !(o->dlpi_phdr[i].p_flags & PF_W))
			(void)madvise((char *)NULL + from, to - from, MADV_DONTNEED);
	}
	return 0;
}

/* A waiting process may wait for long: most of its memory is the program's text that brought it here. */
static void be_small(void)
{
	(void)malloc_trim(0);
	(void)dl_iterate_phdr(forget_pages, NULL);
}

/* All is ready, and whoever made this container may go: wait for the one who starts it, on whose connection errors
 * are told from now on. */
static int wait_at_gate(struct init *in, struct err *e)
{
	if (prctl(PR_SET_PDEATHSIG, 0) < 0)
		return err_set(e, errno, "outlive the runtime");
	if (step_say(in->sock, STEP_EXEC, NULL, 0, e) < 0)
		return -e->code;
	if (keep_only(in, in->p->gate->listener) < 0)
		return err_set(e, errno, "hide the waiting process");
	be_small();
	in->sock = gate_wait(in->p->gate);
	return 0;
}

/* With the program's ids, but before capabilities and system calls go. Each hook has the program's filter, so that none
 * does what the profile denies; a filter that notifies belongs to the program alone. */
static int run_start_hooks(struct init *in, struct err *e)
{
	struct hook_state h = { .id = in->p->id, .bundle = in->p->bundle, .status = "created", .pid = in->host_pid };

	if (seccomp_notify_wanted(in->filter)) {
		seccomp_notify_tell(in->p->spec, &h, in->host_pid, &in->notify);
		in->filter->notify = &in->notify;
	} else {
		h.filter = in->filter;
	}
	return hooks_run(in->p->spec, HOOK_START_CONTAINER, &h, e);
}

/* Returns only with an error. */
static int become_program(struct init *in, struct err *e)
{
	const struct rspec *s = in->p->spec;
	g_autofree char *path = NULL;
	bool later = in->p->gate && !s->process.args;

	if (stdio_arrange(in->p->stdio, in->tty_slave, in->p->preserve_fds, in->p->same_session, &in->sock, e) < 0 ||
	    rights_drop(in->p, in->map, e) < 0)
		return -e->code;
	if (!later && program_find(&s->process, in->guard_exe, &path, e) < 0)
		return -e->code;
	if (in->p->gate && path && program_check(path, e) < 0)
		return -e->code;
	/* The last change of ids has undone it. Should the keeper be gone already, the next message fails. */
	proc_die_with_outer_parent();
	proc_reset_signals();
	if (in->p->gate && wait_at_gate(in, e) < 0)
		return -e->code;
	if (later && program_find(&s->process, in->guard_exe, &path, e) < 0)
		return -e->code;
	if (run_start_hooks(in, e) < 0 || rights_label(s, in->label_fd, e) < 0 || rights_finish(s, in->filter, e) < 0)
		return -e->code;
	if (!in->p->gate && step_say(in->sock, STEP_EXEC, NULL, 0, e) < 0)
		return -e->code;
	return rights_seal(s, in->filter, e) < 0 ? -e->code : program_exec(&s->process, path, e);
}

static void __attribute__((noreturn)) fail(struct init *in, enum step s, struct err *e)
{
	step_fail(in->sock, s, e);
	_exit(err_status(e));
}

void init_run(struct init *in)
{
	struct err e = ERR_INIT;

	proc_die_with_outer_parent();
	in->tty_master = in->tty_slave = in->label_fd = in->notify.sock = -1;
	if (before_maps(in, &e) < 0 || step_expect(in->sock, STEP_MAPPED, NULL, NULL, &e) < 0 ||
	    make_network(in, &e) < 0)
		fail(in, STEP_NETTED, &e);
	if (build(in, &e) < 0)
		fail(in, STEP_ROOTED, &e);
	if (step_expect(in->sock, STEP_GO, NULL, NULL, &e) < 0)
		fail(in, STEP_EXEC, &e);
	(void)become_program(in, &e);
	fail(in, STEP_EXEC, &e);
}
