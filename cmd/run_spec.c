/* run_spec.c - see run_spec.h. */
#include "cmd/run_spec.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>

#include "core/base/file.h"
#include "core/base/path.h"
#include "core/base/text.h"
#include "core/container/journal.h"
#include "core/container/logfile.h"

#define LABEL_FILE_MAX (4 * 1024 * 1024)
#define SYSTEMD_STOP (SIGRTMIN + 3)     /* systemd(1): halt */

int run_signal_number(const char *name)
{
	int64_t n;

	if (text_int(name, 1, SIGRTMAX, &n))
		return (int)n;
	if (!g_ascii_strncasecmp(name, "SIG", 3))
		name += 3;
	for (int i = 1; i < 32; i++)
		if (sigabbrev_np(i) && !g_ascii_strcasecmp(name, sigabbrev_np(i)))
			return i;
	if (!g_ascii_strncasecmp(name, "RTMIN+", 6) && text_int(name + 6, 0, SIGRTMAX - SIGRTMIN, &n))
		return SIGRTMIN + (int)n;
	if (!g_ascii_strncasecmp(name, "RTMAX-", 6) && text_int(name + 6, 0, SIGRTMAX - SIGRTMIN, &n))
		return SIGRTMAX - (int)n;
	if (!g_ascii_strcasecmp(name, "RTMIN") || !g_ascii_strcasecmp(name, "RTMAX"))
		return g_ascii_tolower(name[3]) == 'i' ? SIGRTMIN : SIGRTMAX;
	return -1;
}

/* "name=value" or "name" into a vector where a later one replaces the same name. */
static void set_pair(struct arena *a, char ***v, const char *text)
{
	g_autofree char *pair = strchr(text, '=') ? g_strdup(text) : g_strconcat(text, "=", NULL);
	size_t n = (size_t)(strchr(pair, '=') - pair) + 1;

	for (char **old = *v; old && *old; old++) {
		if (!strncmp(*old, pair, n)) {
			*old = arena_strdup(a, pair);
			return;
		}
	}
	arena_strv_push(a, v, arena_strdup(a, pair));
}

static int label_file(struct run_plan *p, const char *path, struct err *e)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	size_t len;

	if (file_read(AT_FDCWD, path, LABEL_FILE_MAX, &text, &len, e) < 0)
		return err_wrap(e, "--label-file");
	lines = g_strsplit(text, "\n", -1);
	for (char **l = lines; *l; l++) {
		g_strchomp(*l);
		if (**l && **l != '#')
			set_pair(&p->rec->arena, &p->rec->labels, *l);
	}
	return 0;
}

static int make_labels(struct run_plan *p, struct err *e)
{
	const struct run_options *o = p->o;

	for (char **l = p->img ? p->img->config.labels : NULL; l && *l; l++)
		set_pair(&p->rec->arena, &p->rec->labels, *l);
	for (char **f = o->label_file; f && *f; f++)
		if (label_file(p, *f, e) < 0)
			return -e->code;
	for (char **l = o->label; l && *l; l++) {
		if (!**l || **l == '=')
			return err_msg(e, EINVAL, "--label %s: a label needs a name", *l);
		set_pair(&p->rec->arena, &p->rec->labels, *l);
	}
	for (char **an = o->annotation; an && *an; an++) {
		g_auto(GStrv) kv = g_strsplit(*an, "=", 2);

		if (!kv[0] || !*kv[0] || !kv[1])
			return err_msg(e, EINVAL, "--annotation %s: name=value is needed", *an);
		rspec_add_kv(p->spec, &p->spec->annotations, &p->spec->n_annotations, kv[0], kv[1]);
	}
	return 0;
}

static int make_log(struct run_plan *p, struct err *e)
{
	struct container_record *r = p->rec;
	const char *driver = p->o->log_driver;
	struct journal journal = { .fd = -1 };

	r->log_driver = arena_strdup(&r->arena, driver && *driver ? driver : "k8s-file");
	if (!strcmp(r->log_driver, "journald") && p->o->log_opt && *p->o->log_opt)
		return err_msg(e, EINVAL, "--log-opt %s: the journal has settings of its own (journald.conf)", *p->o->log_opt);
	if (!strcmp(r->log_driver, "journald") && journal_open(&journal, JOURNAL_SOCKET, "", "", e) < 0)
		return -e->code;
	journal_close(&journal);
	r->log_max_size = LOG_MAX_SIZE_DEFAULT;
	for (char **l = p->o->log_opt; l && *l; l++) {
		int64_t n;

		if (g_str_has_prefix(*l, "max-file=") && text_int(*l + 9, 1, LOG_MAX_FILES, &n))
			r->log_files = (int)n;
		else if (g_str_has_prefix(*l, "path=") && (*l)[5] == '/')
			r->log_path = arena_strdup(&r->arena, *l + 5);
		else if (!g_str_has_prefix(*l, "max-size=") || !text_size(*l + 9, &r->log_max_size))
			return err_msg(e, EINVAL, "--log-opt %s: path=/FILE, max-size=BYTES or max-file=NUMBER is needed", *l);
	}
	return 0;
}

static int make_restart(struct run_plan *p, struct err *e)
{
	struct container_record *r = p->rec;
	g_auto(GStrv) part = g_strsplit(p->o->restart ? p->o->restart : "no", ":", 2);
	bool failure = !g_strcmp0(part[0], "on-failure");
	int64_t max = 0;

	if (!part[0] || (!failure && strcmp(part[0], "no") && strcmp(part[0], "never") && strcmp(part[0], "always") &&
			 strcmp(part[0], "unless-stopped")))
		return err_msg(e, EINVAL, "--restart \"%s\": must be no, on-failure[:max], always or unless-stopped",
			       p->o->restart);
	if (part[1] && (!failure || !text_int(part[1], 0, 1000000, &max)))
		return err_msg(e, EINVAL, "--restart \"%s\": a number of restarts is for on-failure only", p->o->restart);
	if (!strcmp(part[0], "no") || !strcmp(part[0], "never"))
		return 0;
	if (r->auto_remove)
		return err_msg(e, EINVAL, "--rm and --restart %s exclude each other", p->o->restart);
	r->restart = arena_strdup(&r->arena, part[0]);
	r->restart_max = (int)max;
	return 0;
}

static int make_stop(struct run_plan *p, struct err *e)
{
	const char *name = p->o->stop_signal ? p->o->stop_signal : p->img ? p->img->config.stop_signal : NULL;

	p->rec->stop_signal = name && *name ? run_signal_number(name) : p->rec->systemd ? SYSTEMD_STOP : SIGTERM;
	/* A nonsense word in an image is not the user's fault. */
	if (p->rec->stop_signal < 0 && !p->o->stop_signal)
		p->rec->stop_signal = SIGTERM;
	if (p->rec->stop_signal < 0)
		return err_msg(e, EINVAL, "--stop-signal %s: no such signal", name);
	p->rec->stop_timeout_s = p->o->stop_timeout;
	p->rec->timeout_s = p->o->timeout;
	return 0;
}

/* Users of the host, as lines of its passwd file. */
static int add_host_users(struct run_plan *p, struct err *e)
{
	struct arena *a = &p->rec->arena;

	for (char **u = p->o->hostuser; u && *u; u++) {
		int64_t uid;
		const struct passwd *pw = getpwnam(*u);
		g_autofree char *gecos = NULL;

		if (!pw && text_int(*u, 0, UINT32_MAX - 1, &uid))
			pw = getpwuid((uid_t)uid);
		if (!pw)
			return err_msg(e, ENOENT, "--hostuser %s: the host has no such user", *u);
		gecos = g_strdelimit(g_strdup(pw->pw_gecos ? pw->pw_gecos : ""), ":\n", ' ');
		arena_strv_push(a, &p->x.host_users, arena_printf(a, "%s:*:%u:%u:%s:%s:%s", pw->pw_name, pw->pw_uid, pw->pw_gid,
								   gecos, pw->pw_dir, pw->pw_shell));
	}
	return 0;
}

static int make_user(struct run_plan *p, struct err *e)
{
	const struct run_options *o = p->o;
	struct container_record *r = p->rec;
	const char *user = o->user;
	char **g = o->group_add;
	int64_t mask = 0022;

	if (!user && !p->x.keep_id && p->img)
		user = p->img->config.user;
	if (user)
		r->user = arena_strdup(&r->arena, user);
	if (!user && p->x.keep_id) {
		uint32_t uid, gid;

		launch_keep_ids(r, &uid, &gid);
		r->user = arena_printf(&r->arena, "%u:%u", uid, gid);
	}
	r->group_add = arena_strv_dup(&r->arena, (const char *const *)g);
	if (g && g_strv_contains((const char *const *)g, "keep-groups")) {
		if (g[1])
			return err_msg(e, EINVAL, "the '--group-add keep-groups' option is not allowed with any other "
				       "--group-add options");
		r->keep_groups = true;
	}
	if (o->umask) {
		char *end;

		mask = g_ascii_strtoll(o->umask, &end, 8);
		if (!*o->umask || *end || mask < 0 || mask > 0777)
			return err_msg(e, EINVAL, "--umask %s: an octal number up to 0777 is needed", o->umask);
	}
	p->spec->process.user.has_umask = true;
	p->spec->process.user.umask = (mode_t)mask;
	return add_host_users(p, e);
}

static int make_files(struct run_plan *p, struct err *e)
{
	const struct run_options *o = p->o;
	g_autofree char *cwd = NULL;

	if (o->tz && *o->tz && strcmp(o->tz, "local") != 0) {
		g_autofree char *clean = path_normalize("/", o->tz), *zone = g_build_filename("/usr/share/zoneinfo", clean, NULL);

		if (!g_file_test(zone, G_FILE_TEST_IS_REGULAR))
			return err_msg(e, EINVAL, "--tz %s: unknown timezone", o->tz);
		p->x.tz = arena_strdup(&p->rec->arena, clean + 1);
	} else {
		p->x.tz = arena_strdup(&p->rec->arena, o->tz);
	}
	if (o->init_path && (*o->init_path != '/' || !g_file_test(o->init_path, G_FILE_TEST_IS_EXECUTABLE)))
		return err_msg(e, EINVAL, "--init-path %s: not the absolute path of a program", o->init_path);
	p->x.runtime = arena_strdup(&p->rec->arena, p->c->other_runtime);
	p->rec->init = o->init || o->init_path;
	if (p->rec->init) {
		g_autofree char *own = o->init_path ? g_strdup(o->init_path) : own_program("coracle-init");

		p->x.init_path = arena_strdup(&p->rec->arena, own);
	}
	cwd = g_get_current_dir();
	if (o->pidfile) {
		g_autofree char *path = path_normalize(cwd, o->pidfile);

		p->rec->pid_file = arena_strdup(&p->rec->arena, path);
	}
	if (o->conmon_pidfile) {
		g_autofree char *path = path_normalize(cwd, o->conmon_pidfile);

		p->rec->conmon_pid_file = arena_strdup(&p->rec->arena, path);
	}
	if (o->cidfile) {
		g_autofree char *path = path_normalize(cwd, o->cidfile);

		p->rec->cid_file = arena_strdup(&p->rec->arena, path);
	}
	return 0;
}

static void describe(struct run_plan *p)
{
	struct container_record *r = p->rec;
	struct arena *a = &r->arena;

	r->name = arena_strdup(a, p->o->name);
	r->created_ns = text_now_ns();
	r->create_command = arena_strv_dup(a, (const char *const *)p->c->argv);
	r->tty = p->o->tty;
	r->interactive = p->o->interactive;
	r->auto_remove = p->o->rm || p->o->rmi;
	r->privileged = p->o->privileged;
	r->read_only = p->o->read_only;
	r->sdnotify = arena_strdup(a, p->o->sdnotify);
	p->spec->root_readonly = p->o->read_only;
	p->x.passwd = p->o->passwd;
	p->x.passwd_entry = arena_strdup(a, p->o->passwd_entry);
	p->x.env_file_full = p->o->privileged;
	r->rootfs = arena_strdup(a, p->rootfs);
	if (!p->img)
		return;
	r->image_id = arena_strdup(a, p->img->host ? "host" : p->img->id);
	r->image_digest = arena_strdup(a, p->img->digest);
}

int run_plan_make(struct run_plan *p, struct err *e)
{
	p->spec->oci_version = arena_strdup(&p->spec->arena, "1.0.2");
	p->spec->root_path = arena_strdup(&p->spec->arena, "rootfs");
	describe(p);
	if (run_env_plan(p, e) < 0)
		return -e->code;
	run_systemd_plan(p);
	if (run_names_plan(p, e) < 0 || make_user(p, e) < 0 || make_labels(p, e) < 0 ||
	    make_log(p, e) < 0 || make_restart(p, e) < 0 || run_health_plan(p, e) < 0 ||
	    make_stop(p, e) < 0 || make_files(p, e) < 0)
		return -e->code;
	if (run_limits_plan(p, e) < 0 || run_security_plan(p, e) < 0 || run_mounts_collect(p, e) < 0)
		return -e->code;
	run_default_mounts(p);
	return run_plan_secrets(p, e) < 0 ? -e->code : run_devices_plan(p, e);
}
