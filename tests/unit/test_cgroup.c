/* test_cgroup.c - decisions about cgroups on any machine, and, where this user has rights, limits that bite.
 *
 * With CORACLE_TEST_CGROUP=1 (tests/vm/cgroup.sh sets it) a cgroup that can't be made is a failure.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/runtime/cgroup.h"

#define MIB (1024 * 1024)

static struct cgroup_request request(struct rspec_resources *r)
{
	return (struct cgroup_request){ .id = "0123456789abcdef", .resources = r };
}

static void test_words(void)
{
	enum cgroup_mode m;
	enum cgroup_manager g;

	g_assert_true(cgroup_mode_parse(NULL, &m) && m == CGROUP_ENABLED);
	g_assert_true(cgroup_mode_parse("no-conmon", &m) && m == CGROUP_NO_CONMON);
	g_assert_true(cgroup_mode_parse("split", &m) && m == CGROUP_SPLIT);
	g_assert_false(cgroup_mode_parse("of course", &m));
	g_assert_true(cgroup_manager_parse("cgroupfs", &g) && g == CGROUP_MANAGER_CGROUPFS);
	g_assert_false(cgroup_manager_parse("openrc", &g));
}

/* No limits: nothing is made, nothing is asked. Disabled and limited: an error. */
static void test_decisions(void)
{
	struct rspec_resources none = { 0 }, some = { .has_pids_limit = true, .pids_limit = 7 };
	struct cgroup_request req = request(&none);
	autocgroup *c = NULL;
	struct err e = ERR_INIT;

	g_assert_cmpint(cgroup_make(&req, &c, &e), ==, 0);
	g_assert_null(c->path);
	g_assert_null(c->note);
	req = request(&some);
	req.mode = CGROUP_DISABLED;
	g_assert_cmpint(cgroup_check(&req, NULL, &e), ==, -EINVAL);
	g_assert_nonnull(strstr(e.msg, "disabled"));
}

static void test_bad_key(void)
{
	struct rspec_kv kv[] = { { (char *)"memory/high", (char *)"1" } };
	struct rspec_resources r = { .unified = kv, .n_unified = 1 };
	struct cgroup_request req = request(&r);
	struct err e = ERR_INIT;

	g_assert_cmpint(cgroup_check(&req, NULL, &e), ==, -EINVAL);
	kv[0].key = (char *)"nosuch.max";
	g_assert_cmpint(cgroup_check(&req, NULL, &e), ==, -EINVAL);
	g_assert_nonnull(strstr(e.msg, "nosuch.max"));
}

/* Never silent: limits are made, or there is a note, or an error. */
static void test_never_silent(void)
{
	struct rspec_resources r = { .has_memory_limit = true, .memory_limit = 64 * MIB };
	struct cgroup_request req = request(&r);
	autocgroup *c = NULL;
	struct err e = ERR_INIT;
	pid_t pid = fork();
	int status;

	if (pid == 0) {         /* may be moved */
		int rc = cgroup_make(&req, &c, &e);

		if (rc < 0)
			_exit(e.msg[0] ? 0 : 1);
		if (c->path && cgroup_destroy(c, &e) < 0)
			_exit(2);
		_exit(c->path || c->note ? 0 : 3);
	}
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_cmpint(status, ==, 0);
}

/* Fork into the cgroup, as launch() does. */
static pid_t fork_into(const char *path)
{
	autofd fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct clone_args a = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (uint64_t)fd };

	return (pid_t)syscall(SYS_clone3, &a, sizeof a);
}

static int end_of(pid_t pid)
{
	int status;

	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void eat_memory(const char *path)
{
	pid_t pid = fork_into(path);

	g_assert_cmpint(pid, >=, 0);
	if (pid == 0) {
		size_t len = 200 * MIB;
		volatile char *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		for (size_t i = 0; i < len; i += 4096)
			p[i] = 1;
		_exit(0);
	}
	g_assert_cmpint(end_of(pid), ==, 128 + SIGKILL);
	g_assert_cmpuint(cgroup_oom_kills(path), ==, 1);
}

static void fork_too_often(const char *path)
{
	pid_t pid = fork_into(path);

	g_assert_cmpint(pid, >=, 0);
	if (pid == 0) {
		for (int i = 0; i < 100; i++) {
			pid_t p = fork();

			if (p < 0)
				_exit(errno == EAGAIN ? i : 200);
			if (p == 0) {
				pause();
				_exit(0);
			}
		}
		_exit(201);
	}
	g_assert_cmpint(end_of(pid), ==, 9);
	g_assert_cmpint(cgroup_pids(path, NULL), ==, 9);
}

static void freeze_and_kill(const char *path)
{
	struct err e = ERR_INIT;
	pid_t pid = fork_into(path);

	if (pid == 0)
		for (;;)
			pause();
	g_assert_cmpint(cgroup_freeze(path, true, &e), ==, 0);
	g_assert_cmpint(cgroup_read_key(path, "cgroup.events", "frozen"), ==, 1);
	g_assert_cmpint(cgroup_freeze(path, false, &e), ==, 0);
	g_assert_cmpint(cgroup_kill(path, &e), ==, 0);
	g_assert_cmpint(end_of(pid), ==, 128 + SIGKILL);
}

/* The keeper's life with a limited container. In a child, since it is moved. */
static void limits_child(void)
{
	struct rspec_kv kv[] = { { (char *)"memory.high", (char *)"60M" } };
	struct rspec_resources r = {
		.has_memory_limit = true, .memory_limit = 64 * MIB, .has_memory_swap = true, .memory_swap = 64 * MIB,
		.has_pids_limit = true, .pids_limit = 10, .has_cpu_quota = true, .cpu_quota = 50000,
		.has_cpu_shares = true, .cpu_shares = 1024, .unified = kv, .n_unified = 1,
	};
	struct cgroup_request req = request(&r);
	autocgroup *c = NULL;
	struct err e = ERR_INIT;
	g_autofree char *path = NULL, *cpu = NULL;

	kv[0].value = (char *)"max";
	if (cgroup_make(&req, &c, &e) < 0)
		g_error("%s", e.msg);
	g_assert_nonnull(c->path);
	g_assert_null(c->note);
	g_test_message("%s", c->path);
	g_assert_cmpint(cgroup_read_number(c->path, "memory.max"), ==, 64 * MIB);
	g_assert_cmpint(cgroup_read_number(c->path, "memory.swap.max"), ==, 0);
	g_assert_cmpint(cgroup_read_number(c->path, "cpu.weight"), ==, 39);
	path = g_build_filename(c->path, "cpu.max", NULL);
	g_assert_true(g_file_get_contents(path, &cpu, NULL, NULL));
	g_assert_cmpstr(cpu, ==, "50000 100000\n");
	eat_memory(c->path);
	fork_too_often(c->path);
	g_assert_cmpint(cgroup_kill(c->path, &e), ==, 0);
	freeze_and_kill(c->path);
	if (cgroup_destroy(c, &e) < 0)
		g_error("%s", e.msg);
	g_assert_cmpint(access(c->path, F_OK), <, 0);
}

static void test_limits(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		limits_child();
		_exit(0);
	}
	g_assert_cmpint(end_of(pid), ==, 0);
}

/* A controller that nobody has is refused before anything is made. */
static void test_missing_controller(void)
{
	struct rspec_kv kv[] = { { (char *)"rdma.max", (char *)"max" } };
	struct rspec_resources r = { .unified = kv, .n_unified = 1 };
	struct cgroup_request req = request(&r);
	g_autofree char *note = NULL;
	struct err e = ERR_INIT;

	g_assert_cmpint(cgroup_check(&req, &note, &e), <, 0);
}

static bool is_v2_user(void)
{
	struct cgroup_host h;

	cgroup_probe(&h);
	return h.layout == CGROUP_LAYOUT_V2 && geteuid() != 0;
}

static bool may_limit(void)
{
	struct rspec_resources r = { .has_memory_limit = true, .memory_limit = 64 * MIB };
	struct cgroup_request req = request(&r);
	g_autofree char *note = NULL;
	struct err e = ERR_INIT;

	return g_getenv("CORACLE_TEST_CGROUP") || (cgroup_check(&req, &note, &e) == 0 && !note);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/cgroup/words", test_words);
	g_test_add_func("/cgroup/decisions", test_decisions);
	g_test_add_func("/cgroup/bad-key", test_bad_key);
	g_test_add_func("/cgroup/never-silent", test_never_silent);
	/* No set-up can give these rights to a machine; tests/vm/cgroup.sh runs them where they are. */
	if (is_v2_user())
		g_test_add_func("/cgroup/missing-controller", test_missing_controller);
	if (may_limit())
		g_test_add_func("/cgroup/limits", test_limits);
	return g_test_run();
}
