/* confine.c - see confine.h. */
#include "storage/overlay/fuse/confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ALL_FS ((LANDLOCK_ACCESS_FS_REFER << 1) - 1)
#define NO_EXECUTE (ALL_FS & ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE)

/* Before version 2 Landlock forbids to rename from one directory to another. */
static void use_landlock(const struct ovl *o)
{
	const struct landlock_ruleset_attr all = { .handled_access_fs = ALL_FS };
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	int rules = version < 2 ? -1 : (int)syscall(SYS_landlock_create_ruleset, &all, sizeof all, 0);
	bool ok = rules >= 0;

	for (unsigned l = o->writable ? 0 : 1; ok && l < o->n_layers; l++) {
		const struct landlock_path_beneath_attr a = { .allowed_access = NO_EXECUTE,
							      .parent_fd = o->layers[l].fd };

		ok = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &a, 0) == 0;
	}
	for (int i = 0; ok && o->writable && i < 2; i++) {
		const struct landlock_path_beneath_attr a = { .allowed_access = NO_EXECUTE,
							      .parent_fd = i ? o->links_fd : o->work_fd };

		ok = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &a, 0) == 0;
	}
	if (ok)
		(void)syscall(SYS_landlock_restrict_self, rules, 0);
	if (rules >= 0)
		(void)close(rules);
}

static int keep_file_capabilities(struct err *e)
{
	static const int kept[] = { CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_FSETID, CAP_MKNOD,
				    CAP_SETFCAP };
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = { { 0 } };

	if (syscall(SYS_capget, &h, d) < 0)
		return err_set(e, errno, "capabilities");
	for (unsigned i = 0; i < 2; i++) {
		uint32_t mask = 0;

		for (size_t k = 0; k < sizeof kept / sizeof *kept; k++)
			if ((unsigned)CAP_TO_INDEX(kept[k]) == i)
				mask |= CAP_TO_MASK(kept[k]);
		d[i].effective = d[i].permitted &= mask;
		d[i].inheritable = 0;
	}
	return syscall(SYS_capset, &h, d) < 0 ? err_set(e, errno, "drop capabilities") : 0;
}

static const int killing[] = {
	SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kill, SYS_tkill,
	SYS_pidfd_open, SYS_pidfd_getfd, SYS_pidfd_send_signal, SYS_kcmp, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot,
	SYS_move_mount, SYS_open_tree, SYS_fsopen, SYS_fspick, SYS_fsmount, SYS_mount_setattr, SYS_setns, SYS_bpf,
	SYS_perf_event_open, SYS_userfaultfd, SYS_io_uring_setup, SYS_open_by_handle_at, SYS_socket, SYS_socketpair,
	SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4, SYS_sendto, SYS_sendmsg, SYS_keyctl, SYS_add_key,
	SYS_request_key, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_reboot, SYS_swapon, SYS_swapoff,
	SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid, SYS_setresgid, SYS_setgroups, SYS_setfsuid,
	SYS_setfsgid, SYS_acct, SYS_quotactl, SYS_sethostname, SYS_setdomainname, SYS_clock_settime, SYS_settimeofday,
};

#define N_KILLING (sizeof killing / sizeof *killing)

/* What no part of serving files does ends the process. Calls by another architecture's numbers would pass by the
 * list: on x86-64 those of x32 have a bit set. */
static int forbid_calls(struct err *e)
{
	struct sock_filter op[N_KILLING + 4];
	struct sock_fprog prog = { .filter = op };
	unsigned short n = 0;

#ifdef SANITIZED
	(void)killing;
	(void)prog;
	(void)n;
	(void)e;
	return 0;       /* the sanitizers' run time needs calls of its own */
#endif
	op[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	op[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, (uint8_t)(N_KILLING + 1), 0);
	for (size_t i = 0; i < N_KILLING; i++)
		op[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)killing[i],
						       (uint8_t)(N_KILLING - i), 0);
	op[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	op[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	prog.len = n;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0) < 0 ? err_set(e, errno, "seccomp") : 0;
}

int confine_server(const struct ovl *o, struct err *e)
{
	int root = o->writable ? o->work_fd : o->layers[1].fd;

	/* Not possible where the caller has no user namespace of its own: then what follows must do. */
	if (fchdir(root) == 0 && chroot(".") < 0 && errno != EPERM)
		return err_set(e, errno, "chroot");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_set(e, errno, "no_new_privs");
	use_landlock(o);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	return keep_file_capabilities(e) < 0 || forbid_calls(e) < 0 ? -e->code : 0;
}
