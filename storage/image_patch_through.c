/* image_patch_through.c - see image_patch_private.h.
 *
 * A layer may have "bin/tool" without naming "bin", and in a layer below that is a link to usr/bin. Who unpacks one layer over
 * the other writes through the link; layers that are unpacked alone make a directory, which would hide the link. The patch
 * shows the link again, and what the layer has there where it leads, all within the image. The links are put into the patch
 * last (patch_show_links), so that nothing that is made there ever goes through one.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "storage/below.h"
#include "storage/image_patch_private.h"
#include "storage/layer.h"

#define DEPTH_MAX 64            /* of directories that have whiteouts only */

static bool implied(const struct patch *p, size_t k, const char *path)
{
	return g_hash_table_contains(stack_below(p->x, k)->implied, path);
}

/* The layer below `k`, `until` at lowest, with a file or link at `path` that is not hidden by a directory that somebody
 * named, or -1. -2: none of them has a say. */
static int find_beneath(const struct patch *p, size_t k, size_t until, const char *path)
{
	while (k-- > until) {
		unsigned stop;
		enum seen seen = stack_look(p->x, k, path, &stop);

		if (seen == SEEN_FILE)
			return (int)k;
		if (stop || seen == SEEN_GONE || (seen == SEEN_DIR && !implied(p, k, path)))
			return -1;
	}
	return -2;
}

/* The same for a path that many layers may have: each is looked at once. */
static int find_link(struct patch *p, size_t k, const char *path)
{
	size_t until = GPOINTER_TO_SIZE(g_hash_table_lookup(p->looked, path));
	int j = find_beneath(p, k, until, path);
	gpointer known;

	g_hash_table_replace(p->looked, g_strdup(path), GSIZE_TO_POINTER(k));
	if (j == -1)
		(void)g_hash_table_remove(p->links, path);
	if (j == -2 && g_hash_table_lookup_extended(p->links, path, NULL, &known))
		return GPOINTER_TO_INT(known);
	return j;
}

/* Where the directory `path` is, as seen below layer `k`, if links on the way are followed: g_free. NULL: nowhere. */
static char *lead(const struct patch *p, size_t k, const char *path)
{
	g_autofree char *whole = g_strdup(path);
	const char *at = whole;

	for (unsigned links = 0; links < LINKS_MAX;) {
		g_autofree char *front = NULL;
		char *further;
		int j;

		at += strcspn(at, "/");
		front = g_strndup(whole, (gsize)(at - whole));
		j = find_beneath(p, k, 0, front);
		if (j < 0 && !*at)
			return g_steal_pointer(&whole);
		at += j < 0;
		if (j < 0)
			continue;
		further = patch_through_link(p, j, whole, at);
		if (!further)
			return NULL;
		g_free(whole);
		at = whole = further;
		links++;
	}
	return NULL;
}

/* --- what leads elsewhere is put there ----------------------------------------------------------------------- */

static int make_dir(struct patch *p, const char *path)
{
	struct stat st;

	if (!*path || mkdirat(p->tree, path, 0755) == 0)
		return 0;
	if (errno != EEXIST || fstatat(p->tree, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return 0;
	return unlinkat(p->tree, path, 0) < 0 || mkdirat(p->tree, path, 0755) < 0 ? -errno : 0;
}

/* Have directory `path` in the patch, whether or not the layers have it. 1, 0 (something of a layer above is there). */
static int have_dir(struct patch *p, size_t k, const char *path, struct err *e)
{
	g_autofree char *above = patch_parent(path);
	int r = patch_need_dir(p, path, e);

	if (r != 0)
		return r;
	if (stack_hidden_above(p->x, path, k))
		return 0;
	r = patch_begin(p, e);
	if (r == 0)
		r = *path ? have_dir(p, k, above, e) : 1;
	if (r > 0 && make_dir(p, path) < 0)
		r = err_set(e, errno, "%s", path);
	return r;
}

struct move { size_t k; int dir; const char *name, *from, *to; struct stat st; };

static int move_file(struct patch *p, const struct move *m, struct err *e)
{
	bool gone = S_ISCHR(m->st.st_mode);
	enum seen seen;

	if (stack_hidden_above(p->x, m->to, m->k))
		return 0;
	if (unlinkat(p->tree, m->to, 0) < 0 && errno != ENOENT)
		return errno == EISDIR ? 0 : err_set(e, errno, "%s", m->to);
	if (gone && stack_find(p->x, m->to, m->k, &seen) < 0)
		return 0;
	if ((gone ? mknodat(p->tree, m->to, S_IFCHR, makedev(0, 0)) : linkat(m->dir, m->name, p->tree, m->to, 0)) < 0)
		return err_set(e, errno, "%s", m->to);
	return 0;
}

static int move_tree(struct patch *p, size_t k, const char *from, const char *to, struct err *e);

static int move_dir(struct patch *p, const struct move *m, struct err *e)
{
	g_autofree char *to = implied(p, m->k, m->from) ? lead(p, m->k, m->to) : g_strdup(m->to);
	autofd own = -1, there = -1;
	int r;

	if (!to)
		return 0;
	r = have_dir(p, m->k, to, e);
	if (r > 0 && !implied(p, m->k, m->from)) {
		own = patch_open_dir(p, (int)m->k, m->from);
		there = path_open_beneath(p->tree, to, O_RDONLY | O_DIRECTORY, 0);
		r = own < 0 ? own : there < 0 ? there : patch_copy_attributes(own, there);
		if (r < 0)
			return err_set(e, -r, "%s", to);
		r = 1;
	}
	return r > 0 ? move_tree(p, m->k, m->from, to, e) : r;
}

static int move_tree(struct patch *p, size_t k, const char *from, const char *to, struct err *e)
{
	int fd = patch_open_dir(p, (int)k, from), r = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!dir)
		return err_set(e, fd < 0 ? -fd : errno, "%s", from);
	while (r == 0 && (d = readdir(dir))) {
		g_autofree char *a = g_strconcat(from, "/", d->d_name, NULL);
		g_autofree char *b = *to ? g_strconcat(to, "/", d->d_name, NULL) : g_strdup(d->d_name);
		struct move m = { .k = k, .dir = dirfd(dir), .name = d->d_name, .from = a, .to = b };

		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		if (fstatat(m.dir, m.name, &m.st, AT_SYMLINK_NOFOLLOW) < 0)
			r = err_set(e, errno, "%s", a);
		else
			r = S_ISDIR(m.st.st_mode) ? move_dir(p, &m, e) : move_file(p, &m, e);
	}
	closedir(dir);
	return r;
}

static const char *below_prefix(const char *path, const char *prefix)
{
	size_t n = strlen(prefix);

	return !strncmp(path, prefix, n) && (!path[n] || path[n] == '/') ? path + n : NULL;
}

char *patch_moved(const struct patch *p, const char *path)
{
	for (guint i = 0; i + 1 < p->moved->len; i += 2) {
		const char *rest = below_prefix(path, p->moved->pdata[i]), *to = p->moved->pdata[i + 1];

		if (rest)
			return g_strconcat(to, *to ? rest : rest + (*rest == '/'), NULL);
	}
	return g_strdup(path);
}

int patch_through(struct patch *p, size_t k, const GPtrArray *dirs, struct err *e)
{
	const char *last = NULL;
	int r = 0;

	g_ptr_array_set_size(p->moved, 0);
	for (guint i = 0; r == 0 && i < dirs->len; i++) {
		const char *path = dirs->pdata[i];
		int j = last && below_prefix(path, last) ? -1 : find_link(p, k, path);
		g_autofree char *to = j < 0 ? NULL : lead(p, k, path);

		if (!to)
			continue;
		last = path;
		g_ptr_array_add(p->moved, g_strdup(path));
		g_ptr_array_add(p->moved, g_strdup(to));
		g_hash_table_replace(p->links, g_strdup(path), GINT_TO_POINTER(j));
		r = have_dir(p, k, to, e);
		r = r > 0 ? move_tree(p, k, path, to, e) : r;
	}
	return r;
}

/* Does a layer above `j` have something else at `path` than a directory that it did not name? */
static bool replaced_above(const struct patch *p, const char *path, size_t j)
{
	while (++j < stack_size(p->x)) {
		unsigned stop;
		enum seen seen = stack_look(p->x, j, path, &stop);

		if (stop || (seen != SEEN_NOT && !(seen == SEEN_DIR && implied(p, j, path))))
			return true;
	}
	return false;
}

static int show_link(struct patch *p, size_t j, const char *path, struct err *e)
{
	g_autofree char *above = patch_parent(path), *name = g_path_get_basename(path);
	autofd from = -1, to = -1;
	int r = replaced_above(p, path, j) ? 0 : patch_need_dir(p, above, e);

	if (r <= 0)
		return r;
	from = patch_open_dir(p, (int)j, above);
	to = path_open_beneath(p->tree, *above ? above : ".", O_RDONLY | O_DIRECTORY, 0);
	if (from < 0 || to < 0 || (linkat(from, name, to, name, 0) < 0 && errno != EEXIST))
		return err_set(e, from < 0 ? -from : to < 0 ? -to : errno, "%s", path);
	return 0;
}

int patch_show_links(struct patch *p, struct err *e)
{
	GHashTableIter it;
	gpointer path, layer;
	int r = 0;

	g_hash_table_iter_init(&it, p->links);
	while (r == 0 && g_hash_table_iter_next(&it, &path, &layer))
		r = show_link(p, (size_t)GPOINTER_TO_INT(layer), path, e);
	return r;
}

/* --- directories for nothing ----------------------------------------------------------------------------------- */

static bool only_whiteouts(const struct patch *p, size_t k, const char *path, unsigned depth)
{
	int fd = depth < DEPTH_MAX && implied(p, k, path) ? patch_open_dir(p, (int)k, path) : -1;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	bool only = dir != NULL;
	struct dirent *d;

	while (only && (d = readdir(dir))) {
		g_autofree char *below = g_strconcat(path, "/", d->d_name, NULL);
		struct stat st;

		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		only = fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		       (S_ISDIR(st.st_mode) ? only_whiteouts(p, k, below, depth + 1) : S_ISCHR(st.st_mode));
	}
	if (dir)
		closedir(dir);
	return only;
}

/* Do the layers below `k` have nothing at `path`, or does this one take it away first? */
static bool nothing_below(const struct patch *p, size_t k, const char *path)
{
	unsigned stop = 0;
	enum seen seen;

	(void)stack_look(p->x, k, path, &stop);
	return ((stop & STOP_SELF) && !g_hash_table_contains(stack_below(p->x, k)->opaque, path)) ||
	       stack_find(p->x, path, k, &seen) < 0;
}

static bool for_nothing(struct patch *p, size_t k, const char *path)
{
	if (!*path || !implied(p, k, path) || g_hash_table_contains(p->kept, path))
		return false;
	if (nothing_below(p, k, path) && !stack_hidden_above(p->x, path, k) && only_whiteouts(p, k, path, 0))
		return true;
	g_hash_table_add(p->kept, g_strdup(path));
	return false;
}

/* Links to files below and devices are in no tree. */
static void keep_parents(struct patch *p, GHashTable *paths)
{
	GHashTableIter it;
	gpointer path;

	g_hash_table_iter_init(&it, paths);
	while (g_hash_table_iter_next(&it, &path, NULL))
		for (char *above = patch_parent(path); g_hash_table_add(p->kept, above) && *above;)
			above = patch_parent(above);
}

void patch_vanish_begin(struct patch *p, size_t k)
{
	g_hash_table_remove_all(p->kept);
	g_hash_table_remove_all(p->gone);
	keep_parents(p, stack_below(p->x, k)->links);
	keep_parents(p, stack_below(p->x, k)->devices);
}

static bool is_gone(const struct patch *p, const char *path)
{
	g_autofree char *above = g_strdup(path);

	while (*above && !g_hash_table_contains(p->gone, above)) {
		char *next = patch_parent(above);

		g_free(above);
		above = next;
	}
	return *above;
}

int patch_vanish(struct patch *p, size_t k, const char *path, struct err *e)
{
	g_autofree char *top = g_strdup(path), *above = patch_parent(path);
	int r;

	if (is_gone(p, path))
		return 1;
	if (!for_nothing(p, k, path))
		return 0;
	while (for_nothing(p, k, above)) {
		g_free(top);
		top = above;
		above = patch_parent(top);
	}
	r = patch_place(p, k, top, e);
	if (r > 0 && mknodat(p->tree, top, S_IFCHR, makedev(0, 0)) < 0)
		r = err_set(e, errno, "%s", top);
	if (r > 0)
		g_hash_table_add(p->gone, g_strdup(top));
	return r;
}
