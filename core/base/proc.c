/* proc.c - see proc.h. */
#include "core/base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"

void proc_kill_and_reap(pid_t *pid)
{
	int saved = errno;

	if (*pid > 0) {
		(void)kill(*pid, SIGKILL);
		(void)proc_wait(*pid);
	}
	*pid = -1;
	errno = saved;
}

int proc_status_code(int st)
{
	return WIFSIGNALED(st) ? 128 + WTERMSIG(st) : WEXITSTATUS(st);
}

int proc_wait(pid_t pid)
{
	int st;

	while (waitpid(pid, &st, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return proc_status_code(st);
}

void proc_die_with_parent(pid_t parent)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(128 + SIGKILL);
}

void proc_die_with_outer_parent(void)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}

int proc_start(char *const argv[], int out_fd, struct proc *ret, struct err *e)
{
	int p[2];
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	pid = fork();
	if (pid < 0) {
		int code = errno;

		(void)close(p[0]);
		(void)close(p[1]);
		return err_set(e, code, "fork");
	}
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		(void)dup2(null, 0);
		(void)dup2(out_fd >= 0 ? out_fd : null, 1);
		(void)dup2(p[1], 2);
		proc_reset_signals();
		execvp(argv[0], argv);
		_exit(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
	}
	(void)close(p[1]);
	ret->pid = pid;
	ret->err_fd = p[0];
	return 0;
}

int proc_finish(struct proc *p, const char *what, struct err *e)
{
	char buf[512], *last;
	ssize_t n = fd_read_full(p->err_fd, buf, sizeof buf - 1);
	int st;

	fd_close(&p->err_fd);
	st = proc_wait(p->pid);
	p->pid = -1;
	if (st == 0)
		return 0;
	if (st == EXIT_NOT_FOUND && n <= 0)
		return err_set(e, ENOENT, "%s", what);
	buf[n > 0 ? n : 0] = '\0';
	while (n > 0 && buf[n - 1] == '\n')
		buf[--n] = '\0';
	last = strrchr(buf, '\n');
	return err_msg(e, EIO, "%s failed with status %d%s%s", what, st, *buf ? ": " : "",
		       last ? last + 1 : buf);
}

bool proc_leave_terminal(void)
{
	autofd tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	/* ENXIO: there is none. */
	if (tty < 0 ? errno != ENXIO : ioctl(tty, TIOCNOTTY) < 0)
		return false;
	return setpgid(0, 0) == 0;
}

void proc_reset_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

void proc_set_name(const char *name)
{
	(void)prctl(PR_SET_NAME, name);
}

pid_t proc_self_in(int dirfd, const char *name)
{
	char text[24];
	ssize_t n = readlinkat(dirfd, name, text, sizeof text - 1);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	return (pid_t)strtol(text, NULL, 10);
}
