/* oci_run.c - coracle oci run. See oci_run.h. */
#include "cmd/oci_run.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/oci_commands.h"
#include "cmd/oci_create.h"
#include "core/base/fd.h"
#include "core/base/proc.h"
#include "core/container/terminal.h"

static int signals = -1;

void foreground_begin(void)
{
	static const int ours[] = { SIGCHLD, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTTIN, SIGTTOU, SIGTSTP };
	sigset_t set;

	sigfillset(&set);
	for (size_t i = 0; i < G_N_ELEMENTS(ours); i++)
		sigdelset(&set, ours[i]);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
}

static void copy_size(int tty)
{
	struct winsize w;

	if (tty >= 0 && ioctl(STDIN_FILENO, TIOCGWINSZ, &w) == 0)
		(void)ioctl(tty, TIOCSWINSZ, &w);
}

static void pass_signal(pid_t pid, int tty)
{
	struct signalfd_siginfo s;

	if (read(signals, &s, sizeof s) != (ssize_t)sizeof s)
		return;
	if (s.ssi_signo == SIGWINCH)
		copy_size(tty);
	else
		(void)kill(pid, (int)s.ssi_signo);
}

/* One piece from one side to the other; false at its end. */
static bool copy_some(int from, int to)
{
	char buf[8192];
	ssize_t n = read(from, buf, sizeof buf);

	return n > 0 && fd_write_all(to, buf, (size_t)n) == 0;
}

static void relay(pid_t pid, int pidfd, int tty)
{
	bool in = tty >= 0, out = tty >= 0, ended = false;

	while (!ended || out) {
		struct pollfd p[4] = {
			{ .fd = ended ? -1 : pidfd, .events = POLLIN },
			{ .fd = signals, .events = POLLIN },
			{ .fd = in ? STDIN_FILENO : -1, .events = POLLIN },
			{ .fd = out ? tty : -1, .events = POLLIN },
		};

		if (poll(p, 4, ended ? 0 : -1) < 0)
			continue;
		if (p[1].revents)
			pass_signal(pid, tty);
		if (p[2].revents)
			in = copy_some(STDIN_FILENO, tty);
		if (p[3].revents)
			out = copy_some(tty, STDOUT_FILENO);
		else if (ended)
			break;
		if (p[0].revents)
			ended = true;
	}
}

int foreground_wait(pid_t pid, int tty)
{
	autofd pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct terminal t = { .fd = -1 };
	int st;

	if (tty >= 0) {
		copy_size(tty);
		terminal_raw(&t, STDIN_FILENO);
	}
	relay(pid, pidfd, tty);
	/* A child that was made as a sibling (joined namespaces) has no SIGCHLD: __WALL. */
	while (waitpid(pid, &st, __WALL) < 0)
		if (errno != EINTR) {
			terminal_restore(&t);
			return OCI_FAILED;
		}
	terminal_restore(&t);
	return proc_status_code(st);
}

#define AT(member) offsetof(struct oci_create_options, member)

static const struct opt options[] = {
	OPT_GROUP(oci_create_opts),
	{ "detach", 'd', OPT_FLAG, AT(detach), NULL, "Leave the container running in the background", NULL,
	  COMPLETE_NONE, 0, NULL },
	{ "keep", 0, OPT_FLAG, AT(keep), NULL, "Do not delete the container when it has ended", NULL, COMPLETE_NONE, 0,
	  NULL },
	{ "no-subreaper", 0, OPT_IGNORED, 0, NULL, "Accepted: orphans are never collected here", NULL, COMPLETE_NONE, 0,
	  NULL },
	OPT_END
};

static int run_run(struct context *ctx, void *values, int argc, char **argv)
{
	struct oci_create_options *o = values;
	autobundle c = BUNDLE_CONTAINER_INIT;
	struct err e = ERR_INIT, ignored = ERR_INIT;
	struct launched l;
	int status;

	(void)ctx;
	(void)argc;
	if (oci_create(argv[0], o, &c, &l, &e) < 0)
		return oci_fail(&e);
	if (!o->detach)
		foreground_begin();
	if (oci_start(&c, &e) < 0) {
		proc_kill_and_reap(&l.pid);
		(void)oci_delete(&c, &ignored);
		return oci_fail(&e);
	}
	if (o->detach)
		return 0;
	/* Others may look at it and kill it while it runs. */
	fd_close(&c.lock);
	status = foreground_wait(l.pid, l.tty);
	fd_close(&l.tty);
	bundle_close(&c);
	if (!o->keep && (oci_open(argv[0], true, &c, &e) < 0 || oci_delete(&c, &e) < 0) && e.code != ENOENT)
		(void)oci_fail(&e);
	return status;
}

const struct command command_oci_run = {
	.name = "oci run", .summary = "Make a container from a bundle, start it and wait for it", .usage = "[options] ID",
	.opts = options, .values_size = sizeof(struct oci_create_options), .run = run_run, .min_args = 1, .max_args = 1,
};
