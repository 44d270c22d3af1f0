/* remembered.c - see remembered.h. */
#include "storage/remembered.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/override.h"
#include "core/base/path.h"
#include "core/runtime/remember.h"
#include "storage/layer.h"
#include "storage/owners.h"
#include "storage/overlay/fuse/lookup.h"

#define FILE_MAX (1024L * 1024 * 1024)

struct remembered {
	int tree;               /* the container's upper/ or root/, -1: none yet */
	bool whole;             /* it is root/: nothing tells what was there before */
	GHashTable *by_handle;  /* handle -> struct override */
	GHashTable *of_image;   /* path -> struct owner */
};

/* --- what the container's programs did ---------------------------------------------------------------------------- */

static void read_file(struct remembered *r, int dir)
{
	g_autofree char *text = NULL;
	struct err ignored = ERR_INIT;
	size_t len;
	char *next;

	if (file_read(dir, REMEMBER_FILE, FILE_MAX, &text, &len, &ignored) < 0)
		return;
	/* The last line of a handle holds. */
	for (char *line = text; line && *line; line = next) {
		char *space = strchr(line, ' ');
		struct override o;

		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (!next || !space || space > next || !override_parse(space + 1, strlen(space + 1), &o))
			continue;
		*space = '\0';
		g_hash_table_replace(r->by_handle, g_strdup(line), g_memdup2(&o, sizeof o));
	}
}

static bool find_by_handle(const struct remembered *r, const char *path, struct override *ret)
{
	const struct override *found;
	char key[OVERRIDE_KEY_MAX];
	autofd fd = -1;

	if (!path || r->tree < 0 || g_hash_table_size(r->by_handle) == 0)
		return false;
	fd = path_open_beneath(r->tree, *path ? path : ".", O_PATH | O_NOFOLLOW, 0);
	if (fd < 0 || override_key(fd, key) < 0)
		return false;
	found = g_hash_table_lookup(r->by_handle, key);
	if (found)
		*ret = *found;
	return found != NULL;
}

static bool find_override(const struct remembered *r, int dirfd, const char *name, const char *path, const struct stat *st,
			  struct override *ret)
{
	if (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode)) {
		autofd fd = openat(dirfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		char link[32];

		if (fd >= 0 && override_get(path_of_fd(fd, link), ret) > 0)
			return true;
	}
	return find_by_handle(r, path, ret);
}

/* The mode is the file's own: nothing keeps a program from changing that for real. */
static void show_override(const struct override *o, struct stat *st)
{
	st->st_uid = o->uid;
	st->st_gid = o->gid;
	if (!S_ISREG(st->st_mode) || (!S_ISCHR(o->mode) && !S_ISBLK(o->mode)))
		return;
	st->st_mode = (o->mode & S_IFMT) | (st->st_mode & 07777);
	st->st_rdev = makedev(o->major, o->minor);
	st->st_size = 0;
}

/* --- what the image has -------------------------------------------------------------------------------------------- */

static void free_owner(void *owner)
{
	g_free((char *)((struct owner *)owner)->path);
	g_free(owner);
}

static int keep_owner(void *ctx, const struct owner *o)
{
	GHashTable *table = ctx;
	struct owner *copy = g_memdup2(o, sizeof *o);

	copy->path = g_strdup(o->path);
	g_hash_table_replace(table, (gpointer)copy->path, copy);
	return 0;
}

/* Does `tree`, in overlayfs form, hide what is at `path` below it? */
static bool hides(int tree, const char *path)
{
	g_autofree char *front = g_strdup(path);
	struct stat st;

	for (char *slash = strchr(front, '/'); slash; slash = strchr(slash + 1, '/')) {
		autofd dir = -1;
		char value = 0;

		*slash = '\0';
		dir = path_open_beneath(tree, front, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
		if (dir == -ENOENT)
			return false;
		if (dir < 0 || (fgetxattr(dir, "user.overlay.opaque", &value, 1) == 1 && value == 'y'))
			return true;
		*slash = '/';
	}
	return fstatat(tree, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void add_layer(struct remembered *r, int layer)
{
	autofd tree = openat(layer, "tree", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct err ignored = ERR_INIT;
	GHashTableIter i;
	gpointer path;

	if (tree < 0)
		return;
	g_hash_table_iter_init(&i, r->of_image);
	while (g_hash_table_iter_next(&i, &path, NULL))
		if (hides(tree, path))
			g_hash_table_iter_remove(&i);
	(void)owners_read(layer, keep_owner, r->of_image, &ignored);
}

static void add_image(struct remembered *r, struct store *s, const struct image *img)
{
	for (size_t i = 0; i < img->config.n_diff_ids; i++) {
		const char *name = layer_name(img->config.diff_ids[i]);
		autofd layer = name ? openat(s->layers_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;

		if (layer >= 0)
			add_layer(r, layer);
	}
}

/* Is it the image's file still? One that was copied up is, and the driver has marked it; a directory that hides nothing. */
static bool is_of_image(const struct remembered *r, const char *path)
{
	autofd fd = -1;
	struct stat st;
	char link[32];

	if (r->tree < 0 || r->whole)
		return true;
	fd = path_open_beneath(r->tree, path, O_PATH | O_NOFOLLOW, 0);
	if (fd < 0)
		return !hides(r->tree, path);
	(void)path_of_fd(fd, link);
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		return getxattr(link, "user.overlay.opaque", NULL, 0) < 0;
	return getxattr(link, "user.overlay.origin", NULL, 0) >= 0 || getxattr(link, OVL_INO_XATTR, NULL, 0) >= 0;
}

/* The mode as it was stored, if nobody has changed it since: see choose_owner() in unpack_put.c. */
static bool has_stored_mode(const struct owner *o, mode_t mode)
{
	mode_t more = S_ISDIR(mode) ? 0700 : S_ISREG(mode) ? 0400 : 0;

	return (mode & 01777) == (((o->mode & 01777) | more)) && (mode & 06000 & ~o->mode) == 0;
}

static void show_owner(const struct owner *o, struct stat *st)
{
	if ((o->mode & S_IFMT) != (st->st_mode & S_IFMT))
		return;
	st->st_uid = o->uid;
	st->st_gid = o->gid;
	if (!S_ISLNK(st->st_mode) && has_stored_mode(o, st->st_mode))
		st->st_mode = o->mode;
}

/* ------------------------------------------------------------------------------------------------------------------- */

struct remembered *remembered_open(struct store *s, const char *id, const struct image *img)
{
	struct remembered *r = g_new0(struct remembered, 1);
	autofd dir = s ? openat(s->containers_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;

	r->by_handle = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	r->of_image = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_owner);
	r->tree = dir < 0 ? -1 : openat(dir, "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (r->tree < 0 && dir >= 0) {
		r->tree = openat(dir, "root", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		r->whole = r->tree >= 0;
	}
	if (dir >= 0)
		read_file(r, dir);
	/* With more ids the owners are the files' own. */
	if (img && !img->host && idmap_store()->one_id)
		add_image(r, s, img);
	return r;
}

void remembered_free(struct remembered *r)
{
	if (!r)
		return;
	fd_close(&r->tree);
	g_hash_table_unref(r->by_handle);
	g_hash_table_unref(r->of_image);
	g_free(r);
}

void remembered_show(const struct remembered *r, int dirfd, const char *name, const char *path, struct stat *st)
{
	const struct owner *owner;
	struct override o;

	if (!r)
		return;
	owner = path ? g_hash_table_lookup(r->of_image, path) : NULL;
	if (owner && is_of_image(r, path))
		show_owner(owner, st);
	if (find_override(r, dirfd, name, path, st, &o))
		show_override(&o, st);
}

static int by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

GPtrArray *remembered_devices(const struct remembered *r, int root_fd)
{
	GPtrArray *paths = g_ptr_array_new();
	GHashTableIter i;
	gpointer path, owner;

	g_hash_table_iter_init(&i, r->of_image);
	while (g_hash_table_iter_next(&i, &path, &owner)) {
		const struct owner *o = owner;
		g_autofree char *dir = g_path_get_dirname(path);

		if ((S_ISCHR(o->mode) || S_ISBLK(o->mode)) && path_exists_at(root_fd, dir) && !path_exists_at(root_fd, path))
			g_ptr_array_add(paths, path);
	}
	g_ptr_array_sort(paths, by_text);
	return paths;
}

void remembered_show_device(const struct remembered *r, const char *path, struct stat *ret)
{
	const struct owner *o = g_hash_table_lookup(r->of_image, path);

	*ret = (struct stat){ .st_uid = o->uid, .st_gid = o->gid, .st_mode = o->mode, .st_nlink = 1,
			      .st_rdev = makedev(o->major, o->minor) };
}
