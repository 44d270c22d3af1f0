/* client.c - see client.h. */
#include "core/container/client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"

/* Not among them: SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT (job control of the client itself; the program runs on),
 * SIGCHLD, SIGURG, and what cannot or must not be blocked. SIGPIPE is blocked so that writing tells EPIPE. */
int client_block_signals(sigset_t *old, struct err *e)
{
	static const int ours[] = { SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM, SIGWINCH, SIGIO,
				    SIGPWR, SIGVTALRM, SIGPROF };
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		sigaddset(&set, ours[i]);
	for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++)
		sigaddset(&set, sig);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return err_set(e, errno, "signalfd");
	sigaddset(&set, SIGPIPE);
	(void)sigprocmask(SIG_BLOCK, &set, old);
	return fd;
}

bool client_terminal_size(unsigned short *rows, unsigned short *cols)
{
	struct winsize ws;

	for (int fd = 0; fd < 3; fd++) {
		if (ioctl(fd, TIOCGWINSZ, &ws) < 0 || ws.ws_row == 0 || ws.ws_col == 0)
			continue;
		*rows = ws.ws_row;
		*cols = ws.ws_col;
		return true;
	}
	return false;
}

static void send_size(struct client *c)
{
	unsigned short rows, cols;

	if (c->tty && client_terminal_size(&rows, &cols))
		(void)ctl_send(c->sock, CTL_RESIZE, 0, rows, cols, NULL, 0);
}

static void read_signals(struct client *c)
{
	struct signalfd_siginfo si;

	while (read(c->signals, &si, sizeof si) == (ssize_t)sizeof si) {
		int sig = (int)si.ssi_signo;

		if (sig == SIGWINCH && c->tty)
			send_size(c);
		else if (c->sig_proxy)
			(void)ctl_send(c->sock, CTL_SIGNAL, sig, 0, 0, NULL, 0);
		else if (sig == SIGHUP || sig == SIGINT || sig == SIGQUIT || sig == SIGTERM) {
			c->detached = true;     /* we end, the container runs on */
			c->status = 128 + sig;
		}
	}
}

static void send_typed(struct client *c)
{
	if (c->out_len && ctl_send(c->sock, CTL_INPUT, 0, 0, 0, c->out, c->out_len) == -EAGAIN)
		return;
	c->out_len = 0;
	if (c->input_over && c->feed && ctl_send(c->sock, CTL_INPUT_END, 0, 0, 0, NULL, 0) != -EAGAIN)
		c->feed = false;
}

static void read_typed(struct client *c)
{
	char buf[4096];
	ssize_t n = read(STDIN_FILENO, buf, sizeof buf);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0)
		c->input_over = true;
	else if (detach_keys_filter(&c->keys, buf, (size_t)n, c->out, &c->out_len))
		c->detached = true;
	send_typed(c);
}

/* A write that cannot block us for long: what poll(2) promises for a pipe. A plain file takes all. */
static void write_output(struct client *c)
{
	int fd = c->in.head.value == 2 ? STDERR_FILENO : STDOUT_FILENO;
	size_t len = c->in_len - c->in_at;
	ssize_t n = write(fd, c->in.data + c->in_at, len < 4096 ? len : 4096);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n < 0) {            /* nobody reads it: then the program shall get its SIGPIPE */
		c->closed[fd] = true;
		(void)ctl_send(c->sock, CTL_OUTPUT_CLOSED, fd, 0, 0, NULL, 0);
		n = (ssize_t)len;
	}
	c->in_at += (size_t)n;
	if (c->in_at == c->in_len)
		c->in_at = c->in_len = 0;
}

static int read_keeper(struct client *c, struct err *e)
{
	size_t len;
	int r = ctl_recv(c->sock, &c->in, &len);

	if (r == -EAGAIN)
		return 0;
	if (r <= 0)
		return err_msg(e, ESRCH, "the container's keeper was killed, and the container with it");
	switch (c->in.head.type) {
	case CTL_OUTPUT:
		if (c->in.head.value != 1 && c->in.head.value != 2)
			return 0;
		c->in_at = 0;
		c->in_len = c->closed[c->in.head.value] ? 0 : len;
		return 0;
	case CTL_NOTE:
		fprintf(stderr, "coracle: %.*s\n", (int)len, c->in.data);
		return 0;
	case CTL_EXIT:
		c->over = true;
		c->exit = c->in.head;
		c->status = c->in.head.value;
		return 0;
	default:
		return 0;
	}
}

int client_loop(struct client *c, struct err *e)
{
	int r = 0;

	terminal_raw(&c->terminal, c->tty && c->feed ? STDIN_FILENO : -1);
	send_size(c);
	while (r == 0 && !c->over && !c->detached) {
		bool writing = c->in_at < c->in_len;
		bool sending = c->out_len || (c->input_over && c->feed);
		struct pollfd p[4] = {
			{ .fd = c->sock, .events = (short)((writing ? 0 : POLLIN) | (sending ? POLLOUT : 0)) },
			{ .fd = c->signals, .events = POLLIN },
			{ .fd = c->feed && !c->input_over && !c->out_len ? STDIN_FILENO : -1, .events = POLLIN },
			{ .fd = writing ? c->in.head.value : -1, .events = POLLOUT },
		};

		if (writing && !sending)
			p[0].fd = -1;   /* an end that is there already can wait for what came before it */
		if (poll(p, 4, -1) < 0)
			continue;
		if (p[1].revents)
			read_signals(c);
		if (p[3].revents)
			write_output(c);
		if (p[2].revents)
			read_typed(c);
		if (p[0].revents & POLLOUT)
			send_typed(c);
		if (!writing && (p[0].revents & (POLLIN | POLLHUP | POLLERR)))
			r = read_keeper(c, e);
	}
	terminal_restore(&c->terminal);
	return r < 0 ? r : c->status;
}
