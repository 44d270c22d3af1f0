/* test_seccomp.c - the built-in profile as the kernel sees it, and profiles of users. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <jansson.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/runtime/seccomp.h"
#include "core/runtime/seccomp_document.h"
#include "core/runtime/seccomp_table.h"

#define BIT(c) (UINT64_C(1) << (c))

static char *cache;

/* Run `check` in a child under the filter; its result is the exit status. */
static int under(const struct seccomp_program *p, int (*check)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct err e = ERR_INIT;

		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || seccomp_install(p, &e) < 0)
			_exit(200);
		_exit(check());
	}
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static struct rspec *spec_with(enum rspec_seccomp_kind kind, uint64_t caps, const char *json)
{
	struct rspec *s = g_new0(struct rspec, 1);

	s->seccomp = kind;
	s->process.has_capabilities = true;
	s->process.capabilities[CAP_SET_BOUNDING] = caps;
	s->seccomp_json = arena_strdup(&s->arena, json);
	return s;
}

static int run(enum rspec_seccomp_kind kind, uint64_t caps, const char *json, int (*check)(void))
{
	struct rspec *s = spec_with(kind, caps, json);
	autoseccomp p = SECCOMP_PROGRAM_INIT;
	struct err e = ERR_INIT;
	int r = seccomp_prepare(s, cache, &p, &e);

	arena_free(&s->arena);
	g_free(s);
	if (r < 0)
		g_error("%s", e.msg);
	return under(&p, check);
}

#define FAILS_WITH(call, err) (errno = 0, (call) == -1 && errno == (err))

/* Each check returns the number of its first wrong answer, or 0. */
static int check_default(void)
{
	char dir[] = "/tmp/test_seccomp.XXXXXX";

	if (!mkdtemp(dir) || rmdir(dir) < 0)
		return 1;
	if (!FAILS_WITH(syscall(1000), ENOSYS))
		return 2;
	if (!FAILS_WITH(syscall(SYS_swapon, "", 0), EPERM))
		return 3;
	if (!FAILS_WITH(syscall(425 /* io_uring_setup */, 1, NULL), ENOSYS))
		return 4;
	if (!FAILS_WITH(syscall(SYS_bpf, 0, NULL, 0), EPERM))
		return 5;
	if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0)
		return 6;
	if (FAILS_WITH(syscall(SYS_keyctl, 99999), ENOSYS) || errno == EPERM)
		return 7;
	if (personality(0xffffffff) < 0)
		return 8;
	if (!FAILS_WITH(personality(PER_LINUX | ADDR_NO_RANDOMIZE), ENOSYS))
		return 9;
	if (!FAILS_WITH(syscall(452 /* fchmodat2 */, -1, "x", 0, 0), EBADF) && errno != ENOSYS)
		return 10;
	if (!FAILS_WITH(syscall(SYS_userfaultfd, 0), EPERM))
		return 11;
	return 0;
}

static int check_chroot_refused(void)
{
	/* EPERM is the filter's: the kernel would look the path up first. */
	return FAILS_WITH(chroot("/no/such/place"), EPERM) ? 0 : 1;
}

static int check_chroot_allowed(void)
{
	return FAILS_WITH(chroot("/no/such/place"), ENOENT) ? 0 : 1;
}

/* Every family with every protocol up to 20: what the filter says, told from what the kernel says. */
static int sockets(bool audit)
{
	for (int family = 0; family < 64; family++)
		for (int protocol = 0; protocol < 20; protocol++) {
			bool filtered_audit = !audit && family == AF_NETLINK && protocol == 9;
			long fd;

			/* Type 99 exists nowhere: the kernel never makes one, and says EINVAL, or EAFNOSUPPORT. */
			errno = 0;
			fd = syscall(SYS_socket, family, filtered_audit || family == AF_VSOCK ? SOCK_STREAM : 99,
				     protocol);
			if (fd >= 0)
				return 10;
			if (family == AF_VSOCK && errno != EAFNOSUPPORT)
				return 11;
			if (filtered_audit && errno != EINVAL)
				return 12;
			if (errno == ENOSYS && !(protocol == 9 && !audit))
				return 100 + family;
		}
	/* The kernel looks at 32 bits of the family only. */
	if (!FAILS_WITH(syscall(SYS_socket, 0x100000000UL | AF_VSOCK, SOCK_STREAM, 0), EAFNOSUPPORT))
		return 13;
	if (socket(AF_UNIX, SOCK_STREAM, 0) < 0 || socket(AF_NETLINK, SOCK_RAW, 0) < 0)
		return 14;
	if (socket(AF_INET, SOCK_DGRAM, 0) < 0 || socket(AF_INET6, SOCK_STREAM, 0) < 0)
		return 15;
	return 0;
}

static int check_sockets(void) { return sockets(false); }
static int check_sockets_audit(void) { return sockets(true); }

#ifdef __x86_64__
static long int80(long nr, long a, long b)
{
	long ret;

	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(nr), "b"(a), "c"(b), "d"(0) : "memory", "r8", "r9", "r10", "r11");
	return ret;
}

/* The 32-bit companion has a list of its own. Exit 99: this kernel has no 32-bit calls. */
static int check_32bit(void)
{
	if (int80(20 /* getpid */, 0, 0) == -ENOSYS)
		return 99;
	if (int80(20, 0, 0) != getpid())
		return 1;
	if (int80(87 /* swapon */, 0, 0) != -EPERM)
		return 2;
	if (int80(425 /* io_uring_setup */, 0, 0) != -ENOSYS)
		return 3;
	return int80(359 /* socket */, AF_VSOCK, 1) == -EAFNOSUPPORT ? 0 : 4;
}
#endif

static void test_default(void)
{
	g_assert_cmpint(run(SECCOMP_DEFAULT, BIT(CAP_SYS_CHROOT), NULL, check_default), ==, 0);
	g_assert_cmpint(run(SECCOMP_DEFAULT, BIT(CAP_SYS_CHROOT), NULL, check_chroot_allowed), ==, 0);
	g_assert_cmpint(run(SECCOMP_DEFAULT, 0, NULL, check_chroot_refused), ==, 0);
#ifdef __x86_64__
	int r = run(SECCOMP_DEFAULT, BIT(CAP_SYS_CHROOT), NULL, check_32bit);

	if (r == 99 || r == 128 + SIGSEGV)
		g_test_message("no 32-bit system calls here");
	else
		g_assert_cmpint(r, ==, 0);
#endif
}

static void test_sockets(void)
{
	g_assert_cmpint(run(SECCOMP_DEFAULT, BIT(CAP_SYS_CHROOT), NULL, check_sockets), ==, 0);
	g_assert_cmpint(run(SECCOMP_DEFAULT, BIT(CAP_AUDIT_WRITE) | BIT(CAP_SYS_CHROOT), NULL, check_sockets_audit), ==, 0);
}

/* A set of capabilities without a ready variant is compiled and cached, and then found. */
static void test_variant(void)
{
	g_autofree char *name = NULL, *path = NULL, *text = NULL;
	uint64_t caps = BIT(CAP_SYS_TIME) | BIT(CAP_SYS_CHROOT);
	g_autoptr(GDir) d = NULL;
	gsize len;

	g_assert_cmpint(run(SECCOMP_DEFAULT, caps, NULL, check_default), ==, 0);
	d = g_dir_open(cache, 0, NULL);
	name = g_strdup(g_dir_read_name(d));
	g_assert_cmpuint(strlen(name), ==, 64);
	path = g_build_filename(cache, name, NULL);
	g_assert_cmpint(run(SECCOMP_DEFAULT, caps, NULL, check_default), ==, 0);

	/* Cut short, it is not believed, and is made again. */
	g_assert_cmpint(truncate(path, 1000), ==, 0);
	g_assert_cmpint(run(SECCOMP_DEFAULT, caps, NULL, check_default), ==, 0);
	g_assert_true(g_file_get_contents(path, &text, &len, NULL));
	g_assert_cmpuint(len, >, 1000);

	/* Writable for others neither; all calls would be allowed by this one. */
	memset(text + len - 8, 0, 8);
	g_assert_true(g_file_set_contents(path, text, (gssize)len, NULL));
	g_assert_cmpint(chmod(path, 0666), ==, 0);
	g_assert_cmpint(run(SECCOMP_DEFAULT, caps, NULL, check_default), ==, 0);
}

static int check_document(void)
{
	if (!FAILS_WITH(rmdir("/no/such"), ETXTBSY))
		return 1;
	if (!FAILS_WITH(mkdir("/no/such/dir", 0), EPERM))
		return 2;
	if (!FAILS_WITH(kill(getpid(), 50), EXDEV) || kill(getpid(), 0) < 0)
		return 3;
	if (!FAILS_WITH(syscall(SYS_lseek, 0x1234, 0, 77), ENOTNAM))
		return 4;
	if (!FAILS_WITH(syscall(SYS_ftruncate, 77, 0), EBADF) || !FAILS_WITH(syscall(SYS_ftruncate, -1, 999), ENOANO))
		return 5;
	return 0;
}

static const char document[] =
	"{ 'defaultAction': 'SCMP_ACT_ALLOW', 'architectures': ['SCMP_ARCH_X86_64', 'SCMP_ARCH_AARCH64'],"
	"  'flags': ['SECCOMP_FILTER_FLAG_LOG'], 'syscalls': ["
	"  { 'names': ['rmdir', 'no_such_call'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': 26 },"
	"  { 'names': ['mkdir'], 'action': 'SCMP_ACT_ERRNO' },"
	"  { 'name': 'kill', 'action': 'SCMP_ACT_ERRNO', 'errno': 'EXDEV', 'args': ["
	"     { 'index': 1, 'op': 'SCMP_CMP_GE', 'value': 50 } ] },"
	"  { 'names': ['lseek'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': 118, 'args': ["
	"     { 'index': 0, 'op': 'SCMP_CMP_MASKED_EQ', 'value': 255, 'valueTwo': 52 },"
	"     { 'index': 2, 'op': 'SCMP_CMP_EQ', 'value': 77 } ] },"
	"  { 'names': ['ftruncate'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': 55, 'args': ["
	"     { 'index': 1, 'op': 'SCMP_CMP_EQ', 'value': 998 }, { 'index': 1, 'op': 'SCMP_CMP_EQ', 'value': 999 } ] },"
	"  { 'names': ['getpid'], 'action': 'SCMP_ACT_KILL_PROCESS', 'includes': { 'caps': ['CAP_SYS_BOOT'] } },"
	"  { 'names': ['getppid'], 'action': 'SCMP_ACT_KILL', 'excludes': { 'minKernel': '4.8' } },"
	"  { 'names': ['getppid'], 'action': 'SCMP_ACT_TRAP', 'includes': { 'arches': ['vax'] } } ] }";

static char *quotes(const char *s)
{
	return g_strdelimit(g_strdup(s), "'", '"');
}

static int check_getpid(void)
{
	return syscall(SYS_getpid) > 0 && syscall(SYS_getppid) >= 0 ? 0 : 1;
}

static void test_document(void)
{
	g_autofree char *text = quotes(document);

	g_assert_cmpint(run(SECCOMP_DOCUMENT, 0, text, check_document), ==, 0);
	g_assert_cmpint(run(SECCOMP_DOCUMENT, 0, text, check_document), ==, 0);
	g_assert_cmpint(run(SECCOMP_DOCUMENT, 0, text, check_getpid), ==, 0);
	g_assert_cmpint(run(SECCOMP_DOCUMENT, BIT(CAP_SYS_BOOT), text, check_getpid), ==, 128 + SIGSYS);
	g_assert_cmpint(run(SECCOMP_NONE, 0, NULL, check_getpid), ==, 0);
}

/* The printed form of the built-in profile says the same as the table. */
static void test_printed(void)
{
	g_autofree char *text = seccomp_default_document(BIT(CAP_SYS_CHROOT));

	g_assert_cmpint(run(SECCOMP_DOCUMENT, 0, text, check_default), ==, 0);
	g_assert_cmpint(run(SECCOMP_DOCUMENT, 0, text, check_sockets), ==, 0);
	g_assert_cmpint(run(SECCOMP_DOCUMENT, 0, text, check_chroot_allowed), ==, 0);
}

static void refused(const char *text, const char *why)
{
	g_autofree char *json = quotes(text);
	struct err e = ERR_INIT;

	g_assert_cmpint(seccomp_check_document(json, strlen(json), &e), <, 0);
	if (!strstr(e.msg, why))
		g_error("'%s' says '%s' instead of '%s'", json, e.msg, why);
}

static void test_refused(void)
{
	refused("", "line");
	refused("[]", "not a JSON object");
	refused("{}", "defaultAction is missing");
	refused("{'defaultAction': 'SCMP_ACT_MAYBE'}", "unknown action SCMP_ACT_MAYBE");
	refused("{'defaultAction': 'SCMP_ACT_NOTIFY'}", "defaultAction: cannot be SCMP_ACT_NOTIFY");
	refused("{'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'names': ['sendmsg'], 'action': 'SCMP_ACT_NOTIFY'}]}",
		"syscalls[0]: sendmsg cannot be SCMP_ACT_NOTIFY");
	refused("{'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'names': ['mkdir'], 'action': 'SCMP_ACT_NOTIFY'}]}",
		"SCMP_ACT_NOTIFY is not supported: there is no listener");
	refused("{'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': 1}", "syscalls: of the wrong type");
	refused("{'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'action': 'SCMP_ACT_KILL'}]}",
		"syscalls[0]: names is missing");
	refused("{'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'names': [1], 'action': 'SCMP_ACT_KILL'}]}",
		"syscalls[0]: a name is not a string");
	refused("{'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'names': ['read'], 'action': 'SCMP_ACT_KILL', 'args': "
		"[{'index': 6, 'op': 'SCMP_CMP_EQ'}]}]}", "index is not 0 to 5");
	refused("{'defaultAction': 'SCMP_ACT_ERRNO', 'defaultErrnoRet': 5000}", "out of range");
	refused("{'defaultAction': 'SCMP_ACT_ALLOW', 'flags': ['SECCOMP_FILTER_FLAG_X']}", "unsupported flag");
}

/* The profile that distributions install, when it is there, is taken as it is. */
static void test_distribution(void)
{
	g_autofree char *text = NULL;

	if (!g_file_get_contents("/usr/share/containers/seccomp.json", &text, NULL, NULL)) {
		g_test_skip("no /usr/share/containers/seccomp.json");
		return;
	}
	g_assert_cmpint(run(SECCOMP_DOCUMENT, BIT(CAP_SYS_CHROOT), text, check_chroot_allowed), ==, 0);
	g_assert_cmpint(run(SECCOMP_DOCUMENT, 0, text, check_chroot_refused), ==, 0);
}

int main(int argc, char **argv)
{
	int r;

	g_test_init(&argc, &argv, NULL);
	cache = g_dir_make_tmp("test_seccomp.XXXXXX", NULL);
	g_test_add_func("/seccomp/variant", test_variant);
	g_test_add_func("/seccomp/default", test_default);
	g_test_add_func("/seccomp/sockets", test_sockets);
	g_test_add_func("/seccomp/document", test_document);
	g_test_add_func("/seccomp/printed", test_printed);
	g_test_add_func("/seccomp/refused", test_refused);
	g_test_add_func("/seccomp/distribution", test_distribution);
	r = g_test_run();
	g_autofree char *rm = g_strdup_printf("rm -r %s", cache);
	(void)!g_spawn_command_line_sync(rm, NULL, NULL, NULL, NULL);
	g_free(cache);
	return r;
}
