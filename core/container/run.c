/* run.c - see run.h: the client's half of a start. */
#include "core/container/run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/lock.h"
#include "core/base/proc.h"
#include "core/container/client.h"
#include "core/container/keeper.h"

int container_check_detach_keys(const char *keys, struct err *e)
{
	struct detach_keys ignored;

	return detach_keys_parse(keys, &ignored, e);
}

/* The keeper is gone before the program started (it was killed, or by us): nothing of a `run` may stay. We still
 * share its lock. */
static void undo(struct container_start *s)
{
	struct err ignored = ERR_INIT;

	if (!s->config_json)
		return;
	(void)container_remove(s->place, s->record->id, s->record->name, s->hooks.remove_tree, s->hooks.ctx,
			       &ignored);
	if (s->hooks.removed)
		s->hooks.removed(s->hooks.ctx, s->record);
}

/* A signal that ends commands, while the container is being started: 0 or its number. */
static int ending_signal(int signals)
{
	struct signalfd_siginfo si;

	while (read(signals, &si, sizeof si) == (ssize_t)sizeof si)
		if (si.ssi_signo == SIGINT || si.ssi_signo == SIGTERM || si.ssi_signo == SIGHUP ||
		    si.ssi_signo == SIGQUIT)
			return (int)si.ssi_signo;
	return 0;
}

/* Until the keeper says STARTED: 0, or -errno and nothing is left. */
static int await_start(struct container_start *s, struct client *c, pid_t keeper, struct err *e)
{
	size_t len;

	for (;;) {
		struct pollfd p[2] = { { .fd = c->sock, .events = POLLIN }, { .fd = c->signals, .events = POLLIN } };
		int sig = 0, r;

		if (poll(p, 2, -1) < 0)
			continue;
		if (p[1].revents && !p[0].revents)
			sig = ending_signal(c->signals);
		if (sig) {
			proc_kill_and_reap(&keeper);
			undo(s);
			(void)err_msg(e, EINTR, "interrupted while the container was being started");
			return err_exit(e, 128 + sig);
		}
		if (!p[0].revents)
			continue;
		r = ctl_recv(c->sock, &c->in, &len);
		if (r == 1 && c->in.head.type == CTL_NOTE)
			continue;
		if (r == 1 && c->in.head.type == CTL_STARTED)
			return 0;
		if (r == 1 && c->in.head.type == CTL_FAILED && len == sizeof *e) {
			(void)proc_wait(keeper);
			memcpy(e, c->in.data, sizeof *e);
			e->msg[sizeof e->msg - 1] = '\0';
			return -(e->code > 0 ? e->code : EIO);
		}
		undo(s);
		return err_msg(e, ESRCH, "the container's keeper was killed while it started the container");
	}
}

static int fork_keeper(struct container_start *s, pid_t *ret, struct err *e)
{
	int sv[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
		return err_set(e, errno, "socketpair");
	pid = fork();
	if (pid < 0) {
		int code = errno;

		fd_close(&sv[0]);
		fd_close(&sv[1]);
		return err_set(e, code, "fork");
	}
	if (pid == 0) {
		fd_close(&sv[0]);
		keeper_main(s, sv[1]);
	}
	fd_close(&sv[1]);
	*ret = pid;
	return sv[0];
}

/* A program that is process 1 of its pid namespace is not killed by SIGPIPE (pid_namespaces(7)): it sees EPIPE
 * and ends with a status of its own: 1, 2 or python's 120. What a shell would see without a container is 141.
 * Any other status is the program's own word and stays. */
static int as_broken_pipe(int status)
{
	struct pollfd p = { .fd = STDOUT_FILENO, .events = POLLOUT };

	if ((status != 1 && status != 2 && status != 120) || poll(&p, 1, 0) <= 0 || !(p.revents & POLLERR))
		return status;
	return 128 + SIGPIPE;
}

static void forget_sigpipe(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	while (sigtimedwait(&set, NULL, &(struct timespec){ 0, 0 }) == SIGPIPE)
		;
}

static int run_in_foreground(struct container_start *s, struct client *c, pid_t keeper, struct err *e)
{
	/* The program, just said to run: until the keeper has its guard (guard.h), that is us. */
	autofd program = (int)syscall(SYS_pidfd_open, (pid_t)c->in.head.value, 0);
	int status;

	c->tty = s->record->tty;
	c->sig_proxy = s->sig_proxy;
	c->feed = c->tty && s->attach_stdin && s->record->interactive;
	if (!c->tty)
		c->keys.n = 0;
	status = client_loop(c, e);
	if (status < 0 && program >= 0)
		(void)syscall(SYS_pidfd_send_signal, program, SIGKILL, NULL, 0);
	if (c->over)    /* it has nothing left to do: leave no zombie where nobody reaps orphans */
		(void)proc_wait(keeper);
	forget_sigpipe();
	if (!c->over)
		return status;
	if (s->watcher && s->watcher->ended) {
		const struct container_end end = { .code = status, .signal = (int)c->exit.b,
			.oom = c->exit.a & CTL_EXIT_OOM, .timed_out = c->exit.a & CTL_EXIT_TIMEOUT };

		s->watcher->ended(s->watcher->ctx, &end);
	}
	return as_broken_pipe(status);
}

int container_run(struct container_start *s, struct err *e)
{
	static struct client c;
	autofd sock = -1;
	autofd signals = -1;
	pid_t keeper = -1;
	sigset_t old;
	int r = detach_keys_parse(s->detach_keys, &c.keys, e);

	if (r < 0) {
		undo(s);
		return r;
	}
	if (s->record->tty && s->launch.spec->process.console_rows == 0)
		(void)client_terminal_size(&s->launch.spec->process.console_rows,
					   &s->launch.spec->process.console_cols);
	signals = client_block_signals(&old, e);
	if (signals >= 0)
		sock = fork_keeper(s, &keeper, e);
	if (signals < 0 || sock < 0) {
		undo(s);
		r = signals < 0 ? signals : sock;
	} else {
		c.sock = sock;
		c.signals = signals;
		c.terminal.fd = -1;
		r = await_start(s, &c, keeper, e);
	}
	fd_close(&s->lock_fd);
	if (r == 0 && s->watcher && s->watcher->started)
		s->watcher->started(s->watcher->ctx, c.in.head.value);
	if (r == 0 && !s->detach)
		r = run_in_foreground(s, &c, keeper, e);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	return r;
}
