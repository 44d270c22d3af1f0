/* seccomp_table.c - see seccomp_table.h. */
#include "core/runtime/seccomp_table.h"

#include <errno.h>
#include <glib.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/socket.h>

#define NO_CAP (-1)
#define ALLOW 0

/* Names are separated by blanks. Names of all architectures stand together: those that one does not have are
 * skipped there. */
struct group {
	const char *names;
	int refused;            /* ALLOW, or the errno of a refusal */
	int cap;                /* ALLOW needs this capability, and is EPERM without it; NO_CAP */
};

static const struct group groups[] = {
	/* Files and directories by name. */
	{ "access chdir chmod chown chown32 creat faccessat faccessat2 fchdir fchmodat fchownat futimesat getcwd "
	  "lchown lchown32 link linkat lstat lstat64 mkdir mkdirat mknod mknodat name_to_handle_at newfstatat "
	  "open openat openat2 readlink readlinkat rename renameat renameat2 rmdir stat stat64 statfs statfs64 "
	  "statx symlink symlinkat truncate truncate64 umask unlink unlinkat utime utimensat utimensat_time64 "
	  "utimes fstatat64 getxattr lgetxattr listxattr llistxattr lremovexattr lsetxattr removexattr setxattr",
	  ALLOW, NO_CAP },
	/* Open files. */
	{ "_llseek close close_range copy_file_range dup dup2 dup3 fadvise64 fadvise64_64 fallocate fchmod fchown "
	  "fchown32 fcntl fcntl64 fdatasync fgetxattr flistxattr flock fremovexattr fsetxattr fstat fstat64 "
	  "fstatfs fstatfs64 fsync ftruncate ftruncate64 getdents getdents64 ioctl lseek pipe pipe2 pread64 "
	  "preadv preadv2 pwrite64 pwritev pwritev2 read readahead readdir readv sendfile sendfile64 splice sync "
	  "sync_file_range syncfs tee write writev",
	  ALLOW, NO_CAP },
	/* Waiting for files, and events as files. io_uring is not here: it would run calls past this filter. */
	{ "_newselect epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait "
	  "epoll_wait_old eventfd eventfd2 fanotify_mark inotify_add_watch inotify_init inotify_init1 "
	  "inotify_rm_watch io_cancel io_destroy io_getevents io_setup io_submit poll ppoll ppoll_time64 "
	  "pselect6 pselect6_time64 select signalfd signalfd4 timerfd timerfd_create timerfd_gettime "
	  "timerfd_gettime64 timerfd_settime timerfd_settime64",
	  ALLOW, NO_CAP },
	/* Memory. */
	{ "brk get_mempolicy madvise mbind membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall mmap "
	  "mmap2 mprotect mremap msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect "
	  "process_mrelease remap_file_pages set_mempolicy set_mempolicy_home_node",
	  ALLOW, NO_CAP },
	/* Processes and threads. New namespaces and mounts are for nested containers: the kernel asks for
	 * capabilities in the user namespace, and these are the container's own. */
	{ "arch_prctl capget capset clone clone3 execve execveat exit exit_group fork get_robust_list "
	  "get_thread_area getpgid getpgrp getpid getppid getpriority getrlimit getrusage getsid gettid ioprio_get "
	  "ioprio_set kill landlock_add_rule landlock_create_ruleset landlock_restrict_self modify_ldt pause "
	  "pidfd_getfd pidfd_open pidfd_send_signal prctl prlimit64 process_vm_readv process_vm_writev ptrace "
	  "restart_syscall rseq seccomp set_robust_list set_thread_area set_tid_address setns setpgid setpriority "
	  "setrlimit setsid tgkill tkill ugetrlimit unshare vfork wait4 waitid waitpid syscall",
	  ALLOW, NO_CAP },
	{ "fsconfig fsmount fsopen fspick mount mount_setattr move_mount open_tree pivot_root umount umount2",
	  ALLOW, NO_CAP },
	/* Users and groups. */
	{ "getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getresgid getresgid32 getresuid "
	  "getresuid32 getuid getuid32 setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups "
	  "setgroups32 setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 setuid "
	  "setuid32",
	  ALLOW, NO_CAP },
	/* Signals. */
	{ "alarm rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend "
	  "rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaction sigaltstack signal sigpending "
	  "sigprocmask sigreturn sigsuspend",
	  ALLOW, NO_CAP },
	/* Scheduling and futexes. */
	{ "futex futex_time64 futex_waitv getcpu sched_get_priority_max sched_get_priority_min sched_getaffinity "
	  "sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64 "
	  "sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield",
	  ALLOW, NO_CAP },
	/* Time; setting the clock needs a capability in the initial user namespace anyway. */
	{ "adjtimex clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64 "
	  "clock_nanosleep clock_nanosleep_time64 getitimer gettimeofday nanosleep setitimer time timer_create "
	  "timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 times",
	  ALLOW, NO_CAP },
	/* Sockets; socket itself is below. On 32-bit x86 all of them come through socketcall. */
	{ "accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg "
	  "recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socketcall socketpair",
	  ALLOW, NO_CAP },
	/* Messages, semaphores and shared memory of its own ipc namespace; keys. */
	{ "ipc keyctl mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend "
	  "mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop "
	  "semtimedop_time64 shmat shmctl shmdt shmget",
	  ALLOW, NO_CAP },
	/* The machine: what is read, and reboot, which ends a pid namespace. */
	{ "getrandom reboot sysinfo syslog uname", ALLOW, NO_CAP },
	/* Calls of one architecture. */
	{ "arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush riscv_flush_icache s390_pci_mmio_read "
	  "s390_pci_mmio_write s390_runtime_instr set_tls sync_file_range2",
	  ALLOW, NO_CAP },

	{ "open_by_handle_at", ALLOW, CAP_DAC_READ_SEARCH },
	{ "bpf fanotify_init lookup_dcookie perf_event_open quotactl quotactl_fd setdomainname sethostname", ALLOW,
	  CAP_SYS_ADMIN },
	{ "chroot", ALLOW, CAP_SYS_CHROOT },
	{ "delete_module finit_module init_module query_module", ALLOW, CAP_SYS_MODULE },
	{ "acct", ALLOW, CAP_SYS_PACCT },
	{ "kcmp process_madvise", ALLOW, CAP_SYS_PTRACE },
	{ "ioperm iopl", ALLOW, CAP_SYS_RAWIO },
	{ "clock_settime clock_settime64 settimeofday stime", ALLOW, CAP_SYS_TIME },
	{ "vhangup", ALLOW, CAP_SYS_TTY_CONFIG },

	/* Known, and refused with EPERM: obsolete, or for the machine's owner, or good for exploits. */
	{ "bdflush io_pgetevents io_pgetevents_time64 kexec_file_load kexec_load migrate_pages move_pages nfsservctl "
	  "nice oldfstat oldlstat oldolduname oldstat olduname pciconfig_iobase pciconfig_read pciconfig_write "
	  "sgetmask ssetmask swapcontext swapoff swapon sysfs uselib userfaultfd ustat vm86 vm86old vmsplice",
	  EPERM, NO_CAP },
};

/* Calls that may be newer than the libseccomp we are built with. Their numbers are the same everywhere. */
static const struct { const char *name; int number; } newer[] = {
	{ "cachestat", 451 }, { "fchmodat2", 452 }, { "map_shadow_stack", 453 }, { "futex_wake", 454 },
	{ "futex_wait", 455 }, { "futex_requeue", 456 }, { "mseal", 462 }, { "setxattrat", 463 },
	{ "getxattrat", 464 }, { "listxattrat", 465 }, { "removexattrat", 466 }, { "file_getattr", 468 },
	{ "file_setattr", 469 },
};

/* The execution domains that change nothing of interest to an attacker, and asking for the present one. */
static const uint64_t personalities[] = { PER_LINUX, PER_LINUX32, UNAME26, PER_LINUX32 | UNAME26, 0xffffffff };

static const uint32_t archs[] = {
#if defined __x86_64__
	SCMP_ARCH_X86, SCMP_ARCH_X32,
#elif defined __aarch64__
	SCMP_ARCH_ARM,
#elif defined __s390x__
	SCMP_ARCH_S390,
#elif defined __mips64
	SCMP_ARCH_MIPS, SCMP_ARCH_MIPS64N32,
#else
	SCMP_ARCH_NATIVE,
#endif
};

static bool has(uint64_t capabilities, int cap)
{
	return cap == NO_CAP || ((capabilities >> cap) & 1);
}

uint64_t seccomp_table_key(uint64_t capabilities)
{
	uint64_t mask = UINT64_C(1) << CAP_AUDIT_WRITE;

	for (size_t i = 0; i < G_N_ELEMENTS(groups); i++)
		if (groups[i].cap != NO_CAP)
			mask |= UINT64_C(1) << groups[i].cap;
	return capabilities & mask;
}

static uint32_t refusal(int err)
{
	return SECCOMP_RET_ERRNO | (uint32_t)err;
}

static void add_group(struct seccomp_policy *p, const struct group *g, uint64_t capabilities)
{
	uint32_t action = g->refused ? refusal(g->refused) : SECCOMP_RET_ALLOW;
	const char *s = g->names;

	if (!has(capabilities, g->cap))
		action = refusal(EPERM);
	while (*s) {
		size_t n = strcspn(s, " ");

		seccomp_policy_add(p, arena_strndup(&p->arena, s, n), action);
		s += n + (s[n] == ' ');
	}
}

static void add_arg(struct seccomp_rule *r, unsigned index, enum seccomp_op op, uint64_t value, uint64_t two)
{
	r->args[r->n_args++] = (struct seccomp_arg){ index, op, value, two };
}

/*
 * socket(2) of every family but AF_VSOCK, which reaches the hypervisor and other virtual machines and knows no
 * network namespaces. The kernel looks at the low 32 bits of the family only, so a comparison of the whole
 * register could be deceived; and "not equal under a mask" does not exist. A number below 64 is not 40 (binary
 * 101000) when one of its bits differs: one rule a bit.
 *
 * NETLINK_AUDIT without the right to use it is EINVAL, "no such protocol": login, su and sshd take this to mean a
 * kernel without audit and go on, and would give up on EPERM.
 */
static void add_socket(struct seccomp_policy *p, bool audit)
{
	const uint64_t below_64 = 0xffffffc0, word = 0xffffffff;
	static const int protocol_9_families[] = { AF_UNIX, AF_INET, AF_INET6, AF_PACKET };

	for (unsigned bit = 1; bit < 64; bit <<= 1) {
		struct seccomp_rule *r = seccomp_policy_add(p, "socket", SECCOMP_RET_ALLOW);

		add_arg(r, 0, SECCOMP_OP_MASKED_EQ, below_64 | bit, ~(unsigned)AF_VSOCK & bit);
		if (!audit)
			add_arg(r, 2, SECCOMP_OP_NE, NETLINK_AUDIT, 0);
	}
	add_arg(seccomp_policy_add(p, "socket", refusal(EAFNOSUPPORT)), 0, SECCOMP_OP_MASKED_EQ, word, AF_VSOCK);
	if (audit)
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(protocol_9_families); i++) {
		struct seccomp_rule *r = seccomp_policy_add(p, "socket", SECCOMP_RET_ALLOW);

		add_arg(r, 0, SECCOMP_OP_MASKED_EQ, word, (uint64_t)protocol_9_families[i]);
		add_arg(r, 2, SECCOMP_OP_EQ, NETLINK_AUDIT, 0);
	}
	struct seccomp_rule *r = seccomp_policy_add(p, "socket", refusal(EINVAL));

	add_arg(r, 0, SECCOMP_OP_MASKED_EQ, word, AF_NETLINK);
	add_arg(r, 2, SECCOMP_OP_EQ, NETLINK_AUDIT, 0);
}

void seccomp_table_policy(uint64_t capabilities, struct seccomp_policy *p)
{
	p->default_action = refusal(ENOSYS);
	memcpy(p->archs, archs, sizeof archs);
	p->n_archs = G_N_ELEMENTS(archs);
	for (size_t i = 0; i < G_N_ELEMENTS(newer); i++)
		seccomp_policy_add(p, newer[i].name, SECCOMP_RET_ALLOW)->number = newer[i].number;
	for (size_t i = 0; i < G_N_ELEMENTS(groups); i++)
		add_group(p, &groups[i], capabilities);
	for (size_t i = 0; i < G_N_ELEMENTS(personalities); i++)
		add_arg(seccomp_policy_add(p, "personality", SECCOMP_RET_ALLOW), 0, SECCOMP_OP_EQ, personalities[i],
			0);
	add_socket(p, has(capabilities, CAP_AUDIT_WRITE));
}
