/* rights.c - see rights.h. */
#include "core/runtime/rights.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/log.h"
#include "core/runtime/caps.h"

static const struct {
	const char *name;
	int resource;
} limits[] = {
	{ "AS", RLIMIT_AS }, { "CORE", RLIMIT_CORE }, { "CPU", RLIMIT_CPU }, { "DATA", RLIMIT_DATA },
	{ "FSIZE", RLIMIT_FSIZE }, { "LOCKS", RLIMIT_LOCKS }, { "MEMLOCK", RLIMIT_MEMLOCK },
	{ "MSGQUEUE", RLIMIT_MSGQUEUE }, { "NICE", RLIMIT_NICE }, { "NOFILE", RLIMIT_NOFILE },
	{ "NPROC", RLIMIT_NPROC }, { "RSS", RLIMIT_RSS }, { "RTPRIO", RLIMIT_RTPRIO },
	{ "RTTIME", RLIMIT_RTTIME }, { "SIGPENDING", RLIMIT_SIGPENDING }, { "STACK", RLIMIT_STACK },
};

/* Root's, or the first where a map has no root: the capabilities of the namespace's maker stay, and files can be made. */
static uint32_t first_id(const struct id_range *r, size_t n)
{
	return n == 0 || idmap_outside(r, n, 0) >= 0 ? 0 : r[0].inside;
}

int rights_become_root(const struct idmap *m, struct err *e)
{
	gid_t gid = first_id(m->gid, m->n_gid);
	uid_t uid = first_id(m->uid, m->n_uid);

	if (m->none)
		return 0;
	/* A namespace that was joined has the map of its maker, which may have no id 0 (EINVAL). */
	if (getgid() != gid && setresgid(gid, gid, gid) < 0 && (m->n_gid || errno != EINVAL))
		return err_set(e, errno, "become gid %u of the user namespace", gid);
	if (getuid() != uid && setresuid(uid, uid, uid) < 0 && (m->n_uid || errno != EINVAL))
		return err_set(e, errno, "become uid %u of the user namespace", uid);
	return 0;
}

static int set_limit(const struct rspec_rlimit *l, struct err *e)
{
	const char *name = !g_ascii_strncasecmp(l->type, "RLIMIT_", 7) ? l->type + 7 : l->type;
	struct rlimit value = { .rlim_cur = l->soft, .rlim_max = l->hard };

	for (size_t i = 0; i < G_N_ELEMENTS(limits); i++) {
		if (g_ascii_strcasecmp(limits[i].name, name) != 0)
			continue;
		if (setrlimit(limits[i].resource, &value) == 0)
			return 0;
		err_set(e, errno, "limit %s to %llu:%llu", name, (unsigned long long)l->soft,
			(unsigned long long)l->hard);
		return e->code == EPERM ? err_hint(e, "the hard limit cannot be raised, see ulimit -H") : -e->code;
	}
	return err_msg(e, EINVAL, "process.rlimits: unknown resource limit %s", l->type);
}

int rights_rlimits(const struct rspec *spec, struct err *e)
{
	const struct rspec_process *p = &spec->process;

	for (size_t i = 0; i < p->n_rlimits; i++)
		if (set_limit(&p->rlimits[i], e) < 0)
			return -e->code;
	return 0;
}

int rights_oom_score(const struct rspec *spec, struct err *e)
{
	const struct rspec_process *p = &spec->process;
	char text[16];
	int r;

	if (!p->has_oom_score_adj)
		return 0;
	snprintf(text, sizeof text, "%d", p->oom_score_adj);
	r = file_poke(AT_FDCWD, "/proc/self/oom_score_adj", text);
	if (r == -EACCES)
		return err_msg(e, EACCES, "oom_score_adj %s: it cannot be set lower than that of this session", text);
	return r < 0 ? err_set(e, -r, "oom_score_adj %s", text) : 0;
}

int rights_label(const struct rspec *spec, int fd, struct err *e)
{
	const struct rspec_process *p = &spec->process;
	g_autofree char *text = NULL;

	if (fd < 0)
		return 0;
	text = p->apparmor_profile ? g_strconcat("exec ", p->apparmor_profile, NULL) : g_strdup(p->selinux_label);
	return write(fd, text, strlen(text)) < 0 ? err_set(e, errno, "security label %s", text) : 0;
}

/* An id that the user namespace has not: say why. */
static int no_such_id(const struct idmap *m, const char *what, uint32_t id, int code, struct err *e)
{
	if (code != EINVAL)
		return err_set(e, code, "become %s %u", what, id);
	err_msg(e, EINVAL, "%s %u does not exist in this container", what, id);
	if (m->one_id)
		return err_hint(e, "it has a single id%s%s; run the program as that one, with -u %u",
				*m->why_one_id ? ": " : "", m->why_one_id, m->uid[0].inside);
	return err_hint(e, "its id map ends before it, see subuid(5)");
}

static int set_groups(const struct rspec_user *u, const struct idmap *m, struct err *e)
{
	/* uint32_t is gid_t on every Linux. */
	if (setgroups(u->n_additional_gids, u->additional_gids) == 0)
		return 0;
	if (errno != EPERM && u->n_additional_gids == 0)
		return err_set(e, errno, "drop supplementary groups");
	/* Denied in a map that the user wrote without help. Nothing is lost when nothing more was asked for. */
	for (size_t i = 0; i < u->n_additional_gids; i++)
		if (errno != EPERM || u->additional_gids[i] != u->gid)
			return no_such_id(m, "group", u->additional_gids[i], EINVAL, e);
	return 0;
}

static int change_ids(const struct launch_params *p, const struct idmap *m, struct err *e)
{
	const struct rspec_user *u = &p->spec->process.user;

	if (!p->keep_groups && set_groups(u, m, e) < 0)
		return -e->code;
	if (setresgid(u->gid, u->gid, u->gid) < 0)
		return no_such_id(m, "group", u->gid, errno, e);
	if (setresuid(u->uid, u->uid, u->uid) < 0)
		return no_such_id(m, "user", u->uid, errno, e);
	return 0;
}

int rights_drop(const struct launch_params *p, const struct idmap *m, struct err *e)
{
	const struct rspec_process *s = &p->spec->process;

	/* A kernel without keyrings, or a user with too many: the session's own is then used. */
	if (p->new_session_keyring)
		(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0);
	if (caps_bound(s->has_capabilities ? s->capabilities[CAP_SET_BOUNDING] : 0, e) < 0)
		return -e->code;
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return err_set(e, errno, "keep capabilities");
	if (change_ids(p, m, e) < 0)
		return -e->code;
	(void)umask(s->user.has_umask ? s->user.umask : 0022);
	return 0;
}

int rights_finish(const struct rspec *spec, const struct seccomp_program *filter, struct err *e)
{
	const struct rspec_process *s = &spec->process;
	const uint64_t *caps = s->capabilities;
	uint64_t all = caps_permitted();

	if (spec->personality && personality(!strcmp(spec->personality, "LINUX32") ? PER_LINUX32 : PER_LINUX) < 0)
		return err_set(e, errno, "personality %s", spec->personality);
	if (!s->no_new_privileges && filter->insns &&
	    (caps_set(all, all, 0, e) < 0 || seccomp_install(filter, e) < 0))
		return -e->code;
	/* "Any value which cannot be granted otherwise MUST be logged as a warning": one that the caller has not. */
	if (caps[CAP_SET_PERMITTED] & ~all)
		log_warn("the caller lacks capabilities that the spec asks for: ignoring them");
	if (caps_set(caps[CAP_SET_EFFECTIVE] & all, caps[CAP_SET_PERMITTED] & all, caps[CAP_SET_INHERITABLE] & all,
		     e) < 0)
		return -e->code;
	return caps_ambient(caps[CAP_SET_AMBIENT] & caps[CAP_SET_PERMITTED] & caps[CAP_SET_INHERITABLE] & all, e);
}

int rights_seal(const struct rspec *spec, const struct seccomp_program *filter, struct err *e)
{
	if (!spec->process.no_new_privileges)
		return 0;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_set(e, errno, "no_new_privs");
	return seccomp_install(filter, e);
}
