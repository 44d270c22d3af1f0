/* guard.c - see guard.h. */
#include "core/container/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/proc.h"

static _Noreturn void guard(int pidfd, int end)
{
	const int keep[] = { pidfd, end };
	char c;

	/* Not even the standard streams, which by now are /dev/null: nothing is read or written here. */
	for (int i = 0; i < 3; i++)
		(void)close(i);
	fd_close_all_but(keep, 2);
	proc_set_name("coracle-guard");
	while (read(end, &c, 1) < 0 && errno == EINTR)
		;
	/* Reaped already when the keeper ended in order: then the signal goes nowhere. */
	(void)syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
	_exit(0);
}

int guard_start(int pidfd)
{
	int p[2];
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) < 0)
		return -1;
	/* Not a process that shares our memory: the kernel's out-of-memory killer would take both. */
	pid = fork();
	if (pid == 0)
		guard(pidfd, p[0]);
	(void)close(p[0]);
	if (pid < 0)
		fd_close(&p[1]);
	return p[1];
}
