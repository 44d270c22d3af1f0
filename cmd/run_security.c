/* run_security.c - capabilities, the system call filter, masked paths and labels. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/capability.h>
#include <string.h>
#include <unistd.h>

#include "cmd/run_spec.h"
#include "core/base/file.h"
#include "core/base/path.h"
#include "core/oci/capability.h"
#include "core/runtime/seccomp.h"

#define CAP(name) (UINT64_C(1) << CAP_##name)
#define DEFAULT_CAPS (CAP(CHOWN) | CAP(DAC_OVERRIDE) | CAP(FOWNER) | CAP(FSETID) | CAP(KILL) | \
	CAP(NET_BIND_SERVICE) | CAP(SETFCAP) | CAP(SETGID) | CAP(SETPCAP) | CAP(SETUID) | CAP(SYS_CHROOT))

static const char *const default_masked[] = { "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
	"/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/dev/block",
	"/sys/devices/virtual/powercap", "/sys/firmware", "/sys/fs/selinux", NULL };
static const char *const default_readonly[] = { "/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq",
	"/proc/sys", "/proc/sysrq-trigger", NULL };

static int add_caps(char *const *names, uint64_t *ret, bool *all, struct err *e)
{
	for (; names && *names; names++) {
		int n = capability_number(*names);

		if (!g_ascii_strcasecmp(*names, "all")) {
			*all = true;
			continue;
		}
		if (n < 0)
			return err_msg(e, EINVAL, "unknown capability \"%s\"; names are those of capabilities(7), "
				       "or all", *names);
		*ret |= UINT64_C(1) << n;
	}
	return 0;
}

uint64_t run_caps_default(void)
{
	return DEFAULT_CAPS;
}

int run_caps_merge(uint64_t base, char *const *add, char *const *drop, uint64_t *ret, struct err *e)
{
	uint64_t added = 0, dropped = 0;
	bool add_all = false, drop_all = false;

	if (add_caps(add, &added, &add_all, e) < 0)
		return err_wrap(e, "--cap-add");
	if (add_caps(drop, &dropped, &drop_all, e) < 0)
		return err_wrap(e, "--cap-drop");
	if (add_all && drop_all)
		return err_msg(e, EINVAL, "adding all caps and dropping all caps not allowed");
	if (added & dropped) {
		int n = __builtin_ctzll(added & dropped);

		return err_msg(e, EINVAL, "capability \"%s\" cannot be dropped and added", capability_name(n));
	}
	if (drop_all)
		*ret = added;
	else
		*ret = ((add_all ? capability_all() : base) | added) & ~dropped;
	return 0;
}

static int make_caps(struct run_plan *p, struct err *e)
{
	struct rspec_process *proc = &p->spec->process;
	uint64_t base = p->o->privileged ? capability_all() : DEFAULT_CAPS, set;

	if (run_caps_merge(base, p->o->cap_add, p->o->cap_drop, &set, e) < 0)
		return -e->code;
	proc->has_capabilities = true;
	proc->capabilities[CAP_SET_BOUNDING] = set;
	proc->capabilities[CAP_SET_EFFECTIVE] = set;
	proc->capabilities[CAP_SET_PERMITTED] = set;
	/* A user who is not root gets only what was asked for by name, see launch_user.c. */
	return run_caps_merge(0, p->o->cap_add, p->o->cap_drop, &p->x.added_caps, e);
}

static int seccomp_option(struct run_plan *p, const char *value, struct err *e)
{
	g_autofree char *text = NULL;
	size_t len;

	if (!strcmp(value, "unconfined")) {
		p->spec->seccomp = SECCOMP_NONE;
		return 0;
	}
	if (file_read(AT_FDCWD, value, SECCOMP_DOCUMENT_MAX, &text, &len, e) < 0)
		return err_wrap(e, "--security-opt seccomp=%s: opening seccomp profile failed", value);
	if (seccomp_check_document(text, len, e) < 0)
		return err_wrap(e, "--security-opt seccomp=%s", value);
	p->spec->seccomp = SECCOMP_DOCUMENT;
	p->spec->seccomp_json = arena_strdup(&p->spec->arena, text);
	return 0;
}

static bool apparmor_is_on(void)
{
	char c = 'N';
	int fd = open("/sys/module/apparmor/parameters/enabled", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (read(fd, &c, 1) < 0)
		c = 'N';
	(void)close(fd);
	return c == 'Y';
}

static int apparmor_option(struct run_plan *p, const char *value, struct err *e)
{
	if (!strcmp(value, "unconfined"))
		return 0;
	if (!apparmor_is_on())
		return err_msg(e, EOPNOTSUPP, "--security-opt apparmor=%s: AppArmor is not enabled on this machine; "
			       "use apparmor=unconfined or leave the option away", value);
	p->spec->process.apparmor_profile = arena_strdup(&p->spec->arena, value);
	return 0;
}

static int label_option(struct run_plan *p, const char *value, struct err *e)
{
	static const char *const kinds[] = { "user:", "role:", "type:", "level:", "filetype:" };

	(void)p;
	if (!strcmp(value, "disable") || !strcmp(value, "nested"))
		return 0;
	for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
		if (!g_str_has_prefix(value, kinds[i]))
			continue;
		/* As podman's: without SELinux there is nothing to label. */
		if (!path_exists_at(AT_FDCWD, "/sys/fs/selinux/enforce"))
			return 0;
		return err_msg(e, EOPNOTSUPP, "--security-opt label=%s: own SELinux labels cannot be set; "
			       "use label=disable", value);
	}
	return err_msg(e, EINVAL, "--security-opt label=%s: disable, user:, role:, type:, level: or filetype: is needed",
		       value);
}

static int mask_option(struct run_plan *p, const char *value, struct err *e)
{
	g_auto(GStrv) paths = g_strsplit(value, ":", -1);

	for (char **m = paths; *m; m++) {
		if (**m != '/')
			return err_msg(e, EINVAL, "--security-opt mask=%s: the path must be absolute", *m);
		arena_strv_push(&p->spec->arena, &p->spec->masked_paths, arena_strdup(&p->spec->arena, *m));
	}
	return 0;
}

static void unmask_in(char **list, const char *pattern)
{
	char **to = list;

	for (char **from = list; from && *from; from++)
		if (strcmp(pattern, "ALL") != 0 && !g_pattern_match_simple(pattern, *from))
			*to++ = *from;
	if (to)
		*to = NULL;
}

static int unmask_option(struct run_plan *p, const char *value, struct err *e)
{
	g_auto(GStrv) paths = g_strsplit(value, ":", -1);

	for (char **m = paths; *m; m++) {
		if (**m != '/' && strcmp(*m, "ALL") != 0)
			return err_msg(e, EINVAL, "--security-opt unmask=%s: ALL or an absolute path is needed", *m);
		unmask_in(p->spec->masked_paths, *m);
		unmask_in(p->spec->readonly_paths, *m);
	}
	return 0;
}

static int security_option(struct run_plan *p, const char *text, struct err *e)
{
	g_auto(GStrv) kv = g_strsplit(text, "=", 2);
	const char *value;

	/* docker's old form has a colon. */
	if (!strchr(text, '=') && strchr(text, ':')) {
		g_strfreev(kv);
		kv = g_strsplit(text, ":", 2);
	}
	value = kv[0] ? kv[1] : NULL;
	if (kv[0] && !strcmp(kv[0], "no-new-privileges")) {
		if (value && strcmp(value, "true") && strcmp(value, "false"))
			return err_msg(e, EINVAL, "--security-opt %s: true or false is needed", text);
		p->spec->process.no_new_privileges = !value || !strcmp(value, "true");
		return 0;
	}
	if (!value || !*value)
		return err_msg(e, EINVAL, "invalid --security-opt 1: \"%s\"", text);
	if (!strcmp(kv[0], "seccomp"))
		return seccomp_option(p, value, e);
	if (!strcmp(kv[0], "apparmor"))
		return apparmor_option(p, value, e);
	if (!strcmp(kv[0], "label"))
		return label_option(p, value, e);
	if (!strcmp(kv[0], "mask"))
		return mask_option(p, value, e);
	if (!strcmp(kv[0], "unmask"))
		return unmask_option(p, value, e);
	if (!strcmp(kv[0], "systempaths") && !strcmp(value, "unconfined"))
		return unmask_option(p, "ALL", e);
	return err_msg(e, EINVAL, "invalid --security-opt 2: \"%s\"", text);
}

int run_security_plan(struct run_plan *p, struct err *e)
{
	struct rspec *s = p->spec;

	if (make_caps(p, e) < 0)
		return -e->code;
	s->seccomp = p->o->privileged ? SECCOMP_NONE : SECCOMP_DEFAULT;
	if (!p->o->privileged) {
		s->masked_paths = arena_strv_dup(&s->arena, default_masked);
		s->readonly_paths = arena_strv_dup(&s->arena, default_readonly);
	}
	s->personality = arena_strdup(&s->arena, p->o->personality);
	for (char **o = p->o->security_opt; o && *o; o++)
		if (security_option(p, *o, e) < 0)
			return -e->code;
	return 0;
}
