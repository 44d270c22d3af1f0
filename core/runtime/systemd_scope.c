/* systemd_scope.c - see systemd_scope.h.
 *
 * The conversation: "AUTH EXTERNAL" with our uid in hex and BEGIN are sent at once and answered with one line; then
 * one call. The answer of StartTransientUnit only names a job. On a direct connection the manager sends all
 * its signals unasked, so we read until JobRemoved names our unit: by then systemd has moved the process.
 * AttachProcessesToUnit answers when it has.
 */
#include "core/runtime/systemd_scope.h"

#include <endian.h>
#include <errno.h>
#include <glib.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/fd.h"

#define MESSAGE_MAX (64 * 1024)         /* longer ones are not for us */
#define PATIENCE_S 20                   /* a manager that is silent for so long is broken */

enum { TYPE_CALL = 1, TYPE_RETURN, TYPE_ERROR, TYPE_SIGNAL };
enum { FIELD_PATH = 1, FIELD_INTERFACE, FIELD_MEMBER, FIELD_ERROR_NAME, FIELD_REPLY_SERIAL, FIELD_DESTINATION,
	FIELD_SENDER, FIELD_SIGNATURE };

#define SERIAL 1

/* ---- writing: values are aligned to their size, from the start of the message or body (a multiple of 8) ---- */

static void put_pad(GByteArray *b, unsigned align)
{
	static const guint8 zero[8];

	g_byte_array_append(b, zero, (align - b->len % align) % align);
}

static void put_u32(GByteArray *b, uint32_t v)
{
	v = htole32(v);
	put_pad(b, 4);
	g_byte_array_append(b, (const guint8 *)&v, sizeof v);
}

static void put_string(GByteArray *b, const char *s)
{
	put_u32(b, (uint32_t)strlen(s));
	g_byte_array_append(b, (const guint8 *)s, (guint)strlen(s) + 1);
}

static void put_signature(GByteArray *b, const char *s)
{
	guint8 n = (guint8)strlen(s);

	g_byte_array_append(b, &n, 1);
	g_byte_array_append(b, (const guint8 *)s, n + 1U);
}

static void put_field(GByteArray *b, guint8 code, const char *type, const char *value)
{
	put_pad(b, 8);
	g_byte_array_append(b, &code, 1);
	put_signature(b, type);
	if (*type == 'g')
		put_signature(b, value);
	else
		put_string(b, value);
}

static void put_property(GByteArray *b, const char *name, const char *type)
{
	put_pad(b, 8);
	put_string(b, name);
	put_signature(b, type);
}

/* The four bytes at `at` become the length of what follows `from`. */
static void fix_length(GByteArray *b, guint at, guint from)
{
	uint32_t len = htole32(b->len - from);

	memcpy(b->data + at, &len, sizeof len);
}

static void put_properties(GByteArray *b, const char *slice, const char *description, pid_t pid)
{
	guint at, from;

	put_u32(b, 0);
	at = b->len - 4;
	put_pad(b, 8);
	from = b->len;
	put_property(b, "Description", "s");
	put_string(b, description);
	put_property(b, "PIDs", "au");
	put_u32(b, 4);
	put_u32(b, (uint32_t)pid);
	put_property(b, "Delegate", "b");
	put_u32(b, 1);
	put_property(b, "CollectMode", "s");
	put_string(b, "inactive-or-failed");
	if (slice) {
		put_property(b, "Slice", "s");
		put_string(b, slice);
	}
	fix_length(b, at, from);
}

/* The body is taken over. */
static GByteArray *make_call(const char *member, const char *signature, GByteArray *body)
{
	static const guint8 start[4] = { 'l', TYPE_CALL, 0, 1 };
	GByteArray *m = g_byte_array_new();

	g_byte_array_append(m, start, sizeof start);
	put_u32(m, body->len);
	put_u32(m, SERIAL);
	put_u32(m, 0);
	put_field(m, FIELD_PATH, "o", "/org/freedesktop/systemd1");
	put_field(m, FIELD_INTERFACE, "s", "org.freedesktop.systemd1.Manager");
	put_field(m, FIELD_MEMBER, "s", member);
	put_field(m, FIELD_DESTINATION, "s", "org.freedesktop.systemd1");
	put_field(m, FIELD_SIGNATURE, "g", signature);
	fix_length(m, 12, 16);
	put_pad(m, 8);
	g_byte_array_append(m, body->data, body->len);
	g_byte_array_unref(body);
	return m;
}

static GByteArray *make_start(const char *name, const char *slice, const char *description, pid_t pid)
{
	GByteArray *body = g_byte_array_new();

	put_string(body, name);
	put_string(body, "fail");
	put_properties(body, slice, description, pid);
	put_u32(body, 0);       /* no auxiliary units: an empty array of structs, whose padding counts */
	put_pad(body, 8);
	return make_call("StartTransientUnit", "ssa(sv)a(sa(sv))", body);
}

static GByteArray *make_attach(const char *name, const char *below, pid_t pid)
{
	GByteArray *body = g_byte_array_new();

	put_string(body, name);
	put_string(body, below);
	put_u32(body, 4);
	put_u32(body, (uint32_t)pid);
	return make_call("AttachProcessesToUnit", "ssau", body);
}

/* ---- reading ---- */

struct reader { const uint8_t *p; size_t len, at; bool big; };

static bool get_u32(struct reader *r, uint32_t *ret)
{
	uint32_t v;

	r->at = (r->at + 3) & ~(size_t)3;
	if (r->at > r->len || r->len - r->at < 4)
		return false;
	memcpy(&v, r->p + r->at, 4);
	*ret = r->big ? be32toh(v) : le32toh(v);
	r->at += 4;
	return true;
}

static bool get_string(struct reader *r, const char **ret)
{
	uint32_t n;

	if (!get_u32(r, &n) || n >= r->len - r->at || r->p[r->at + n] != '\0')
		return false;
	*ret = (const char *)r->p + r->at;
	r->at += n + 1;
	return true;
}

struct message {
	int type;
	uint32_t reply_to;
	const char *member, *error_name;
	struct reader body;
	uint8_t bytes[MESSAGE_MAX];
};

/* The header fields that we ask for; those of other types are of fixed form too (s, o, g, u). */
static bool read_fields(struct message *m, struct reader *r)
{
	while (r->at < r->len) {
		uint8_t code, type;

		r->at = (r->at + 7) & ~(size_t)7;
		if (r->at >= r->len)
			break;
		if (r->len - r->at < 4 || r->p[r->at + 1] != 1 || r->p[r->at + 3] != 0)
			return false;
		code = r->p[r->at];
		type = r->p[r->at + 2];
		r->at += 4;
		if (type == 'u') {
			uint32_t v;

			if (!get_u32(r, &v))
				return false;
			if (code == FIELD_REPLY_SERIAL)
				m->reply_to = v;
		} else if (type == 's' || type == 'o') {
			const char *s;

			if (!get_string(r, &s))
				return false;
			if (code == FIELD_MEMBER)
				m->member = s;
			else if (code == FIELD_ERROR_NAME)
				m->error_name = s;
		} else if (type == 'g') {
			if (r->at >= r->len || r->p[r->at] + (size_t)2 > r->len - r->at)
				return false;
			r->at += r->p[r->at] + (size_t)2;
		} else {
			return false;
		}
	}
	return true;
}

static int read_message(int fd, struct message *m, struct err *e)
{
	struct reader head = { .p = m->bytes, .len = 16, .at = 4 };
	uint32_t body, serial, fields;
	size_t padded;
	ssize_t n = fd_read_full(fd, m->bytes, 16);

	m->type = 0;
	m->reply_to = 0;
	m->member = m->error_name = NULL;
	if (n < 0)
		return err_set(e, n == -EAGAIN ? ETIMEDOUT : (int)-n, "answer of systemd");
	if (n < 16)
		return err_msg(e, EPROTO, "systemd closed the connection");
	head.big = m->bytes[0] == 'B';
	if (!get_u32(&head, &body) || !get_u32(&head, &serial) || !get_u32(&head, &fields))
		return err_msg(e, EPROTO, "systemd sent what is not a D-Bus message");
	padded = ((size_t)fields + 7) & ~(size_t)7;
	if (body > MESSAGE_MAX || padded > MESSAGE_MAX || 16 + padded + body > MESSAGE_MAX)
		return err_msg(e, EPROTO, "systemd sent a message of %zu bytes", 16 + padded + body);
	n = fd_read_full(fd, m->bytes + 16, padded + body);
	if (n != (ssize_t)(padded + body))
		return err_set(e, n == -EAGAIN ? ETIMEDOUT : EPROTO, "answer of systemd");
	m->type = m->bytes[1];
	m->body = (struct reader){ .p = m->bytes + 16 + padded, .len = body, .big = head.big };
	head.len = 16 + fields;
	if (!read_fields(m, &head))
		return err_msg(e, EPROTO, "systemd sent a malformed D-Bus message");
	return 0;
}

/* 1: our job is done, or our call where it is no job; 0: not yet. */
static int judge(struct message *m, const char *name, bool job_follows, struct err *e)
{
	const char *job, *unit, *result;
	uint32_t id;

	if (m->type == TYPE_ERROR && m->reply_to == SERIAL) {
		const char *text = "";

		(void)get_string(&m->body, &text);
		return err_msg(e, EACCES, "systemd refuses the scope %s: %.300s (%.100s)", name, text,
			       m->error_name ? m->error_name : "error");
	}
	if (!job_follows)
		return m->type == TYPE_RETURN && m->reply_to == SERIAL;
	if (m->type != TYPE_SIGNAL || !m->member || strcmp(m->member, "JobRemoved") != 0)
		return 0;
	if (!get_u32(&m->body, &id) || !get_string(&m->body, &job) || !get_string(&m->body, &unit) ||
	    !get_string(&m->body, &result) || strcmp(unit, name) != 0)
		return 0;
	if (strcmp(result, "done") != 0)
		return err_msg(e, EIO, "systemd could not start the scope %s: %.60s", name, result);
	return 1;
}

/* The one line before the messages. Read byte by byte: what follows it is not ours to take yet. */
static int read_auth(int fd, struct err *e)
{
	char line[256];
	size_t n = 0;

	while (n < sizeof line - 1) {
		ssize_t r = fd_read_full(fd, line + n, 1);

		if (r <= 0)
			return err_set(e, r < 0 ? (int)-r : EPROTO, "systemd does not answer");
		if (line[n] == '\n')
			break;
		n++;
	}
	line[n] = '\0';
	if (strncmp(line, "OK ", 3) != 0)
		return err_msg(e, EACCES, "systemd refuses our connection: %.100s", line);
	return 0;
}

static void socket_path(char *buf, size_t size)
{
	const char *dir = g_getenv("XDG_RUNTIME_DIR");

	if (geteuid() == 0)
		snprintf(buf, size, "/run/systemd/private");
	else if (dir && *dir)
		snprintf(buf, size, "%s/systemd/private", dir);
	else
		snprintf(buf, size, "/run/user/%u/systemd/private", (unsigned)geteuid());
}

bool systemd_scope_available(void)
{
	char path[256];

	socket_path(path, sizeof path);
	return access(path, W_OK) == 0;
}

static int open_connection(int *ret, struct err *e)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = PATIENCE_S };
	autofd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char path[256], uid[16], hello[96];
	int n;

	if (fd < 0)
		return err_set(e, errno, "socket");
	socket_path(path, sizeof path);
	if (g_strlcpy(to.sun_path, path, sizeof to.sun_path) >= sizeof to.sun_path)
		return err_set(e, ENAMETOOLONG, "%s", path);
	if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
		return err_set(e, errno, "connect to systemd at %s", path);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	snprintf(uid, sizeof uid, "%u", (unsigned)geteuid());
	n = snprintf(hello, sizeof hello, "%cAUTH EXTERNAL ", 0);
	for (const char *p = uid; *p; p++)
		n += snprintf(hello + n, sizeof hello - (size_t)n, "%02x", (unsigned)*p);
	n += snprintf(hello + n, sizeof hello - (size_t)n, "\r\nBEGIN\r\n");
	n = fd_write_all(fd, hello, (size_t)n);
	if (n < 0)
		return err_set(e, -n, "write to systemd");
	if (read_auth(fd, e) < 0)
		return -e->code;
	*ret = take_fd(&fd);
	return 0;
}

/* The call is taken over. */
static int converse(GByteArray *taken, const char *name, bool job_follows, struct err *e)
{
	g_autoptr(GByteArray) call = taken;
	g_autofree struct message *m = g_new0(struct message, 1);
	autofd fd = -1;
	int r;

	if (open_connection(&fd, e) < 0)
		return -e->code;
	r = fd_write_all(fd, call->data, call->len);
	if (r < 0)
		return err_set(e, -r, "write to systemd");
	do {
		if (read_message(fd, m, e) < 0)
			return -e->code;
		r = judge(m, name, job_follows, e);
	} while (r == 0);
	return r < 0 ? r : 0;
}

int systemd_scope_start(const char *name, const char *slice, const char *description, pid_t pid, struct err *e)
{
	return converse(make_start(name, slice, description, pid), name, true, e);
}

int systemd_scope_attach(const char *name, const char *below, pid_t pid, struct err *e)
{
	return converse(make_attach(name, below, pid), name, false, e);
}
