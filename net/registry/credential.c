/* credential.c - the search through the files, and credential helpers. */
#include "net/registry/credential.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <jansson.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/proc.h"

#define HELPER_ANSWER_MAX (64 * 1024)

extern char **environ;

/* Start "PROGRAM get" with `key` on its stdin; its stdout is *ret_out. 0 or -errno. */
static int start_helper(const char *program, const char *key, pid_t *ret_pid, int *ret_out)
{
	char *argv[] = { (char *)program, (char *)"get", NULL };
	int in[2], out[2], r;
	posix_spawn_file_actions_t fa;

	if (pipe2(in, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(out, O_CLOEXEC) < 0) {
		r = -errno;
		close(in[0]);
		close(in[1]);
		return r;
	}
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, in[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&fa, out[1], STDOUT_FILENO);
	r = -posix_spawnp(ret_pid, program, &fa, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	close(in[0]);
	close(out[1]);
	/* A key is shorter than a pipe: this never waits. Failure shows as an empty answer. */
	if (r == 0)
		(void)fd_write_all(in[1], key, strlen(key));
	close(in[1]);
	if (r < 0)
		close(out[0]);
	else
		*ret_out = out[0];
	return r;
}

static int read_answer(const char *text, size_t len, struct credential *ret)
{
	json_t *root = json_loadb(text, len, 0, NULL);
	const char *user = json_string_value(json_object_get(root, "Username"));
	const char *secret = json_string_value(json_object_get(root, "Secret"));
	int found = 0;

	if (user && secret && *secret && !strpbrk(user, "\r\n") && !strpbrk(secret, "\r\n")) {
		if (strcmp(user, "<token>") == 0) {
			ret->identity_token = g_strdup(secret);
		} else {
			ret->username = g_strdup(user);
			ret->password = g_strdup(secret);
		}
		found = 1;
	}
	json_decref(root);
	return found;
}

int credential_ask_helper(const char *helper, const char *key, struct credential *ret, struct err *e)
{
	g_autofree char *program = g_strconcat("docker-credential-", helper, NULL);
	autosecret *answer = NULL;
	autofd out = -1;
	size_t len = 0;
	pid_t pid;
	int r = start_helper(program, key, &pid, &out), status;

	if (r < 0)
		return err_set(e, -r, "credential helper %s", program);
	r = fd_read_all(out, HELPER_ANSWER_MAX, &answer, &len);
	fd_close(&out);
	status = proc_wait(pid);
	if (r < 0)
		return err_set(e, -r, "answer of credential helper %s", program);
	if (status != 0) {
		/* The protocol has no other way to say "nothing here" than this sentence on stdout. */
		if (strstr(answer, "credentials not found"))
			return 0;
		return err_msg(e, EACCES, "credential helper %s failed with status %d", program, status);
	}
	return read_answer(answer, len, ret);
}

/* One file: 1 found, 0 nothing for this host or no such file, -errno. */
static int search_file(const char *file, bool must_exist, const char *host, const char *path,
		       struct credential *ret, struct err *e)
{
	struct auth_answer a = { 0 };
	autosecret *text = NULL;
	size_t len;
	int r = file_read(AT_FDCWD, file, AUTH_FILE_MAX, &text, &len, e);

	if ((r == -ENOENT || r == -ENOTDIR) && !must_exist) {
		err_clear(e);
		return 0;
	}
	if (r < 0)
		return err_wrap(e, "credentials");
	if (len == 0)
		return 0;
	r = auth_json_lookup(text, len, host, path, &a, e);
	if (r < 0)
		return err_wrap(e, "credentials in %s", file);
	if (a.found == AUTH_HELPER) {
		r = credential_ask_helper(a.helper, a.helper_key, ret, e);
		if (r < 0)
			err_wrap(e, "credentials for %s, see %s", host, file);
	} else if (a.found == AUTH_ENTRY) {
		*ret = a.entry;
		memset(&a.entry, 0, sizeof a.entry);
		r = 1;
	}
	if (r > 0)
		log_debug("credentials for %s are from %s", host, file);
	auth_answer_clear(&a);
	return r;
}

static char *home_file(const char *variable, const char *below_home, const char *name)
{
	const char *dir = getenv(variable), *home;

	if (dir && *dir)
		return g_strdup_printf("%s/%s", dir, name);
	home = getenv("HOME");
	if (!home || !*home)
		home = g_get_home_dir();
	return below_home ? g_strdup_printf("%s/%s/%s", home, below_home, name) : NULL;
}

int credential_find(const char *creds, const char *authfile, const char *host, const char *path,
		    struct credential *ret, struct err *e)
{
	g_autofree char *run = home_file("XDG_RUNTIME_DIR", NULL, "containers/auth.json");
	g_autofree char *config = home_file("XDG_CONFIG_HOME", ".config", "containers/auth.json");
	g_autofree char *docker = home_file("DOCKER_CONFIG", ".docker", "config.json");
	const char *files[] = { run, config, docker };
	int r = 0;

	if (creds) {
		r = credential_from_text(creds, ret, e);
		return r < 0 ? r : 1;
	}
	if (!authfile)
		authfile = getenv("REGISTRY_AUTH_FILE");
	if (authfile && *authfile)
		return search_file(authfile, true, host, path, ret, e);
	for (size_t i = 0; i < G_N_ELEMENTS(files) && r == 0; i++)
		if (files[i])
			r = search_file(files[i], false, host, path, ret, e);
	return r;
}
