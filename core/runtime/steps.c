/* steps.c - see steps.h. */
#include "core/runtime/steps.h"

#include <errno.h>
#include <string.h>

#include "core/base/fd.h"
#include "core/base/log.h"

static const struct {
	const char *name, *text;
} steps[STEP_COUNT] = {
#define X(name, who, text) [STEP_##name] = { #name, text },
	STEPS(X)
#undef X
};

/* The error's unused end is not sent. */
struct message {
	uint32_t step;
	struct err err;
};

const char *step_name(enum step s)
{
	return s < STEP_COUNT ? steps[s].name : "?";
}

const char *step_text(enum step s)
{
	return s < STEP_COUNT ? steps[s].text : "?";
}

static int send_message(int sock, enum step s, const struct err *why, const int *fds, size_t n_fds)
{
	struct message m = { .step = s };
	size_t len = why ? strlen(why->msg) : 0;

	if (why) {
		m.err.code = why->code;
		m.err.exit_status = why->exit_status;
		memcpy(m.err.msg, why->msg, len + 1);
	}
	return fd_send(sock, &m, offsetof(struct message, err.msg) + len + 1, fds, n_fds);
}

void step_fail(int sock, enum step s, const struct err *why)
{
	log_trace("step %s failed: %s", step_name(s), why->msg);
	(void)send_message(sock, s, why, NULL, 0);
}

/* Receive one message; 0 is end of file. */
static ssize_t receive(int sock, struct message *m, int *fds, size_t *n_fds)
{
	size_t room = n_fds ? *n_fds : 0;
	ssize_t n = fd_recv(sock, m, sizeof *m, fds, n_fds);

	/* The peer died with something of ours unread. The kernel says that once, and in front of its last words. */
	if (n == -ECONNRESET) {
		if (n_fds)
			*n_fds = room;
		n = fd_recv(sock, m, sizeof *m, fds, n_fds);
	}
	if (n <= 0)
		return n == -ECONNRESET ? 0 : n;
	if ((size_t)n <= offsetof(struct message, err.msg))
		return -EBADMSG;
	((char *)m)[n - 1] = '\0';
	return n;
}

int step_expect(int sock, enum step s, int *fds, size_t *n_fds, struct err *e)
{
	struct message m;
	ssize_t n = receive(sock, &m, fds, n_fds);

	if (n == 0)
		return err_msg(e, EPIPE, "died before %s (%s)", step_name(s), step_text(s));
	if (n < 0)
		return err_set(e, (int)-n, "waiting for %s (%s)", step_name(s), step_text(s));
	if (m.err.code) {
		log_trace("step %s failed on the other side", step_name((enum step)m.step));
		*e = m.err;
		return -e->code;
	}
	if (m.step != s)
		return err_msg(e, EPROTO, "expected %s (%s), got %s", step_name(s), step_text(s),
			       step_name((enum step)m.step));
	log_trace("step %s: %s", step_name(s), step_text(s));
	return 0;
}

int step_say(int sock, enum step s, const int *fds, size_t n_fds, struct err *e)
{
	int r = send_message(sock, s, NULL, fds, n_fds);

	log_trace("step %s: %s", step_name(s), step_text(s));
	if (r == 0)
		return 0;
	/* A peer that failed has said why before it died. */
	if (r == -EPIPE || r == -ECONNRESET)
		return step_expect(sock, s, NULL, NULL, e);
	return err_set(e, -r, "saying %s (%s)", step_name(s), step_text(s));
}

int step_expect_end(int sock, struct err *e)
{
	struct message m;
	ssize_t n = receive(sock, &m, NULL, NULL);

	if (n == 0)
		return 0;
	if (n < 0)
		return err_set(e, (int)-n, "waiting for the program to start");
	if (m.err.code) {
		*e = m.err;
		return -e->code;
	}
	return err_msg(e, EPROTO, "got %s after EXEC", step_name((enum step)m.step));
}
