/* notify.c - see notify.h. No allocation: it runs in the keeper. */
#include "core/container/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/fd.h"

#define MESSAGE_MAX 4096        /* longer ones are not of sd_notify(3) */

static int connect_to(const char *to)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t len = strlen(to);
	autofd fd = -1;

	if ((*to != '/' && *to != '@') || len >= sizeof a.sun_path)
		return -EINVAL;
	memcpy(a.sun_path, to, len);
	if (*to == '@')
		a.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		return -errno;
	return take_fd(&fd);
}

/* By a path of a few bytes, whatever the run directory is called. */
static int listen_at(const struct container_place *p, const char *id)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char path[96];
	autofd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int n;

	snprintf(path, sizeof path, "containers/%.64s/" NOTIFY_SOCKET, id);
	if (unlinkat(p->run_fd, path, 0) < 0 && errno != ENOENT)
		return -errno;
	n = snprintf(a.sun_path, sizeof a.sun_path, "/proc/self/fd/%d/%s", p->run_fd, path);
	if (n >= (int)sizeof a.sun_path)
		return -ENAMETOOLONG;
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) < 0)
		return -errno;
	/* For every user of the container. Outside, nobody else gets into the directory. */
	if (fchmodat(p->run_fd, path, 0666, 0) < 0)
		return -errno;
	return take_fd(&fd);
}

int notify_open(struct notify *n, const struct container_place *p, const char *id, const char *to, bool listen, struct err *e)
{
	n->program = -1;
	n->manager = connect_to(to);
	if (n->manager < 0)
		return err_set(e, -n->manager, "NOTIFY_SOCKET %s", to);
	if (listen) {
		n->program = listen_at(p, id);
		if (n->program < 0)
			return err_set(e, -n->program, "a socket for --sdnotify");
	}
	return 0;
}

static void say(const struct notify *n, const char *text, size_t len)
{
	if (n->manager >= 0 && len > 0)
		(void)send(n->manager, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void notify_started(const struct notify *n, pid_t main, bool ready)
{
	char text[64];

	say(n, text, (size_t)snprintf(text, sizeof text, "MAINPID=%d%s", (int)main, ready ? "\nREADY=1" : ""));
}

static bool may_say(const char *line, size_t len)
{
	static const char *const keys[] = { "READY=", "RELOADING=", "STOPPING=", "STATUS=", "ERRNO=", "WATCHDOG=",
					    "EXTEND_TIMEOUT_USEC=", "MONOTONIC_USEC=" };

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (len > strlen(keys[i]) && memcmp(line, keys[i], strlen(keys[i])) == 0)
			return true;
	return false;
}

size_t notify_filter(char *text, size_t len)
{
	char *to = text;

	for (char *line = text, *end = text + len; line < end;) {
		char *nl = memchr(line, '\n', (size_t)(end - line));
		size_t n = (size_t)((nl ? nl : end) - line);

		if (may_say(line, n)) {
			if (to > text)
				*to++ = '\n';
			memmove(to, line, n);
			to += n;
		}
		line += n + (nl ? 1 : 0);
	}
	*to = '\0';
	return (size_t)(to - text);
}

void notify_relay(const struct notify *n)
{
	char text[MESSAGE_MAX + 1];
	ssize_t len = recv(n->program, text, MESSAGE_MAX, MSG_DONTWAIT | MSG_TRUNC);

	if (len > 0 && len <= MESSAGE_MAX) {
		text[len] = '\0';
		say(n, text, notify_filter(text, (size_t)len));
	}
}
