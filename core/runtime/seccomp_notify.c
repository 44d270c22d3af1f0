/* seccomp_notify.c - see seccomp_notify.h. */
#include "core/runtime/seccomp_notify.h"

#include <errno.h>
#include <glib.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/fd.h"

bool seccomp_notify_wanted(const struct seccomp_program *p)
{
	return p->flags & SECCOMP_FILTER_FLAG_NEW_LISTENER;
}

int seccomp_notify_connect(const struct rspec *spec, struct seccomp_notify *ret, struct err *e)
{
	const char *path = spec->seccomp_listener;
	autofd s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	if (!path || !*path)
		return err_msg(e, EINVAL, "linux.seccomp: SCMP_ACT_NOTIFY needs a listenerPath");
	if (strlen(path) >= sizeof a.sun_path)
		return err_msg(e, ENAMETOOLONG, "linux.seccomp.listenerPath: longer than a socket's name may be: %s", path);
	strcpy(a.sun_path, path);
	if (s < 0 || connect(s, (const struct sockaddr *)&a, sizeof a) < 0)
		return err_set(e, errno, "linux.seccomp.listenerPath %s: failed to connect with seccomp agent", path);
	ret->sock = take_fd(&s);
	return 0;
}

void seccomp_notify_tell(const struct rspec *spec, const struct hook_state *state, pid_t pid, struct seccomp_notify *ret)
{
	json_t *o = json_pack("{s:s, s:[s], s:i, s:o}", "ociVersion", spec->oci_version ? spec->oci_version : "1.0.2", "fds",
			      "seccompFd", "pid", (int)pid, "state", hooks_state_json(spec, state));
	char *text;

	if (spec->seccomp_listener_metadata)
		json_object_set_new(o, "metadata", json_string_nocheck(spec->seccomp_listener_metadata));
	text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	ret->text = g_strdup(text);
	free(text);
}

int seccomp_notify_send(const struct seccomp_notify *n, int fd)
{
	return n && n->text ? fd_send(n->sock, n->text, strlen(n->text), &fd, 1) : -ENOTCONN;
}
