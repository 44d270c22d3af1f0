/* test_fuse.c - the FUSE overlay against a plain directory: the same random operations on both must end the same.
 *
 * A tree is made twice, as a plain directory and as a lower layer. What is done to the first is done to a mount of
 * the second; errno values, then whole trees are compared. The upper directory then becomes a lower layer of the next
 * round, so that whiteouts and opaque directories are read back. FUSE_SEED and FUSE_STEPS make longer runs.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/runtime/idmap.h"
#include "storage/overlay/fuse/server.h"

#define NAMES 7
#define DEPTH 3
#define ROUNDS 3

enum { PLAIN, MERGED, SIDES };

struct held { int fd[SIDES]; };

struct world {
	char *base;
	GRand *rand;
	int top[SIDES];
	GPtrArray *lowers;      /* relative to base, top first */
	struct held held[4];    /* files that stay open whatever becomes of their names */
	unsigned round, step;
};

/* A layer that was once an upper directory has lost links, and holds links of its work directory: from the third
 * round on the count of a file in it is not known. */
static bool links_known;

static int failed(int r) { return r < 0 ? errno : 0; }

static char *any_path(struct world *w)
{
	GString *s = g_string_new(NULL);
	int depth = g_rand_int_range(w->rand, 1, DEPTH + 1);

	for (int i = 0; i < depth; i++)
		g_string_append_printf(s, "%s%c", i ? "/" : "", 'a' + g_rand_int_range(w->rand, 0, NAMES));
	return g_string_free(s, FALSE);
}

static int write_at(int fd, off_t at, size_t len, int byte)
{
	g_autofree char *text = g_strnfill(len, (char)byte);

	return pwrite(fd, text, len, at) == (ssize_t)len ? 0 : -1;
}

static int do_write(int top, const char *path, int flags, const guint32 *n)
{
	autofd fd = openat(top, path, flags | O_NOFOLLOW | O_CLOEXEC, 0600 + (n[0] & 077));

	if (fd < 0)
		return errno;
	return failed(flags & O_APPEND ? (int)write(fd, "appended", 8) - 8 : write_at(fd, n[1] % 20000, n[2] % 9000, 'a' + n[3] % 26));
}

static int do_truncate(int top, const char *path, guint32 n)
{
	autofd fd = openat(top, path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? errno : failed(ftruncate(fd, n % 15000));
}

static int do_xattr(int top, const char *path, const char *value)
{
	autofd fd = openat(top, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return errno;
	return failed(value ? fsetxattr(fd, "user.t", value, strlen(value), 0) : fremovexattr(fd, "user.t"));
}

static int do_time(int top, const char *path, guint32 n)
{
	const struct timespec t[2] = { { 1000000 + n % 999, n % 1000000000 }, { 2000000 + n % 777, n % 999999999 } };

	return failed(utimensat(top, path, t, AT_SYMLINK_NOFOLLOW));
}

static int do_punch(int top, const char *path, guint32 n)
{
	autofd fd = openat(top, path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? errno : failed(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, n % 8192, 4096));
}

static int do_unnamed(int top, const char *dir, const char *path)
{
	char link[32];
	autofd fd = openat(top, dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0640);

	/* Before Linux 6.2 FUSE has no such files. */
	if (fd < 0)
		return errno == EOPNOTSUPP ? 0 : errno;
	if (write_at(fd, 0, 100, 'u') < 0)
		return errno;
	return failed(linkat(AT_FDCWD, path_of_fd(fd, link), top, path, AT_SYMLINK_FOLLOW));
}

static int hold(struct world *w, int side, const char *path, guint32 n)
{
	struct held *h = &w->held[n % G_N_ELEMENTS(w->held)];
	int fd = openat(w->top[side], path, O_RDWR | O_NOFOLLOW | O_CLOEXEC), code = failed(fd);

	fd_close(&h->fd[side]);
	h->fd[side] = fd;
	return code;
}

static int use_held(struct world *w, int side, const guint32 *n)
{
	const struct held *h = &w->held[n[0] % G_N_ELEMENTS(w->held)];
	struct stat st;

	if (h->fd[side] < 0 || write_at(h->fd[side], n[1] % 5000, n[2] % 3000, 'A' + n[3] % 26) < 0)
		return failed(h->fd[side]);
	return fstat(h->fd[side], &st) < 0 ? errno : 1000 + (links_known ? (int)st.st_nlink : 0) + (int)st.st_size;
}

/* One operation on one side: errno, or something that must be the same on both. */
static int act(struct world *w, int side, guint32 what, const guint32 *n, char *const *path)
{
	static const unsigned renames[] = { 0, 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE };
	int top = w->top[side];

	switch (what % 23) {
	case 0: case 1: case 2: return do_write(top, path[0], O_CREAT | O_WRONLY, n);
	case 3: return do_write(top, path[0], O_CREAT | O_EXCL | O_RDWR, n);
	case 4: return do_write(top, path[0], O_WRONLY | O_APPEND, n);
	case 5: return do_write(top, path[0], O_WRONLY | O_TRUNC, n);
	case 6: case 7: return failed(mkdirat(top, path[0], 0700 + (n[0] & 077)));
	case 8: return failed(unlinkat(top, path[0], AT_REMOVEDIR));
	case 9: case 10: return failed(unlinkat(top, path[0], 0));
	case 11: case 12: case 13:
		return failed(renameat2(top, path[0], top, path[1], renames[n[0] % G_N_ELEMENTS(renames)]));
	case 14: return failed(linkat(top, path[0], top, path[1], 0));
	case 15: return failed(symlinkat(path[1], top, path[0]));
	case 16: return do_truncate(top, path[0], n[0]);
	case 17: return failed(fchmodat(top, path[0], 0600 + (n[0] & 0177), 0));
	case 18: return do_xattr(top, path[0], n[0] % 3 ? path[1] : NULL);
	case 19: return do_time(top, path[0], n[0]);
	case 20: return n[0] % 2 ? do_punch(top, path[0], n[1]) : do_unnamed(top, path[1], path[0]);
	case 21: return hold(w, side, path[0], n[0]);
	default: return use_held(w, side, n);
	}
}

static void step(struct world *w)
{
	g_autofree char *a = any_path(w), *b = any_path(w);
	char *const path[] = { a, b };
	guint32 n[4], what = g_rand_int(w->rand);
	int r[SIDES];

	for (size_t i = 0; i < G_N_ELEMENTS(n); i++)
		n[i] = g_rand_int(w->rand);
	for (int side = 0; side < SIDES; side++)
		r[side] = act(w, side, what, n, path);
	if (r[PLAIN] != r[MERGED])
		g_error("round %u step %u: operation %u on %s, %s: %d on the plain directory, %d on the overlay", w->round,
			w->step, what % 23, a, b, r[PLAIN], r[MERGED]);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static GPtrArray *names_in(int fd)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	DIR *d = fdopendir(openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct dirent *e;

	g_assert_nonnull(d);
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			g_ptr_array_add(names, g_strdup(e->d_name));
	(void)closedir(d);
	g_ptr_array_sort(names, by_name);
	return names;
}

static void describe_file(int fd, const struct stat *st, GString *s)
{
	g_autofree char *data = g_malloc0((size_t)st->st_size + 1);
	char value[32];
	ssize_t n = fgetxattr(fd, "user.t", value, sizeof value - 1);

	value[n > 0 ? n : 0] = '\0';
	if (S_ISREG(st->st_mode)) {
		g_autofree char *sum = NULL;

		g_assert_cmpint(fd_read_full(fd, data, (size_t)st->st_size + 1), ==, st->st_size);
		sum = g_compute_checksum_for_data(G_CHECKSUM_MD5, (guchar *)data, (gsize)st->st_size);
		g_string_append_printf(s, " %zu links %zu %s", (size_t)st->st_size,
				       links_known ? (size_t)st->st_nlink : 0, sum);
	}
	g_string_append_printf(s, " t=%s", value);
}

static void describe(int dir, const char *name, const char *path, GString *s)
{
	autofd fd = -1;
	char target[64];
	struct stat st;
	ssize_t n;

	g_assert_cmpint(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), ==, 0);
	g_string_append_printf(s, "%s %o", path, st.st_mode);
	/* Times that nobody set are the moment's. */
	if (!S_ISDIR(st.st_mode) && st.st_mtim.tv_sec < 3000000)
		g_string_append_printf(s, " at %ld.%ld", (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	if (S_ISLNK(st.st_mode)) {
		n = readlinkat(dir, name, target, sizeof target);
		g_string_append_printf(s, " -> %.*s\n", (int)n, target);
		return;
	}
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	g_assert_cmpint(fd, >=, 0);
	describe_file(fd, &st, s);
	g_string_append_c(s, '\n');
	if (S_ISDIR(st.st_mode)) {
		g_autoptr(GPtrArray) names = names_in(fd);

		for (guint i = 0; i < names->len; i++) {
			g_autofree char *below = g_strdup_printf("%s/%s", path, (char *)names->pdata[i]);

			describe(fd, names->pdata[i], below, s);
		}
	}
}

static void compare(struct world *w, const char *when)
{
	GString *s[SIDES];

	for (int side = 0; side < SIDES; side++) {
		s[side] = g_string_new(NULL);
		describe(w->top[side], ".", ".", s[side]);
	}
	if (strcmp(s[PLAIN]->str, s[MERGED]->str) != 0) {
		g_print("plain:\n%s\noverlay:\n%s\n", s[PLAIN]->str, s[MERGED]->str);
		g_error("round %u step %u (%s): the trees differ", w->round, w->step, when);
	}
	for (int side = 0; side < SIDES; side++)
		g_string_free(s[side], TRUE);
}

static int make_dir(const char *base, const char *name)
{
	g_autofree char *path = g_build_filename(base, name, NULL);

	g_assert_cmpint(mkdir(path, 0755), ==, 0);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void mount_round(struct world *w)
{
	g_autofree char *upper = g_strdup_printf("upper%u", w->round), *work = g_strdup_printf("work%u", w->round);
	const struct fuse_dirs d = { .base = w->base, .lowers = (char **)w->lowers->pdata, .n_lowers = w->lowers->len,
				     .upper = upper, .work = work };
	struct err e = ERR_INIT;
	autofd sock = -1, pidfd = -1;
	int fd;

	(void)close(make_dir(w->base, upper));
	(void)close(make_dir(w->base, work));
	g_assert_cmpint(fuse_server_fork(&d, &sock, &pidfd, &e), ==, 0);
	fd = fuse_mount(sock, geteuid(), -1, -1, &e);
	g_assert_cmpstr(e.msg, ==, "");
	w->top[MERGED] = fd;
	g_ptr_array_insert(w->lowers, 0, g_steal_pointer(&upper));
}

static void play(struct world *w, unsigned steps)
{
	for (w->round = 0; w->round < ROUNDS; w->round++) {
		links_known = w->round < 2;
		mount_round(w);
		for (size_t i = 0; i < G_N_ELEMENTS(w->held); i++)
			w->held[i] = (struct held){ { -1, -1 } };
		compare(w, "mounted");
		for (w->step = 0; w->step < steps; w->step++) {
			step(w);
			if (w->step % 100 == 99)
				compare(w, "now and then");
		}
		compare(w, "at the end");
		for (size_t i = 0; i < G_N_ELEMENTS(w->held); i++)
			for (int side = 0; side < SIDES; side++)
				fd_close(&w->held[i].fd[side]);
		(void)close(w->top[MERGED]);
		/* The server ends with the mount; what it had to write is written. */
		g_assert_cmpint(wait(NULL), >, 0);
	}
}

static void enter(void)
{
	struct err e = ERR_INIT;

	g_assert_cmpint(idmap_enter(idmap_store(), &e), ==, 0);
	if (idmap_store()->none)
		g_assert_cmpint(unshare(CLONE_NEWNS), ==, 0);
	umask(0);
}

static unsigned number(const char *name, unsigned otherwise)
{
	const char *s = getenv(name);

	return s ? (unsigned)atoi(s) : otherwise;
}

static void test_random(gconstpointer seed)
{
	struct world w = { .base = g_dir_make_tmp("coracle-fuse-XXXXXX", NULL),
			   .rand = g_rand_new_with_seed(number("FUSE_SEED", GPOINTER_TO_UINT(seed))),
			   .lowers = g_ptr_array_new_with_free_func(g_free) };
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int lower;

		enter();
		w.top[PLAIN] = make_dir(w.base, "plain");
		lower = make_dir(w.base, "lower");
		(void)close(lower);
		g_ptr_array_add(w.lowers, g_strdup("lower"));
		play(&w, number("FUSE_STEPS", 1500));
		_exit(0);
	}
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	pid = fork();
	if (pid == 0) {
		enter();
		_exit(path_remove_tree(AT_FDCWD, w.base) < 0);
	}
	(void)waitpid(pid, NULL, 0);
	g_assert_cmpint(status, ==, 0);
	g_ptr_array_unref(w.lowers);
	g_rand_free(w.rand);
	g_free(w.base);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_data_func("/fuse/random/1", GUINT_TO_POINTER(1), test_random);
	g_test_add_data_func("/fuse/random/2", GUINT_TO_POINTER(2), test_random);
	g_test_add_data_func("/fuse/random/3", GUINT_TO_POINTER(3), test_random);
	return g_test_run();
}
