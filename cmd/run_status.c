/* run_status.c - see run_status.h. */
#include "cmd/run_status.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/fd.h"

/* A whole line in one write. Nobody there to read it is the reader's affair. */
static void say(int fd, json_t *doc)
{
	char *text = json_dumps(doc, JSON_COMPACT);

	if (text) {
		size_t n = strlen(text);

		text[n] = '\n';        /* in the place of its end: the length is known */
		(void)fd_write_all(fd, text, n + 1);
	}
	free(text);
	json_decref(doc);
}

static void started(void *ctx, int pid)
{
	const struct run_status *s = ctx;

	say(s->fd, json_pack("{s:s, s:s, s:i}", "event", "start", "id", s->id, "pid", pid));
}

static void ended(void *ctx, const struct container_end *end)
{
	const struct run_status *s = ctx;

	say(s->fd, json_pack("{s:s, s:s, s:i, s:i, s:b, s:b}", "event", "exit", "source", "program", "code", end->code,
			     "signal", end->signal, "oom", end->oom, "timeout", end->timed_out));
}

int run_status_begin(struct run_status *s, int64_t fd, struct err *e)
{
	*s = (struct run_status){ .fd = (int)fd, .watcher = { .ctx = s, .started = started, .ended = ended } };
	if (fd < 0)
		return 0;
	if (fd > INT_MAX || fd_set_cloexec(s->fd, true) < 0) {
		s->fd = -1;
		return err_msg(e, EBADF, "--status-fd %lld: it is not open", (long long)fd);
	}
	(void)signal(SIGPIPE, SIG_IGN);
	return 0;
}

void run_status_error(const struct run_status *s, const struct err *e)
{
	int code = err_status(e);

	if (s->fd >= 0)
		say(s->fd, json_pack("{s:s, s:s, s:i, s:s}", "event", "error", "source",
				     code == EXIT_NOT_EXECUTABLE || code == EXIT_NOT_FOUND ? "runtime" : "tool", "code",
				     code, "error", e->msg));
}
