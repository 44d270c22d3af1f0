/* The handshake: order, errors, descriptors, and the death of the peer. */
#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/runtime/steps.h"

struct pair { int a, b; };

static struct pair make_pair(void)
{
	int p[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, p), ==, 0);
	return (struct pair){ p[0], p[1] };
}

static void test_order(void)
{
	struct pair p = make_pair();
	struct err e = ERR_INIT;

	for (int i = 0; i < STEP_COUNT; i++) {
		g_assert_cmpint(step_say(p.a, (enum step)i, NULL, 0, &e), ==, 0);
		g_assert_cmpint(step_expect(p.b, (enum step)i, NULL, NULL, &e), ==, 0);
	}
	g_assert_cmpint(step_say(p.a, STEP_GO, NULL, 0, &e), ==, 0);
	g_assert_cmpint(step_expect(p.b, STEP_ROOTED, NULL, NULL, &e), ==, -EPROTO);
	g_assert_nonnull(strstr(e.msg, "expected ROOTED (the root is entered), got GO"));
	close(p.a);
	close(p.b);
}

static void test_error_travels(void)
{
	struct pair p = make_pair();
	struct err said = ERR_INIT, e = ERR_INIT;

	err_exit((err_set(&said, ENOENT, "mount %s", "/x"), &said), EXIT_NOT_FOUND);
	step_fail(p.a, STEP_ROOTED, &said);
	g_assert_cmpint(step_expect(p.b, STEP_ROOTED, NULL, NULL, &e), ==, -ENOENT);
	g_assert_cmpstr(e.msg, ==, "mount /x: No such file or directory");
	g_assert_cmpint(err_status(&e), ==, 127);
	close(p.a);
	close(p.b);
}

/* The peer failed, said why and died before it read what we said: its words count, not the broken pipe. */
static void test_last_words(void)
{
	struct pair p = make_pair();
	struct err said = ERR_INIT, e = ERR_INIT;

	err_set(&said, ENOENT, "mount %s", "/x");
	step_fail(p.a, STEP_ROOTED, &said);
	close(p.a);
	g_assert_cmpint(step_say(p.b, STEP_SERVED, NULL, 0, &e), ==, -ENOENT);
	g_assert_cmpstr(e.msg, ==, "mount /x: No such file or directory");
	close(p.b);
	p = make_pair();
	err_clear(&e);
	g_assert_cmpint(step_say(p.b, STEP_SERVED, NULL, 0, &e), ==, 0);
	step_fail(p.a, STEP_ROOTED, &said);
	close(p.a);
	g_assert_cmpint(step_expect(p.b, STEP_ROOTED, NULL, NULL, &e), ==, -ENOENT);
	g_assert_cmpstr(e.msg, ==, "mount /x: No such file or directory");
	close(p.b);
}

static void test_death(void)
{
	struct pair p = make_pair();
	struct err e = ERR_INIT;

	close(p.a);
	g_assert_cmpint(step_expect(p.b, STEP_NETTED, NULL, NULL, &e), ==, -EPIPE);
	g_assert_cmpstr(e.msg, ==, "died before NETTED (namespaces and network interfaces are made)");
	err_clear(&e);
	g_assert_cmpint(step_say(p.b, STEP_MAPPED, NULL, 0, &e), ==, -EPIPE);
	close(p.b);
}

static void test_fds(void)
{
	struct pair p = make_pair();
	struct err e = ERR_INIT;
	int pipefd[2], got[STEP_FDS_MAX];
	size_t n = STEP_FDS_MAX;
	char c = 0;

	g_assert_cmpint(pipe(pipefd), ==, 0);
	g_assert_cmpint(step_say(p.a, STEP_NETTED, pipefd, 2, &e), ==, 0);
	g_assert_cmpint(step_expect(p.b, STEP_NETTED, got, &n, &e), ==, 0);
	g_assert_cmpint(n, ==, 2);
	g_assert_cmpint(write(got[1], "x", 1), ==, 1);
	g_assert_cmpint(read(pipefd[0], &c, 1), ==, 1);
	g_assert_cmpint(c, ==, 'x');
	for (int i = 0; i < 2; i++) {
		close(pipefd[i]);
		close(got[i]);
	}
	close(p.a);
	close(p.b);
}

static void test_end(void)
{
	struct pair p = make_pair();
	struct err said = ERR_INIT, e = ERR_INIT;

	err_msg(&said, EACCES, "cannot execute");
	step_fail(p.a, STEP_EXEC, &said);
	g_assert_cmpint(step_expect_end(p.b, &e), ==, -EACCES);
	close(p.a);
	err_clear(&e);
	g_assert_cmpint(step_expect_end(p.b, &e), ==, 0);
	close(p.b);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/steps/order", test_order);
	g_test_add_func("/steps/error", test_error_travels);
	g_test_add_func("/steps/death", test_death);
	g_test_add_func("/steps/last-words", test_last_words);
	g_test_add_func("/steps/fds", test_fds);
	g_test_add_func("/steps/end", test_end);
	return g_test_run();
}
