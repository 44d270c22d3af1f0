/* credential_helper.c - docker-credential-NAME: the protocol of docker-credential-helpers. What is secret goes through
 * pipes only. */
#include "net/registry/credential.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <jansson.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/proc.h"
#include "core/base/text.h"

#define HELPER_ANSWER_MAX (64 * 1024)
#define HELPER_INPUT_MAX 4096           /* fits a pipe of any size: writing never waits */

extern char **environ;

/* Start "PROGRAM VERB" with `input` on its stdin; its stdout is *ret_out. 0 or -errno. */
static int start_helper(const char *program, const char *verb, const char *input, pid_t *ret_pid, int *ret_out)
{
	char *argv[] = { (char *)program, (char *)verb, NULL };
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
	close(out[1]);
	/* Our copy of the reading end stays open meanwhile: no SIGPIPE when it does not read. It then gives no answer. */
	if (r == 0)
		(void)fd_write_all(in[1], input, strlen(input));
	close(in[0]);
	close(in[1]);
	if (r < 0)
		close(out[0]);
	else
		*ret_out = out[0];
	return r;
}

/* Run it to its end. 1 with its answer, 0 when it knows nothing, -errno. `ret` is secret: wipe_free. */
static int run_helper(const char *helper, const char *verb, const char *input, char **ret, struct err *e)
{
	g_autofree char *program = g_strconcat("docker-credential-", helper, NULL), *said = NULL;
	autowiped *answer = NULL;
	autofd out = -1;
	size_t len = 0;
	pid_t pid;
	int r, status;

	if (!auth_json_helper_valid(helper))
		return err_msg(e, EINVAL, "\"%.50s\" is not the name of a credential helper", helper);
	if (strlen(input) > HELPER_INPUT_MAX)
		return err_msg(e, E2BIG, "credential helper %s: the credentials are too long for it", program);
	r = start_helper(program, verb, input, &pid, &out);
	if (r < 0)
		return err_set(e, -r, "credential helper %s", program);
	r = fd_read_all(out, HELPER_ANSWER_MAX, &answer, &len);
	fd_close(&out);
	status = proc_wait(pid);
	if (r < 0)
		return err_set(e, -r, "answer of credential helper %s", program);
	if (status == 0) {
		*ret = g_steal_pointer(&answer);
		return 1;
	}
	/* The protocol has no other way to say "nothing here" than this sentence on stdout. */
	if (strstr(answer, "credentials not found"))
		return 0;
	/* What "get" has written may be the secret itself. */
	if (strcmp(verb, "get") != 0)
		said = text_printable(g_strchomp(answer));
	return err_msg(e, EACCES, "credential helper %s failed with status %d%s%.200s", program, status,
		       said && *said ? ": " : "", said ? said : "");
}

static int read_answer(const char *text, struct credential *ret)
{
	json_t *root = json_loads(text, 0, NULL);
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
	autowiped *answer = NULL;
	int r = run_helper(helper, "get", key, &answer, e);

	return r > 0 ? read_answer(answer, ret) : r;
}

int credential_tell_helper(const char *helper, const char *key, const struct credential *c, struct err *e)
{
	json_t *root = json_pack("{s:s, s:s, s:s}", "ServerURL", key, "Username", c->username, "Secret", c->password);
	autowiped *input = root ? json_dumps(root, JSON_COMPACT) : NULL;
	autowiped *answer = NULL;
	int r = input ? run_helper(helper, "store", input, &answer, e) :
			err_msg(e, EINVAL, "the credentials are not UTF-8");

	json_decref(root);
	return MIN(r, 0);
}

int credential_erase_helper(const char *helper, const char *key, struct err *e)
{
	autowiped *answer = NULL;

	return run_helper(helper, "erase", key, &answer, e);
}
