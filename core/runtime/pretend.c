/* pretend.c - the filter, and how it comes to be loaded: see pretend.h. */
#include "core/runtime/pretend.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/proc.h"
#include "core/runtime/pretend_private.h"

#ifndef SECCOMP_RET_USER_NOTIF
#define SECCOMP_RET_USER_NOTIF 0x7fc00000U
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

/* Notifications carry no data, so that a bit of it can tell what is done where nobody answers: the kernel's own answer. */
#define ASK_OR_LEAVE (SECCOMP_RET_USER_NOTIF | 1)

#if defined __x86_64__
#define ARCH AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define ARCH AUDIT_ARCH_AARCH64
#elif defined __riscv && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#elif defined __powerpc64__ && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARCH AUDIT_ARCH_PPC64LE
#elif defined __s390x__
#define ARCH AUDIT_ARCH_S390X
#endif

bool pretend_wanted(const struct rspec *spec, const struct idmap *m)
{
#ifdef ARCH
	return m && m->one_id && !m->none && spec->seccomp != SECCOMP_NONE;
#else
	/* Another machine's calls have other numbers, and some of 32 bits have two forms. */
	(void)spec;
	(void)m;
	return false;
#endif
}

static void add(struct pretend *p, struct sock_filter f)
{
	if (p->n < PRETEND_INSNS_MAX)
		p->insns[p->n++] = f;
}

static void add_return(struct pretend *p, uint32_t action)
{
	add(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

static void add_jump(struct pretend *p, uint32_t value, unsigned char equal, unsigned char other)
{
	add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, equal, other));
}

/* The lower half: ids, modes and device numbers have 32 bits. */
static void add_load(struct pretend *p, unsigned arg)
{
	size_t at = offsetof(struct seccomp_data, args) + arg * sizeof(uint64_t);

	if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
		at += sizeof(uint32_t);
	add(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)at));
}

static void add_call(struct pretend *p, long nr, uint32_t action)
{
	add_jump(p, (uint32_t)nr, 0, 1);
	add_return(p, action);
}

static void add_asked(struct pretend *p, long nr)
{
	add_call(p, nr, SECCOMP_RET_USER_NOTIF);
}

/* Ask for devices, of which 0:0, a whiteout, is anybody's. */
static void add_device(struct pretend *p, long nr, unsigned mode)
{
	add_jump(p, (uint32_t)nr, 0, 8);
	add_load(p, mode);
	add(p, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, S_IFMT));
	add_jump(p, S_IFCHR, 2, 0);
	add_jump(p, S_IFBLK, 1, 0);
	add_return(p, SECCOMP_RET_ALLOW);
	add_load(p, mode + 1);
	add_jump(p, 0, 1, 0);
	add_return(p, ASK_OR_LEAVE);
	/* Reached by whiteouts, with 0 loaded, and by other calls, which look for their number further on. */
	add(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
}

static void make_filter(struct pretend *p, uint64_t caps)
{
#ifdef ARCH
	add(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
	add_jump(p, ARCH, 1, 0);
	add_return(p, SECCOMP_RET_ALLOW);
	add(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
#endif
	if (caps & UINT64_C(1) << CAP_CHOWN) {
#ifdef SYS_chown
		add_asked(p, SYS_chown);
		add_asked(p, SYS_lchown);
#endif
		add_asked(p, SYS_fchown);
		add_asked(p, SYS_fchownat);
	}
	if (caps & UINT64_C(1) << CAP_SETUID) {
		add_asked(p, SYS_setuid);
		add_asked(p, SYS_setreuid);
		add_asked(p, SYS_setresuid);
		add_call(p, SYS_getuid, ASK_OR_LEAVE);
		add_call(p, SYS_geteuid, ASK_OR_LEAVE);
		add_call(p, SYS_getresuid, ASK_OR_LEAVE);
	}
	if (caps & UINT64_C(1) << CAP_SETGID) {
		add_asked(p, SYS_setgid);
		add_asked(p, SYS_setregid);
		add_asked(p, SYS_setresgid);
		add_asked(p, SYS_setgroups);
		add_call(p, SYS_getgid, ASK_OR_LEAVE);
		add_call(p, SYS_getegid, ASK_OR_LEAVE);
		add_call(p, SYS_getresgid, ASK_OR_LEAVE);
	}
	if (caps & UINT64_C(1) << CAP_MKNOD) {
#ifdef SYS_mknod
		add_device(p, SYS_mknod, 1);
#endif
		add_device(p, SYS_mknodat, 2);
	}
	add_return(p, SECCOMP_RET_ALLOW);
}

int pretend_start(const struct pretend_params *p, struct pretend *ret, struct err *e)
{
	struct pretend_server s = { .dir = p->dir, .until = p->until, .uid = p->map->uid[0].inside, .gid = p->map->gid[0].inside };
	const struct rspec_process *process = &p->spec->process;
	autofd ours = -1, theirs = -1;
	pid_t parent = getpid();
	int pair[2];

	*ret = (struct pretend)PRETEND_INIT;
	make_filter(ret, process->has_capabilities ? process->capabilities[CAP_SET_EFFECTIVE] : 0);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(e, errno, "socketpair");
	ours = pair[0];
	theirs = pair[1];
	ret->pid = fork();
	if (ret->pid == 0) {
		if (p->until < 0)
			proc_die_with_parent(parent);
		fd_close(&ours);
		s.sock = theirs;
		pretend_serve(&s);
	}
	if (ret->pid < 0)
		return err_set(e, errno, "fork");
	ret->sock = take_fd(&ours);
	return 0;
}

/* Nobody can answer: owners are set in vain, and devices cannot be made. */
static int install_alone(const struct pretend *p, struct err *e)
{
	struct sock_filter insns[PRETEND_INSNS_MAX];
	struct sock_fprog prog = { .len = p->n, .filter = insns };

	for (unsigned short i = 0; i < p->n; i++) {
		insns[i] = p->insns[i];
		if (insns[i].code == (BPF_RET | BPF_K) && insns[i].k == SECCOMP_RET_USER_NOTIF)
			insns[i].k = SECCOMP_RET_ERRNO;
		if (insns[i].code == (BPF_RET | BPF_K) && insns[i].k == ASK_OR_LEAVE)
			insns[i].k = SECCOMP_RET_ALLOW;
	}
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0 ? err_set(e, errno, "load the filter for a single id") : 0;
}

int pretend_install(const struct pretend *p, struct err *e)
{
	struct sock_fprog prog = { .len = p->n };
	const struct sock_filter *insns = p->insns;
	autofd listener = -1, userns = -1, root = -1;
	int fds[PRETEND_FDS], r;

	/* The kernel only reads them; its struct lacks the const. */
	memcpy(&prog.filter, &insns, sizeof insns);
	userns = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* A root without a procfs. */
	if (userns < 0 || root < 0)
		return install_alone(p, e);
	/* A package manager that is interrupted would see calls fail that do not. Linux 5.19. */
	listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
				SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &prog);
	if (listener < 0 && errno == EINVAL)
		listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
	/* In a container of ours that has a single id itself: its own process answers. */
	if (listener < 0 && errno == EBUSY)
		return 0;
	if (listener < 0)
		return install_alone(p, e);
	fds[PRETEND_LISTENER] = listener;
	fds[PRETEND_USERNS] = userns;
	fds[PRETEND_ROOT] = root;
	r = fd_send(p->sock, "p", 1, fds, PRETEND_FDS);
	return r < 0 ? err_set(e, -r, "the process that remembers owners") : 0;
}

void pretend_free(struct pretend *p, bool end)
{
	fd_close(&p->sock);
	if (end)
		proc_kill_and_reap(&p->pid);
	p->pid = -1;
}
