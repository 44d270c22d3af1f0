/* unpack_confine.c - what a process gives up before it reads a layer from outside: see unpack.h.
 *
 * After this it can write below the staging directory alone, and has no network, no programs, no mounts and
 * no other processes. A kernel that lacks one of these leaves the others.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <openssl/evp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "storage/unpack.h"

#define WRITING (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | \
		 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | \
		 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | \
		 LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER)

static void confine_files(int stage_fd)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = WRITING };
	struct landlock_path_beneath_attr below = { .allowed_access = WRITING & ~LANDLOCK_ACCESS_FS_EXECUTE };
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	autofd rules = -1;

	/* Version 1 knows no hard links between directories, and so forbids them. */
	if (abi < 2) {
		log_debug("unpacking without landlock");
		return;
	}
	rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
	below.parent_fd = stage_fd;
	if (rules < 0 || syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &below, 0) < 0 ||
	    syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		log_debug("unpacking without landlock: %s", strerror(errno));
}

static void confine_calls(void)
{
	static const int denied[] = {
		SCMP_SYS(socket), SCMP_SYS(socketpair), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(execve),
		SCMP_SYS(execveat), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
		SCMP_SYS(pidfd_getfd), SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(fsopen), SCMP_SYS(fsmount),
		SCMP_SYS(open_tree), SCMP_SYS(move_mount), SCMP_SYS(mount_setattr), SCMP_SYS(pivot_root),
		SCMP_SYS(chroot), SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(bpf), SCMP_SYS(perf_event_open),
		SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(io_uring_setup),
		SCMP_SYS(userfaultfd), SCMP_SYS(open_by_handle_at), SCMP_SYS(kill), SCMP_SYS(tkill),
		SCMP_SYS(pidfd_send_signal), SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(kexec_load),
	};
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int r = ctx ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < sizeof denied / sizeof *denied; i++)
		r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), denied[i], 0);
	if (r == 0)
		r = seccomp_load(ctx);
	if (r < 0)
		log_debug("unpacking without a system call filter: %s", strerror(-r));
	if (ctx)
		seccomp_release(ctx);
}

void unpack_confine(int stage_fd)
{
	const struct rlimit none = { 0, 0 };

	/* What libcrypto reads of its configuration it reads now. */
	(void)EVP_MD_size(EVP_sha256());
	(void)setrlimit(RLIMIT_CORE, &none);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		log_debug("no_new_privs: %s", strerror(errno));
	confine_files(stage_fd);
	confine_calls();
}
