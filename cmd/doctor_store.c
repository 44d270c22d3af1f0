/* doctor_store.c - doctor's trials of the store, its file system and the drivers on it. See doctor.h. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cmd/doctor.h"
#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/proc.h"
#include "core/base/text.h"
#include "core/runtime/idmap.h"
#include "storage/overlay/fuse/server.h"

#define LITTLE_SPACE (INT64_C(1) << 30)
#define FEW_INODES 20000        /* less than a Debian with a compiler has files */
#define WRITTEN (1 << 20)
#define LOCAL_ROOT "export CORACLE_ROOT=/var/tmp/coracle-%u   # a directory on a local disk"

static void no_store(struct finding *f, const struct err *e)
{
	doctor_lacking(f, DOCTOR_FAILED, "no container runs", "%s", e->msg);
	if (e->code == ENOSPC || e->code == EDQUOT)
		doctor_mend(f, DOCTOR_USER, "coracle system prune");
	else if (e->code == EACCES || e->code == EPERM || e->code == EROFS)
		doctor_mend(f, DOCTOR_USER, "export CORACLE_ROOT=/var/tmp/coracle-%u", (unsigned)geteuid());
}

/* The store, or a finding that says why not. */
static struct store *open_store(struct context *c, struct finding *f)
{
	struct err e = ERR_INIT;

	if (context_store(c, &e) == 0)
		return c->store;
	no_store(f, &e);
	return NULL;
}

void doctor_store(struct context *c, struct finding *f)
{
	const struct store *s = open_store(c, f);

	if (s)
		doctor_ok(f, "%s (from %s)", s->root, s->root_from);
}

/* Where each thing is done that a store needs of its file system. */
struct place { int dir, file; };

static int try_attribute(struct place *p)
{
	return fsetxattr(p->file, "user.coracle", "x", 1, 0);
}

static int try_link(struct place *p)
{
	return linkat(p->dir, "file", p->dir, "link", 0);
}

static int try_lock(struct place *p)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(p->file, F_OFD_SETLK, &l);
}

static int try_fifo(struct place *p)
{
	return mkfifoat(p->dir, "fifo", 0600);
}

/* As root of the store map. */
static int try_owner(struct place *p)
{
	struct err e = ERR_INIT;
	int status;
	pid_t pid;

	if (idmap_store()->one_id)
		return 0;
	pid = fork();
	if (pid == 0) {
		/* Where the maps cannot be written, other trials tell. */
		if (idmap_enter(idmap_store(), &e) == 0 && fchown(p->file, 1, 1) < 0)
			_exit(errno);
		_exit(0);
	}
	status = pid < 0 ? -errno : proc_wait(pid);
	errno = status < 0 ? -status : status;
	return status ? -1 : 0;
}

static const struct { const char *what, *cost; enum doctor_status lack; int (*try)(struct place *p); } abilities[] = {
	{ "locks (fcntl F_OFD_SETLK)", "no command works", DOCTOR_FAILED, try_lock },
	{ "hard links", "images with hard links do not unpack", DOCTOR_LACKING, try_link },
	{ "named pipes", "images with them do not unpack", DOCTOR_LACKING, try_fifo },
	{ "user.* attributes", "the kernel's overlay cannot be used; owners that cannot be set are not recorded",
	  DOCTOR_LACKING, try_attribute },
	{ "files of subordinate ids (chown)", "images do not unpack", DOCTOR_FAILED, try_owner },
};

static const char *file_system_name(int fd, bool *remote)
{
	static const struct { unsigned magic; const char *name; bool remote; } known[] = {
		{ 0x6969, "NFS", true }, { 0xff534d42, "CIFS", true }, { 0xfe534d42, "SMB", true }, { 0x01021997, "9p", true },
		{ 0x0bd00bd0, "Lustre", true }, { 0x47504653, "GPFS", true }, { 0x00c36400, "Ceph", true },
		{ 0x5346414f, "AFS", true }, { 0xef53, "ext4", false }, { 0x58465342, "XFS", false },
		{ 0x9123683e, "Btrfs", false }, { 0x2fc12fc1, "ZFS", false }, { 0xf2f52010, "F2FS", false },
		{ 0xca451a4e, "bcachefs", false }, { 0x01021994, "tmpfs", false }, { 0x794c7630, "overlay", false },
		{ 0x65735546, "FUSE", false }, { 0xf15f, "eCryptfs", false },
	};
	struct statfs st;

	if (fstatfs(fd, &st) < 0)
		return "unknown file system";
	for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
		if ((unsigned)st.f_type == known[i].magic) {
			*remote = known[i].remote;
			return known[i].name;
		}
	}
	return "another file system";
}

static bool has_reflinks(const struct place *p)
{
	autofd copy = openat(p->dir, "copy", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	return write(p->file, "x", 1) == 1 && copy >= 0 && ioctl(copy, FICLONE, p->file) == 0;
}

static void try_abilities(struct store *s, struct place *p, struct finding *f)
{
	bool remote = false, reflinks = has_reflinks(p);
	const char *name = file_system_name(p->dir, &remote);

	for (size_t i = 0; i < G_N_ELEMENTS(abilities); i++) {
		if (abilities[i].try(p) == 0)
			continue;
		doctor_lacking(f, abilities[i].lack, abilities[i].cost, "%s (%s) has no %s: %s", s->root, name, abilities[i].what,
			       strerror(errno));
		doctor_mend(f, DOCTOR_USER, LOCAL_ROOT,
			    (unsigned)getuid());
		return;
	}
	if (remote) {
		doctor_lacking(f, DOCTOR_LACKING, "slow, and its server decides who may own what", "%s is on a network (%s)", s->root,
			       name);
		doctor_mend(f, DOCTOR_USER, LOCAL_ROOT,
			    (unsigned)getuid());
		return;
	}
	doctor_ok(f, "%s: locks, links, attributes, subordinate owners%s", name,
		  reflinks ? ", reflinks" : "; no reflinks: the driver vfs copies whole files");
}

/* In a staging directory. */
static void in_stage(struct store *s, struct finding *f, void (*try)(struct store *s, struct place *p, struct finding *f))
{
	struct err e = ERR_INIT;
	g_autofree char *name = NULL;
	autofd lock = -1, dir = store_stage(s, &name, &lock, &e), file = -1;
	struct place p;

	if (dir >= 0) {
		file = openat(dir, "file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (file < 0)
			(void)err_set(&e, errno, "%s/tmp", s->root);
	}
	p = (struct place){ dir, file };
	if (file < 0)
		no_store(f, &e);
	else
		try(s, &p, f);
	if (dir < 0)
		return;
	err_clear(&e);
	(void)store_remove(s, s->tmp_fd, name, &e);
	store_unstage(s, name);
}

void doctor_file_system(struct context *c, struct finding *f)
{
	struct store *s = open_store(c, f);

	if (s)
		in_stage(s, f, try_abilities);
}

static void try_space(struct store *s, struct place *p, struct finding *f)
{
	g_autofree char *block = g_malloc0(WRITTEN), *left = NULL;
	struct statvfs st;
	int r = fd_write_all(p->file, block, WRITTEN);
	int64_t bytes, inodes;

	if (r == 0 && fdatasync(p->file) < 0)
		r = -errno;
	if (r < 0 || fstatvfs(p->dir, &st) < 0) {
		struct err e = ERR_INIT;

		(void)err_set(&e, r < 0 ? -r : errno, "write 1 MB to %s", s->root);
		no_store(f, &e);
		return;
	}
	bytes = (int64_t)st.f_bavail * (int64_t)st.f_frsize;
	inodes = st.f_files ? (int64_t)st.f_favail : INT64_MAX;   /* Btrfs counts none */
	left = text_human_size(bytes);
	if (bytes >= LITTLE_SPACE && inodes >= FEW_INODES) {
		doctor_ok(f, "%s free on the file system of %s", left, s->root);
		return;
	}
	if (inodes < FEW_INODES)
		doctor_lacking(f, DOCTOR_LACKING, "a pull may fail", "%lld inodes free on the file system of %s",
			       (long long)inodes, s->root);
	else
		doctor_lacking(f, DOCTOR_LACKING, "a pull may fail", "%s free on the file system of %s", left, s->root);
	doctor_mend(f, DOCTOR_USER, "coracle system prune");
}

void doctor_space(struct context *c, struct finding *f)
{
	struct store *s = open_store(c, f);

	if (s)
		in_stage(s, f, try_space);
}

static bool kernel_knows(const char *file_system)
{
	g_autofree char *text = NULL, *line = g_strconcat("\t", file_system, "\n", NULL);
	struct err ignored = ERR_INIT;

	return file_read(AT_FDCWD, "/proc/filesystems", 64 * 1024, &text, NULL, &ignored) < 0 || strstr(text, line);
}

void doctor_overlay(struct context *c, struct finding *f)
{
	struct store *s = open_store(c, f);
	struct err e = ERR_INIT, fuse = ERR_INIT;
	const char *cost;

	if (!s)
		return;
	if (store_try_overlay(s, &e) == 0) {
		doctor_ok(f, "the kernel's overlay works on the store");
		return;
	}
	cost = fuse_trial(&fuse) == 0 ? "roots are served by coracle's own overlay on /dev/fuse, which is slower" :
	       "each container gets a copy of its image: slow, and a lot of space";
	doctor_lacking(f, DOCTOR_LACKING, cost, "the kernel's overlay: %s", e.msg);
	if (!kernel_knows("overlay"))
		doctor_mend(f, DOCTOR_ADMINISTRATOR, "modprobe overlay");
	else if (e.code == EPERM)
		doctor_mend(f, DOCTOR_ADMINISTRATOR, "apt-get install --target-release bookworm-backports linux-image-amd64 && "
			    "reboot   # Linux 5.11 or newer");
	else
		doctor_mend(f, DOCTOR_USER, "export CORACLE_ROOT=/var/tmp/coracle-%u   # on ext4, XFS or Btrfs", (unsigned)getuid());
}

void doctor_fuse(struct context *c, struct finding *f)
{
	struct err e = ERR_INIT;

	(void)c;
	if (fuse_trial(&e) == 0 && idmap_enter(idmap_store(), &e) == 0 && fuse_trial_mount(&e) == 0) {
		doctor_ok(f, "a file system of /dev/fuse can be mounted");
		return;
	}
	doctor_lacking(f, DOCTOR_LACKING, "no --userns and --uidmap on images, no `coracle overlay`, no overlay where the "
		       "kernel's cannot be used", "%s", e.msg);
	if (strstr(e.msg, "libfuse3"))
		doctor_mend(f, DOCTOR_ADMINISTRATOR, "apt-get install libfuse3-3");
	else
		doctor_mend_device(f, e.code, "/dev/fuse", "fuse");
}
