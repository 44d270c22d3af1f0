/* rootfs.c - see rootfs.h. Which driver a root needs, and what each is told. */
#include "storage/rootfs.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "storage/overlay/fuse/server.h"
#include "storage/overlay/hostfs.h"
#include "storage/overlay/overlay.h"
#include "storage/overlay/vfs.h"
#include "storage/reown.h"

enum rootfs_kind { ROOTFS_OVERLAY, ROOTFS_FUSE, ROOTFS_VFS, ROOTFS_DIR, ROOTFS_HOST, ROOTFS_KIND_COUNT };

static const char *const kind_names[ROOTFS_KIND_COUNT] = { "overlay", "fuse", "vfs", "dir", "overlay" };

struct rootfs_plan {
	enum rootfs_kind kind;
	char *base;             /* absolute: the store's root */
	GPtrArray *lowers;      /* top first, relative to base or absolute */
	char *container;        /* absolute path of containers/<id>, NULL without one */
	char *upper, *work;     /* NULL: read-only */
	char *dir;              /* ROOTFS_DIR */
	int container_fd;
	bool volatile_upper;
	bool foreign;           /* the store's owner has no id in the container */
	bool own_ids;           /* the container's ids are not the store's: fuse shows one as the other */
	bool in_memory;         /* the upper directory is made by init, in memory */
	bool closed;            /* read-only from the beginning */
	int serve_fd;           /* to the overlay process, or -1 */
};

/* A lower directory with nothing in it: overlayfs wants two when there is no upper one. */
#define EMPTY_DIR "empty"

void rootfs_plan_free(struct rootfs_plan *p)
{
	if (!p)
		return;
	g_ptr_array_unref(p->lowers);
	g_free(p->base);
	g_free(p->container);
	g_free(p->upper);
	g_free(p->work);
	g_free(p->dir);
	fd_close(&p->container_fd);
	fd_close(&p->serve_fd);
	g_free(p);
}

static struct rootfs_plan *plan_new(const struct store *s, enum rootfs_kind kind)
{
	struct rootfs_plan *p = g_new0(struct rootfs_plan, 1);

	p->kind = kind;
	p->base = g_strdup(s->root);
	p->lowers = g_ptr_array_new_with_free_func(g_free);
	p->container_fd = p->serve_fd = -1;
	return p;
}

const char *rootfs_driver(const struct rootfs_plan *p)
{
	return kind_names[p->kind];
}

/* What the layers say only together (image_patch.h), as the topmost. The first layer that counts is returned. */
static size_t add_patch(struct rootfs_plan *p, const struct store *s, const char *id)
{
	g_autofree char *from = NULL;
	char number[16] = "";
	ssize_t n;

	if (faccessat(s->layers_fd, id, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	g_ptr_array_add(p->lowers, g_strdup_printf("layers/%s/tree", id));
	from = g_strdup_printf("%s/from", id);
	n = readlinkat(s->layers_fd, from, number, sizeof number - 1);
	return n > 0 ? strtoul(number, NULL, 10) : 0;
}

/* The tree of each layer, top first. A layer that comes again (the empty one often does) stands where it is
 * topmost: everything that it has there hides what it had below. */
static void add_layers(struct rootfs_plan *p, const struct store *s, const struct image *img)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
	const struct image_config *c = &img->config;
	size_t first = add_patch(p, s, img->id);

	for (size_t i = c->n_diff_ids; i-- > first;) {
		const char *hex = strchr(c->diff_ids[i], ':');

		hex = hex ? hex + 1 : c->diff_ids[i];
		if (g_hash_table_add(seen, (gpointer)hex))
			g_ptr_array_add(p->lowers, g_strdup_printf("layers/%s/tree", hex));
	}
}

static int add_empty(struct rootfs_plan *p, const struct store *s, const char *name, struct err *e)
{
	if (mkdirat(s->root_fd, name, 0755) < 0 && errno != EEXIST)
		return err_set(e, errno, "%s/%s", s->root, name);
	g_ptr_array_add(p->lowers, g_strdup(name));
	return 0;
}

/* The container directory by name: overlayfs takes no descriptors from outside init's mount namespace. */
static int name_container(struct rootfs_plan *p, const struct rootfs_options *o, struct err *e)
{
	char link[32];

	p->volatile_upper = o->volatile_upper || o->read_only;
	if (o->container_fd < 0)
		return 0;
	p->container_fd = fcntl(o->container_fd, F_DUPFD_CLOEXEC, 3);
	if (p->container_fd < 0)
		return err_set(e, errno, "container directory");
	p->container = g_file_read_link(path_of_fd(o->container_fd, link), NULL);
	return p->container ? 0 : err_set(e, ENOENT, "/proc/self/fd");
}

/* upper/ shows as the container's "/": it gets the mode of the topmost directory below it. */
static int make_upper(struct rootfs_plan *p, const struct store *s, struct err *e)
{
	const char *top = p->lowers->pdata[0];
	struct stat st;

	if (mkdirat(p->container_fd, "upper", 0755) < 0 && errno != EEXIST)
		return err_set(e, errno, "%s/upper", p->container);
	if (fstatat(s->root_fd, top, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, errno, "%s", top);
	if (fchmodat(p->container_fd, "upper", (st.st_mode & 07777) | 0700, 0) < 0)
		return err_set(e, errno, "%s/upper", p->container);
	if (mkdirat(p->container_fd, "work", 0700) < 0 && errno != EEXIST)
		return err_set(e, errno, "%s/work", p->container);
	p->upper = g_build_filename(p->container, "upper", NULL);
	p->work = g_build_filename(p->container, "work", NULL);
	return 0;
}

static int plan_overlay(struct rootfs_plan *p, const struct store *s, struct err *e)
{
	int r = 0;
	bool alone = p->container_fd < 0 && !p->in_memory && p->kind == ROOTFS_OVERLAY;

	/* The kernel takes no directory twice. */
	if (p->lowers->len == 0)
		r = add_empty(p, s, EMPTY_DIR "-image", e);
	if (r == 0 && p->lowers->len == 1 && alone)
		r = add_empty(p, s, EMPTY_DIR, e);
	if (r == 0 && p->container_fd >= 0)
		r = make_upper(p, s, e);
	if (r == 0 && p->lowers->len > OVERLAY_LOWERS_MAX) {
		err_msg(e, E2BIG, "the image has %u layers; the kernel's overlay takes %d", p->lowers->len,
			OVERLAY_LOWERS_MAX);
		return err_hint(e, "use --storage-driver vfs");
	}
	return r;
}

/* Files stored through a single id all belong to the user, whatever number the container has for that. */
static bool shows_image(const struct idmap *m)
{
	return (m->one_id && idmap_store()->one_id) || idmap_shows_store(m);
}

/* Is the user that owns the store nobody in the container? */
static bool is_foreign(const struct idmap *m)
{
	return m && !m->none && (idmap_inside(m->uid, m->n_uid, geteuid()) < 0 ||
				 idmap_inside(m->gid, m->n_gid, getegid()) < 0);
}

/* The store's driver, or the one that can show the files through these ids. 0 or -errno. */
static int choose_kind(struct store *s, const struct idmap *m, enum rootfs_kind *ret, struct err *e)
{
	int r = s->driver ? 0 : store_choose_driver(s, e);

	if (r < 0)
		return r;
	*ret = !strcmp(s->driver, "fuse") ? ROOTFS_FUSE : !strcmp(s->driver, "vfs") ? ROOTFS_VFS : ROOTFS_OVERLAY;
	if (!m || shows_image(m) || *ret == ROOTFS_FUSE)
		return 0;
	if (fuse_trial(e) < 0)
		return err_wrap(e, "the %s driver cannot show an image's owners through these id maps, and the fuse "
				"driver, which can, does not work", s->driver);
	*ret = ROOTFS_FUSE;
	return 0;
}

static int finish_plan(struct rootfs_plan *p, const struct store *s, const struct rootfs_options *o,
		       struct rootfs_plan **ret, struct err *e)
{
	int r = name_container(p, o, e);

	p->foreign = is_foreign(o->idmap);
	p->own_ids = o->idmap && !shows_image(o->idmap);
	if (r == 0 && (p->kind == ROOTFS_OVERLAY || p->kind == ROOTFS_FUSE))
		r = plan_overlay(p, s, e);
	if (r < 0) {
		rootfs_plan_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

/* Below all layers, and the first to go without. */
static int add_mountpoints(struct rootfs_plan *p, struct store *s, const struct rootfs_options *o, struct err *e)
{
	bool merged = p->kind == ROOTFS_OVERLAY || p->kind == ROOTFS_FUSE;

	if (!merged || !o->mountpoints || is_foreign(o->idmap) || p->lowers->len == 0 ||
	    p->lowers->len >= OVERLAY_LOWERS_MAX)
		return 0;
	g_ptr_array_add(p->lowers, g_strdup(STORE_MOUNTPOINTS));
	return store_mountpoints(s, e);
}

int rootfs_plan_image(struct store *s, const struct image *img, const struct rootfs_options *o,
		      struct rootfs_plan **ret, struct err *e)
{
	enum rootfs_kind kind = ROOTFS_HOST;
	struct rootfs_plan *p;

	if (!img->host && choose_kind(s, o->idmap, &kind, e) < 0)
		return -e->code;
	if (img->host && is_foreign(o->idmap) && !(o->volatile_upper && hostfs_in_memory()))
		return err_msg(e, EOPNOTSUPP, "the image host with these id maps: what the container writes could "
			       "not be stored as yours; use --rm (Linux 6.6 or later) or another --userns");
	if (reown_image(s, img, e) < 0)
		return -e->code;
	p = plan_new(s, kind);
	if (!img->host)
		add_layers(p, s, img);
	if (add_mountpoints(p, s, o, e) < 0) {
		rootfs_plan_free(p);
		return -e->code;
	}
	return finish_plan(p, s, o, ret, e);
}

int rootfs_plan_volume(struct store *s, const struct image *img, bool rw, const struct idmap *m,
		       struct rootfs_plan **ret, struct err *e)
{
	const struct rootfs_options o = { .container_fd = -1, .volatile_upper = true, .idmap = m };
	enum rootfs_kind kind;
	struct rootfs_plan *p;

	if (img->host)
		return err_msg(e, EOPNOTSUPP, "the image host cannot be mounted into a container");
	if (choose_kind(s, m, &kind, e) < 0)
		return -e->code;
	if (kind == ROOTFS_VFS)
		return err_msg(e, EOPNOTSUPP, "--mount type=image needs the overlay or fuse driver; this store uses vfs");
	if (mkdirat(s->root_fd, EMPTY_DIR, 0755) < 0 && errno != EEXIST)
		return err_set(e, errno, "%s/%s", s->root, EMPTY_DIR);
	p = plan_new(s, kind);
	p->in_memory = rw;
	p->closed = !rw;
	add_layers(p, s, img);
	return finish_plan(p, s, &o, ret, e);
}

/* For a directory of the host with an upper one: the kernel's driver where it works and shows the right owners. */
static bool uses_fuse(struct store *s, const struct idmap *m)
{
	struct err ignored = ERR_INIT;

	if (!s->driver)
		(void)store_choose_driver(s, &ignored);
	return (s->driver && !strcmp(s->driver, "fuse")) || is_foreign(m);
}

int rootfs_plan_dir(struct store *s, const char *dir, bool overlay, const struct rootfs_options *o,
		    struct rootfs_plan **ret, struct err *e)
{
	struct rootfs_plan *p;
	char *full = realpath(dir, NULL);
	struct stat st;

	if (!full)
		return err_set(e, errno, "--rootfs %s", dir);
	if (stat(full, &st) < 0 || !S_ISDIR(st.st_mode)) {
		free(full);
		return err_set(e, ENOTDIR, "--rootfs %s", dir);
	}
	if (overlay && !strcmp(full, "/")) {
		free(full);
		return err_msg(e, EOPNOTSUPP, "the kernel makes no overlay of /; use the image \"host\"");
	}
	p = plan_new(s, !overlay ? ROOTFS_DIR : uses_fuse(s, o->idmap) ? ROOTFS_FUSE : ROOTFS_OVERLAY);
	p->dir = g_strdup(full);
	free(full);
	if (overlay)
		g_ptr_array_add(p->lowers, g_strdup(p->dir));
	return finish_plan(p, s, o, ret, e);
}

int rootfs_prepare(struct rootfs_plan *p, struct err *e)
{
	if (p->kind != ROOTFS_VFS)
		return 0;
	return vfs_prepare(p->base, (char **)p->lowers->pdata, p->lowers->len, p->container_fd, e);
}

static int clone_tree(const char *path, bool recursive, struct err *e)
{
	int fd = open_tree(AT_FDCWD, path,
			   OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0));

	return fd < 0 ? err_set(e, errno, "%s", path) : fd;
}

static int mount_overlay(const struct rootfs_plan *p, struct err *e)
{
	struct overlay_spec o = {
		.base = p->base,
		.lowers = (char **)p->lowers->pdata,
		.n_lowers = p->lowers->len,
		.upper = p->upper,
		.work = p->work,
		.volatile_upper = p->volatile_upper,
	};

	return overlay_mount(&o, e);
}

/* A tmpfs over the store's empty directory, in this mount namespace alone, for an upper directory that nobody
 * keeps: the mount holds its own reference, so it can be unmounted again right after. */
static int upper_in_memory(struct rootfs_plan *p, struct err *e)
{
	g_autofree char *place = g_build_filename(p->base, EMPTY_DIR, NULL);

	if (mount("tmpfs", place, "tmpfs", MS_NODEV | MS_NOSUID, "mode=0755") < 0)
		return err_set(e, errno, "tmpfs on %s", place);
	p->upper = g_build_filename(place, "upper", NULL);
	p->work = g_build_filename(place, "work", NULL);
	if (mkdir(p->upper, 0755) < 0 || mkdir(p->work, 0700) < 0) {
		int code = errno;

		(void)umount2(place, MNT_DETACH);
		return err_set(e, code, "%s", p->upper);
	}
	return 0;
}

/* The owner of the mount must be an id that this user namespace has. */
static int mount_fuse(const struct rootfs_plan *p, struct err *e)
{
	unsigned id = p->foreign ? 0 : geteuid();
	autofd upper = -1, work = -1;

	if (!p->in_memory)
		return fuse_mount(p->serve_fd, id, -1, -1, e);
	upper = open(p->upper, O_PATH | O_DIRECTORY | O_CLOEXEC);
	work = open(p->work, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (upper < 0 || work < 0)
		return err_set(e, errno, "%s", p->upper);
	return fuse_mount(p->serve_fd, id, upper, work, e);
}

static int mount_merged(struct rootfs_plan *p, struct err *e)
{
	struct mount_attr ro = { .attr_set = MOUNT_ATTR_RDONLY };
	int mnt = p->in_memory ? upper_in_memory(p, e) : 0;

	if (mnt < 0)
		return mnt;
	mnt = p->kind == ROOTFS_FUSE ? mount_fuse(p, e) : mount_overlay(p, e);
	if (p->in_memory) {
		g_autofree char *place = g_path_get_dirname(p->upper);

		(void)umount2(place, MNT_DETACH);
	}
	if (mnt >= 0 && p->closed && mount_setattr(mnt, "", AT_EMPTY_PATH, &ro, sizeof ro) < 0) {
		int r = err_set(e, errno, "mount_setattr");

		(void)close(mnt);
		return r;
	}
	return mnt;
}

int rootfs_mount(struct rootfs_plan *p, struct err *e)
{
	g_autofree char *root = NULL;

	switch (p->kind) {
	case ROOTFS_OVERLAY:
	case ROOTFS_FUSE:
		return mount_merged(p, e);
	case ROOTFS_VFS:
		root = g_build_filename(p->container, "root", NULL);
		return clone_tree(root, false, e);
	case ROOTFS_HOST:
		return hostfs_mount(p->foreign ? NULL : p->container, p->volatile_upper, e);
	default:
		return clone_tree(p->dir, true, e);
	}
}

int rootfs_serve(struct rootfs_plan *p, int *ret_pidfd, struct err *e)
{
	const struct fuse_dirs d = {
		.base = p->base,
		.lowers = (char **)p->lowers->pdata,
		.n_lowers = p->lowers->len,
		.upper = p->upper,
		.work = p->work,
		.durable = !p->volatile_upper,
		.own_ids = p->own_ids,
	};

	*ret_pidfd = -1;
	return p->kind == ROOTFS_FUSE ? fuse_server_fork(&d, &p->serve_fd, ret_pidfd, e) : 0;
}

/* The layers, and as the topmost the container's own: another mount of that may be writing. It is not there before the
 * first start. */
static int plan_container(struct store *s, const struct image *img, const char *id, struct rootfs_plan **ret,
			  struct err *e)
{
	const struct rootfs_options o = { .container_fd = -1, .volatile_upper = true };
	g_autofree char *upper = g_strdup_printf("containers/%s/upper", id);
	enum rootfs_kind kind;
	struct rootfs_plan *p;
	struct stat st;

	if (choose_kind(s, NULL, &kind, e) < 0)
		return -e->code;
	p = plan_new(s, kind == ROOTFS_FUSE ? ROOTFS_FUSE : ROOTFS_OVERLAY);
	p->closed = true;
	if (fstatat(s->root_fd, upper, &st, AT_SYMLINK_NOFOLLOW) == 0)
		g_ptr_array_add(p->lowers, g_strdup(upper));
	add_layers(p, s, img);
	return finish_plan(p, s, &o, ret, e);
}

int rootfs_open_container(struct store *s, const struct image *img, const char *id, struct err *e)
{
	g_autofree char *whole = g_strdup_printf("containers/%s/root", id);
	struct rootfs_plan *p;
	autofd server = -1;
	int fd;

	if (img->host)
		return err_msg(e, EOPNOTSUPP, "a container of the image host is this machine: it has no root of its own");
	fd = openat(s->root_fd, whole, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 || errno != ENOENT)
		return fd < 0 ? err_set(e, errno, "%s", whole) : fd;
	fd = plan_container(s, img, id, &p, e);
	if (fd < 0)
		return fd;
	/* The server ends with its mount, which is this process's alone. */
	fd = rootfs_serve(p, &server, e);
	if (fd == 0)
		fd = rootfs_mount(p, e);
	rootfs_plan_free(p);
	return fd;
}
