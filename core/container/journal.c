/* journal.c - see journal.h. No allocation after journal_open: it runs in the keeper. */
#include "core/container/journal.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "core/base/fd.h"

#define PATIENCE_S 2                    /* the journal is another process: it may be busy, or gone */
#define ROOM (8 * 1024 * 1024)          /* asked for, as its library does; the system may grant less */

int journal_open(struct journal *j, const char *path, const char *id, const char *name, struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	const int room = ROOM;
	autofd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	*j = (struct journal){ .fd = -1 };
	if (fd < 0)
		return err_set(e, errno, "socket");
	if (g_strlcpy(a.sun_path, path, sizeof a.sun_path) >= sizeof a.sun_path)
		return err_set(e, ENAMETOOLONG, "%s", path);
	if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0) {
		err_set(e, errno, "--log-driver journald: there is no journal at %s", path);
		return err_hint(e, "take another one, for example --log-driver k8s-file");
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	/* A name has no newline in it (names.h). */
	j->fields = g_strdup_printf("CONTAINER_ID_FULL=%s\nCONTAINER_ID=%.12s\nCONTAINER_NAME=%s\nSYSLOG_IDENTIFIER=%s\n", id, id,
				    name, name);
	j->fields_len = strlen(j->fields);
	j->fd = take_fd(&fd);
	return 0;
}

static struct iovec part(const char *s, size_t len)
{
	return (struct iovec){ (char *)s, len };
}

static void write_entry(struct journal *j, int stream, const char *line, size_t len, bool full)
{
	static const char out[] = "PRIORITY=6\nMESSAGE=", err[] = "PRIORITY=3\nMESSAGE=";
	static const char end[] = "\n", partial[] = "\nCONTAINER_PARTIAL_MESSAGE=true\n";
	struct iovec v[] = {
		part(j->fields, j->fields_len), part(stream == 2 ? err : out, sizeof out - 1), part(line, len),
		full ? part(end, sizeof end - 1) : part(partial, sizeof partial - 1),
	};
	const struct msghdr m = { .msg_iov = v, .msg_iovlen = G_N_ELEMENTS(v) };
	ssize_t n;

	do
		n = sendmsg(j->fd, &m, MSG_NOSIGNAL | (j->stuck ? MSG_DONTWAIT : 0));
	while (n < 0 && errno == EINTR);
	j->stuck = n < 0 && (errno == EAGAIN || errno == ECONNREFUSED || errno == ENOBUFS);
}

void journal_write(struct journal *j, int stream, const char *data, size_t len)
{
	const char *end = data + len;

	while (j->fd >= 0 && data < end) {
		const char *nl = memchr(data, '\n', (size_t)(end - data)), *stop = nl ? nl : end;

		write_entry(j, stream, data, (size_t)(stop - data), nl != NULL);
		data = nl ? nl + 1 : end;
	}
}

void journal_close(struct journal *j)
{
	fd_close(&j->fd);
	g_free(j->fields);
	j->fields = NULL;
}
