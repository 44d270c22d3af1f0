/* exec.c - see exec.h. */
#include "core/container/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/proc.h"
#include "core/container/client.h"
#include "core/container/terminal.h"

struct relay {
	struct launched p;
	int signals;
	bool feed;              /* stdin goes to the terminal */
	bool ended, detached;
	struct detach_keys keys;
	char in[4096 + 32], out[16384];
	size_t in_len, in_at, out_len, out_at;
};

static void set_size(int tty)
{
	struct winsize ws = { 0 };

	if (tty >= 0 && client_terminal_size(&ws.ws_row, &ws.ws_col))
		(void)ioctl(tty, TIOCSWINSZ, &ws);
}

static void read_signals(struct relay *r)
{
	struct signalfd_siginfo si;

	while (read(r->signals, &si, sizeof si) == (ssize_t)sizeof si) {
		if (si.ssi_signo == SIGWINCH && r->p.tty >= 0)
			set_size(r->p.tty);
		else
			(void)syscall(SYS_pidfd_send_signal, r->p.pidfd, si.ssi_signo, NULL, 0);
	}
}

static void read_typed(struct relay *r)
{
	char buf[4096];
	ssize_t n = read(STDIN_FILENO, buf, sizeof buf);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {           /* what the terminal itself would say */
		r->feed = false;
		r->in[0] = 4;
		r->in_len = 1;
	} else if (detach_keys_filter(&r->keys, buf, (size_t)n, r->in, &r->in_len)) {
		r->detached = true;
	}
}

/* Write what there is. False when the other side is gone. */
static bool push(int fd, const char *buf, size_t *at, size_t *len)
{
	ssize_t n = write(fd, buf + *at, *len - *at < 4096 ? *len - *at : 4096);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	*at += (size_t)n;
	if (*at == *len)
		*at = *len = 0;
	return true;
}

static void read_output(struct relay *r)
{
	ssize_t n = read(r->p.tty, r->out, sizeof r->out);

	if (n > 0)
		r->out_len = (size_t)n;
	else if (n == 0 || (errno != EINTR && (errno != EAGAIN || r->ended)))
		fd_close(&r->p.tty);    /* EIO: nobody has it open; or all is read of a process that is over */
}

static void turn(struct relay *r)
{
	bool writing = r->out_len > 0, sending = r->in_len > 0;
	struct pollfd p[5] = {
		{ .fd = r->ended ? -1 : r->p.pidfd, .events = POLLIN },
		{ .fd = r->signals, .events = POLLIN },
		{ .fd = r->feed && !sending ? STDIN_FILENO : -1, .events = POLLIN },
		{ .fd = !writing || sending ? r->p.tty : -1,
		  .events = (short)((writing ? 0 : POLLIN) | (sending ? POLLOUT : 0)) },
		{ .fd = writing ? STDOUT_FILENO : -1, .events = POLLOUT },
	};

	if (poll(p, 5, r->ended && !writing ? 0 : -1) < 0)
		return;
	if (p[1].revents)
		read_signals(r);
	if (p[2].revents)
		read_typed(r);
	if (p[3].revents & POLLOUT && !push(r->p.tty, r->in, &r->in_at, &r->in_len))
		r->in_len = r->in_at = 0;
	if (p[4].revents && !push(STDOUT_FILENO, r->out, &r->out_at, &r->out_len))
		fd_close(&r->p.tty);    /* nobody looks any more: it is told so by the hang-up */
	if (!writing && r->p.tty >= 0 && (p[3].revents & (POLLIN | POLLHUP | POLLERR) || r->ended))
		read_output(r);
	if (p[0].revents)
		r->ended = true;
}

/* Detached from a terminal: somebody must go on reading, or the process would stop or be hung up. In a session of its
 * own, with nothing of the client's. */
static void hold(struct relay *r)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)setsid();
	proc_set_name("coracle-exec");
	for (int i = 0; null >= 0 && i < 3; i++)
		(void)dup2(null, i);
	fd_close_all_but((const int[]){ r->p.tty, r->p.pidfd }, 2);
	r->signals = -1;        /* the hang-up of the client's terminal may have come already: it is not for the process */
	if (chdir("/") < 0)
		_exit(EXIT_OURS);
	r->feed = false;
	r->in_len = 0;
	while (r->p.tty >= 0)
		turn(r);
	_exit(0);
}

static int leave(struct relay *r, struct err *e)
{
	pid_t pid = r->p.tty >= 0 ? fork() : 1;

	if (pid < 0)
		return err_set(e, errno, "fork");
	if (pid == 0)
		hold(r);
	return 0;
}

static int relay_loop(struct relay *r, struct err *e)
{
	struct terminal t = { .fd = -1 };

	if (r->p.tty >= 0) {
		(void)fd_set_nonblock(r->p.tty, true);
		terminal_raw(&t, r->feed ? STDIN_FILENO : -1);
	}
	while (!r->detached && (!r->ended || r->p.tty >= 0))
		turn(r);
	terminal_restore(&t);
	return r->detached ? leave(r, e) : proc_wait(take_child(&r->p.pid));
}

static int plan_stdio(struct container_exec *x, int *null, struct err *e)
{
	int *stdio = x->enter.stdio;

	*null = -1;
	for (int i = 0; i < 3; i++)
		stdio[i] = i;
	if (x->interactive && !x->detach)
		return 0;
	*null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (*null < 0)
		return err_set(e, errno, "open /dev/null");
	stdio[0] = *null;
	if (x->detach)
		stdio[1] = stdio[2] = *null;
	return 0;
}

static void note(const struct container_exec *x, const char *status, int code)
{
	struct event v;

	if (!x->record)
		return;
	v = container_event_of(x->record, status);
	v.exit_code = code;
	event_write(x->place->root_fd, &v, 1);
}

/* The parent of a process in the background: it reads what its terminal says, and waits for its end, which nobody else would
 * do on a machine whose process 1 is a plain program. A zombie keeps a container from ending. */
static _Noreturn void stay(struct container_exec *x, struct relay *r, int report)
{
	struct err e = ERR_INIT;
	int null, keep[3];

	(void)setsid();
	if (enter(&x->enter, &r->p, &e) < 0) {
		(void)!write(report, &e, sizeof e);
		_exit(EXIT_OURS);
	}
	note(x, "exec", 0);
	(void)!write(report, &e, sizeof e);
	proc_set_name("coracle-exec");
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int i = 0; null >= 0 && i < 3; i++)
		(void)dup2(null, i);
	keep[0] = r->p.tty;
	keep[1] = r->p.pidfd;
	keep[2] = x->place ? x->place->root_fd : -1;
	fd_close_all_but(keep, 3);
	r->signals = -1;
	if (r->p.tty >= 0)
		(void)fd_set_nonblock(r->p.tty, true);
	(void)!chdir("/");
	while (!r->ended || r->p.tty >= 0)
		turn(r);
	note(x, "exec_died", proc_wait(r->p.pid));
	_exit(0);
}

static int exec_in_background(struct container_exec *x, struct relay *r, struct err *e)
{
	autofd from = -1;
	pid_t pid;
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	from = p[0];
	pid = fork();
	if (pid == 0) {
		fd_close(&from);
		stay(x, r, p[1]);
	}
	(void)close(p[1]);
	if (pid < 0)
		return err_set(e, errno, "fork");
	if (fd_read_full(from, e, sizeof *e) != (ssize_t)sizeof *e) {
		err_clear(e);
		return err_msg(e, EPIPE, "the process of exec was killed");
	}
	return -e->code;
}

int container_exec(struct container_exec *x, struct err *e)
{
	struct rspec_process *process = &x->enter.spec->process;
	static struct relay r;
	sigset_t old;
	int status = detach_keys_parse(x->detach_keys, &r.keys, e), null;

	r.p = (struct launched){ .pid = -1, .pidfd = -1, .tty = -1 };
	if (status < 0 || plan_stdio(x, &null, e) < 0)
		return -e->code;
	if (process->terminal && process->console_rows == 0)
		(void)client_terminal_size(&process->console_rows, &process->console_cols);
	/* The end of a terminal is a hang-up already, and after the detach keys there is no client. */
	x->enter.die_with_caller = !x->detach && !process->terminal;
	r.signals = client_block_signals(&old, e);
	status = r.signals < 0 ? r.signals : x->detach ? exec_in_background(x, &r, e) : enter(&x->enter, &r.p, e);
	fd_close(&null);
	if (status == 0 && !x->detach) {
		note(x, "exec", 0);
		r.feed = x->interactive && r.p.tty >= 0;
		status = relay_loop(&r, e);
		if (!r.detached && status >= 0)
			note(x, "exec_died", status);
	}
	fd_close(&r.p.pidfd);
	fd_close(&r.p.tty);
	fd_close(&r.signals);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	return status;
}
