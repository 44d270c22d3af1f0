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
#include "storage/overlay/hostfs.h"
#include "storage/overlay/overlay.h"
#include "storage/overlay/vfs.h"
#include "storage/reown.h"

enum rootfs_kind { ROOTFS_OVERLAY, ROOTFS_VFS, ROOTFS_DIR, ROOTFS_HOST, ROOTFS_KIND_COUNT };

static const char *const kind_names[ROOTFS_KIND_COUNT] = { "overlay", "vfs", "dir", "overlay" };

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
	g_free(p);
}

static struct rootfs_plan *plan_new(const struct store *s, enum rootfs_kind kind)
{
	struct rootfs_plan *p = g_new0(struct rootfs_plan, 1);

	p->kind = kind;
	p->base = g_strdup(s->root);
	p->lowers = g_ptr_array_new_with_free_func(g_free);
	p->container_fd = -1;
	return p;
}

const char *rootfs_driver(const struct rootfs_plan *p)
{
	return kind_names[p->kind];
}

/* The tree of each layer, top first. A layer that comes again (the empty one often does) stands where it is
 * topmost: everything that it has there hides what it had below. */
static void add_layers(struct rootfs_plan *p, const struct image_config *c)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (size_t i = c->n_diff_ids; i-- > 0;) {
		const char *hex = strchr(c->diff_ids[i], ':');

		hex = hex ? hex + 1 : c->diff_ids[i];
		if (g_hash_table_add(seen, (gpointer)hex))
			g_ptr_array_add(p->lowers, g_strdup_printf("layers/%s/tree", hex));
	}
}

static int add_empty(struct rootfs_plan *p, const struct store *s, struct err *e)
{
	if (mkdirat(s->root_fd, EMPTY_DIR, 0755) < 0 && errno != EEXIST)
		return err_set(e, errno, "%s/%s", s->root, EMPTY_DIR);
	g_ptr_array_add(p->lowers, g_strdup(EMPTY_DIR));
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

	if (p->lowers->len == 0 || (p->lowers->len == 1 && p->container_fd < 0))
		r = add_empty(p, s, e);
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

int rootfs_plan_image(struct store *s, const struct image *img, const struct rootfs_options *o,
		      struct rootfs_plan **ret, struct err *e)
{
	struct rootfs_plan *p;
	bool vfs;
	int r;

	if (!s->driver && (r = store_choose_driver(s, e)) < 0)
		return r;
	vfs = !strcmp(s->driver, "vfs");
	if (!img->host && o->idmap && !shows_image(o->idmap))
		return err_msg(e, EOPNOTSUPP,
			       "the %s driver cannot show an image's owners through these id maps: only the fuse "
			       "driver can, which this version does not have; without --userns and --uidmap the "
			       "container's root is you on the host", s->driver);
	if (img->host && is_foreign(o->idmap) && !(o->volatile_upper && hostfs_in_memory()))
		return err_msg(e, EOPNOTSUPP, "the image host with these id maps: what the container writes could "
			       "not be stored as yours; use --rm (Linux 6.6 or later) or another --userns");
	r = reown_image(s, img, e);
	if (r < 0)
		return r;
	p = plan_new(s, img->host ? ROOTFS_HOST : vfs ? ROOTFS_VFS : ROOTFS_OVERLAY);
	p->foreign = is_foreign(o->idmap);
	if (!img->host)
		add_layers(p, &img->config);
	r = name_container(p, o, e);
	/* Below all layers, and the first to go without. */
	if (r == 0 && p->kind == ROOTFS_OVERLAY && o->mountpoints && !p->foreign && p->lowers->len > 0 &&
	    p->lowers->len < OVERLAY_LOWERS_MAX) {
		r = store_mountpoints(s, e);
		g_ptr_array_add(p->lowers, g_strdup(STORE_MOUNTPOINTS));
	}
	if (r == 0 && p->kind == ROOTFS_OVERLAY)
		r = plan_overlay(p, s, e);
	if (r < 0) {
		rootfs_plan_free(p);
		return r;
	}
	*ret = p;
	return 0;
}

int rootfs_plan_dir(struct store *s, const char *dir, bool overlay, const struct rootfs_options *o,
		    struct rootfs_plan **ret, struct err *e)
{
	struct rootfs_plan *p;
	char *full = realpath(dir, NULL);
	struct stat st;
	int r;

	if (!full)
		return err_set(e, errno, "--rootfs %s", dir);
	if (stat(full, &st) < 0 || !S_ISDIR(st.st_mode)) {
		free(full);
		return err_set(e, ENOTDIR, "--rootfs %s", dir);
	}
	if (overlay && (!strcmp(full, "/") || is_foreign(o->idmap))) {
		r = strcmp(full, "/") != 0 ?
		    err_msg(e, EOPNOTSUPP, "overlay of %s with these id maps: what the container writes could not "
			    "be stored as yours; use it without O, or another --userns", full) :
		    err_msg(e, EOPNOTSUPP, "the kernel makes no overlay of /; use the image \"host\"");
		free(full);
		return r;
	}
	p = plan_new(s, overlay ? ROOTFS_OVERLAY : ROOTFS_DIR);
	p->dir = g_strdup(full);
	free(full);
	r = name_container(p, o, e);
	if (r == 0 && overlay) {
		g_ptr_array_add(p->lowers, g_strdup(p->dir));
		r = plan_overlay(p, s, e);
	}
	if (r < 0) {
		rootfs_plan_free(p);
		return r;
	}
	*ret = p;
	return 0;
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

int rootfs_mount(struct rootfs_plan *p, struct err *e)
{
	g_autofree char *root = NULL;

	switch (p->kind) {
	case ROOTFS_OVERLAY:
		return mount_overlay(p, e);
	case ROOTFS_VFS:
		root = g_build_filename(p->container, "root", NULL);
		return clone_tree(root, false, e);
	case ROOTFS_HOST:
		return hostfs_mount(p->foreign ? NULL : p->container, p->volatile_upper, e);
	default:
		return clone_tree(p->dir, true, e);
	}
}

/* A tmpfs over the store's empty directory, in this mount namespace alone, for an upper directory that nobody
 * keeps: overlayfs holds its own reference, so it can be unmounted again right after. */
static int upper_in_memory(struct rootfs_plan *p, const struct store *s, struct err *e)
{
	g_autofree char *place = g_build_filename(s->root, EMPTY_DIR, NULL);

	if (mkdirat(s->root_fd, EMPTY_DIR, 0755) < 0 && errno != EEXIST)
		return err_set(e, errno, "%s", place);
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

int rootfs_mount_image(struct store *s, const struct image *img, bool rw, struct err *e)
{
	struct mount_attr ro = { .attr_set = MOUNT_ATTR_RDONLY };
	struct rootfs_plan *p;
	int r, mnt;

	if (img->host)
		return err_msg(e, EOPNOTSUPP, "the image host cannot be mounted into a container");
	if (s->driver && !strcmp(s->driver, "vfs"))
		return err_msg(e, EOPNOTSUPP, "--mount type=image needs the overlay driver; this store uses vfs");
	p = plan_new(s, ROOTFS_OVERLAY);
	add_layers(p, &img->config);
	r = plan_overlay(p, s, e);
	if (r == 0 && rw)
		r = upper_in_memory(p, s, e);
	mnt = r < 0 ? r : mount_overlay(p, e);
	if (p->upper) {
		g_autofree char *place = g_path_get_dirname(p->upper);

		(void)umount2(place, MNT_DETACH);
	}
	rootfs_plan_free(p);
	if (mnt >= 0 && !rw && mount_setattr(mnt, "", AT_EMPTY_PATH, &ro, sizeof ro) < 0) {
		r = err_set(e, errno, "mount_setattr");
		(void)close(mnt);
		return r;
	}
	return mnt;
}
