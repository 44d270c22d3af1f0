/* idmap_write.c - give a new user namespace its id maps. Text: idmap.h.
 *
 * Who may write what (user_namespaces(7)): the namespace's maker may write one line that maps its own
 * effective id, after setgroups was denied; with CAP_SETUID and CAP_SETGID in its own namespace it may write
 * anything. Everybody else asks newuidmap and newgidmap, which check /etc/subuid and /etc/subgid. Those two are
 * the only programs that a start executes, and the longest step of it: both run at the same time.
 */
#include "core/runtime/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/proc.h"
#include "core/runtime/caps.h"
#include "core/runtime/idmap_private.h"

#define NUMBER_SIZE 12          /* a 32-bit number and its terminator */
#define ARGS_MAX (2 + 3 * IDMAP_MAX + 1)

static int write_file(pid_t pid, const char *file, const char *text, struct err *e)
{
	char path[64];
	autofd fd = -1;

	snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "open %s", path);
	if (write(fd, text, strlen(text)) < 0)
		return err_set(e, errno, "write \"%.200s\" to %s", text, path);
	return 0;
}

static int write_ranges(pid_t pid, const char *file, const struct id_range *r, size_t n, struct err *e)
{
	char text[IDMAP_MAX * 3 * NUMBER_SIZE];
	size_t used = 0;

	for (size_t i = 0; i < n; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%u %u %u\n", r[i].inside, r[i].outside,
					 r[i].count);
	return write_file(pid, file, text, e);
}

static int write_directly(const struct idmap *m, pid_t pid, bool capable, struct err *e)
{
	int r = 0;

	/* Without CAP_SETGID a group map is only taken once nobody inside can drop groups, since a file may
	 * be closed to a group. Old kernels have no such file. */
	if (!capable)
		r = write_file(pid, "setgroups", "deny", e);
	if (r == -ENOENT) {
		err_clear(e);
		r = 0;
	}
	if (r == 0)
		r = write_ranges(pid, "gid_map", m->gid, m->n_gid, e);
	if (r == 0)
		r = write_ranges(pid, "uid_map", m->uid, m->n_uid, e);
	return r;
}

#define HELPER_STACK (32 * 1024)

/* One of the two helpers while it runs. */
struct helper {
	const char *name;
	pid_t pid;
	int err_fd;             /* what it writes to stderr */

	/* Used by the child until its exec. */
	char path[64], numbers[3 * IDMAP_MAX + 1][NUMBER_SIZE];
	char *argv[ARGS_MAX + 1];
	int out;
	char *stack;            /* HELPER_STACK bytes, which nobody has written to: a page that is not used costs nothing */
};

static void helper_arguments(struct helper *h, const struct id_range *r, size_t n, pid_t target)
{
	size_t argc = 0, k = 0;

	snprintf(h->numbers[k], NUMBER_SIZE, "%d", target);
	h->argv[argc++] = h->path;
	h->argv[argc++] = h->numbers[k++];
	for (size_t i = 0; i < n; i++) {
		const uint32_t v[3] = { r[i].inside, r[i].outside, r[i].count };

		for (int j = 0; j < 3; j++) {
			snprintf(h->numbers[k], NUMBER_SIZE, "%u", v[j]);
			h->argv[argc++] = h->numbers[k++];
		}
	}
	h->argv[argc] = NULL;
}

static int helper_exec(void *arg)
{
	static char *const no_env[] = { NULL };
	struct helper *h = arg;

	(void)dup2(h->out, 1);
	(void)dup2(h->out, 2);
	(void)execve(h->path, h->argv, no_env);
	_exit(EXIT_NOT_FOUND);
}

/* Like vfork, but the keeper does not stand still until the exec: the child runs on a stack of its own in the
 * keeper's memory. posix_spawn would wait, and make 130 system calls about signals before it executes. */
static int helper_start(struct helper *h, const struct id_range *r, size_t n, pid_t target, struct err *e)
{
	autofd in = -1;
	sigset_t all, old;
	int p[2], code;

	if (!idmap_find_helper(h->name, h->path, sizeof h->path))
		return err_hint((err_set(e, ENOENT, "%s", h->name), e), "on Debian: apt-get install uidmap");
	helper_arguments(h, r, n, target);
	if (pipe2(p, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	h->err_fd = p[0];
	h->out = in = p[1];
	/* A handler of the keeper's must not run in the child, on memory that both use. */
	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	h->pid = clone(helper_exec, h->stack + HELPER_STACK, CLONE_VM | SIGCHLD, h);
	code = errno;
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	if (h->pid < 0) {
		fd_close(&h->err_fd);
		return err_set(e, code, "%s", h->path);
	}
	/* The child has its own table of descriptors: this end can go. */
	return 0;
}

static int helper_finish(struct helper *h, struct err *e)
{
	struct proc p = { .pid = h->pid, .err_fd = h->err_fd };

	if (h->pid < 0)
		return e->code ? -e->code : -EIO;
	if (e->code) {
		/* The other one failed and has said why. */
		fd_close(&p.err_fd);
		(void)proc_wait(p.pid);
		return -e->code;
	}
	return proc_finish(&p, h->name, e);
}

static int write_by_helpers(const struct idmap *m, pid_t pid, struct err *e)
{
	char stacks[2][HELPER_STACK] __attribute__((aligned(16)));
	struct helper uid = { .name = "newuidmap", .pid = -1, .err_fd = -1, .stack = stacks[0] };
	struct helper gid = { .name = "newgidmap", .pid = -1, .err_fd = -1, .stack = stacks[1] };
	int r = helper_start(&uid, m->uid, m->n_uid, pid, e);

	if (r == 0)
		r = helper_start(&gid, m->gid, m->n_gid, pid, e);
	if (uid.pid > 0)
		r = helper_finish(&uid, e);
	if (gid.pid > 0)
		r = helper_finish(&gid, e);
	if (e->code && strstr(e->msg, "not allowed"))
		return err_hint(e, "see subuid(5): the range is not granted to this user");
	return e->code ? -e->code : r;
}

int idmap_write(const struct idmap *m, pid_t pid, struct err *e)
{
	bool capable;

	if (m->none)
		return 0;
	capable = geteuid() == 0 && caps_have(CAP_SETUID) && caps_have(CAP_SETGID);
	if (m->one_id || capable)
		return write_directly(m, pid, capable, e);
	return write_by_helpers(m, pid, e);
}

/* The child that stays outside, told by a byte that its parent is in the new namespace. */
static void __attribute__((noreturn)) write_for_parent(const struct idmap *m, pid_t parent, int told, int report)
{
	struct err e = ERR_INIT;
	char go;

	if (fd_read_full(told, &go, 1) == 1)
		(void)idmap_write(m, parent, &e);
	(void)fd_write_all(report, &e, sizeof e);
	_exit(0);
}

int idmap_enter(const struct idmap *m, struct err *e)
{
	autochild child = -1;
	autofd tell = -1, report = -1;
	int down[2], up[2];
	pid_t self = getpid();

	if (m->none)
		return 0;
	if (pipe2(down, O_CLOEXEC) < 0 || pipe2(up, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	child = fork();
	if (child == 0) {
		(void)close(down[1]);
		(void)close(up[0]);
		write_for_parent(m, self, down[0], up[1]);
	}
	(void)close(down[0]);
	(void)close(up[1]);
	tell = down[1];
	report = up[0];
	if (child < 0)
		return err_set(e, errno, "fork");
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return err_set(e, errno, "make a user namespace");
	if (fd_write_all(tell, "", 1) < 0 || fd_read_full(report, e, sizeof *e) != (ssize_t)sizeof *e)
		return err_msg(e, EPIPE, "the helper that writes id maps ended early");
	e->msg[sizeof e->msg - 1] = '\0';
	(void)proc_wait(take_child(&child));
	if (e->code)
		return -e->code;
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return err_set(e, errno, "become root of the user namespace");
	return 0;
}
