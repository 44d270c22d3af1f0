/* keeper.c - see keeper.h: how it begins and ends. */
#include "core/container/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/lock.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "core/base/text.h"
#include "core/container/guard.h"

/* A program in the foreground that is over within this time costs neither a guard nor the returning of memory: until
 * then its client stands in (run.c). */
#define SETTLE_NS (20 * INT64_C(1000000))

#define LAST_WAIT_MS 5000

static struct keeper keeper;    /* its pages are touched only where used */

static bool needs_log(const struct container_start *s, enum logfile_format *format)
{
	const struct container_record *r = s->record;

	if (!logfile_driver(r->log_driver, format))
		*format = LOGFILE_K8S;
	if (*format == LOGFILE_JOURNAL)
		return true;
	/* Nobody can read the log of what is gone when it ends, unless it runs in the background. */
	return *format != LOGFILE_NONE && (s->detach || !r->auto_remove);
}

static int open_log(struct keeper *k, struct err *e)
{
	const struct container_record *r = k->s->record;
	enum logfile_format format;

	k->log.fd = -1;
	if (!needs_log(k->s, &format))
		return 0;
	if (format == LOGFILE_JOURNAL)
		return journal_open(&k->journal, JOURNAL_SOCKET, r->id, r->name, e);
	k->log.max = r->log_max_size;
	k->log.files = (unsigned)r->log_files;
	return logfile_open(&k->log, k->s->container_fd, r->log_path ? r->log_path : LOG_NAME, format, e);
}

static bool is_logged(const struct keeper *k)
{
	return k->log.fd >= 0 || k->journal.fd >= 0;
}

/* One output stream: `ret` is the program's end. Copied where a log or a client in the background's place wants it,
 * the client's own descriptor else. */
static int plan_output(struct keeper *k, int stream, int *ret, struct err *e)
{
	const struct container_start *s = k->s;
	bool passthrough = s->record->log_driver && strcmp(s->record->log_driver, "passthrough") == 0;
	bool attached = stream == 1 ? s->attach_stdout : s->attach_stderr;
	int p[2];

	if (!is_logged(k) && (passthrough || (!s->detach && attached))) {
		*ret = fcntl(stream, F_DUPFD_CLOEXEC, 3);
		if (*ret >= 0)
			return 0;
	}
	if (!is_logged(k) && !s->detach) {
		*ret = open("/dev/null", O_WRONLY | O_CLOEXEC);
		return *ret < 0 ? err_set(e, errno, "open /dev/null") : 0;
	}
	if (pipe2(p, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	(void)fd_set_nonblock(p[0], true);
	k->out[stream - 1] = p[0];
	*ret = p[1];
	return 0;
}

static int plan_input(struct keeper *k, int *ret, struct err *e)
{
	const struct container_start *s = k->s;
	int p[2];

	if (s->record->interactive && s->attach_stdin && !s->detach) {
		*ret = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
		if (*ret >= 0)
			return 0;
	}
	if (!s->record->interactive || !s->detach) {
		*ret = open("/dev/null", O_RDONLY | O_CLOEXEC);
		return *ret < 0 ? err_set(e, errno, "open /dev/null") : 0;
	}
	if (pipe2(p, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	(void)fd_set_nonblock(p[1], true);
	k->in = p[1];
	*ret = p[0];
	return 0;
}

static int plan_stdio(struct keeper *k, struct err *e)
{
	int *stdio = k->s->launch.stdio, r;

	if (k->s->record->tty)
		return 0;
	r = plan_input(k, &stdio[0], e);
	if (r == 0)
		r = plan_output(k, 1, &stdio[1], e);
	return r < 0 ? r : plan_output(k, 2, &stdio[2], e);
}

static int write_pid_file(const char *path, pid_t pid, struct err *e)
{
	char text[16];

	snprintf(text, sizeof text, "%d", (int)pid);
	return file_replace(AT_FDCWD, path, text, strlen(text), 0644, false, e);
}

/* launch_hooks.created: from here on the container exists and runs. */
static int created(void *ctx, pid_t init, struct err *e)
{
	struct keeper *k = ctx;
	struct container_start *s = k->s;
	const struct launch_hooks *theirs = &s->launch.hooks;
	int r = theirs->created ? theirs->created(theirs->ctx, init, e) : 0;

	if (r == 0 && s->record->pid_file)
		r = write_pid_file(s->record->pid_file, init, e);
	if (r == 0 && s->record->conmon_pid_file)
		r = write_pid_file(s->record->conmon_pid_file, getpid(), e);
	if (r < 0)
		return r;
	k->state = (struct container_state){ .status = CONTAINER_RUNNING, .pid = init, .keeper_pid = getpid(),
					     .started_ns = text_now_ns(), .restarts = s->restarts,
					     .quick_restarts = s->quick_restarts,
					     .health = s->record->health_test && s->hooks.inside ? HEALTH_STARTING : HEALTH_NONE };
	r = container_write_state(s->container_fd, &k->state, e);
	if (r == 0 && s->config_json)
		r = container_commit(s->container_fd, s->record, s->config_json, !s->record->auto_remove, e);
	return r;
}

/* launch() calls the caller's hooks with the caller's ctx, but `created` with ours. */
struct wrapped { struct launch_hooks theirs; struct keeper *k; };

static int w_mount_root(void *ctx, struct err *e)
{
	struct wrapped *w = ctx;

	return w->theirs.mount_root(w->theirs.ctx, e);
}

static int w_root_ready(void *ctx, int rootfd, struct rspec *spec, struct err *e)
{
	struct wrapped *w = ctx;

	return w->theirs.root_ready(w->theirs.ctx, rootfd, spec, e);
}

static int w_net_inside(void *ctx, int *fds, size_t *n_fds, struct err *e)
{
	struct wrapped *w = ctx;

	return w->theirs.net_inside(w->theirs.ctx, fds, n_fds, e);
}

static int w_net_outside(void *ctx, pid_t init, int init_pidfd, const int *fds, size_t n_fds, struct err *e)
{
	struct wrapped *w = ctx;

	return w->theirs.net_outside(w->theirs.ctx, init, init_pidfd, fds, n_fds, e);
}

static int w_created(void *ctx, pid_t init, struct err *e)
{
	struct wrapped *w = ctx;

	return created(w->k, init, e);
}

/* To systemd, in the program's place? */
static bool says_ready(const struct container_start *s)
{
	return s->record->sdnotify && strcmp(s->record->sdnotify, "conmon") == 0;
}

static int start_program(struct keeper *k, struct err *e)
{
	struct container_start *s = k->s;
	struct launch_params p;
	struct wrapped w;
	int r = s->hooks.prepare ? s->hooks.prepare(s->hooks.ctx, &s->launch, e) : 0;

	if (r == 0)
		r = open_log(k, e);
	if (r == 0)
		r = plan_stdio(k, e);
	if (r == 0)
		k->listener = s->listener > 0 ? s->listener : ctl_listen(s->place, s->record->id, e);
	if (r < 0 || k->listener < 0)
		return r < 0 ? r : k->listener;
	if (s->notify_to && notify_open(&k->notify, s->place, s->record->id, s->notify_to, !says_ready(s), e) < 0)
		return -e->code;
	w = (struct wrapped){ .theirs = s->launch.hooks, .k = k };
	p = s->launch;
	p.hooks = (struct launch_hooks){
		.ctx = &w,
		.mount_root = w.theirs.mount_root ? w_mount_root : NULL,
		.root_ready = w.theirs.root_ready ? w_root_ready : NULL,
		.net_inside = w.theirs.net_inside ? w_net_inside : NULL,
		.net_outside = w.theirs.net_outside ? w_net_outside : NULL,
		.created = w_created,
	};
	return launch(&p, &k->program, e);
}

static void remove_container(struct keeper *k)
{
	struct container_start *s = k->s;
	struct err e = ERR_INIT;

	if (container_remove(s->place, s->record->id, s->record->name, s->hooks.remove_tree, s->hooks.ctx, &e) < 0)
		keeper_tell_all(k, CTL_NOTE, 0, 0, e.msg);
	if (s->hooks.removed)
		s->hooks.removed(s->hooks.ctx, s->record);
}

/* What a start is in the event log, at once when it has succeeded: of a `run` that fails nothing is left, and so nothing
 * is said. */
static void note_start(struct keeper *k)
{
	const struct container_start *s = k->s;
	struct event v[EVENTS_AT_ONCE];
	size_t n = 0;

	if (s->config_json) {
		v[n] = container_event_of(s->record, "create");
		v[n++].time_ns = s->record->created_ns;
	} else if (s->listener > 0) {
		v[n] = container_event_of(s->record, "restart");
		v[n++].time_ns = k->state.started_ns;
	}
	v[n] = container_event_of(s->record, "init");
	v[n++].time_ns = k->state.started_ns;
	v[n++] = container_event_of(s->record, "start");
	if (!s->detach)
		v[n++] = container_event_of(s->record, "attach");
	event_write(s->place->root_fd, v, n);
}

static void remove_pid_files(const struct container_record *r)
{
	if (r->pid_file && r->pid_file[0] == '/')
		(void)unlink(r->pid_file);
	if (r->conmon_pid_file && r->conmon_pid_file[0] == '/')
		(void)unlink(r->conmon_pid_file);
}

static _Noreturn void fail(struct keeper *k, struct err *e)
{
	struct container_start *s = k->s;
	struct container_state old;
	struct err ignored = ERR_INIT;

	if (k->state.pid)
		remove_pid_files(s->record);
	k->state.exit_code = err_status(e);
	if (s->hooks.stopped)
		s->hooks.stopped(s->hooks.ctx, &k->state);
	if (s->config_json) {
		remove_container(k);
	} else {
		if (container_read_state(s->place, s->record->id, &old, &ignored) < 0)
			memset(&old, 0, sizeof old);
		old.status = k->state.started_ns || old.started_ns ? CONTAINER_EXITED : CONTAINER_CREATED;
		old.pid = old.keeper_pid = 0;
		old.exit_code = err_status(e);
		old.finished_ns = text_now_ns();
		snprintf(old.error, sizeof old.error, "%.255s", e->msg);
		(void)container_write_state(s->container_fd, &old, &ignored);
	}
	lock_release(s->lock_fd);
	(void)ctl_send(k->conns[0].fd, CTL_FAILED, 0, 0, 0, e, sizeof *e);
	_exit(0);
}

static void let_go(struct keeper *k)
{
	int *stdio = k->s->launch.stdio;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; i < 3; i++) {
		if (!k->s->record->tty)
			fd_close(&stdio[i]);
		if (null >= 0)
			(void)dup2(null, i);
	}
	fd_close(&null);
	/* What came with the client (--preserve-fds, a shell's): whoever waits for its end must not wait for us. */
	fd_close_foreign();
	if (chdir("/") < 0)
		log_debug("keeper: chdir /");   /* it only keeps a file system busy */
}

/* Give back what the start needed and waiting does not: free blocks, and the stack that deep calls have left. Below
 * the margin no frame of ours is alive; past the end of the stack is the kernel's gap, where nothing is mapped. */
static void shrink(void)
{
	const uintptr_t margin = 8 * 1024, reach = 256 * 1024;
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	uintptr_t end = (here - margin) & ~(uintptr_t)(sysconf(_SC_PAGESIZE) - 1);

	(void)malloc_trim(0);
	(void)madvise((void *)(end - reach), reach, MADV_DONTNEED);
}

static void become_running(struct keeper *k)
{
	struct container_start *s = k->s;

	if (k->program.tty >= 0) {
		k->tty = k->out[0] = k->in = k->program.tty;
		(void)fd_set_nonblock(k->tty, true);
	}
	k->began_at = keeper_now();
	k->conns[0].owner = !s->detach;
	k->conns[0].attached = !s->detach && (s->record->tty || s->attach_stdout || s->attach_stderr);
	if (!s->record->tty && s->attach_stdout != s->attach_stderr)
		k->conns[0].deaf_to = s->attach_stdout ? 2 : 1;
	if (s->record->timeout_s > 0)
		k->timeout_at = keeper_now() + s->record->timeout_s * INT64_C(1000000000);
	/* Before the client may go on: what it holds must not be held by us too. */
	let_go(k);
	note_start(k);
	keeper_health_begin(k);
	notify_started(&k->notify, getpid(), says_ready(s));
	/* Whoever is told that it runs may kill us next. */
	if (s->detach)
		keeper_settle(k);
	(void)ctl_send(k->conns[0].fd, CTL_STARTED, (int)k->state.pid, 0, 0, NULL, 0);
	if (s->detach)
		keeper_hang_up(k, &k->conns[0]);
	if (s->hooks.helpers)
		k->n_helpers = s->hooks.helpers(s->hooks.ctx, k->helpers, KEEPER_HELPERS_MAX);
	if (!s->detach)
		k->settle_at = keeper_now() + SETTLE_NS;
}

void keeper_settle(struct keeper *k)
{
	k->settle_at = 0;
	shrink();
	/* After that: what it shares with us is counted once. */
	(void)guard_start(k->program.pidfd);
}

/* False: it has no room for it now. */
static bool say_end(struct keeper *k, struct keeper_conn *c)
{
	int r = keeper_tell_missed(c);

	if (r == 0)
		r = ctl_send(c->fd, CTL_EXIT, k->state.exit_code, (k->state.timed_out ? CTL_EXIT_TIMEOUT : 0) |
			     (k->state.oom_killed ? CTL_EXIT_OOM : 0), (uint32_t)k->killed_by, NULL, 0);
	return r != -EAGAIN;
}

/* Clients may still be busy with output: the end is worth waiting for them, after all others know it. For the one in the
 * foreground as long as it takes, for others that read nothing at all not for ever: all is over and given back by then. */
static void tell_end(struct keeper *k)
{
	for (size_t i = 0; i < k->n_conns; i++) {
		struct keeper_conn *c = &k->conns[i];

		c->owed = c->fd >= 0 && !say_end(k, c);
	}
	for (size_t i = 0; i < k->n_conns; i++) {
		struct keeper_conn *c = &k->conns[i];
		struct pollfd p = { .fd = c->fd, .events = POLLOUT };

		while (c->owed) {
			if (poll(&p, 1, c->owner && k->state.status == CONTAINER_EXITED ? -1 : LAST_WAIT_MS) == 0)
				break;
			c->owed = !say_end(k, c);
		}
	}
}

static _Noreturn void finish(struct keeper *k)
{
	struct container_start *s = k->s;

	logfile_close(&k->log);
	journal_close(&k->journal);
	if (s->hooks.stopped)
		s->hooks.stopped(s->hooks.ctx, &k->state);
	remove_pid_files(s->record);
	if (k->state.status == CONTAINER_RESTARTING) {
		tell_end(k);
		for (size_t i = 0; i < k->n_conns; i++)
			keeper_hang_up(k, &k->conns[i]);
		keeper_restart(k);
	}
	if (s->record->auto_remove) {
		remove_container(k);
		keeper_event(k, "remove");
	} else {
		char path[96];

		snprintf(path, sizeof path, "containers/%.64s/" CTL_SOCKET, s->record->id);
		(void)unlinkat(s->place->run_fd, path, 0);
		snprintf(path, sizeof path, "containers/%.64s/" NOTIFY_SOCKET, s->record->id);
		if (k->notify.program >= 0)
			(void)unlinkat(s->place->run_fd, path, 0);
		keeper_event(k, "cleanup");
	}
	lock_release(s->lock_fd);       /* who is told the end may start it again at once */
	(void)shutdown(k->listener, SHUT_RDWR);
	keeper_accept(k);
	tell_end(k);
	_exit(0);
}

_Noreturn void keeper_main(struct container_start *s, int client)
{
	struct keeper *k = &keeper;
	struct err e = ERR_INIT;
	sigset_t all, term;

	k->s = s;
	k->out[0] = k->out[1] = k->in = k->tty = k->listener = k->log.fd = k->journal.fd = -1;
	k->health.pidfd = k->health.out = -1;
	k->notify = (struct notify){ .manager = -1, .program = -1 };
	k->program = (struct launched){ .pidfd = -1, .tty = -1 };
	if (!keeper_make_room(k, KEEPER_CONNS))
		_exit(EXIT_OURS);
	k->conns[0].fd = client;
	(void)fd_set_nonblock(client, true);
	k->last_newline = true;
	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	/* In the foreground the program may stand in a pipeline of the client's. */
	s->launch.same_session = !s->detach && !s->record->tty && proc_leave_terminal();
	if (!s->launch.same_session)
		(void)setsid();
	proc_set_name("coracle-keeper");
	k->signals = signalfd(-1, &term, SFD_CLOEXEC | SFD_NONBLOCK);
	if (start_program(k, &e) < 0)
		fail(k, &e);
	become_running(k);
	keeper_loop(k);
	finish(k);
}
