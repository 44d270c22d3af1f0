/* doctor_host.c - doctor's trials of sessions, cgroups and confinement. See doctor.h. */
#include <errno.h>
#include <glib.h>
#include <linux/landlock.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cmd/doctor.h"
#include "cmd/linger.h"
#include "core/base/path.h"
#include "core/runtime/cgroup.h"
#include "core/runtime/cgroup_dir.h"
#include "core/runtime/seccomp.h"
#include "core/runtime/subid.h"

#define FEW_FILES 4096          /* a server with a connection each for some thousand clients */
#define USEFUL ((1U << CGROUP_MEMORY) | (1U << CGROUP_PIDS) | (1U << CGROUP_CPU))

void doctor_runtime_dir(struct context *c, struct finding *f)
{
	static const char cost[] = "no boot empties it, and what cleans up /tmp may take the sockets of running containers";
	const char *dir = getenv("XDG_RUNTIME_DIR");
	struct err e = ERR_INIT;
	struct statfs fs;
	struct stat st;

	if (dir && *dir && stat(dir, &st) == 0 && st.st_uid != geteuid()) {
		doctor_lacking(f, DOCTOR_LACKING, "it is not used", "XDG_RUNTIME_DIR is %s, which belongs to user %u", dir,
			       (unsigned)st.st_uid);
		doctor_mend(f, DOCTOR_USER, "unset XDG_RUNTIME_DIR   # or log in as that user, not by su");
	} else if (context_store(c, &e) < 0) {
		doctor_lacking(f, DOCTOR_FAILED, "no container runs", "%s", e.msg);
	} else if (statfs(c->store->run, &fs) == 0 && fs.f_type != TMPFS_MAGIC && fs.f_type != RAMFS_MAGIC) {
		doctor_lacking(f, DOCTOR_LACKING, cost, "%s is not in memory", c->store->run);
		doctor_mend(f, DOCTOR_ADMINISTRATOR, "install -d -m 700 -o %u -g %u /run/user/%u", (unsigned)geteuid(),
			    (unsigned)getegid(), (unsigned)geteuid());
	} else {
		doctor_ok(f, "%s", c->store->run);
	}
}

static char *names_of(unsigned mask)
{
	GString *s = g_string_new(NULL);

	for (unsigned i = 0; i < CGROUP_CONTROLLER_COUNT; i++)
		if (mask & (1U << i))
			g_string_append_printf(s, "%s%s", s->len ? " " : "", cgroup_controller_name((enum cgroup_controller)i));
	return g_string_free(s, FALSE);
}

static void no_cgroup(const struct cgroup_host *h, struct finding *f, const char *why)
{
	g_autofree char *own = cgroup_own_dir(h);
	unsigned uid = (unsigned)geteuid();
	bool systemd = access("/run/systemd/system", F_OK) == 0;

	doctor_lacking(f, DOCTOR_LACKING, "no limits (--memory, --cpus, --pids-limit): refused, on cgroup v1 a warning; stats and "
		       "pause work on processes", "%s", why);
	if (h->layout == CGROUP_LAYOUT_V1)
		doctor_mend(f, DOCTOR_ADMINISTRATOR, "echo 'GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX %s\"' >>/etc/default/grub "
			    "&& update-grub && reboot", systemd ? "systemd.unified_cgroup_hierarchy=1" : "cgroup_no_v1=all");
	else if (h->layout == CGROUP_LAYOUT_NONE)
		doctor_mend(f, DOCTOR_ADMINISTRATOR, "mount -t cgroup2 cgroup2 /sys/fs/cgroup");
	else if (h->layout == CGROUP_LAYOUT_V2 && systemd)
		doctor_mend(f, DOCTOR_ADMINISTRATOR, "apt-get install dbus-user-session && systemctl start user@%u.service", uid);
	else if (h->layout == CGROUP_LAYOUT_V2)
		doctor_mend(f, DOCTOR_ADMINISTRATOR, "mkdir %s/coracle-%u && chown -R %u %s/coracle-%u && echo %d "
			    ">%s/coracle-%u/cgroup.procs   # and the shell's ancestor directory likewise", own, uid, uid, own,
			    uid, (int)getppid(), own, uid);
}

/* What a container of limits would get is made, looked at and removed. */
void doctor_cgroups(struct context *c, struct finding *f)
{
	g_autofree char *id = g_strdup_printf("doctor-%d", (int)getpid()), *have = NULL, *lack = NULL;
	const struct cgroup_request req = { .id = id, .wanted = true };
	autocgroup *made = NULL;
	struct cgroup_host h;
	struct err e = ERR_INIT;
	unsigned mask;

	(void)c;
	cgroup_probe(&h);
	if (h.layout != CGROUP_LAYOUT_V2) {
		no_cgroup(&h, f, h.layout == CGROUP_LAYOUT_NONE ? "no cgroup file system is mounted" :
			  "cgroup v1, or v1 and v2 mixed: no ordinary user can have limits");
		return;
	}
	if (cgroup_make(&req, &made, &e) < 0 || !made->path) {
		no_cgroup(&h, f, made && made->note ? made->note : e.code ? e.msg : "no cgroup could be made");
		return;
	}
	mask = cgroup_controllers(made->path, "cgroup.controllers");
	have = names_of(mask);
	lack = names_of(USEFUL & ~mask);
	if (!*lack) {
		doctor_ok(f, "v2, with the controllers %s", have);
	} else {
		doctor_lacking(f, DOCTOR_LACKING, "limits of those are refused", "v2, without the controllers %s", lack);
		doctor_mend(f, DOCTOR_ADMINISTRATOR, "mkdir -p /etc/systemd/system/user@.service.d && printf "
			    "'[Service]\\nDelegate=cpu cpuset io memory pids\\n' >/etc/systemd/system/user@.service.d/"
			    "delegate.conf && systemctl daemon-reload   # then log in again");
	}
	err_clear(&e);
	(void)cgroup_destroy(made, &e);
}

void doctor_lingering(struct context *c, struct finding *f)
{
	g_autofree char *name = subid_user_name(getuid());

	(void)c;
	if (!name || !logout_ends_us("", getuid(), name)) {
		doctor_ok(f, "logging out ends no container");
		return;
	}
	doctor_lacking(f, DOCTOR_LACKING, "systemd may end background containers when you log out",
		       "lingering is off for user %s", name);
	doctor_mend(f, DOCTOR_USER, "loginctl enable-linger");
}

void doctor_seccomp(struct context *c, struct finding *f)
{
	const struct rspec spec = { .seccomp = SECCOMP_DEFAULT };
	autoseccomp p = SECCOMP_PROGRAM_INIT;
	struct err e = ERR_INIT;

	(void)c;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && seccomp_prepare(&spec, NULL, &p, &e) == 0 &&
	    seccomp_install(&p, &e) == 0) {
		doctor_ok(f, "the default filter loads");
		return;
	}
	doctor_lacking(f, DOCTOR_FAILED, "containers run with --security-opt seccomp=unconfined only", "%s",
		       e.code ? e.msg : strerror(errno));
	doctor_mend(f, DOCTOR_ADMINISTRATOR, "apt-get install linux-image-amd64 && reboot   # a kernel with CONFIG_SECCOMP_FILTER");
}

void doctor_landlock(struct context *c, struct finding *f)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	(void)c;
	/* The first version forbids renames between directories: the server of file systems cannot use it. */
	if (version >= 2) {
		doctor_ok(f, "version %ld", version);
		return;
	}
	doctor_lacking(f, DOCTOR_LACKING, "the process of the driver fuse is confined by a chroot, seccomp and lost capabilities "
		       "alone", "%s", version < 0 ? strerror(errno) : "version 1 forbids renames");
	doctor_mend(f, DOCTOR_ADMINISTRATOR, "%s", version < 0 && errno == EOPNOTSUPP ?
		    "echo 'GRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX lsm=landlock,lockdown,yama,integrity,apparmor,bpf\"' "
		    ">>/etc/default/grub && update-grub && reboot" :
		    "apt-get install linux-image-amd64 && reboot   # Linux 5.19 or newer");
}

void doctor_open_files(struct context *c, struct finding *f)
{
	struct rlimit l;

	(void)c;
	if (getrlimit(RLIMIT_NOFILE, &l) < 0 || l.rlim_max >= FEW_FILES) {
		doctor_ok(f, "%llu descriptors", (unsigned long long)l.rlim_max);
		return;
	}
	doctor_lacking(f, DOCTOR_LACKING, "programs with many files or connections fail", "%llu descriptors a process",
		       (unsigned long long)l.rlim_max);
	doctor_mend(f, DOCTOR_ADMINISTRATOR, "echo '%u:%u hard nofile 524288' >>/etc/security/limits.conf   # then log in again",
		    (unsigned)getuid(), (unsigned)getuid());
}
