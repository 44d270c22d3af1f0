/* program.c - see program.h. */
#include "core/runtime/program.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define INTERPRETERS_MAX 5      /* as the kernel follows */

static int not_found(const char *name, struct err *e)
{
	err_msg(e, ENOENT, "executable file '%s' not found in $PATH", name);
	return err_exit(e, EXIT_NOT_FOUND);
}

static int not_executable(const char *path, int code, struct err *e)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		err_set(e, EISDIR, "cannot execute '%s'", path);
	else
		err_set(e, code, "cannot execute '%s'", path);
	if (code == ENOEXEC)
		(void)err_hint(e, "not a program for this machine, or a script without a #! line");
	return err_exit(e, EXIT_NOT_EXECUTABLE);
}

/* Is this something that execve would take? 0 or the errno it would give. */
static int try_file(const char *path)
{
	struct stat st;

	if (faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) < 0)
		return errno;
	if (stat(path, &st) < 0)
		return errno;
	return S_ISREG(st.st_mode) ? 0 : EACCES;
}

static int search(const struct rspec_process *p, char **ret, struct err *e)
{
	const char *path = DEFAULT_PATH, *name = p->args[0];
	g_autofree char *denied = NULL;
	g_auto(GStrv) dirs = NULL;

	for (char **v = p->env; v && *v; v++)
		if (g_str_has_prefix(*v, "PATH="))
			path = *v + 5;
	dirs = g_strsplit(path, ":", -1);
	for (char **d = dirs; *d; d++) {
		g_autofree char *candidate = g_strdup_printf("%s/%s", **d ? *d : ".", name);
		int code = try_file(candidate);

		if (code == 0) {
			*ret = g_steal_pointer(&candidate);
			return 0;
		}
		if (code == EACCES && !denied && access(candidate, F_OK) == 0)
			denied = g_steal_pointer(&candidate);
	}
	return denied ? not_executable(denied, EACCES, e) : not_found(name, e);
}

/* The interpreter that the first line of a script names (g_free it), or NULL. */
static char *interpreter_of(int fd)
{
	char line[256];
	ssize_t n = read(fd, line, sizeof line - 1);
	char *start;

	if (n < 3 || line[0] != '#' || line[1] != '!')
		return NULL;
	line[n] = '\0';
	line[strcspn(line, "\n")] = '\0';
	start = line + 2 + strspn(line + 2, " \t");
	return g_strndup(start, strcspn(start, " \t"));
}

static int check_links(const char *path, struct err *e)
{
	autofd root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	g_autofree char *cwd = g_get_current_dir(), *name = path_normalize(cwd, path);

	for (int i = 0; i < INTERPRETERS_MAX; i++) {
		autofd fd = path_open_in_root(root, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
		char *next;

		if (fd == -ELOOP) {
			err_msg(e, ELOOP, "cannot execute '%s': '%s' is a link of /proc to another process's file", path,
				name);
			return err_exit(e, EXIT_NOT_EXECUTABLE);
		}
		next = fd < 0 ? NULL : interpreter_of(fd);
		if (!next)
			break;
		g_free(name);
		name = path_normalize(cwd, next);
		g_free(next);
	}
	return 0;
}

bool program_exe_in_reach(void)
{
	struct stat st;

	return access("/proc/self/exe", W_OK) == 0 || stat("/proc/self/exe", &st) < 0 || st.st_uid == geteuid();
}

int program_find(const struct rspec_process *p, bool guard, char **ret, struct err *e)
{
	g_autofree char *path = NULL;
	int r = 0;

	if (!p->args || !p->args[0] || !*p->args[0]) {
		err_msg(e, EINVAL, "no program to execute was given");
		return -e->code;
	}
	if (strchr(p->args[0], '/'))
		path = g_strdup(p->args[0]);
	else
		r = search(p, &path, e);
	if (r == 0 && guard)
		r = check_links(path, e);
	if (r == 0)
		*ret = g_steal_pointer(&path);
	return r;
}

int program_exec(const struct rspec_process *p, const char *path, struct err *e)
{
	static char *const no_env[] = { NULL };
	int code;

	(void)execve(path, p->args, p->env ? p->env : no_env);
	code = errno;
	if (code != ENOENT && code != ENOTDIR)
		return not_executable(path, code, e);
	if (access(path, F_OK) == 0)
		err_msg(e, ENOENT, "cannot execute '%s': the interpreter or loader that it names is missing", path);
	else
		err_msg(e, ENOENT, "executable file '%s' not found: %s", path, strerror(code));
	return err_exit(e, EXIT_NOT_FOUND);
}

int program_check(const char *path, struct err *e)
{
	int code = try_file(path);

	if (code == 0)
		return 0;
	if (code != ENOENT && code != ENOTDIR)
		return not_executable(path, code, e);
	err_msg(e, ENOENT, "executable file '%s' not found: %s", path, strerror(code));
	return err_exit(e, EXIT_NOT_FOUND);
}
