/* doctor_ids.c - doctor's trials of namespaces and ids. See doctor.h. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cmd/doctor.h"
#include "core/base/proc.h"
#include "core/runtime/idmap.h"
#include "core/runtime/idmap_private.h"
#include "core/runtime/namespaces.h"

#define IDS_USUAL 65535         /* what useradd(8) grants, less the user's own: what images expect */
#define NOTHING_RUNS "no container runs"

static const struct { int flag; const char *name, *limit; } kinds[] = {
	{ CLONE_NEWNS, "mount", "mnt" }, { CLONE_NEWPID, "pid", "pid" }, { CLONE_NEWNET, "network", "net" },
	{ CLONE_NEWIPC, "ipc", "ipc" }, { CLONE_NEWUTS, "uts", "uts" }, { CLONE_NEWCGROUP, "cgroup", "cgroup" },
};

static void no_namespace(struct finding *f, int code, const char *what, const char *limit)
{
	const struct namespaces_remedy r = namespaces_remedy(code);

	doctor_lacking(f, DOCTOR_FAILED, NOTHING_RUNS, "a %s namespace: %s%s%s", what, strerror(code), r.why ? "; " : "",
		       r.why ? r.why : "");
	if (r.command)
		doctor_mend(f, DOCTOR_ADMINISTRATOR, "%s", r.command);
	else if (code == ENOSPC)
		doctor_mend(f, DOCTOR_ADMINISTRATOR, "sysctl -w user.max_%s_namespaces=15000", limit);
}

/* Become root of a new user namespace whose only id is the caller's. 0 or a code of errno. */
static int enter_one_id(void)
{
	struct idmap one = { .one_id = true, .n_uid = 1, .n_gid = 1, .uid = { { 0, geteuid(), 1 } },
			     .gid = { { 0, getegid(), 1 } } };
	struct err e = ERR_INIT;

	return idmap_enter(&one, &e) < 0 ? e.code : 0;
}

void doctor_user_namespaces(struct context *c, struct finding *f)
{
	int code = geteuid() == 0 && idmap_store()->none ? 0 : unshare(CLONE_NEWUSER) < 0 ? errno : 0;

	(void)c;
	if (code) {
		no_namespace(f, code, "user", "user");
		return;
	}
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (unshare(kinds[i].flag) < 0) {
			no_namespace(f, errno, kinds[i].name, kinds[i].limit);
			return;
		}
	}
	/* AppArmor lets the namespace be made, and takes its capabilities. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("coracle", "/", "tmpfs", 0, NULL) < 0)
		no_namespace(f, errno, "mount in a new user", "mnt");
	else
		doctor_ok(f, "all seven kinds can be made, and mounted in");
}

/* A fresh /proc is refused where parts of ours are covered. */
static int mount_proc(void)
{
	int status;
	pid_t pid;

	if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0)
		return errno;
	pid = fork();
	if (pid < 0)
		return errno;
	if (pid == 0) {
		if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("proc", "/proc", "proc", 0, NULL) < 0)
			_exit(errno);
		_exit(0);
	}
	status = proc_wait(pid);
	return status < 0 ? -status : status;
}

void doctor_proc_mount(struct context *c, struct finding *f)
{
	int code = enter_one_id();

	(void)c;
	if (!code)
		code = mount_proc();
	if (!code) {
		doctor_ok(f, "a new pid namespace gets its own /proc");
		return;
	}
	doctor_lacking(f, DOCTOR_FAILED, "containers run with --pid=host only", "mount /proc in a new pid namespace: %s%s",
		       strerror(code), code == EPERM ? "; parts of this machine's /proc are covered, as in a container" : "");
	if (code == EPERM)
		doctor_mend(f, DOCTOR_USER, "podman run --security-opt 'unmask=/proc/*' ...   # how the outer container is started");
}

static uint64_t ids(const struct id_range *r, size_t n)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += r[i].count;
	return sum;
}

void doctor_subordinate_ids(struct context *c, struct finding *f)
{
	const struct idmap *m = idmap_store();
	uint64_t uids = ids(m->uid, m->n_uid), gids = ids(m->gid, m->n_gid);
	uint64_t fewer = uids < gids ? uids : gids;

	(void)c;
	if (m->one_id)
		doctor_lacking(f, DOCTOR_LACKING, "containers have a single id: programs cannot run as other users, and owners "
			       "of files are only recorded",
			       "%s", *m->why_one_id ? m->why_one_id : "one id");
	else if (fewer < IDS_USUAL)
		doctor_lacking(f, DOCTOR_LACKING, "images with files of higher ids do not unpack as they are",
			       "%llu uids and %llu gids, where images expect 65536", (unsigned long long)uids,
			       (unsigned long long)gids);
	else
		doctor_ok(f, "%llu uids and %llu gids", (unsigned long long)uids, (unsigned long long)gids);
	if (*m->mend_one_id)
		doctor_mend(f, DOCTOR_ADMINISTRATOR, "%s", m->mend_one_id);
	else if (!m->one_id && fewer < IDS_USUAL)
		idmap_more_ids(f->command, sizeof f->command), f->who = DOCTOR_ADMINISTRATOR;
}

/* Can this helper take the right that it needs? Otherwise says why not. */
static bool has_rights(const char *name, const char *capability, struct finding *f)
{
	char path[64], value[64];
	struct statvfs fs;
	struct stat st;

	if (!idmap_find_helper(name, path, sizeof path) || stat(path, &st) < 0)
		return true;
	if (!(st.st_mode & S_ISUID && st.st_uid == 0) && getxattr(path, "security.capability", value, sizeof value) <= 0) {
		doctor_lacking(f, DOCTOR_FAILED, NOTHING_RUNS, "%s has neither root's setuid bit nor the capability %s", path,
			       capability);
		doctor_mend(f, DOCTOR_ADMINISTRATOR, "chown root:root %s && chmod u+s %s", path, path);
		return false;
	}
	if (statvfs(path, &fs) == 0 && fs.f_flag & ST_NOSUID) {
		doctor_lacking(f, DOCTOR_FAILED, NOTHING_RUNS, "%s is on a file system that is mounted nosuid", path);
		doctor_mend(f, DOCTOR_ADMINISTRATOR, "mount -o remount,suid \"$(findmnt -n -o TARGET --target %s)\"", path);
		return false;
	}
	return true;
}

void doctor_id_helpers(struct context *c, struct finding *f)
{
	const struct idmap *m = idmap_store();
	struct err e = ERR_INIT;
	char path[64];

	(void)c;
	if (geteuid() == 0 || m->none) {
		doctor_ok(f, "root needs none");
	} else if (!idmap_find_helper("newuidmap", path, sizeof path) || !idmap_find_helper("newgidmap", path, sizeof path)) {
		doctor_lacking(f, DOCTOR_LACKING, "containers have a single id", "newuidmap or newgidmap is not installed");
		doctor_mend(f, DOCTOR_ADMINISTRATOR, "apt-get install uidmap");
	} else if (m->one_id) {
		doctor_ok(f, "not needed: %s", "containers have a single id");
	} else if (idmap_enter(m, &e) == 0) {
		doctor_ok(f, "newuidmap and newgidmap write the id maps");
	} else if (has_rights("newuidmap", "cap_setuid", f) && has_rights("newgidmap", "cap_setgid", f)) {
		doctor_lacking(f, DOCTOR_FAILED, NOTHING_RUNS, "%s", e.msg);
	}
}
