/* sandbox.c - see sandbox.h. */
#include "net/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

int sandbox_close(const int *keep, size_t n)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), from = 3;
	g_autofree int *sorted = g_new(int, n + 1);

	memcpy(sorted, keep, n * sizeof *keep);
	sorted[n++] = null;
	qsort(sorted, n, sizeof *sorted, by_number);
	for (size_t i = 0; i < n; i++) {
		if (sorted[i] < from)
			continue;
		if (sorted[i] > from)
			(void)close_range((unsigned)from, (unsigned)sorted[i] - 1, 0);
		from = sorted[i] + 1;
	}
	(void)close_range((unsigned)from, ~0U, 0);
	return null;
}

void sandbox_mute(int null)
{
	for (int fd = 0; fd < 3 && null >= 0; fd++)
		(void)dup2(null, fd);
	if (null > 2)
		(void)close(null);
}

void sandbox_fail(const char *who, const struct err *e)
{
	dprintf(2, "coracle: %s: %s\n", who, e->msg);
	_exit(EXIT_OURS);
}

void sandbox_raise_nofile(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return;
	r.rlim_cur = r.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &r);
}

/* Its only id is its own: what it has of the host's files is what the empty root holds. */
static int new_userns(struct err *e)
{
	char map[64];
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC) < 0)
		return err_set(e, errno, "unshare user and mount namespaces");
	snprintf(map, sizeof map, "%u %u 1", uid, uid);
	if (file_poke(AT_FDCWD, "/proc/self/setgroups", "deny") < 0 ||
	    file_poke(AT_FDCWD, "/proc/self/uid_map", map) < 0)
		return err_set(e, errno, "write /proc/self/uid_map");
	snprintf(map, sizeof map, "%u %u 1", gid, gid);
	if (file_poke(AT_FDCWD, "/proc/self/gid_map", map) < 0)
		return err_set(e, errno, "write /proc/self/gid_map");
	return 0;
}

/* /proc is only a directory that is sure to exist: it is covered, becomes the root, and the old root goes. */
static int empty_root(const char *resolv_conf, struct err *e)
{
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_set(e, errno, "make mounts private");
	if (mount("tmpfs", "/proc", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=256k,nr_inodes=16,mode=755") < 0)
		return err_set(e, errno, "mount an empty root");
	if (chdir("/proc") < 0)
		return err_set(e, errno, "enter the empty root");
	if (resolv_conf) {
		autofd fd = -1;

		if (mkdir("etc", 0755) < 0)
			return err_set(e, errno, "make /etc");
		fd = open("etc/resolv.conf", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
		if (fd < 0 || fd_write_all(fd, resolv_conf, strlen(resolv_conf)) < 0)
			return err_set(e, errno, "write /etc/resolv.conf");
	}
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		return err_set(e, errno, "pivot to the empty root");
	if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return err_set(e, errno, "leave the old root");
	if (mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return err_set(e, errno, "make the empty root read-only");
	return 0;
}

static int drop_all_but(uint64_t keep, struct err *e)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct left[2];

	memset(left, 0, sizeof left);
	for (int i = 0; i < 2; i++)
		left[i].permitted = left[i].effective = (uint32_t)(keep >> (32 * i));
	if (syscall(SYS_capset, &h, left) < 0)
		return err_set(e, errno, "drop capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_set(e, errno, "no_new_privs");
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return 0;
}

int sandbox_enter(bool own_userns, const char *resolv_conf, uint64_t keep, struct err *e)
{
	int r = 0;

	if (own_userns)
		r = new_userns(e);
	else if (unshare(CLONE_NEWNS | CLONE_NEWIPC) < 0)
		r = err_set(e, errno, "unshare the mount namespace");
	if (r == 0)
		r = empty_root(resolv_conf, e);
	return r < 0 ? r : drop_all_but(keep, e);
}

#if defined(__x86_64__)
#define THIS_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define THIS_ARCH AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define THIS_ARCH AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define THIS_ARCH AUDIT_ARCH_S390X
#else
#error "name this architecture's AUDIT_ARCH"
#endif

/* Old names of calls exist only on old architectures. */
static const int allowed[] = {
	SYS_read, SYS_write, SYS_readv, SYS_writev, SYS_recvfrom, SYS_sendto, SYS_recvmsg, SYS_sendmsg,
	SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4, SYS_shutdown, SYS_close,
	SYS_getsockname, SYS_getpeername, SYS_setsockopt, SYS_getsockopt,
	SYS_ppoll, SYS_epoll_pwait, SYS_epoll_ctl, SYS_openat, SYS_lseek, SYS_fstat, SYS_newfstatat,
	SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect, SYS_madvise, SYS_brk, SYS_futex,
	SYS_clock_gettime, SYS_gettimeofday, SYS_nanosleep, SYS_clock_nanosleep, SYS_getrandom, SYS_getpid,
	SYS_gettid, SYS_dup3, SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_rt_sigaction, SYS_restart_syscall, SYS_exit,
	SYS_exit_group,
#ifdef SYS_dup2
	SYS_dup2,
#endif
#ifdef SYS_poll
	SYS_poll,
#endif
#ifdef SYS_epoll_wait
	SYS_epoll_wait,
#endif
#ifdef SYS_open
	SYS_open,
#endif
#ifdef SYS_stat
	SYS_stat,
#endif
#ifdef SYS_time
	SYS_time,
#endif
};

static const int killing[] = { SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev,
	SYS_clone3, SYS_unshare, SYS_setns, SYS_mount, SYS_bpf };

struct program {
	struct sock_filter op[128];
	unsigned short n;
};

static void emit(struct program *f, unsigned short code, uint32_t k, uint8_t yes, uint8_t no)
{
	g_assert(f->n < G_N_ELEMENTS(f->op));
	f->op[f->n++] = (struct sock_filter){ .code = code, .k = k, .jt = yes, .jf = no };
}

static void load(struct program *f, size_t offset)
{
	emit(f, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

/* "If the loaded word is k, the answer is `action`." */
static void answer_if(struct program *f, uint32_t k, uint32_t action)
{
	emit(f, BPF_JMP | BPF_JEQ | BPF_K, k, 0, 1);
	emit(f, BPF_RET | BPF_K, action, 0, 0);
}

/* Call `nr` is allowed when the low word of argument `arg` is one of `n` values. */
static void allow_with(struct program *f, int nr, unsigned arg, const uint32_t *values, uint8_t n)
{
	emit(f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, (uint8_t)(2 * n + 2));
	load(f, offsetof(struct seccomp_data, args) + 8 * arg +
		(__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? 4 : 0));
	for (uint8_t i = 0; i < n; i++)
		answer_if(f, values[i], SECCOMP_RET_ALLOW);
	emit(f, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM, 0, 0);
}

int sandbox_filter(struct err *e)
{
	static const uint32_t families[] = { AF_INET, AF_INET6 }, ioctls[] = { FIONBIO, FIONREAD };
	/* No F_SETOWN and F_SETSIG: with them a descriptor sends any signal to any process of the user. */
	static const uint32_t fcntls[] = { F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC };
	struct program f = { .n = 0 };
	struct sock_fprog prog = { .filter = f.op };

#ifdef SANITIZED
	return 0;       /* the sanitizers' run time needs calls of its own */
#endif
	load(&f, offsetof(struct seccomp_data, arch));
	emit(&f, BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCH, 1, 0);
	emit(&f, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
	load(&f, offsetof(struct seccomp_data, nr));
	/* A jump reaches 255 instructions, so the calls that return at once are asked one by one; the
	 * kernel remembers calls that are always allowed, so the length costs nothing later. */
	for (size_t i = 0; i < G_N_ELEMENTS(allowed); i++)
		emit(&f, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)allowed[i],
		     (uint8_t)(G_N_ELEMENTS(allowed) - 1 - i), i + 1 < G_N_ELEMENTS(allowed) ? 0 : 1);
	emit(&f, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	allow_with(&f, SYS_socket, 0, families, G_N_ELEMENTS(families));
	allow_with(&f, SYS_ioctl, 1, ioctls, G_N_ELEMENTS(ioctls));
	allow_with(&f, SYS_fcntl, 1, fcntls, G_N_ELEMENTS(fcntls));
	for (size_t i = 0; i < G_N_ELEMENTS(killing); i++)
		answer_if(&f, (uint32_t)killing[i], SECCOMP_RET_KILL_PROCESS);
	emit(&f, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM, 0, 0);
	prog.len = f.n;
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0) < 0)
		return err_set(e, errno, "load the net process's seccomp filter");
	return 0;
}
