/* oci_create.c - coracle oci create, start and delete. */
#include "cmd/oci_create.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <jansson.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/oci_commands.h"
#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/base/proc.h"
#include "core/base/text.h"
#include "core/runtime/gate.h"
#include "core/runtime/hooks.h"
#include "core/runtime/idmap.h"
#include "core/runtime/schedule.h"
#include "core/runtime/shared_root.h"

#define AT(member) offsetof(struct oci_create_options, member)
#define CONFIG_MAX (64 * 1024 * 1024)

const struct opt oci_create_opts[] = {
	{ "bundle", 'b', OPT_STRING, AT(bundle), "dir", "Directory of config.json and the root file system", NULL,
	  COMPLETE_FILE, 0, NULL },
	{ "config", 'f', OPT_STRING, AT(config), "file", "Another file than the bundle's config.json", NULL,
	  COMPLETE_FILE, 0, NULL },
	{ "console-socket", 0, OPT_STRING, AT(console_socket), "path", "Unix socket that receives the terminal", NULL,
	  COMPLETE_FILE, 0, NULL },
	{ "pid-file", 0, OPT_STRING, AT(pid_file), "path", "Write the process's pid to this file", NULL, COMPLETE_FILE,
	  0, NULL },
	{ "pidfd-socket", 0, OPT_STRING, AT(pidfd_socket), "path", "Unix socket that receives a pidfd of the process", NULL,
	  COMPLETE_FILE, 0, NULL },
	{ "preserve-fds", 0, OPT_INT, AT(preserve_fds), "n", "Pass descriptors 3 to 2+n on to the process", NULL,
	  COMPLETE_NONE, 0, NULL },
	{ "no-pivot", 0, OPT_FLAG, AT(no_pivot), NULL, "Use chroot instead of pivot_root", NULL, COMPLETE_NONE, 0,
	  NULL },
	{ "no-new-keyring", 0, OPT_FLAG, AT(no_new_keyring), NULL, "Keep the caller's session keyring", NULL,
	  COMPLETE_NONE, 0, NULL },
	OPT_END
};

/* What is under way: undone as a whole on error. */
struct making {
	const struct oci_create_options *o;
	struct bundle_container *c;
	struct gate gate;
	char *bundle;
	struct cgroup_oci_request cgroups;
};

/* SemVer 2.0.0 of the specification, major version 1. */
static int check_version(const struct rspec *s, struct err *e)
{
	int major, minor, patch, n = 0;

	if (!s->oci_version)
		return err_msg(e, EINVAL, "ociVersion: is missing");
	if (sscanf(s->oci_version, "%d.%d.%d%n", &major, &minor, &patch, &n) != 3 ||
	    (s->oci_version[n] && !strchr("-+", s->oci_version[n])))
		return err_msg(e, EINVAL, "ociVersion: is not a version such as 1.0.2: \"%s\"", s->oci_version);
	return major == 1 ? 0 : err_msg(e, EINVAL, "ociVersion: only versions 1.x are supported: \"%s\"", s->oci_version);
}

static int check_spec(const struct rspec *s, const struct oci_create_options *o, bool foreground, struct err *e)
{
	if (check_version(s, e) < 0)
		return -e->code;
	if (!s->root_path || !*s->root_path)
		return err_msg(e, EINVAL, "root.path: is missing");
	if (s->process.cwd && *s->process.cwd != '/')
		return err_msg(e, EINVAL, "process.cwd: is not an absolute path: \"%s\"", s->process.cwd);
	for (size_t i = 0; i < s->n_mounts; i++)
		if (!*s->mounts[i].destination)
			return err_msg(e, EINVAL, "mounts[%zu].destination: is empty", i);
	if (!s->namespaces[RSPEC_NS_UTS].listed && ((s->hostname && *s->hostname) || (s->domainname && *s->domainname)))
		return err_msg(e, EINVAL, "hostname and domainname: need a uts namespace among linux.namespaces");
	if (s->process.terminal && !o->console_socket && !foreground)
		return err_msg(e, EINVAL, "process.terminal: needs --console-socket");
	if (!s->process.terminal && o->console_socket)
		return err_msg(e, EINVAL, "--console-socket: process.terminal is not set");
	return 0;
}

/* Sockets of systemd's activation come behind descriptor 2, too. */
static unsigned preserved(struct rspec *s, int64_t asked)
{
	const char *text = g_getenv("LISTEN_FDS");
	int64_t n;

	if (!text || !text_int(text, 1, 1024, &n))
		return (unsigned)asked;
	rspec_add_env(s, arena_printf(&s->arena, "LISTEN_FDS=%s", text));
	rspec_add_env(s, "LISTEN_PID=1");
	return (unsigned)(asked + n);
}

static const char *annotation(const struct rspec *s, const char *key)
{
	for (size_t i = 0; i < s->n_annotations; i++)
		if (!strcmp(s->annotations[i].key, key))
			return s->annotations[i].value;
	return NULL;
}

static int on_created(void *ctx, pid_t pid, struct err *e)
{
	struct making *m = ctx;

	return bundle_set_process(m->c, pid, e);
}

/* systemd makes a scope for a process that is there. */
static int put_into_scope(void *ctx, pid_t pid, struct err *e)
{
	struct making *m = ctx;
	struct bundle_state *s = &m->c->state;

	g_strfreev(s->cgroups);
	s->cgroups = NULL;
	if (cgroup_oci_scope(&m->cgroups, pid, &s->cgroups, e) < 0)
		return -e->code;
	s->freezer = g_strdup(cgroup_oci_freezer(s->cgroups));
	return bundle_save(m->c, e);
}

static void copy_map(struct rspec *s, const struct id_range *from, size_t n, struct rspec_id_mapping **to, size_t *ret_n)
{
	*ret_n = n;
	*to = arena_alloc(&s->arena, n * sizeof **to);
	for (size_t i = 0; i < n; i++)
		(*to)[i] = (struct rspec_id_mapping){ from[i].inside, from[i].outside, from[i].count };
}

/* An ordinary user's bundle for root: as crun, we add the user namespace that he needs, with all ids that he has. It is
 * as if config.json had asked for it. */
static void add_user_namespace(struct rspec *s, char **text, size_t *len)
{
	const struct idmap *map = idmap_store();
	json_t *doc;

	s->namespaces[RSPEC_NS_USER].listed = true;
	copy_map(s, map->uid, map->n_uid, &s->uid_mappings, &s->n_uid_mappings);
	copy_map(s, map->gid, map->n_gid, &s->gid_mappings, &s->n_gid_mappings);
	log_info("config.json asks for no user namespace, and this user needs one: it is added");
	doc = rspec_to_json(s);
	free(*text);
	*text = json_dumps(doc, JSON_COMPACT);
	*len = strlen(*text);
	json_decref(doc);
}

static int claim(struct making *m, const char *id, struct err *e)
{
	g_autofree char *text = NULL;
	struct bundle_container made = BUNDLE_CONTAINER_INIT;
	struct passwd *who = getpwuid(geteuid());
	size_t len;
	int root;

	m->bundle = realpath(m->o->bundle ? m->o->bundle : ".", NULL);
	if (!m->bundle || chdir(m->bundle) < 0)
		return err_set(e, errno, "bundle %s", m->o->bundle ? m->o->bundle : ".");
	if (file_read(AT_FDCWD, m->o->config ? m->o->config : "config.json", CONFIG_MAX, &text, &len, e) < 0)
		return err_wrap(e, "bundle %s", m->bundle);
	if (rspec_parse(text, len, &m->c->spec, e) < 0 ||
	    check_spec(m->c->spec, m->o, !m->o->detach, e) < 0)
		return err_wrap(e, "bundle %s", m->bundle);
	if (geteuid() != 0 && !m->c->spec->namespaces[RSPEC_NS_USER].listed)
		add_user_namespace(m->c->spec, &text, &len);
	root = oci_root(e);
	if (root < 0)
		return root;
	if (bundle_make(root, id, text, len, &made, e) < 0)
		return -e->code;
	made.spec = m->c->spec;
	*m->c = made;
	m->c->state.bundle = g_strdup(m->bundle);
	m->c->state.rootfs = path_normalize(m->bundle, m->c->spec->root_path);
	m->c->state.created = text_time_rfc3339(text_now_ns());
	m->c->state.owner = g_strdup(who ? who->pw_name : "");
	return 0;
}

static int make_cgroups(struct making *m, struct err *e)
{
	struct bundle_state *s = &m->c->state;
	struct cgroup_oci_request *req = &m->cgroups;

	*req = (struct cgroup_oci_request){ .id = s->id, .spec = m->c->spec, .manager = oci_cgroup_manager(),
					    .rootless = oci_is_rootless() };

	/* Written down before they are made: what a killed runtime leaves can be found. */
	if (shared_root_look(m->c->spec, s->rootfs, &s->below_root, e) < 0 || cgroup_oci_plan(req, &s->cgroups, e) < 0)
		return -e->code;
	s->found_cgroups = cgroup_oci_existing(s->cgroups);
	if (bundle_save(m->c, e) < 0 ||
	    cgroup_oci_make(req, s->cgroups, e) < 0)
		return -e->code;
	s->freezer = g_strdup(cgroup_oci_freezer(s->cgroups));
	return 0;
}

static int make(struct making *m, struct launched *l, struct err *e)
{
	struct rspec *s = m->c->spec;
	const char *keep = annotation(s, "run.oci.keep_original_groups");
	struct launch_params p = {
		.id = m->c->state.id, .spec = s, .bundle = m->bundle, .stdio = { 0, 1, 2 }, .gate = &m->gate,
		.no_pivot = m->o->no_pivot, .new_session_keyring = !m->o->no_new_keyring,
		.hooks = { .ctx = m, .root_ready = oci_set_home, .created = on_created },
		.keep_groups = keep && !strcmp(keep, "1"),
	};

	p.preserve_fds = preserved(s, m->o->preserve_fds);
	if (make_cgroups(m, e) < 0 || gate_make(m->c->dir, &m->gate, e) < 0)
		return -e->code;
	if (cgroup_oci_by_systemd(&m->cgroups))
		p.hooks.cgroup = put_into_scope;
	else
		p.cgroups = m->c->state.cgroups;
	schedule_all_cpus();
	if (launch(&p, l, e) < 0)
		return -e->code;
	if (m->o->console_socket) {
		if (oci_send_fd("--console-socket", m->o->console_socket, "/dev/ptmx", l->tty, e) < 0)
			return -e->code;
		fd_close(&l->tty);
	}
	if (m->o->pidfd_socket && oci_send_fd("--pidfd-socket", m->o->pidfd_socket, "pidfd", l->pidfd, e) < 0)
		return -e->code;
	return oci_write_pid(m->o->pid_file, l->pid, e);
}

int oci_create(const char *id, const struct oci_create_options *o, struct bundle_container *c, struct launched *l,
	       struct err *e)
{
	struct making m = { .o = o, .c = c, .gate = { -1 } };
	struct err ignored = ERR_INIT;
	bool claimed;
	int r;

	*l = (struct launched){ .pid = -1, .pidfd = -1, .tty = -1 };
	r = oci_check_fds(o->preserve_fds, e) < 0 ? -e->code : claim(&m, id, e);
	claimed = r == 0;
	if (r == 0)
		r = make(&m, l, e);
	fd_close(&m.gate.listener);
	free(m.bundle);
	if (r < 0 && claimed) {
		proc_kill_and_reap(&l->pid);
		(void)bundle_remove(c, &ignored);
	}
	return r;
}

int oci_start(struct bundle_container *c, struct err *e)
{
	struct hook_state h = { .id = c->state.id, .bundle = c->state.bundle, .status = "running", .pid = c->state.pid };
	enum bundle_status now = bundle_status(c);
	struct err ignored = ERR_INIT;

	if (now != BUNDLE_CREATED)
		return err_msg(e, EINVAL, "container '%s' cannot be started: it is %s", c->state.id,
			       bundle_status_name(now));
	if (gate_open(c->dir, c->state.pid, e) < 0 || hooks_run(c->spec, HOOK_POSTSTART, &h, e) < 0) {
		/* "If any hook fails, the runtime MUST generate an error, stop the container" */
		(void)bundle_end(c, &ignored);
		return -e->code;
	}
	return 0;
}

int oci_delete(struct bundle_container *c, struct err *e)
{
	struct hook_state h = { .id = c->state.id, .bundle = c->state.bundle, .status = "stopped" };
	struct err why = ERR_INIT;

	if (bundle_end(c, e) < 0 || bundle_remove(c, e) < 0)
		return -e->code;
	for (size_t i = 0; c->spec && i < c->spec->n_hooks[HOOK_POSTSTOP]; i++) {
		/* "If any poststop hook fails, the runtime MUST log a warning, but the remaining hooks and lifecycle
		 * continue as if the hook had succeeded." */
		struct rspec one = *c->spec;

		one.hooks[HOOK_POSTSTOP] += i;
		one.n_hooks[HOOK_POSTSTOP] = 1;
		if (hooks_run(&one, HOOK_POSTSTOP, &h, &why) < 0)
			log_warn("%s", why.msg);
		err_clear(&why);
	}
	return 0;
}

static int run_create(struct context *ctx, void *values, int argc, char **argv)
{
	struct oci_create_options *o = values;
	autobundle c = BUNDLE_CONTAINER_INIT;
	struct err e = ERR_INIT;
	struct launched l;

	(void)ctx;
	(void)argc;
	o->detach = true;
	if (oci_create(argv[0], o, &c, &l, &e) < 0)
		return oci_fail(&e);
	return 0;
}

static int run_start(struct context *ctx, void *values, int argc, char **argv)
{
	autobundle c = BUNDLE_CONTAINER_INIT;
	struct err e = ERR_INIT;

	(void)ctx;
	(void)values;
	(void)argc;
	return oci_open(argv[0], true, &c, &e) < 0 || oci_start(&c, &e) < 0 ? oci_fail(&e) : 0;
}

const struct command command_oci_create = {
	.name = "oci create", .summary = "Make a container from a bundle; it waits for start", .usage = "[options] ID",
	.opts = oci_create_opts, .values_size = sizeof(struct oci_create_options), .run = run_create,
	.min_args = 1, .max_args = 1,
};

static const struct opt no_options[] = { OPT_END };

const struct command command_oci_start = {
	.name = "oci start", .summary = "Start a container that was created", .usage = "ID",
	.opts = no_options, .run = run_start, .min_args = 1, .max_args = 1,
};
