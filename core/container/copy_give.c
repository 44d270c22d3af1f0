/* copy_give.c - the giver: walks the source of a copy. See copy.h.
 *
 * Forked by `cp`, in the user namespace that the source belongs to; holds the source and its end of the socket. Ends with
 * the walk, with the taker (EPIPE), or with `cp`. Never writes a file, and never follows a link below the source.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/path.h"
#include "core/container/copy.h"
#include "core/container/copy_wire.h"

struct giver {
	const struct copy_place *place;
	int sock;
	GString *path;          /* below the source, of the entry at hand */
	GHashTable *links;      /* "device:inode" -> the path that came first */
	unsigned depth;
	bool top;               /* the source's own directory, where the container's system directories are left out */
	struct copy_message m;
	struct err *e;
};

static int failed(struct giver *g)
{
	return err_set(g->e, errno, "copying %s", g->path->len ? g->path->str : ".");
}

static int say(struct giver *g, enum copy_kind kind, const char *name, int fd)
{
	int r;

	g->m.kind = kind;
	g_strlcpy(g->m.name, name, sizeof g->m.name);
	r = fd_send(g->sock, &g->m, COPY_HEAD + g->m.text_len, fd >= 0 ? &fd : NULL, fd >= 0);
	g->m.text_len = 0;
	return r < 0 ? err_set(g->e, -r, "the other side of the copy") : 0;
}

static int put_text(struct giver *g, const void *text, size_t len)
{
	if (len > sizeof g->m.text)
		return err_msg(g->e, ENAMETOOLONG, "copying %.200s...: its path is too long", g->path->str);
	memcpy(g->m.text, text, len);
	g->m.text_len = (uint32_t)len;
	return 0;
}

static void describe(struct giver *g, const struct stat *st)
{
	g->m.mode = st->st_mode;
	g->m.uid = st->st_uid;
	g->m.gid = st->st_gid;
	g->m.size = st->st_size;
	g->m.mtime_s = st->st_mtim.tv_sec;
	g->m.mtime_ns = (uint32_t)st->st_mtim.tv_nsec;
}

/* Attributes of programs and users. Others (the kernel's overlay, security labels) are of the place where the file is;
 * capabilities of files go along, since programs need them. */
static bool goes_along(const char *name)
{
	return g_str_has_prefix(name, "user.") ? !g_str_has_prefix(name, "user.overlay.") : !strcmp(name, "security.capability");
}

static int give_xattrs(struct giver *g, int fd)
{
	g_autofree char *names = NULL;
	ssize_t n = flistxattr(fd, NULL, 0);
	int r = 0;

	if (n <= 0)
		return 0;
	names = g_malloc((gsize)n);
	n = flistxattr(fd, names, (size_t)n);
	for (char *name = names; r == 0 && name < names + n; name += strlen(name) + 1) {
		ssize_t len = goes_along(name) ? fgetxattr(fd, name, g->m.text, sizeof g->m.text) : -1;

		if (len < 0)
			continue;
		g->m.text_len = (uint32_t)len;
		r = say(g, COPY_XATTR, name, -1);
	}
	return r;
}

/* What happens to a running container's files, and what belongs to nobody in it (a terminal's device, for one), is no
 * reason to stop. 0: go on without it. */
static int cannot_open(struct giver *g)
{
	if (errno == ENOENT)
		return 0;
	if (!g->place->lenient || (errno != EACCES && errno != EPERM))
		return failed(g);
	log_warn("copying %s: %s: left out", g->path->str, strerror(errno));
	return 0;
}

/* Is it another name of a file that was given already? Then its path, else NULL. */
static const char *earlier(struct giver *g, const struct stat *st)
{
	g_autofree char *key = NULL;
	const char *first;

	if (st->st_nlink < 2)
		return NULL;
	key = g_strdup_printf("%llx:%llx", (unsigned long long)st->st_dev, (unsigned long long)st->st_ino);
	first = g_hash_table_lookup(g->links, key);
	if (!first)
		g_hash_table_insert(g->links, g_steal_pointer(&key), g_strdup(g->path->str));
	return first;
}

static int give_file(struct giver *g, int dir, const char *name, const char *as)
{
	autofd fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	const char *first;
	struct stat st;

	if (fd < 0)
		return cannot_open(g);
	if (fstat(fd, &st) < 0)
		return failed(g);
	/* It has become something else since. */
	if (!S_ISREG(st.st_mode))
		return 0;
	first = earlier(g, &st);
	if (give_xattrs(g, fd) < 0 || (first && put_text(g, first, strlen(first) + 1) < 0))
		return -g->e->code;
	describe(g, &st);
	return say(g, first ? COPY_LINK : COPY_FILE, as, fd);
}

static int give_symlink(struct giver *g, int dir, const char *name, const struct stat *st)
{
	ssize_t n = readlinkat(dir, name, g->m.text, PATH_MAX - 1);

	if (n < 0)
		return errno == EINVAL ? 0 : cannot_open(g);
	g->m.text[n] = '\0';
	g->m.text_len = (uint32_t)n + 1;
	describe(g, st);
	return say(g, COPY_SYMLINK, name, -1);
}

static int give_entry(struct giver *g, int dir, const char *name);

static bool is_left_out(const struct giver *g, const char *name)
{
	static const char *const system[] = { ".", "..", "dev", "proc", "sys" };

	for (size_t i = 0; i < (g->top ? G_N_ELEMENTS(system) : 2); i++)
		if (!strcmp(name, system[i]))
			return true;
	return false;
}

static int give_content(struct giver *g, DIR *d)
{
	const struct dirent *entry;
	int r = 0;

	if (g->depth >= COPY_DEPTH_MAX)
		return err_msg(g->e, ELOOP, "copying %.200s...: directories are nested too deeply", g->path->str);
	g->depth++;
	while (r == 0 && (errno = 0, entry = readdir(d))) {
		gsize before = g->path->len;

		if (is_left_out(g, entry->d_name))
			continue;
		if (before)
			g_string_append_c(g->path, '/');
		g_string_append(g->path, entry->d_name);
		r = give_entry(g, dirfd(d), entry->d_name);
		g_string_truncate(g->path, before);
	}
	if (r == 0 && errno)
		r = failed(g);
	g->depth--;
	return r;
}

/* A directory: ENTER (or START) has been said. Takes `fd`. */
static int give_below(struct giver *g, int fd, bool top)
{
	DIR *d = fdopendir(fd);
	int r;

	if (!d) {
		r = failed(g);
		(void)close(fd);
		return r;
	}
	g->top = top;
	r = give_content(g, d);
	(void)closedir(d);
	return r;
}

static int give_dir(struct giver *g, int dir, const char *name)
{
	autofd fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	bool top = g->top;
	int r;

	if (fd < 0)
		return errno == ENOTDIR || errno == ELOOP ? 0 : cannot_open(g);
	if (fstat(fd, &st) < 0)
		return failed(g);
	r = give_xattrs(g, fd);
	describe(g, &st);
	if (r == 0)
		r = say(g, COPY_ENTER, name, -1);
	if (r == 0)
		r = give_below(g, take_fd(&fd), false);
	g->top = top;
	return r < 0 ? r : say(g, COPY_LEAVE, name, -1);
}

static int give_entry(struct giver *g, int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return cannot_open(g);
	switch (st.st_mode & S_IFMT) {
	case S_IFDIR:
		return give_dir(g, dir, name);
	case S_IFREG:
		return give_file(g, dir, name, name);
	case S_IFLNK:
		return give_symlink(g, dir, name, &st);
	case S_IFIFO:
		describe(g, &st);
		return say(g, COPY_FIFO, name, -1);
	case S_IFSOCK:
		/* Means nothing without who listens. */
		return 0;
	default:
		log_warn("copying %s: a device: left out", g->path->str);
		return 0;
	}
}

/* Is it the root of the container, whose /dev, /proc and /sys are not its files? */
static bool is_root(const struct copy_place *p, int fd)
{
	struct stat a, b;

	return p->container && fstat(fd, &a) == 0 && fstat(p->root, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/* A link of the host gives its own name to what it leads to, one of a container does not: podman's way. */
static char *own_name(const struct copy_place *p, const char *path, const struct copy_found *f)
{
	return p->container || f->content || !strcmp(f->name, ".") ? g_strdup(f->name) : g_path_get_basename(path);
}

static int give_directory(struct giver *g, const struct copy_found *f, const char *as)
{
	autofd fd = openat(f->parent, f->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool root = fd >= 0 && is_root(g->place, fd);
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return failed(g);
	r = give_xattrs(g, fd);
	describe(g, &st);
	if (r == 0)
		r = say(g, COPY_ENTER, as, -1);
	if (r == 0)
		r = give_below(g, take_fd(&fd), root);
	return r < 0 ? r : say(g, COPY_LEAVE, as, -1);
}

static int give(struct giver *g, const char *path)
{
	g_autofree char *as = NULL;
	autofound f = { .parent = -1 };
	struct stat st;
	int r = copy_find_source(g->place, path, &f, g->e);

	if (r < 0)
		return r;
	as = own_name(g->place, path, &f);
	if (fstatat(f.parent, f.name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(g->e, errno, "%s", path);
	describe(g, &st);
	if (f.content || !strcmp(as, "."))
		g->m.mode = 0;
	r = say(g, COPY_START, as, -1);
	if (r == 0 && f.directory) {
		r = give_directory(g, &f, as);
	} else if (r == 0) {
		g_string_assign(g->path, as);
		r = S_ISFIFO(st.st_mode) ? (describe(g, &st), say(g, COPY_FIFO, as, -1)) : give_file(g, f.parent, f.name, as);
	}
	return r < 0 ? r : say(g, COPY_END, "", -1);
}

void copy_give_error(int sock, const struct err *why)
{
	struct copy_message *m = g_new0(struct copy_message, 1);

	m->kind = COPY_ERROR;
	memcpy(m->text, why, sizeof *why);
	m->text_len = sizeof *why;
	(void)fd_send(sock, m, COPY_HEAD + m->text_len, NULL, 0);
	g_free(m);
}

void copy_give(const struct copy_place *p, const char *path, int sock)
{
	struct err e = ERR_INIT;
	struct giver *g = g_new0(struct giver, 1);

	g->place = p;
	g->sock = sock;
	g->e = &e;
	g->path = g_string_new(NULL);
	g->links = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	if (give(g, path) < 0)
		copy_give_error(sock, &e);
	g_hash_table_unref(g->links);
	g_string_free(g->path, TRUE);
	g_free(g);
}
