/* gate.c - see gate.h. */
#include "core/runtime/gate.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/runtime/launch.h"
#include "core/runtime/steps.h"

#define SOCKET_NAME "start"

/* A state directory's path may be longer than a socket's name: through the descriptor it is short. */
static void address(int dirfd, struct sockaddr_un *ret)
{
	ret->sun_family = AF_UNIX;
	snprintf(ret->sun_path, sizeof ret->sun_path, "/proc/self/fd/%d/" SOCKET_NAME, dirfd);
}

int gate_make(int dirfd, struct gate *ret, struct err *e)
{
	autofd s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un a = { 0 };

	address(dirfd, &a);
	if (s < 0 || bind(s, (const struct sockaddr *)&a, sizeof a) < 0 || listen(s, 1) < 0)
		return err_set(e, errno, "make the start socket");
	ret->listener = take_fd(&s);
	return 0;
}

int gate_wait(const struct gate *g)
{
	for (;;) {
		struct err why = ERR_INIT;
		int s = accept4(g->listener, NULL, NULL, SOCK_CLOEXEC);

		if (s >= 0 && step_expect(s, STEP_GO, NULL, NULL, &why) == 0)
			return s;
		fd_close(&s);
	}
}

int gate_open(int dirfd, pid_t pid, struct err *e)
{
	autofd s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un a = { 0 };
	int r;

	address(dirfd, &a);
	if (s < 0 || connect(s, (const struct sockaddr *)&a, sizeof a) < 0)
		return err_set(e, errno, "reach the container's first process");
	if (step_say(s, STEP_GO, NULL, 0, e) < 0)
		return -e->code;
	r = step_expect_end(s, e);
	if (r == 0 && !launch_has_executed(pid))
		return err_msg(e, EPIPE, "the container's first process died before it could execute the program");
	(void)unlinkat(dirfd, SOCKET_NAME, 0);
	return r;
}
