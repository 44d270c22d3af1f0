/* oci.c - coracle oci: global options and dispatch. See oci.h. */
#include "cmd/oci.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cmd/globals.h"
#include "cmd/launch_user.h"
#include "cmd/oci_commands.h"
#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/text.h"

#define AT(member) offsetof(struct oci_globals, member)

static const struct opt options[] = {
	{ "root", 0, OPT_STRING, AT(root), "dir", "Directory of the containers' state", NULL, COMPLETE_FILE, 0, NULL },
	{ "log", 0, OPT_STRING, AT(log), "file", "Write errors and warnings to this file too", NULL, COMPLETE_FILE, 0,
	  NULL },
	{ "log-format", 0, OPT_STRING, AT(log_format), "format", "How the log is written", "text|json",
	  COMPLETE_CHOICES, 0, NULL },
	{ "log-level", 0, OPT_STRING, AT(log_level), "level", "Show messages of this level and worse",
	  "trace|debug|info|warn|warning|error|fatal|panic", COMPLETE_CHOICES, 0, NULL },
	{ "debug", 0, OPT_FLAG, AT(debug), NULL, "The same as --log-level debug", NULL, COMPLETE_NONE, 0, NULL },
	{ "systemd-cgroup", 0, OPT_FLAG, AT(systemd_cgroup), NULL, "The same as --cgroup-manager systemd", NULL,
	  COMPLETE_NONE, 0, NULL },
	{ "cgroup-manager", 0, OPT_STRING, AT(cgroup_manager), "manager", "Who makes cgroups",
	  "cgroupfs|systemd|disabled", COMPLETE_CHOICES, 0, NULL },
	{ "rootless", 0, OPT_STRING, AT(rootless), "value", "Is the caller without root's rights?", "true|false|auto",
	  COMPLETE_CHOICES, 0, NULL },
	{ "version", 'v', OPT_FLAG, AT(version), NULL, "Print the version and exit", NULL, COMPLETE_NONE, 0, NULL },
	OPT_END
};

/* The one set of global options of this process. */
static struct oci_globals globals;
static int log_fd = -1;

/* The first descriptor behind 2 that the caller has not opened; asked for the first time before we open any. */
static int first_closed(void)
{
	static int fd;

	if (fd == 0)
		for (fd = 3; fcntl(fd, F_GETFD) >= 0;)
			fd++;
	return fd;
}

const struct oci_globals *oci_globals(void)
{
	return &globals;
}

static void log_line(const char *level, const char *text)
{
	g_autofree char *now = text_time_rfc3339(text_now_ns()), *line = NULL;
	json_t *o;

	if (log_fd < 0)
		return;
	if (g_strcmp0(globals.log_format, "json") != 0) {
		line = g_strdup_printf("time=\"%s\" level=%s msg=\"%s\"\n", now, level, text);
		(void)fd_write_all(log_fd, line, strlen(line));
		return;
	}
	o = json_pack("{s:s, s:s, s:s}", "msg", text, "level", level, "time", now);
	line = o ? json_dumps(o, JSON_COMPACT) : NULL;
	if (line && fd_write_all(log_fd, line, strlen(line)) == 0)
		(void)fd_write_all(log_fd, "\n", 1);
	free(g_steal_pointer(&line));
	json_decref(o);
}

static void sink(enum log_level level, const char *text)
{
	static const char *const words[LOG_LEVEL_COUNT] = { "error", "warning", "info", "debug", "trace" };

	if (log_fd >= 0)
		log_line(words[level], text);
	else
		dprintf(STDERR_FILENO, "%s: %s\n", words[level], text);
}

int oci_fail(const struct err *e)
{
	/* Engines tell "not found" and "not executable" by the kernel's words. */
	const char *why = e->exit_status == EXIT_NOT_FOUND || e->exit_status == EXIT_NOT_EXECUTABLE ? strerror(e->code) : "";
	bool add = *why && !strstr(e->msg, why);
	g_autofree char *text = g_strconcat(e->msg, add ? ": " : "", add ? why : "", NULL);

	fflush(stdout);
	log_line("error", text);
	dprintf(STDERR_FILENO, "%s: %s\n", PACKAGE "-oci", text);
	return OCI_FAILED;
}

const char *oci_root_path(void)
{
	static char *path;
	const char *run = g_getenv("XDG_RUNTIME_DIR");

	if (globals.root)
		return globals.root;
	if (!path && geteuid() == 0 && !oci_is_rootless())
		path = g_strdup("/run/" PACKAGE "-oci");
	else if (!path)
		path = run && *run == '/' ? g_build_filename(run, PACKAGE "-oci", NULL) :
		       g_strdup_printf("%s/" PACKAGE "-oci-%u", g_get_tmp_dir(), (unsigned)geteuid());
	return path;
}

/* The default one may be in /tmp, where others can come first: what lies in it names programs that we execute. */
static int check_owner(int fd, struct err *e)
{
	const char *path = oci_root_path();
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set(e, errno, "state directory %s", path);
	if (st.st_uid == geteuid() && !(st.st_mode & 022))
		return 0;
	err_msg(e, EPERM, "state directory %s: it belongs to user %u, with mode %03o: others can write to it", path,
		(unsigned)st.st_uid, (unsigned)st.st_mode & 0777);
	return err_hint(e, "name another with --root");
}

int oci_root(struct err *e)
{
	static int root = -1;

	if (root < 0) {
		autofd fd = bundle_root_open(oci_root_path(), e);

		if (fd < 0)
			return fd;
		if (!globals.root && check_owner(fd, e) < 0)
			return -e->code;
		root = take_fd(&fd);
	}
	return root;
}

enum cgroup_oci_manager oci_cgroup_manager(void)
{
	if (globals.systemd_cgroup || !g_strcmp0(globals.cgroup_manager, "systemd"))
		return CGROUP_OCI_SYSTEMD;
	return !g_strcmp0(globals.cgroup_manager, "disabled") ? CGROUP_OCI_DISABLED : CGROUP_OCI_CGROUPFS;
}

bool oci_is_rootless(void)
{
	g_autofree char *map = NULL;
	struct err ignored = ERR_INIT;
	unsigned inside, outside, n;

	if (globals.rootless && strcmp(globals.rootless, "auto") != 0)
		return !strcmp(globals.rootless, "true");
	if (geteuid() != 0)
		return true;
	return file_read(AT_FDCWD, "/proc/self/uid_map", 4096, &map, NULL, &ignored) == 0 &&
	       (sscanf(map, "%u %u %u", &inside, &outside, &n) != 3 || outside != 0);
}

/* Of a variable that is set twice the last counts; an empty HOME is none. */
static void unique_env(struct rspec_process *p)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	size_t n = p->env ? g_strv_length(p->env) : 0, to = n;

	for (size_t i = n; i-- > 0;) {
		bool first = g_hash_table_add(seen, g_strndup(p->env[i], strcspn(p->env[i], "=")));

		if (first && strcmp(p->env[i], "HOME=") != 0)
			p->env[--to] = p->env[i];
	}
	if (to > 0)
		memmove(p->env, p->env + to, (n - to + 1) * sizeof *p->env);
}

int oci_set_home(void *ctx, int rootfd, struct rspec *spec, struct err *e)
{
	g_autofree char *passwd = NULL, *user = NULL;
	struct err ignored = ERR_INIT;
	struct found_user u = { .home = NULL };

	(void)ctx;
	(void)e;
	unique_env(&spec->process);
	if (rspec_get_env(spec, "HOME"))
		return 0;
	passwd = account_file_read(rootfd, "/etc/passwd");
	user = g_strdup_printf("%u", spec->process.user.uid);
	if (user_find(&spec->arena, passwd, NULL, user, &u, &ignored) < 0 || !u.home || !*u.home)
		rspec_add_env(spec, "HOME=/");
	else
		rspec_add_env(spec, arena_printf(&spec->arena, "HOME=%s", u.home));
	return 0;
}

int oci_open(const char *id, bool exclusive, struct bundle_container *ret, struct err *e)
{
	int root = oci_root(e);

	return root < 0 ? root : bundle_open(root, id, exclusive, ret, e);
}

int oci_need_cgroup(const struct bundle_container *c, struct err *e)
{
	if (c->state.cgroups && c->state.cgroups[0])
		return 0;
	return err_msg(e, ENOENT, "container '%s' has no cgroup: this user may not make cgroups here", c->state.id);
}

int oci_write_pid(const char *file, pid_t pid, struct err *e)
{
	g_autofree char *text = g_strdup_printf("%d", pid);

	return file ? file_replace(AT_FDCWD, file, text, strlen(text), 0644, false, e) : 0;
}

int oci_check_fds(int64_t n, struct err *e)
{
	int closed = first_closed();

	if (3 + n <= closed)
		return 0;
	return err_msg(e, EBADF, "preserved-fd %d (of %d) is not there: descriptor %d is closed", closed - 3, (int)n, closed);
}

int oci_send_fd(const char *option, const char *path, const char *name, int fd, struct err *e)
{
	autofd s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int r;

	if (strlen(path) >= sizeof a.sun_path)
		return err_msg(e, ENAMETOOLONG, "%s %s: longer than a socket's name may be", option, path);
	strcpy(a.sun_path, path);
	if (s < 0 || connect(s, (const struct sockaddr *)&a, sizeof a) < 0)
		return err_set(e, errno, "%s %s", option, path);
	r = fd_send(s, name, strlen(name), &fd, 1);
	return r < 0 ? err_set(e, -r, "%s %s", option, path) : 0;
}

static int open_log(struct err *e)
{
	static const struct { const char *name; enum log_level level; } levels[] = {
		{ "trace", LOG_LEVEL_TRACE }, { "debug", LOG_LEVEL_DEBUG }, { "info", LOG_LEVEL_INFO },
		{ "error", LOG_LEVEL_ERROR }, { "fatal", LOG_LEVEL_ERROR }, { "panic", LOG_LEVEL_ERROR },
	};
	enum log_level level = globals.debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN;

	for (size_t i = 0; globals.log_level && i < G_N_ELEMENTS(levels); i++)
		if (!strcmp(globals.log_level, levels[i].name))
			level = levels[i].level;
	if (globals.log) {
		log_fd = open(globals.log, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_CLOEXEC, 0644);
		if (log_fd < 0)
			return err_set(e, errno, "--log %s", globals.log);
	}
	log_set(level, sink);
	return 0;
}

static const struct command *find(const char *name)
{
	for (const struct command *const *c = commands; *c; c++)
		if (g_str_has_prefix((*c)->name, "oci ") && !strcmp((*c)->name + 4, name))
			return *c;
	return NULL;
}

static int run_oci(struct context *c, void *values, int argc, char **argv)
{
	struct err e = ERR_INIT;
	const struct command *cmd;

	globals = *(struct oci_globals *)values;
	(void)first_closed();
	if (globals.version) {
		printf("%s-oci version %s\nspec: 1.2.0\n", PACKAGE, PACKAGE_VERSION);
		return 0;
	}
	if (open_log(&e) < 0)
		return oci_fail(&e);
	if (argc == 0 || !strcmp(argv[0], "help")) {
		help_program(commands, "oci");
		return argc == 0;
	}
	cmd = find(argv[0]);
	if (cmd)
		return command_execute(c, cmd, argc, argv);
	err_msg(&e, EINVAL, "unknown command '%s'", argv[0]);
	return oci_fail(&e);
}

const struct command command_oci = {
	.name = "oci",
	.summary = "OCI runtime: containers from bundles, as runc and crun",
	.usage = "[options] COMMAND [ARG...]",
	.opts = options,
	.values_size = sizeof(struct oci_globals),
	.run = run_oci,
	.max_args = -1,
	.flags = COMMAND_STOP_AT_FIRST,
};
