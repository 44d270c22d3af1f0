/* oci_exec.c - coracle oci exec: one more process in a container. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/oci.h"
#include "cmd/oci_commands.h"
#include "cmd/oci_run.h"
#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "core/base/text.h"
#include "core/oci/capability.h"
#include "core/runtime/enter.h"
#include "core/runtime/schedule.h"

#define EXEC_FAILED 255         /* as runc's */
#define PROCESS_MAX (16 * 1024 * 1024)

struct exec_options {
	bool tty, detach, no_new_privs, ignore_paused;
	char *process, *cwd, *user, *apparmor, *label, *pid_file, *console_socket, *pidfd_socket;
	char **cgroup, **env, **caps, **additional_gids;
	int64_t preserve_fds;
};

#define AT(member) offsetof(struct exec_options, member)

static const struct opt options[] = {
	{ .name = "additional-gids", .letter = 'g', .type = OPT_CSV, .offset = AT(additional_gids), .arg = "gid",
	  .help = "Supplementary group of the process" },
	{ .name = "apparmor", .type = OPT_STRING, .offset = AT(apparmor), .arg = "profile",
	  .help = "AppArmor profile of the process" },
	{ .name = "cap", .letter = 'c', .type = OPT_LIST, .offset = AT(caps), .arg = "capability",
	  .help = "Add a capability to those of the container" },
	{ .name = "cgroup", .type = OPT_LIST, .offset = AT(cgroup), .arg = "[controllers:]path",
	  .help = "Run in this sub-cgroup of the container's" },
	{ .name = "console-socket", .type = OPT_STRING, .offset = AT(console_socket), .arg = "path",
	  .help = "Unix socket that receives the terminal", .complete = COMPLETE_FILE },
	{ .name = "cwd", .type = OPT_STRING, .offset = AT(cwd), .arg = "dir", .help = "Working directory" },
	{ .name = "detach", .letter = 'd', .type = OPT_FLAG, .offset = AT(detach),
	  .help = "Leave the process running in the background" },
	{ .name = "env", .letter = 'e', .type = OPT_LIST, .offset = AT(env), .arg = "name=value",
	  .help = "Set an environment variable" },
	{ .name = "ignore-paused", .type = OPT_FLAG, .offset = AT(ignore_paused),
	  .help = "Add the process to a paused container, too" },
	{ .name = "no-new-privs", .type = OPT_FLAG, .offset = AT(no_new_privs),
	  .help = "Set no_new_privs for the process" },
	{ .name = "pid-file", .type = OPT_STRING, .offset = AT(pid_file), .arg = "path",
	  .help = "Write the process's pid to this file", .complete = COMPLETE_FILE },
	{ .name = "pidfd-socket", .type = OPT_STRING, .offset = AT(pidfd_socket), .arg = "path",
	  .help = "Unix socket that receives a pidfd of the process", .complete = COMPLETE_FILE },
	{ .name = "preserve-fds", .type = OPT_INT, .offset = AT(preserve_fds), .arg = "n",
	  .help = "Pass descriptors 3 to 2+n on to the process" },
	{ .name = "process", .letter = 'p', .type = OPT_STRING, .offset = AT(process), .arg = "file",
	  .help = "Read a process object of the specification from this file", .complete = COMPLETE_FILE },
	{ .name = "process-label", .type = OPT_STRING, .offset = AT(label), .arg = "label",
	  .help = "SELinux label of the process" },
	{ .name = "tty", .letter = 't', .type = OPT_FLAG, .offset = AT(tty), .help = "Give it a terminal" },
	{ .name = "user", .letter = 'u', .type = OPT_STRING, .offset = AT(user), .arg = "uid[:gid]",
	  .help = "Run as this user" },
	OPT_END
};

static int read_process(struct bundle_container *c, const char *file, struct err *e)
{
	g_autofree char *text = NULL;
	struct rspec *part = NULL;
	size_t len;

	if (file_read(AT_FDCWD, file, PROCESS_MAX, &text, &len, e) < 0 ||
	    rspec_parse_process(text, len, &part, e) < 0)
		return err_wrap(e, "--process %s", file);
	/* Its strings live in its own arena, which this short process keeps. */
	c->spec->process = part->process;
	return 0;
}

static int set_user(struct rspec_user *u, const char *text, struct err *e)
{
	g_auto(GStrv) part = g_strsplit(text, ":", 2);
	int64_t uid, gid = u->gid;

	if (!text_int(part[0], 0, UINT32_MAX - 1, &uid) || (part[1] && !text_int(part[1], 0, UINT32_MAX - 1, &gid)))
		return err_msg(e, EINVAL, "--user %s: not UID or UID:GID", text);
	u->uid = (uint32_t)uid;
	u->gid = (uint32_t)gid;
	return 0;
}

/* One that this program does not know is none that could be given, as in config.json. */
static void add_caps(struct rspec_process *p, char **caps)
{
	for (; caps && *caps; caps++) {
		int n = capability_number(*caps);

		p->has_capabilities = true;
		if (n < 0) {
			log_warn("--cap %s: no such capability, ignoring", *caps);
			continue;
		}
		for (int set = 0; set < CAP_SET_COUNT; set++)
			if (set != CAP_SET_AMBIENT && set != CAP_SET_INHERITABLE)
				p->capabilities[set] |= 1ULL << n;
	}
}

static int add_groups(struct rspec *s, char **gids, struct err *e)
{
	struct rspec_user *u = &s->process.user;
	int64_t n;

	for (; gids && *gids; gids++) {
		if (!text_int(*gids, 0, UINT32_MAX - 1, &n))
			return err_msg(e, EINVAL, "--additional-gids %s: not a group number", *gids);
		*ARENA_PUSH(&s->arena, u->additional_gids, u->n_additional_gids) = (uint32_t)n;
	}
	return 0;
}

/* The container's process with what the options change, or the one of --process. */
static int plan(struct bundle_container *c, const struct exec_options *o, char **argv, struct err *e)
{
	struct rspec *s = c->spec;
	struct rspec_process *p = &s->process;

	if (o->process)
		return read_process(c, o->process, e);
	if (!argv[0])
		return err_msg(e, EINVAL, "give the command to run, or --process");
	p->args = arena_strv_dup(&s->arena, (const char *const *)argv);
	p->terminal = o->tty;
	p->console_rows = p->console_cols = 0;
	for (char **v = o->env; v && *v; v++)
		rspec_add_env(s, *v);
	if (o->cwd)
		p->cwd = arena_strdup(&s->arena, o->cwd);
	if (o->no_new_privs)
		p->no_new_privileges = true;
	if (o->apparmor)
		p->apparmor_profile = arena_strdup(&s->arena, o->apparmor);
	if (o->label)
		p->selinux_label = arena_strdup(&s->arena, o->label);
	if (o->user && set_user(&p->user, o->user, e) < 0)
		return -e->code;
	add_caps(p, o->caps);
	return add_groups(s, o->additional_gids, e);
}

/* Is `dir`, of the hierarchy of version 1 below /sys/fs/cgroup that has its controllers' names, of one of these? */
static bool has_controller(const char *dir, const char *names)
{
	static const char base[] = "/sys/fs/cgroup/";
	g_auto(GStrv) wanted = g_strsplit(names, ",", -1);
	g_autofree char *hierarchy = NULL;
	g_auto(GStrv) have = NULL;

	if (!g_str_has_prefix(dir, base))
		return false;
	dir += strlen(base);
	hierarchy = g_strndup(dir, strcspn(dir, "/"));
	have = g_strsplit(hierarchy, ",", -1);
	for (char **w = wanted; *w; w++)
		if (g_strv_contains((const char *const *)have, *w))
			return true;
	return false;
}

/* "PATH" of all hierarchies, or "CONTROLLERS:PATH" of those. */
static int use_sub_cgroup(char *const *all, char **dirs, const char *wanted, struct err *e)
{
	const char *colon = strchr(wanted, ':'), *path = colon ? colon + 1 : wanted;
	g_autofree char *names = colon ? g_strndup(wanted, (size_t)(colon - wanted)) : NULL;
	g_auto(GStrv) parts = g_strsplit(path, "/", -1);
	size_t found = 0;

	if (g_strv_contains((const char *const *)parts, ".."))
		return err_msg(e, EINVAL, "--cgroup %s: bad sub cgroup path, .. is not allowed", wanted);
	for (size_t i = 0; all[i]; i++) {
		if (names && !has_controller(all[i], names))
			continue;
		g_free(dirs[i]);
		dirs[i] = g_build_filename(all[i], path, NULL);
		found++;
	}
	return found ? 0 : err_msg(e, EINVAL, "--cgroup %s: unknown controller %s", wanted, names ? names : "");
}

static int find_cgroups(const struct bundle_container *c, const struct exec_options *o, char ***ret, struct err *e)
{
	*ret = c->state.cgroups ? g_strdupv(c->state.cgroups) : g_new0(char *, 1);
	if (o->cgroup && !**ret)
		return err_msg(e, EINVAL, "--cgroup %s: the container has none", *o->cgroup);
	for (char **w = o->cgroup; w && *w; w++)
		if (use_sub_cgroup(c->state.cgroups, *ret, *w, e) < 0)
			return -e->code;
	return 0;
}

static int check(const struct bundle_container *c, const struct exec_options *o, struct err *e)
{
	enum bundle_status now = bundle_status(c);

	if (now == BUNDLE_PAUSED && !o->ignore_paused)
		return err_msg(e, EBUSY, "container '%s' is paused", c->state.id);
	if (now != BUNDLE_RUNNING && now != BUNDLE_CREATED && now != BUNDLE_PAUSED)
		return err_msg(e, ESRCH, "container '%s' is not running: it is %s", c->state.id, bundle_status_name(now));
	return 0;
}

static int run_in(struct bundle_container *c, const struct exec_options *o, struct launched *l, struct err *e)
{
	const struct rspec_process *p = &c->spec->process;
	g_auto(GStrv) cgroups = NULL;
	autofd pidfd = bundle_pidfd(c);
	struct idmap map;
	struct enter_params enter_p = { .pid = c->state.pid, .pidfd = pidfd, .map = &map, .spec = c->spec, .id = c->state.id, .bundle = c->state.bundle,
		.stdio = { 0, 1, 2 }, .preserve_fds = (unsigned)o->preserve_fds, .inside = oci_set_home };

	if (pidfd < 0)
		return err_msg(e, ESRCH, "container '%s' is not running", c->state.id);
	if (p->terminal && o->detach && !o->console_socket)
		return err_msg(e, EINVAL, "a terminal of a detached process needs --console-socket");
	idmap_of(c->state.pid, &map);
	schedule_all_cpus();
	map.none = !c->spec->namespaces[RSPEC_NS_USER].listed;
	if (find_cgroups(c, o, &cgroups, e) < 0 || schedule_set(p, e) < 0 || schedule_cpus(p->cpus_initial, e) < 0)
		return -e->code;
	enter_p.cgroups = cgroups;
	/* An ordinary user's session and the cgroups of his systemd have a parent that is root's. */
	enter_p.cgroups_must_work = !oci_is_rootless() || o->cgroup;
	if (enter(&enter_p, l, e) < 0)
		return -e->code;
	if (o->console_socket && l->tty >= 0) {
		if (oci_send_fd("--console-socket", o->console_socket, "/dev/ptmx", l->tty, e) < 0)
			return -e->code;
		fd_close(&l->tty);
	}
	if (o->pidfd_socket && oci_send_fd("--pidfd-socket", o->pidfd_socket, "pidfd", l->pidfd, e) < 0)
		return -e->code;
	return oci_write_pid(o->pid_file, l->pid, e);
}

static int run_exec(struct context *ctx, void *values, int argc, char **argv)
{
	const struct exec_options *o = values;
	struct launched l = { .pid = -1, .pidfd = -1, .tty = -1 };
	autobundle c = BUNDLE_CONTAINER_INIT;
	struct err e = ERR_INIT;
	int status = 0;

	(void)ctx;
	(void)argc;
	if (oci_check_fds(o->preserve_fds, &e) < 0 || oci_open(argv[0], false, &c, &e) < 0 || check(&c, o, &e) < 0 ||
	    plan(&c, o, argv + 1, &e) < 0)
		return (void)oci_fail(&e), EXEC_FAILED;
	if (!o->detach)
		foreground_begin();
	if (run_in(&c, o, &l, &e) < 0) {
		proc_kill_and_reap(&l.pid);
		return (void)oci_fail(&e), EXEC_FAILED;
	}
	if (!o->detach)
		status = foreground_wait(l.pid, l.tty);
	fd_close(&l.tty);
	fd_close(&l.pidfd);
	return status;
}

const struct command command_oci_exec = {
	.name = "oci exec", .summary = "Run one more process in a container", .usage = "[options] ID COMMAND [ARG...]",
	.opts = options, .values_size = sizeof(struct exec_options), .run = run_exec, .min_args = 1, .max_args = -1,
	.flags = COMMAND_STOP_AT_FIRST,
};
