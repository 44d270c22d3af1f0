/* hooks.c - see hooks.h. */
#include "core/runtime/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/proc.h"
#include "core/base/text.h"
#include "core/oci/runtime_spec_private.h"
#include "core/runtime/seccomp.h"

bool hooks_before_pivot(const struct rspec *spec)
{
	return spec->n_hooks[HOOK_PRESTART] || spec->n_hooks[HOOK_CREATE_RUNTIME] ||
	       spec->n_hooks[HOOK_CREATE_CONTAINER];
}

json_t *hooks_state_json(const struct rspec *spec, const struct hook_state *state)
{
	json_t *o = json_object(), *a = json_object();

	json_object_set_new(o, "ociVersion", json_string(spec->oci_version ? spec->oci_version : "1.0.2"));
	json_object_set_new(o, "id", json_string(state->id ? state->id : ""));
	json_object_set_new(o, "status", json_string(state->status));
	if (state->pid > 0)
		json_object_set_new(o, "pid", json_integer(state->pid));
	json_object_set_new(o, "bundle", json_string(state->bundle ? state->bundle : "/"));
	for (size_t i = 0; i < spec->n_annotations; i++)
		json_object_set_new(a, spec->annotations[i].key, json_string_nocheck(spec->annotations[i].value));
	json_object_set_new(o, "annotations", a);
	return o;
}

/* A file of memory that holds `text`, at its beginning. */
static int text_fd(const char *text)
{
	autofd fd = memfd_create("state", MFD_CLOEXEC);

	if (fd < 0 || fd_write_all(fd, text, strlen(text)) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return take_fd(&fd);
}

/* Its system calls are those of the container's programs. Without the right to a filter there are no new privileges. */
static void be_filtered(const struct seccomp_program *filter, int err_fd)
{
	struct err e = ERR_INIT;

	if (seccomp_install(filter, &e) == 0)
		return;
	err_clear(&e);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && seccomp_install(filter, &e) == 0)
		return;
	dprintf(err_fd, "%s", e.msg);
	_exit(EXIT_NOT_EXECUTABLE);
}

static void __attribute__((noreturn)) become_hook(const struct rspec_hook *h, int in, int err_fd,
						  const struct seccomp_program *filter)
{
	static char *const no_env[] = { NULL };
	char *only_name[] = { h->path, NULL };
	int null = open("/dev/null", O_WRONLY);

	(void)dup2(in, 0);
	(void)dup2(null, 1);
	(void)dup2(err_fd, 2);
	(void)close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	proc_reset_signals();
	if (filter)
		be_filtered(filter, 2);
	execve(h->path, h->args && h->args[0] ? h->args : only_name, h->env ? h->env : no_env);
	dprintf(2, "%s", strerror(errno));
	_exit(EXIT_NOT_EXECUTABLE);
}

/* Read what the hook says until it closes its standard error or its time is over; false: the time is over. */
static bool listen_to(int fd, int pidfd, int timeout, char *buf, size_t size)
{
	int64_t until = text_steady_ns() + (int64_t)timeout * 1000000000;
	char scrap[4096];
	size_t len = 0;
	bool open = true;

	for (;;) {
		struct pollfd p[2] = { { .fd = open ? fd : -1, .events = POLLIN }, { .fd = pidfd, .events = POLLIN } };
		int64_t left = timeout ? (until - text_steady_ns()) / 1000000 : -1;
		ssize_t n;

		if (timeout && left <= 0)
			return false;
		if (poll(p, 2, (int)CLAMP(left, -1, INT32_MAX)) < 0 && errno != EINTR)
			return true;
		if (p[0].revents) {
			/* What is more than we quote is read all the same: the hook would wait for us. */
			n = len < size - 1 ? read(fd, buf + len, size - 1 - len) : read(fd, scrap, sizeof scrap);
			len += n > 0 && len < size - 1 ? (size_t)n : 0;
			open = n > 0;
			buf[len] = '\0';
		} else if (p[1].revents) {
			return true;
		}
	}
}

static int run_one(const struct rspec_hook *h, int state, const struct seccomp_program *filter, struct err *e)
{
	autofd ours = -1, theirs = -1, pidfd = -1;
	autochild pid = -1;
	char said[512] = "";
	int p[2], st;

	(void)lseek(state, 0, SEEK_SET);
	if (pipe2(p, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	ours = p[0];
	theirs = p[1];
	pid = fork();
	if (pid == 0)
		become_hook(h, state, theirs, filter);
	if (pid < 0)
		return err_set(e, errno, "fork");
	fd_close(&theirs);
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (!listen_to(ours, pidfd, h->timeout, said, sizeof said))
		return err_msg(e, ETIMEDOUT, "not done after %d s", h->timeout);
	st = proc_wait(take_child(&pid));
	g_strchomp(said);
	if (st == 0)
		return 0;
	return err_msg(e, EIO, "%s %d%s%s", st > 128 ? "killed by signal" : "ended with status",
		       st > 128 ? st - 128 : st, *said ? ": " : "", said);
}

int hooks_run(const struct rspec *spec, enum rspec_hook_kind kind, const struct hook_state *state, struct err *e)
{
	autofd fd = -1;
	json_t *json;
	char *text;
	int r = 0;

	if (!spec->n_hooks[kind])
		return 0;
	json = hooks_state_json(spec, state);
	text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	fd = text ? text_fd(text) : -ENOMEM;
	free(text);
	if (fd < 0)
		return err_set(e, -fd, "state for the hooks");
	for (size_t i = 0; i < spec->n_hooks[kind] && r == 0; i++) {
		r = run_one(&spec->hooks[kind][i], fd, state->filter, e);
		if (r < 0)
			/* The beginning is runc's, which scripts and engines look for. */
			r = err_wrap(e, "error running %s hook #%zu: hooks.%s[%zu] %s", rspec_hook_names[kind], i,
				     rspec_hook_names[kind], i, spec->hooks[kind][i].path);
	}
	return r;
}
