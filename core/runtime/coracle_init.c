/* coracle_init.c - coracle-init [--] PROGRAM [ARGUMENT...]: process 1 of a container that is run with --init.
 *
 * Who starts me: init, by exec, as the container's first process. What I hold: nothing; all descriptors are the
 * program's. When I end: as soon as the program does, with its status (128+n when signal n killed it), and the
 * kernel then kills what is left. What must never happen here: that I end before the program, or that a signal
 * or a zombie is lost.
 *
 * Static and without libraries but libc: it is shown inside containers that have none.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STATUS_OURS = 125, STATUS_NOT_EXECUTABLE = 126, STATUS_NOT_FOUND = 127 };

static int complain(const char *what, int err, int status)
{
	fprintf(stderr, "coracle-init: %s: %s\n", what, strerror(err));
	return status;
}

/* In the child: a process group of its own, in the foreground of the terminal if there is one, so that ^C and ^Z
 * reach the program and not us, and a shell has job control. The signals are still blocked, or tcsetpgrp from what
 * is by then a background group would stop us (SIGTTOU). */
static void take_terminal(void)
{
	(void)setpgid(0, 0);
	/* No terminal, or not ours: ENOTTY; nothing to do then. */
	for (int fd = 0; fd < 3; fd++)
		if (tcsetpgrp(fd, getpgrp()) == 0)
			break;
}

static int run_program(char *const argv[], const sigset_t *mask)
{
	int err;

	take_terminal();
	(void)sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	err = errno;
	return complain(argv[0], err, err == ENOENT || err == ENOTDIR ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE);
}

/* Reap everybody who has ended. The program's status as a shell gives it, or -1 while it runs. */
static int reap(pid_t program)
{
	int status, ret = -1;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == program)
			ret = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return ret;
}

/* SIGCHLD comes when a child has ended; every other signal is the program's. A blocked signal is kept for
 * process 1 even where its default would be to be ignored. */
static int watch(pid_t program, const sigset_t *all)
{
	for (;;) {
		siginfo_t info;
		int sig = sigwaitinfo(all, &info), status;

		if (sig < 0)
			continue;
		if (sig != SIGCHLD) {
			/* The kernel sends these to whoever uses the terminal from the background: to us alone. */
			if ((sig == SIGTTIN || sig == SIGTTOU) && info.si_code == SI_KERNEL)
				continue;
			(void)kill(program, sig);
			continue;
		}
		status = reap(program);
		if (status >= 0)
			return status;
	}
}

int main(int argc, char **argv)
{
	sigset_t all, before;
	int first = 1;
	pid_t program;

	if (argc > 1 && strcmp(argv[1], "--") == 0)
		first = 2;
	if (argc <= first) {
		fprintf(stderr, "usage: coracle-init [--] PROGRAM [ARGUMENT...]\n");
		return STATUS_OURS;
	}
	/* Where we are not process 1 (--pid=host), orphans still come to us. */
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	/* A parent that ignored SIGCHLD would have its children reaped by nobody. */
	(void)signal(SIGCHLD, SIG_DFL);
	program = fork();
	if (program < 0)
		return complain("fork", errno, STATUS_OURS);
	if (program == 0)
		_exit(run_program(argv + first, &before));
	/* The program's pipes must end when the program closes them. */
	(void)close_range(0, ~0U, 0);
	return watch(program, &all);
}
