/* exec.c - exec. See podman-exec(1). */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/container_set.h"
#include "cmd/launch_inside.h"
#include "cmd/run_spec.h"
#include "core/base/fd.h"
#include "core/base/text.h"
#include "core/container/exec.h"
#include "core/container/manage.h"
#include "core/runtime/caps.h"
#include "core/runtime/cgroup.h"

#define EXIT_NOT_RUNNING 255    /* podman's status for a container that does not run */

struct exec_options {
	bool detach, interactive, latest, privileged, tty;
	int64_t preserve_fds;
	char *detach_keys, *user, *workdir;
	char **cidfile, **env, **env_file;
};
#define AT(member) offsetof(struct exec_options, member)

static const struct opt exec_opts[] = {
	{ .name = "cidfile", .type = OPT_LIST, .offset = AT(cidfile), .arg = "file",
	  .help = "Read the container's ID from this file", .complete = COMPLETE_FILE },
	{ .name = "detach", .letter = 'd', .type = OPT_FLAG, .offset = AT(detach),
	  .help = "Return as soon as the process runs" },
	{ .name = "detach-keys", .type = OPT_STRING, .offset = AT(detach_keys), .arg = "keys",
	  .help = "Keys that leave the process running (default: ctrl-p,ctrl-q)" },
	{ .name = "env", .letter = 'e', .type = OPT_LIST, .offset = AT(env), .arg = "name=value",
	  .help = "Set an environment variable, or pass on ours (name)" },
	{ .name = "env-file", .type = OPT_LIST, .offset = AT(env_file), .arg = "file",
	  .help = "Read environment variables from a file", .complete = COMPLETE_FILE },
	{ .name = "interactive", .letter = 'i', .type = OPT_FLAG, .offset = AT(interactive),
	  .help = "Give it our standard input" },
	{ .name = "latest", .letter = 'l', .type = OPT_FLAG, .offset = AT(latest), .help = "The container created last" },
	{ .name = "no-session", .type = OPT_IGNORED, .help = "Accepted: no session is ever recorded" },
	{ .name = "preserve-fds", .type = OPT_INT, .offset = AT(preserve_fds), .arg = "n",
	  .help = "Pass on n descriptors from 3 on" },
	{ .name = "privileged", .type = OPT_FLAG, .offset = AT(privileged),
	  .help = "All capabilities of the container's user namespace" },
	{ .name = "tty", .letter = 't', .type = OPT_FLAG, .offset = AT(tty), .help = "Give it a terminal" },
	{ .name = "user", .letter = 'u', .type = OPT_STRING, .offset = AT(user), .arg = "user[:group]",
	  .help = "Run as this user (default: the container's)" },
	{ .name = "workdir", .letter = 'w', .type = OPT_STRING, .offset = AT(workdir), .arg = "directory",
	  .help = "Working directory (default: the container's)" },
	OPT_END
};

/* One exec: what container_exec() needs, and what its hook reads in the new process. */
struct exec_job {
	const struct exec_options *o;
	struct launch_job launch;       /* record, spec and extras of the container */
	struct launch_ctx ctx;
	struct launch_extras extras;
	struct container_exec exec;
	bool silent;                    /* nothing of it in the event log */
	char cgroup[PATH_MAX];
};

static int inside(void *ctx, int rootfd, struct rspec *spec, struct err *e)
{
	struct exec_job *j = ctx;
	const char *user = j->o->user ? j->o->user : j->launch.record->user;
	uint64_t *caps = spec->process.capabilities;

	/* All that there is: what this process has, before it gives anything up. */
	if (j->o->privileged)
		caps[CAP_SET_BOUNDING] = caps[CAP_SET_EFFECTIVE] = caps[CAP_SET_PERMITTED] = caps_permitted();
	return launch_find_user(&j->ctx, rootfd, spec, user, e);
}

/* The container's process, with what the command line changes of it. */
static int plan_process(struct exec_job *j, char **argv, struct err *e)
{
	const struct exec_options *o = j->o;
	struct rspec *s = j->launch.spec;
	struct rspec_process *p = &s->process;

	p->args = arena_strv_dup(&s->arena, (const char *const *)argv);
	p->terminal = o->tty;
	p->console_rows = p->console_cols = 0;
	if (o->tty && !rspec_get_env(s, "TERM"))
		rspec_add_env(s, "TERM=xterm");
	for (char **f = o->env_file; f && *f; f++)
		if (run_env_file(s, *f, e) < 0)
			return -e->code;
	for (char **v = o->env; v && *v; v++)
		if (run_env_option(s, *v, e) < 0)
			return -e->code;
	if (o->workdir && *o->workdir != '/')
		return err_msg(e, EINVAL, "--workdir %s: the path must be absolute", o->workdir);
	if (o->workdir)
		p->cwd = arena_strdup(&s->arena, o->workdir);
	return 0;
}

/* The container's control group, where it was given one of its own: as the kernel tells it. */
static int find_cgroup(struct exec_job *j, pid_t pid, struct err *e)
{
	struct cgroup_host host;
	char path[32], line[2048];
	FILE *f;

	if (!cgroup_has_limits(&j->launch.spec->resources))
		return 0;
	cgroup_probe(&host);
	snprintf(path, sizeof path, "/proc/%d/cgroup", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return err_set(e, errno, "%s", path);
	while (fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = '\0';
		if (g_str_has_prefix(line, "0::/") && host.layout == CGROUP_LAYOUT_V2 && strcmp(line + 3, host.own) != 0 &&
		    snprintf(j->cgroup, sizeof j->cgroup, "%s%s", host.mount, line + 3) < (int)sizeof j->cgroup)
			j->exec.enter.cgroup = j->cgroup;
	}
	(void)fclose(f);
	return 0;
}

static int exec_in(struct exec_job *j, const struct container_info *i, char **argv, struct err *e)
{
	struct enter_params *enter = &j->exec.enter;
	struct context *c = j->launch.c;
	autorspec *spec = NULL;
	autofd dir = -1, pidfd = -1;

	if (i->state.status != CONTAINER_RUNNING && i->state.status != CONTAINER_STOPPING) {
		(void)err_msg(e, ESRCH, "container %s is %s: can only create exec sessions on running containers: "
			      "container state improper", i->given, container_status_name(i->state.status));
		return err_exit(e, EXIT_NOT_RUNNING);
	}
	dir = container_open(&c->place, i->record->id, e);
	if (dir < 0 || launch_read_config(dir, &spec, e) < 0 || launch_extras_from_json(i->record, &j->extras, e) < 0)
		return err_wrap(e, "container %s", i->given);
	if (j->extras.runtime)
		return err_msg(e, EOPNOTSUPP, "container %s is run by %s: only the built-in runtime's containers can be entered",
			       i->given, j->extras.runtime);
	pidfd = container_pidfd(&i->state, e);
	if (pidfd == -ESRCH)
		return err_exit(e, EXIT_NOT_RUNNING);
	j->launch.record = i->record;
	j->launch.spec = spec;
	j->launch.extras = &j->extras;
	j->launch.container_fd = dir;
	if (pidfd < 0 || plan_process(j, argv, e) < 0 || find_cgroup(j, i->state.pid, e) < 0)
		return -e->code;
	idmap_of(i->state.pid, &j->ctx.map);
	j->ctx.map.none = !spec->namespaces[RSPEC_NS_USER].listed;
	j->exec.place = &c->place;
	j->exec.record = j->silent ? NULL : i->record;
	enter->pid = i->state.pid;
	enter->pidfd = pidfd;
	enter->map = &j->ctx.map;
	enter->spec = spec;
	enter->pretend = true;
	enter->owners_dir = launch_owners_dir(&j->launch);
	return container_exec(&j->exec, e);
}

static int exec_command(struct context *c, void *values, bool silent, int argc, char **argv)
{
	const struct exec_options *o = values;
	struct container_choice choice = { .latest = o->latest, .cidfiles = o->cidfile };
	struct exec_job j = { .o = o, .launch = { .c = c }, .ctx = { .files_fd = -1 }, .silent = silent };
	int names = o->latest || o->cidfile ? 0 : 1, status, worst = 0;
	g_autoptr(GPtrArray) set = NULL;
	struct err e = ERR_INIT;

	j.ctx.job = &j.launch;
	j.exec = (struct container_exec){ .detach = o->detach, .interactive = o->interactive,
		.detach_keys = o->detach_keys,
		.enter = { .preserve_fds = (unsigned)o->preserve_fds, .inside = inside, .ctx = &j } };
	if (o->preserve_fds < 0 || o->preserve_fds > 1000)
		(void)err_msg(&e, EINVAL, "--preserve-fds %lld: a number from 0 to 1000 is needed",
			      (long long)o->preserve_fds);
	else if (argc <= names)
		(void)err_msg(&e, EINVAL, "give a container and the command to run in it");
	if (e.code || context_store(c, &e) < 0 || container_choose(c, &choice, names, argv, &set, &worst, &e) < 0)
		return fail(&e);
	if (set->len == 0)
		return worst ? worst : (err_msg(&e, ENOENT, "there is no container"), fail(&e));
	status = exec_in(&j, set->pdata[0], argv + names, &e);
	if (status < 0)
		return fail(&e);
	if (o->detach) {
		g_autofree char *id = text_random_hex(32);

		puts(id);
	}
	return status;
}

static int run_exec(struct context *c, void *values, int argc, char **argv)
{
	return exec_command(c, values, false, argc, argv);
}

/* What a keeper executes: the health of a container is an event, each check is none. */
static int run_check(struct context *c, void *values, int argc, char **argv)
{
	return exec_command(c, values, true, argc, argv);
}

const struct command command_check = {
	.name = "__check", .summary = "Run a health check", .usage = "CONTAINER COMMAND [ARG...]", .opts = exec_opts,
	.values_size = sizeof(struct exec_options), .run = run_check, .min_args = 1, .max_args = -1,
	.flags = COMMAND_STOP_AT_FIRST | COMMAND_HIDDEN,
};
const struct command command_exec = {
	.name = "exec", .alias = "container exec", .summary = "Run a process in a running container",
	.usage = "[options] CONTAINER COMMAND [ARG...]", .opts = exec_opts, .values_size = sizeof(struct exec_options),
	.run = run_exec, .min_args = 1, .max_args = -1, .complete = COMPLETE_RUNNING, .flags = COMMAND_STOP_AT_FIRST,
};
