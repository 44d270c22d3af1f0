/* override.c - see override.h. */
#include "core/base/override.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

static bool parse_kind(const char *kind, struct override *o)
{
	static const struct { const char *name; mode_t type; } kinds[] = {
		{ "dir", S_IFDIR }, { "symlink", S_IFLNK }, { "pipe", S_IFIFO }, { "socket", S_IFSOCK }, { "file", S_IFREG },
	};
	int end = 0;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kind, kinds[i].name) == 0) {
			o->mode |= kinds[i].type;
			return true;
		}
	if (sscanf(kind, "char-%u-%u%n", &o->major, &o->minor, &end) == 2 && !kind[end])
		o->mode |= S_IFCHR;
	else if (end = 0, sscanf(kind, "block-%u-%u%n", &o->major, &o->minor, &end) == 2 && !kind[end])
		o->mode |= S_IFBLK;
	return (o->mode & S_IFMT) != 0;
}

bool override_parse(const char *text, size_t len, struct override *ret)
{
	char buf[OVERRIDE_TEXT_MAX];
	struct override o = { 0 };
	unsigned mode;
	int end = 0;

	if (len >= sizeof buf || memchr(text, '\0', len))
		return false;
	memcpy(buf, text, len);
	buf[len] = '\0';
	if (sscanf(buf, "%u:%u:%o%n", &o.uid, &o.gid, &mode, &end) != 3 || end == 0)
		return false;
	o.mode = mode & 07777;
	if (buf[end] && (buf[end] != ':' || !parse_kind(buf + end + 1, &o)))
		return false;
	*ret = o;
	return true;
}

static const char *kind_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR: return "dir";
	case S_IFLNK: return "symlink";
	case S_IFIFO: return "pipe";
	case S_IFSOCK: return "socket";
	default: return "file";
	}
}

size_t override_format(const struct override *o, char *buf)
{
	int n = snprintf(buf, OVERRIDE_TEXT_MAX, "%u:%u:%04o:", o->uid, o->gid, (unsigned)(o->mode & 07777));

	if (S_ISCHR(o->mode) || S_ISBLK(o->mode))
		n += snprintf(buf + n, OVERRIDE_TEXT_MAX - (size_t)n, "%s-%u-%u", S_ISCHR(o->mode) ? "char" : "block", o->major,
			      o->minor);
	else
		n += snprintf(buf + n, OVERRIDE_TEXT_MAX - (size_t)n, "%s", kind_of(o->mode));
	return (size_t)n;
}

int override_get(const char *path, struct override *ret)
{
	char text[OVERRIDE_TEXT_MAX];
	ssize_t n = getxattr(path, OVERRIDE_XATTR, text, sizeof text);

	if (n < 0)
		return errno == ENODATA || errno == ERANGE ? 0 : -errno;
	return override_parse(text, (size_t)n, ret);
}

int override_set(const char *path, const struct override *o)
{
	char text[OVERRIDE_TEXT_MAX];
	size_t n = override_format(o, text);

	return setxattr(path, OVERRIDE_XATTR, text, n, 0) < 0 ? -errno : 0;
}

int override_key(int fd, char *key)
{
	union { struct file_handle h; char room[sizeof(struct file_handle) + MAX_HANDLE_SZ]; } u;
	int mount_id;

	memset(&u, 0, sizeof u);
	u.h.handle_bytes = MAX_HANDLE_SZ;
	if (name_to_handle_at(fd, "", &u.h, &mount_id, AT_EMPTY_PATH) < 0)
		return -errno;
	for (unsigned i = 0; i < u.h.handle_bytes; i++)
		(void)snprintf(key + 2 * i, 3, "%02x", u.h.f_handle[i]);
	return 0;
}
