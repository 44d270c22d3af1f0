/* keeper_loop.c - one poll loop: the program, its helpers, clients, signals, deadlines. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/proc.h"
#include "core/base/text.h"
#include "core/container/keeper.h"

#define SECOND INT64_C(1000000000)

int64_t keeper_now(void)
{
	return text_steady_ns();
}

void keeper_write_state(struct keeper *k)
{
	struct err e = ERR_INIT;

	(void)container_write_state(k->s->container_fd, &k->state, &e);        /* the lock tells the rest */
}

void keeper_event(struct keeper *k, const char *status)
{
	container_event(k->s->place, k->s->record, status);
}

void keeper_tell_all(struct keeper *k, enum ctl_type type, int value, uint32_t a, const char *text)
{
	for (size_t i = 0; i < k->n_conns; i++)
		if (k->conns[i].fd >= 0)
			(void)ctl_send(k->conns[i].fd, type, value, a, 0, text, text ? strlen(text) : 0);
}

int keeper_signal(struct keeper *k, int sig)
{
	if (k->ended)
		return -ESRCH;
	return syscall(SYS_pidfd_send_signal, k->program.pidfd, sig, NULL, 0) < 0 ? -errno : 0;
}

int keeper_stop(struct keeper *k, int sig, int64_t seconds)
{
	int r;

	r = keeper_signal(k, sig ? sig : (k->s->record->stop_signal ? k->s->record->stop_signal : SIGTERM));

	if (r < 0)
		return r;
	if (seconds <= 0)
		return keeper_signal(k, SIGKILL);
	k->kill_at = keeper_now() + seconds * SECOND;
	k->state.status = CONTAINER_STOPPING;
	keeper_write_state(k);
	return 0;
}

/* The same by the user's wish. */
static int stop(struct keeper *k, int sig, int64_t seconds)
{
	k->told_to_stop = true;
	if (!k->ended || k->restart_at)
		keeper_event(k, "stop");
	if (k->restart_at) {    /* there is nothing to stop but the next start */
		k->restart_at = 0;
		return 0;
	}
	return keeper_stop(k, sig, seconds);
}

/* The client that asks stops the processes, or has let them go on. */
static int note_pause(struct keeper *k, int paused)
{
	enum container_status from = paused ? CONTAINER_RUNNING : CONTAINER_PAUSED;

	if (k->ended)
		return -ESRCH;
	if (k->state.status != from)
		return -EALREADY;
	k->state.status = paused ? CONTAINER_PAUSED : CONTAINER_RUNNING;
	keeper_write_state(k);
	keeper_event(k, paused ? "pause" : "unpause");
	return 0;
}

static int pass_signal(struct keeper *k, int sig)
{
	int r;

	if (sig == SIGKILL)
		k->told_to_stop = true;
	if (sig == SIGKILL && k->restart_at)
		return stop(k, 0, 0);
	r = keeper_signal(k, sig);
	if (r == 0)
		keeper_event(k, "kill");
	return r;
}

static void resize(struct keeper *k, const struct ctl_head *h)
{
	struct winsize ws = { .ws_row = (unsigned short)h->a, .ws_col = (unsigned short)h->b };

	if (k->tty >= 0)
		(void)ioctl(k->tty, TIOCSWINSZ, &ws);
}

static void ask_health(struct keeper *k, struct keeper_conn *c)
{
	int r = keeper_health_start(k);

	if (r < 0)
		(void)ctl_send(c->fd, CTL_DONE, r, 0, 0, NULL, 0);
	else
		c->asks_health = true;
}

static const char direct[] = "this container writes straight to the output of the command that started it (no log is "
	"kept of it): there is nothing to attach to but its end and signals";

static void handle_record(struct keeper *k, struct keeper_conn *c, const struct ctl_msg *m, size_t len)
{
	const struct ctl_head *h = &m->head;
	const char *cgroup;

	switch (h->type) {
	case CTL_ATTACH:
		c->attached = true;
		keeper_event(k, "attach");
		if (k->out[0] < 0 && k->out[1] < 0)
			(void)ctl_send(c->fd, CTL_NOTE, 0, 0, 0, direct, sizeof direct - 1);
		return;
	case CTL_INPUT:
		c->feeds = true;
		keeper_take_input(k, m->data, len);
		return;
	case CTL_INPUT_END:
		keeper_end_input(k);
		return;
	case CTL_HEALTH:
		ask_health(k, c);
		return;
	case CTL_RESIZE:
		resize(k, h);
		return;
	case CTL_SIGNAL:
		(void)ctl_send(c->fd, CTL_DONE, pass_signal(k, h->value), 0, 0, NULL, 0);
		return;
	case CTL_STOP:
		(void)ctl_send(c->fd, CTL_DONE, stop(k, h->value, h->a), 0, 0, NULL, 0);
		return;
	case CTL_PAUSE:
		(void)ctl_send(c->fd, CTL_DONE, note_pause(k, h->value), 0, 0, NULL, 0);
		return;
	case CTL_CGROUP:
		cgroup = k->s->launch.cgroup ? k->s->launch.cgroup : "";
		(void)ctl_send(c->fd, CTL_DONE, 0, 0, 0, cgroup, strlen(cgroup) + 1);
		return;
	case CTL_RENAMED:
		if (len >= sizeof k->name)
			return;
		memcpy(k->name, m->data, len);
		k->name[len] = '\0';
		k->s->record->name = k->name;
		return;
	case CTL_OUTPUT_CLOSED:
		keeper_close_output(k, h->value);
		return;
	default:
		keeper_hang_up(k, c);
	}
}

static void read_client(struct keeper *k, struct keeper_conn *c)
{
	static struct ctl_msg m;
	size_t len;
	int r = ctl_recv(c->fd, &m, &len);

	if (r == -EAGAIN)
		return;
	if (r <= 0)
		keeper_hang_up(k, c);
	else
		handle_record(k, c, &m, len);
}


/* Out of memory in its cgroup: the kernel counted it there. */
static bool was_oom_killed(const struct keeper *k)
{
	char path[4096], text[512];
	const char *count;
	ssize_t n;
	int fd;

	if (!k->s->launch.cgroup ||
	    snprintf(path, sizeof path, "%s/memory.events", k->s->launch.cgroup) >= (int)sizeof path)
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	fd_close(&fd);
	text[n > 0 ? n : 0] = '\0';
	count = strstr(text, "oom_kill ");
	return count && count[strlen("oom_kill ")] != '0';
}

static void note_end(struct keeper *k)
{
	struct event v = container_event_of(k->s->record, "died");

	v.time_ns = k->state.finished_ns;
	v.exit_code = k->state.exit_code;
	event_write(k->s->place->root_fd, &v, 1);
}

static void program_ended(struct keeper *k)
{
	siginfo_t si = { 0 };

	while (waitid(P_PIDFD, (id_t)k->program.pidfd, &si, WEXITED) < 0 && errno == EINTR)
		;
	k->killed_by = si.si_code == CLD_EXITED ? 0 : si.si_status;
	k->state.exit_code = si.si_code == CLD_EXITED ? si.si_status : 128 + si.si_status;
	k->state.oom_killed = k->state.exit_code == 137 && was_oom_killed(k);
	k->state.status = keeper_wants_restart(k) ? CONTAINER_RESTARTING : CONTAINER_EXITED;
	k->state.finished_ns = text_now_ns();
	k->state.pid = k->state.keeper_pid = 0;
	k->ended = true;
	k->ended_at = keeper_now();
	keeper_health_stop(k);
	k->kill_at = k->timeout_at = k->settle_at = 0;
	fd_close(&k->program.pidfd);
	note_end(k);
	/* Not for what is removed at once. */
	if (!k->s->record->auto_remove || k->out[0] >= 0 || k->out[1] >= 0)
		keeper_write_state(k);
}

/* A process that serves the container is gone, and the container is not: better an end than a dead network. */
static void helper_ended(struct keeper *k, int *pidfd)
{
	struct pollfd p = { .fd = k->program.pidfd, .events = POLLIN };

	siginfo_t si = { 0 };

	(void)waitid(P_PIDFD, (id_t)*pidfd, &si, WEXITED | WNOHANG);
	fd_close(pidfd);
	/* In order: what it served is gone, which it may see before we see the end of the program. */
	if (k->ended || (si.si_code == CLD_EXITED && si.si_status == 0) || poll(&p, 1, 0) != 0)
		return;
	snprintf(k->state.error, sizeof k->state.error,
		 "a process that serves the container (network or file system) ended; the container is killed");
	keeper_tell_all(k, CTL_NOTE, 0, 0, k->state.error);
	(void)keeper_signal(k, SIGKILL);
}

static void read_signals(struct keeper *k)
{
	struct signalfd_siginfo si;

	if (read(k->signals, &si, sizeof si) == (ssize_t)sizeof si)
		(void)stop(k, 0, k->s->record->stop_timeout_s);
}

static int poll_timeout(struct keeper *k)
{
	const int64_t deadlines[] = { k->timeout_at, k->kill_at, k->settle_at, k->late_at, k->restart_at,
				      k->bulk_until, k->health.next_at, k->health.timeout_at };
	int64_t at = 0, left;

	for (size_t i = 0; i < sizeof deadlines / sizeof *deadlines; i++)
		if (deadlines[i] && (!at || deadlines[i] < at))
			at = deadlines[i];
	if (!at)
		return -1;
	left = at - keeper_now();
	return left <= 0 ? 0 : (int)(left / 1000000 < 3600000 ? left / 1000000 + 1 : 3600000);
}

static void check_deadlines(struct keeper *k)
{
	int64_t now;

	if (k->health.next_at || k->health.timeout_at)
		keeper_health_deadlines(k, keeper_now());
	if (!k->timeout_at && !k->kill_at && !k->settle_at && !k->late_at && !k->bulk_until)
		return;
	now = keeper_now();
	if (k->bulk_until && now >= k->bulk_until)
		keeper_end_bulk(k);
	if (k->late_at && now >= k->late_at)
		keeper_be_late(k);
	if (k->settle_at && now >= k->settle_at)
		keeper_settle(k);
	if (k->timeout_at && now >= k->timeout_at) {
		k->timeout_at = 0;
		k->state.timed_out = true;
		(void)keeper_signal(k, SIGKILL);
	}
	if (k->kill_at && now >= k->kill_at) {
		k->kill_at = 0;
		(void)keeper_signal(k, SIGKILL);
	}
}

enum slot { SLOT_PROGRAM, SLOT_SIGNALS, SLOT_LISTENER, SLOT_OUT, SLOT_ERR, SLOT_IN, SLOT_HEALTH, SLOT_HEALTH_OUT, SLOT_NOTIFY,
	SLOT_HELPERS,
	SLOT_CONNS = SLOT_HELPERS + KEEPER_HELPERS_MAX };

bool keeper_make_room(struct keeper *k, size_t n)
{
	struct keeper_conn *conns = calloc(n, sizeof *conns);
	struct pollfd *polled = calloc(SLOT_CONNS + n, sizeof *polled);

	if (!conns || !polled) {
		free(conns);
		free(polled);
		return false;
	}
	if (k->n_conns)
		memcpy(conns, k->conns, k->n_conns * sizeof *conns);
	for (size_t i = k->n_conns; i < n; i++)
		conns[i].fd = -1;
	free(k->conns);
	free(k->polled);
	k->conns = conns;
	k->polled = polled;
	k->n_conns = n;
	return true;
}

void keeper_accept(struct keeper *k)
{
	int fd;

	while ((fd = accept4(k->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		size_t i = 0;

		while (i < k->n_conns && k->conns[i].fd >= 0)
			i++;
		if (i == k->n_conns && !keeper_make_room(k, 2 * k->n_conns))
			fd_close(&fd);
		else
			k->conns[i] = (struct keeper_conn){ .fd = fd };
	}
}

static struct pollfd watch(int fd, short events)
{
	return (struct pollfd){ .fd = events ? fd : -1, .events = events };
}

static void fill(struct keeper *k, struct pollfd *p)
{
	bool more = k->chunk_len == 0;          /* room for more output */
	bool input_full = k->input_at < k->input_len;

	p[SLOT_PROGRAM] = watch(k->ended ? -1 : k->program.pidfd, POLLIN);
	p[SLOT_SIGNALS] = watch(k->signals, POLLIN);
	p[SLOT_LISTENER] = watch(k->listener, POLLIN);
	p[SLOT_OUT] = watch(k->out[0], more ? POLLIN : 0);
	p[SLOT_ERR] = watch(k->out[1], more ? POLLIN : 0);
	p[SLOT_HEALTH] = watch(k->health.pidfd, k->health.pid ? POLLIN : 0);
	p[SLOT_HEALTH_OUT] = watch(k->health.out, k->health.pid ? POLLIN : 0);
	p[SLOT_NOTIFY] = watch(k->notify.program, POLLIN);
	p[SLOT_IN] = watch(k->in, input_full ? POLLOUT : 0);
	for (size_t i = 0; i < KEEPER_HELPERS_MAX; i++)
		p[SLOT_HELPERS + i] = watch(i < k->n_helpers ? k->helpers[i] : -1, POLLIN);
	for (size_t i = 0; i < k->n_conns; i++) {
		struct keeper_conn *c = &k->conns[i];
		short events = (c->feeds && input_full) ? 0 : POLLIN;

		if (c->owed)
			events |= POLLOUT;
		p[SLOT_CONNS + i] = watch(c->fd, events);
	}
}

static void serve(struct keeper *k, const struct pollfd *p)
{
	/* Output before clients, so that what a client closes was what it was sent. */
	if (p[SLOT_OUT].revents && k->chunk_len == 0)
		keeper_read_output(k, &k->out[0], 1);
	if (p[SLOT_ERR].revents && k->chunk_len == 0)
		keeper_read_output(k, &k->out[1], 2);
	if (p[SLOT_IN].revents)
		keeper_push_input(k);
	for (size_t i = 0; i < k->n_conns; i++) {
		const struct pollfd *pc = &p[SLOT_CONNS + i];

		if (pc->revents & POLLOUT && k->conns[i].owed)
			keeper_send_chunk(k);
		if (pc->revents & (POLLIN | POLLHUP | POLLERR) && k->conns[i].fd == pc->fd &&
		    k->input_at >= k->input_len)
			read_client(k, &k->conns[i]);
	}
	if (p[SLOT_NOTIFY].revents)
		notify_relay(&k->notify);
	if (p[SLOT_HEALTH_OUT].revents)
		keeper_health_read(k);
	if (p[SLOT_HEALTH].revents)
		keeper_health_ended(k);
	if (p[SLOT_SIGNALS].revents)
		read_signals(k);
	if (p[SLOT_PROGRAM].revents && !k->ended)
		program_ended(k);
	for (size_t i = 0; i < k->n_helpers; i++)
		if (p[SLOT_HELPERS + i].revents)
			helper_ended(k, &k->helpers[i]);
	if (p[SLOT_LISTENER].revents)
		keeper_accept(k);       /* last: `p` may be another one afterwards */
}

/* The program is over: what is still in its pipes is read without waiting, until there is no more. */
static bool drained(struct keeper *k)
{
	while (k->chunk_len == 0 && k->out[0] >= 0)
		keeper_read_output(k, &k->out[0], 1);
	while (k->chunk_len == 0 && k->out[1] >= 0)
		keeper_read_output(k, &k->out[1], 2);
	return k->chunk_len == 0;
}

void keeper_turn(struct keeper *k)
{
	fill(k, k->polled);
	if (poll(k->polled, SLOT_CONNS + k->n_conns, poll_timeout(k)) < 0)
		return;
	serve(k, k->polled);
	check_deadlines(k);
}

void keeper_loop(struct keeper *k)
{
	while (!k->ended || !drained(k))
		keeper_turn(k);
}
