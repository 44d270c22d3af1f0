/* remember.c - see remember.h. */
#include "core/runtime/remember.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/override.h"
#include "core/base/path.h"

#define LINE_MAX_LEN (OVERRIDE_KEY_MAX + OVERRIDE_TEXT_MAX + 2)

static bool find_mount(int fd, uint64_t *ret)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &st) < 0)
		return false;
	/* Linux 5.8. Before that all looks like the root's. */
	*ret = st.stx_mask & STATX_MNT_ID ? st.stx_mnt_id : 0;
	return true;
}

void remember_init(struct remember *m, int proc, int root, int dir)
{
	*m = (struct remember){ .proc = proc, .dir = dir, .tree = -1, .file = -1 };
	if (!find_mount(root, &m->mount))
		m->dir = -1;
}

bool remember_can(const struct remember *m, int fd)
{
	uint64_t mount;

	return m->dir >= 0 && find_mount(fd, &mount) && mount == m->mount;
}

/* A name for `fd` that does not depend on what the container has at /proc. */
static bool name_fd(const struct remember *m, int fd, char link[32])
{
	(void)snprintf(link, 32, "self/fd/%d", fd);
	return fchdir(m->proc) == 0;
}

/* The same file where the store has it: its name in the root leads there. */
static int open_stored(struct remember *m, int fd)
{
	char link[32], path[PATH_MAX];
	ssize_t n = name_fd(m, fd, link) ? readlink(link, path, sizeof path - 1) : -1;

	if (m->tree < 0)
		m->tree = openat(m->dir, "upper", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (m->tree < 0)
		m->tree = openat(m->dir, "root", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (m->tree < 0 || n <= 0 || *path != '/')
		return -ENOENT;
	path[n] = '\0';
	return path_open_beneath(m->tree, path[1] ? path + 1 : ".", O_PATH | O_NOFOLLOW, 0);
}

/* What the file beside the tree says of this handle last. */
static bool find_line(int file, const char *key, struct override *ret)
{
	size_t len = strlen(key), have = 0;
	static char buf[16 * 1024];
	bool found = false;
	off_t at = 0;
	ssize_t n;

	while ((n = pread(file, buf + have, sizeof buf - have, at)) > 0) {
		char *line = buf, *end;

		at += n;
		have += (size_t)n;
		while ((end = memchr(line, '\n', have - (size_t)(line - buf)))) {
			if ((size_t)(end - line) > len && line[len] == ' ' && memcmp(line, key, len) == 0)
				found = override_parse(line + len + 1, (size_t)(end - line) - len - 1, ret) || found;
			line = end + 1;
		}
		have -= (size_t)(line - buf);
		memmove(buf, line, have);
	}
	return found;
}

static int write_line(struct remember *m, const char *key, const struct override *o)
{
	char line[LINE_MAX_LEN], text[OVERRIDE_TEXT_MAX];
	int n;

	(void)override_format(o, text);
	n = snprintf(line, sizeof line, "%s %s\n", key, text);
	/* One write: an exec's process may be writing, too. */
	return write(m->file, line, (size_t)n) == n ? 0 : -EIO;
}

static bool open_file(struct remember *m, bool make)
{
	if (m->file < 0)
		m->file = openat(m->dir, REMEMBER_FILE, O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC | (make ? O_CREAT : 0), 0600);
	return m->file >= 0;
}

static void apply(struct override *o, uint32_t uid, uint32_t gid)
{
	if (uid != UINT32_MAX)
		o->uid = uid;
	if (gid != UINT32_MAX)
		o->gid = gid;
}

static bool needs_none(const struct remember *m, uint32_t uid, uint32_t gid)
{
	return (uid == UINT32_MAX || uid == m->uid) && (gid == UINT32_MAX || gid == m->gid);
}

/* Beside the tree. `o`: what the file is when nothing is written there yet. */
static int keep_beside(struct remember *m, int fd, struct override *o, uint32_t uid, uint32_t gid)
{
	char key[OVERRIDE_KEY_MAX];
	autofd stored = -1;
	int r;

	if (!open_file(m, !needs_none(m, uid, gid)))
		return needs_none(m, uid, gid) ? 0 : -errno;
	stored = open_stored(m, fd);
	r = stored < 0 ? stored : override_key(stored, key);
	if (r < 0)
		return r;
	if (!find_line(m->file, key, o) && needs_none(m, uid, gid))
		return 0;
	apply(o, uid, gid);
	return write_line(m, key, o);
}

void remember_owner(struct remember *m, int fd, uint32_t uid, uint32_t gid)
{
	struct override o = { .uid = m->uid, .gid = m->gid };
	char link[32];
	struct stat st;
	int r;

	if (!remember_can(m, fd) || fstat(fd, &st) < 0 || !name_fd(m, fd, link))
		return;
	r = S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) ? override_get(link, &o) : -EOPNOTSUPP;
	if (r == 0 && needs_none(m, uid, gid))
		return;
	/* The mode that it has now; the kind, when the file stands for a device, as it was. */
	o.mode = (st.st_mode & 07777) | (S_ISCHR(o.mode) || S_ISBLK(o.mode) ? o.mode & S_IFMT : st.st_mode & S_IFMT);
	if (r >= 0) {
		apply(&o, uid, gid);
		r = override_set(link, &o);
	}
	if (r < 0)
		(void)keep_beside(m, fd, &o, uid, gid);
}

int remember_device(struct remember *m, int fd, mode_t mode, uint32_t dev)
{
	/* As the system call has it: 12 bits of major number between two parts of the minor. */
	struct override o = { .uid = m->uid, .gid = m->gid, .mode = mode, .major = dev >> 8 & 0xfff,
			      .minor = (dev & 0xff) | (dev >> 12 & 0xfff00) };
	char key[OVERRIDE_KEY_MAX], link[32];
	autofd stored = -1;
	int r = name_fd(m, fd, link) ? override_set(link, &o) : -errno;

	if (r == 0)
		return 0;
	stored = open_stored(m, fd);
	r = stored < 0 ? stored : override_key(stored, key);
	if (r == 0 && !open_file(m, true))
		r = -errno;
	return r < 0 ? r : write_line(m, key, &o);
}
