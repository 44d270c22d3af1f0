/* tree_diff.c - see tree_diff.h. */
#include "storage/tree_diff.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"

#define DEPTH_MAX 1000          /* each level holds a descriptor */

struct walk {
	const int *lowers;
	size_t n;
	tree_diff_function *each;
	void *ctx;
	GString *path;          /* of the entry at hand, without a slash in front */
	unsigned depth;
	struct err *e;
};

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

static bool is_opaque(int fd, const char *path)
{
	char link[32], value = 0;
	g_autofree char *whole = g_strconcat(path_of_fd(fd, link), "/", path, NULL);

	return lgetxattr(whole, "user.overlay.opaque", &value, 1) == 1 && value == 'y';
}

enum found { FOUND_NOTHING, FOUND_IT, FOUND_END };

/* `path` in one layer. FOUND_END: it hides what the layers below have there. */
static enum found look(int tree, const char *path, struct stat *st)
{
	g_autofree char *front = g_strdup(path);
	bool hides = false;

	for (char *slash = front;; slash++) {
		char kept;

		slash += strcspn(slash, "/");
		kept = *slash;
		*slash = '\0';
		if (fstatat(tree, front, st, AT_SYMLINK_NOFOLLOW) < 0)
			return hides ? FOUND_END : FOUND_NOTHING;
		if (is_whiteout(st) || (kept && !S_ISDIR(st->st_mode)))
			return FOUND_END;
		if (!kept)
			return FOUND_IT;
		hides = hides || is_opaque(tree, front);
		*slash = kept;
	}
}

/* Do the layers show something at `path`? */
static bool is_below(const struct walk *w, const char *path)
{
	struct stat st;

	for (size_t i = 0; i < w->n; i++) {
		enum found f = look(w->lowers[i], path, &st);

		if (f != FOUND_NOTHING)
			return f == FOUND_IT;
	}
	return false;
}

static int tell(struct walk *w, char kind, const char *path)
{
	g_autofree char *whole = g_strconcat("/", path, NULL);

	return w->each(w->ctx, kind, whole);
}

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Add the names in directory `fd` (taken) that `names` does not have. */
static int add_names(int fd, GPtrArray *names)
{
	DIR *d = fdopendir(fd);
	const struct dirent *entry;

	if (!d) {
		int code = errno;

		(void)close(fd);
		return -code;
	}
	while ((entry = readdir(d)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
		    !g_ptr_array_find_with_equal_func(names, entry->d_name, g_str_equal, NULL))
			g_ptr_array_add(names, g_strdup(entry->d_name));
	(void)closedir(d);
	return 0;
}

/* What the layers below have in an opaque directory is gone unless it is there again. */
static int tell_hidden(struct walk *w, int dir)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	int r = 0;

	for (size_t i = 0; i < w->n; i++) {
		int fd = path_open_beneath(w->lowers[i], w->path->str, O_RDONLY | O_DIRECTORY, 0);

		r = fd < 0 ? 0 : add_names(fd, names);
		if (r < 0)
			return err_set(w->e, -r, "%s", w->path->str);
	}
	g_ptr_array_sort(names, by_name);
	for (guint i = 0; i < names->len && r == 0; i++) {
		g_autofree char *path = g_strconcat(w->path->str, "/", names->pdata[i], NULL);

		if (!path_exists_at(dir, names->pdata[i]) && is_below(w, path))
			r = tell(w, 'D', path);
	}
	return r;
}

static int walk_dir(struct walk *w, int fd);

static int walk_entry(struct walk *w, int dir, const char *name)
{
	struct stat st;
	bool below;
	int r;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_set(w->e, errno, "%s", w->path->str);
	below = is_below(w, w->path->str);
	if (is_whiteout(&st))
		return below ? tell(w, 'D', w->path->str) : 0;
	r = tell(w, below ? 'C' : 'A', w->path->str);
	if (r == 0 && S_ISDIR(st.st_mode)) {
		autofd fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0)
			return err_set(w->e, errno, "%s", w->path->str);
		if (below && is_opaque(dir, name))
			r = tell_hidden(w, fd);
		if (r == 0)
			r = walk_dir(w, fd);
	}
	return r;
}

static int walk_dir(struct walk *w, int fd)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = again < 0 ? -errno : add_names(again, names);

	if (r < 0)
		return err_set(w->e, -r, "%s", w->path->len ? w->path->str : "/");
	if (w->depth >= DEPTH_MAX)
		return err_msg(w->e, ELOOP, "%.100s...: directories are nested too deeply", w->path->str);
	g_ptr_array_sort(names, by_name);
	w->depth++;
	for (guint i = 0; i < names->len && r == 0; i++) {
		gsize before = w->path->len;

		if (before)
			g_string_append_c(w->path, '/');
		g_string_append(w->path, names->pdata[i]);
		r = walk_entry(w, fd, names->pdata[i]);
		g_string_truncate(w->path, before);
	}
	w->depth--;
	return r;
}

int tree_diff(int tree_fd, const int *lowers, size_t n, tree_diff_function *each, void *ctx, struct err *e)
{
	struct walk w = { .lowers = lowers, .n = n, .each = each, .ctx = ctx, .path = g_string_new(NULL), .e = e };
	int r = walk_dir(&w, tree_fd);

	g_string_free(w.path, TRUE);
	return r;
}
