/* test_init.c - coracle-init as it would be in a container, here as an ordinary process (and as process 1, where
 * user namespaces are allowed).
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"

/* Start coracle-init with `argv`; stdout and stderr come through *ret_out. */
static pid_t start(int *ret_out, const char *const *argv)
{
	const char *full[16] = { "./coracle-init" };
	int p[2];
	pid_t pid;

	for (int i = 0; argv[i]; i++)
		full[i + 1] = argv[i];
	g_assert_cmpint(pipe2(p, O_CLOEXEC), ==, 0);
	pid = fork();
	if (pid == 0) {
		dup2(p[1], 1);
		dup2(p[1], 2);
		execv(full[0], (char *const *)(uintptr_t)full);
		_exit(99);
	}
	close(p[1]);
	*ret_out = p[0];
	return pid;
}

static int finish(pid_t pid, int out, char **ret)
{
	int status;

	g_assert_cmpint(fd_read_all(out, 100000, ret, NULL), ==, 0);
	close(out);
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#define RUN(text, ...) ({                                                       \
	int out_;                                                               \
	pid_t pid_ = start(&out_, (const char *const[]){ __VA_ARGS__, NULL });  \
	finish(pid_, out_, text);                                               \
})

static void test_status(void)
{
	g_autofree char *a = NULL, *b = NULL, *c = NULL, *d = NULL, *f = NULL;

	g_assert_cmpint(RUN(&a, "sh", "-c", "echo hello; exit 3"), ==, 3);
	g_assert_cmpstr(a, ==, "hello\n");
	g_assert_cmpint(RUN(&b, "--", "sh", "-c", "kill -9 $$"), ==, 137);
	g_assert_cmpint(RUN(&c, "/no/such/program"), ==, 127);
	g_assert_nonnull(strstr(c, "/no/such/program"));
	g_assert_cmpint(RUN(&d, "/etc"), ==, 126);
	g_assert_cmpint(RUN(&f, "--"), ==, 125);
	g_assert_nonnull(strstr(f, "usage"));
}

static void wait_for_line(int fd)
{
	char c;

	while (read(fd, &c, 1) == 1 && c != '\n')
		;
}

static void test_signals(void)
{
	static const int sigs[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGQUIT };

	for (size_t i = 0; i < G_N_ELEMENTS(sigs); i++) {
		g_autofree char *script = g_strdup_printf("trap 'echo got; exit 7' %d; echo ready; while :; do sleep 0.02; done",
							  sigs[i]);
		g_autofree char *text = NULL;
		int out;
		pid_t pid = start(&out, (const char *const[]){ "sh", "-c", script, NULL });

		wait_for_line(out);
		kill(pid, sigs[i]);
		g_assert_cmpint(finish(pid, out, &text), ==, 7);
		g_assert_cmpstr(text, ==, "got\n");
	}
}

/* An orphan is reaped: its pid is gone although the program lives on. */
static void test_orphans(void)
{
	g_autofree char *text = NULL;

	g_assert_cmpint(RUN(&text, "sh", "-c",
			    "p=$(sh -c 'sleep 0.1 >/dev/null & echo $!'); sleep 0.4; "
			    "if [ -e /proc/$p ]; then echo zombie; else echo reaped; fi"),
			==, 0);
	g_assert_cmpstr(text, ==, "reaped\n");
}

/* The program's pipes end when it closes them, though init lives on. */
static void test_pipes(void)
{
	g_autofree char *text = NULL;
	int out, status;
	pid_t pid = start(&out, (const char *const[]){ "sh", "-c", "exec >&- 2>&-; sleep 0.3", NULL });

	g_assert_cmpint(fd_read_all(out, 100, &text, NULL), ==, 0);
	g_assert_cmpint(waitpid(pid, &status, WNOHANG), ==, 0);
	close(out);
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_cmpint(status, ==, 0);
}

/* With a terminal the program is its foreground group, and ^C reaches it. */
static void test_terminal(void)
{
	autofd master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	char text[256] = "";
	size_t n = 0;
	int status;
	pid_t pid;

	g_assert_cmpint(master, >=, 0);
	g_assert_cmpint(grantpt(master) | unlockpt(master), ==, 0);
	pid = fork();
	if (pid == 0) {
		int tty;

		setsid();
		tty = open(ptsname(master), O_RDWR);
		if (tty < 0 || ioctl(tty, TIOCSCTTY, 0) < 0)
			_exit(98);
		for (int i = 0; i < 3; i++)
			dup2(tty, i);
		execl("./coracle-init", "coracle-init", "sh", "-c",
		      "trap 'exit 9' INT; [ $(ps -o tpgid= -p $$) = $$ ] && echo front; echo ready; "
		      "while :; do sleep 0.02; done", NULL);
		_exit(99);
	}
	while (n < sizeof text - 1 && !strstr(text, "ready")) {
		ssize_t r = read(master, text + n, sizeof text - 1 - n);

		if (r <= 0)
			break;
		n += (size_t)r;
		text[n] = '\0';
	}
	g_assert_nonnull(strstr(text, "front"));
	g_assert_cmpint(write(master, "\003", 1), ==, 1);
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_true(WIFEXITED(status));
	g_assert_cmpint(WEXITSTATUS(status), ==, 9);
}

static void test_process_one(void)
{
	const char *cmd = "unshare -rpf --mount-proc ./coracle-init sh -c "
			  "'trap \"exit 5\" TERM; sleep 100 & kill -TERM 1; wait; sleep 2; exit 6'";
	int status;

	if (system("unshare -rpf true 2>/dev/null") != 0) {
		g_test_skip("no user namespaces here");
		return;
	}
	status = system(cmd);
	g_assert_true(WIFEXITED(status));
	g_assert_cmpint(WEXITSTATUS(status), ==, 5);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/init/status", test_status);
	g_test_add_func("/init/signals", test_signals);
	g_test_add_func("/init/orphans", test_orphans);
	g_test_add_func("/init/pipes", test_pipes);
	g_test_add_func("/init/terminal", test_terminal);
	g_test_add_func("/init/process-one", test_process_one);
	return g_test_run();
}
