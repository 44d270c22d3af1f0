/* manage.c - see manage.h. */
#include "core/container/manage.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/lock.h"
#include "core/base/path.h"
#include "core/container/ctl.h"
#include "core/container/record.h"

static int connect_keeper(const struct container_place *p, const char *id, struct err *e)
{
	int sock = ctl_connect(p, id);

	if (sock == -ENOENT)
		return err_msg(e, ESRCH, "container %.12s is not running", id);
	return sock < 0 ? err_set(e, -sock, "container %.12s: connect to its keeper", id) : sock;
}

/* Say `type` and take the answer: 0, or -errno (-ESRCH: it ended meanwhile). */
static int ask(int sock, const char *id, enum ctl_type type, int value, int64_t seconds, struct err *e)
{
	struct ctl_msg m;
	int r = ctl_send(sock, type, value, (uint32_t)seconds, 0, NULL, 0);

	if (r == 0) {
		r = ctl_await(sock, CTL_DONE, &m);
		if (r == CTL_DONE)
			r = m.head.value;
		else if (r >= 0)
			r = -ESRCH;
	}
	if (r == -ESRCH || r == -EPIPE)
		return err_msg(e, ESRCH, "container %.12s is not running", id);
	return r < 0 ? err_set(e, -r, "container %.12s: send a signal", id) : 0;
}

int container_signal(const struct container_place *p, const char *id, int sig, struct err *e)
{
	autofd sock = connect_keeper(p, id, e);

	return sock < 0 ? sock : ask(sock, id, CTL_SIGNAL, sig, 0, e);
}

int container_check_health(const struct container_place *p, const char *id, struct err *e)
{
	autofd sock = connect_keeper(p, id, e);
	struct ctl_msg m;
	int r;

	if (sock < 0)
		return sock;
	r = ctl_send(sock, CTL_HEALTH, 0, 0, 0, NULL, 0);
	if (r == 0)
		r = ctl_await(sock, CTL_DONE, &m);
	if (r == CTL_DONE && m.head.value >= 0)
		return m.head.value != 0;
	if (r == CTL_DONE && m.head.value == -ENOENT)
		return err_msg(e, ENOENT, "it has no defined healthcheck");
	return err_msg(e, ESRCH, "it is not running");
}

/* Between a keeper's last word and its lock there is nothing to connect to: wait for the lock. */
static int await_lock(const struct container_place *p, const char *id, struct err *e)
{
	char path[96];
	autofd lock = -1;
	int r;

	snprintf(path, sizeof path, "%.64s/" LOCK_FILE, id);
	lock = openat(p->containers_fd, path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (lock < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "container %.12s: open its lock", id);
	r = lock_wait(lock, LOCK_SHARED);
	return r < 0 ? err_set(e, -r, "container %.12s: wait for its lock", id) : 0;
}

int container_stop(const struct container_place *p, const char *id, int sig, int64_t seconds, struct err *e)
{
	autofd sock = connect_keeper(p, id, e);
	struct ctl_msg m;
	int r;

	if (sock == -ESRCH) {
		err_clear(e);
		r = await_lock(p, id, e);
		return r < 0 ? r : 0;
	}
	if (sock < 0)
		return sock;
	r = ask(sock, id, CTL_STOP, sig, seconds < 0 ? UINT32_MAX : seconds, e);
	if (r < 0 && r != -ESRCH)
		return r;
	err_clear(e);
	(void)ctl_await(sock, CTL_EXIT, &m);    /* or the end of a keeper that was killed: over as well */
	return 1;
}

/* Something about the container's files has changed (or it is gone). */
static int await_change(int watch, struct err *e)
{
	char buf[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n;

	do
		n = read(watch, buf, sizeof buf);
	while (n < 0 && errno == EINTR);
	return n < 0 ? err_set(e, errno, "wait for the container") : 0;
}

/* The container runs: until its end. 1 and the code, or 0: look again. */
static int await_end(const struct container_place *p, const char *id, int *ret_code, struct err *e)
{
	autofd sock = ctl_connect(p, id);
	struct ctl_msg m;
	int r;

	if (sock == -ENOENT)
		return await_lock(p, id, e);
	if (sock < 0)
		return err_set(e, -sock, "container %.12s: connect to its keeper", id);
	r = ctl_await(sock, CTL_EXIT, &m);
	if (r == CTL_EXIT)
		*ret_code = m.head.value;
	return r == CTL_EXIT;
}

/* The container runs: until it changes or ends. As await_end(). */
static int await_news(const struct container_place *p, const char *id, int watch, int *ret_code, struct err *e)
{
	autofd sock = ctl_connect(p, id);
	struct pollfd fds[2] = { { .fd = watch, .events = POLLIN }, { .fd = sock, .events = POLLIN } };
	struct ctl_msg m;
	int r;

	if (sock == -ENOENT)
		return await_lock(p, id, e);
	if (sock < 0)
		return err_set(e, -sock, "container %.12s: connect to its keeper", id);
	while (poll(fds, 2, -1) < 0)
		if (errno != EINTR)
			return err_set(e, errno, "wait for the container");
	if (fds[0].revents)
		return await_change(watch, e);
	r = ctl_await(sock, CTL_EXIT, &m);
	if (r != CTL_EXIT)              /* the keeper was killed */
		return await_lock(p, id, e);
	*ret_code = m.head.value;
	return 1;
}

static bool has_happened(const struct container_state *st, unsigned wanted)
{
	return wanted & CONTAINER_WAIT_STATUS(st->status) ||
	       (st->status == CONTAINER_RUNNING && wanted & CONTAINER_WAIT_HEALTH(st->health));
}

int container_wait(const struct container_place *p, const char *id, unsigned wanted, int *ret_code, struct err *e)
{
	autofd watch = inotify_init1(IN_CLOEXEC);
	char path[64];
	autofd dir = container_open(p, id, e);

	*ret_code = -1;
	if (dir < 0)
		return dir;
	if (watch < 0 || inotify_add_watch(watch, path_of_fd(dir, path), IN_MOVED_TO | IN_MOVE_SELF | IN_DELETE_SELF |
					   IN_DELETE) < 0)
		return err_set(e, errno, "container %.12s: watch its directory", id);
	for (;;) {
		struct container_state st;
		bool gone;
		int r = container_read_state(p, id, &st, e);

		if (r < 0)
			return r;
		gone = faccessat(dir, RECORD_FILE, F_OK, 0) < 0;
		if (has_happened(&st, wanted) || gone) {
			*ret_code = st.status == CONTAINER_EXITED ? st.exit_code : -1;
			return 0;
		}
		if (st.status == CONTAINER_CREATED || st.status == CONTAINER_EXITED)
			r = await_change(watch, e);
		else if (wanted != CONTAINER_WAIT_STATUS(CONTAINER_EXITED))
			r = await_news(p, id, watch, ret_code, e);
		else
			r = await_end(p, id, ret_code, e);
		if (r == 1 && wanted & CONTAINER_WAIT_STATUS(CONTAINER_EXITED))
			return 0;
		if (r < 0)
			return r;
	}
}

/* The parent of a process, or -errno. */
static int parent_of(pid_t pid)
{
	char path[32], text[512];
	const char *field;
	autofd fd = -1;
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (n <= 0)
		return -ESRCH;
	text[n] = '\0';
	field = strrchr(text, ')');     /* then the state, and the parent */
	return field && strlen(field) > 4 ? atoi(field + 4) : -ESRCH;
}

int container_pidfd(const struct container_state *st, struct err *e)
{
	autofd fd = st->pid > 0 ? (int)syscall(SYS_pidfd_open, st->pid, 0) : -1;

	if (st->pid <= 0 || (fd < 0 && errno == ESRCH))
		return err_msg(e, ESRCH, "the container is not running");
	if (fd < 0)
		return err_set(e, errno, "pidfd_open");
	/* The number is somebody else's only if the keeper has reaped its child meanwhile. */
	if (parent_of(st->pid) != st->keeper_pid)
		return err_msg(e, ESRCH, "the container is not running");
	return take_fd(&fd);
}
