/* test_rootfs.c - the same images under each driver: what a container sees of them. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "storage/overlay/overlay.h"
#include "storage/rootfs.h"

/* A store with nothing but what rootfs.c looks at. */
struct fixture {
	struct store store;
	struct image image;
	GPtrArray *diff_ids;
	int container;
};

typedef void in_child(struct fixture *f);

/* Run as root of the store map in a mount namespace of its own, as init and unpackers do. */
static void as_root(struct fixture *f, in_child *fn)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct err e = ERR_INIT;

		g_assert_cmpint(idmap_enter(idmap_store(), &e), ==, 0);
		if (idmap_store()->none)
			g_assert_cmpint(unshare(CLONE_NEWNS), ==, 0);
		(void)mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
		umask(0);
		fn(f);
		fflush(NULL);
		_exit(0);
	}
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_assert_cmpint(status, ==, 0);
}

static void wipe(struct fixture *f)
{
	g_assert_cmpint(path_remove_tree(AT_FDCWD, f->store.root), ==, 0);
}

static void set_up(struct fixture *f, gconstpointer driver)
{
	char *root = g_dir_make_tmp("coracle, test:rootfs-XXXXXX", NULL);

	g_assert_nonnull(root);
	f->store.root = root;
	f->store.driver = g_strdup(driver ? driver : "overlay");
	f->store.root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	g_assert_cmpint(mkdirat(f->store.root_fd, "layers", 0755), ==, 0);
	g_assert_cmpint(mkdirat(f->store.root_fd, "containers", 0755), ==, 0);
	g_assert_cmpint(mkdirat(f->store.root_fd, "containers/c1", 0755), ==, 0);
	f->container = openat(f->store.root_fd, "containers/c1", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	f->diff_ids = g_ptr_array_new_with_free_func(g_free);
}

static void tear_down(struct fixture *f, gconstpointer driver)
{
	(void)driver;
	as_root(f, wipe);
	(void)close(f->container);
	(void)close(f->store.root_fd);
	g_free(f->store.root);
	g_free(f->store.driver);
	g_ptr_array_unref(f->diff_ids);
}

/* A layer's tree, added on top of the image; it is filled by the caller. */
static int new_layer(struct fixture *f, unsigned n)
{
	g_autofree char *hex = g_strdup_printf("%064x", n);
	g_autofree char *layer = g_strconcat("layers/", hex, NULL), *tree = g_strconcat(layer, "/tree", NULL);

	g_assert_cmpint(mkdirat(f->store.root_fd, layer, 0755), ==, 0);
	g_assert_cmpint(mkdirat(f->store.root_fd, tree, 0755), ==, 0);
	return openat(f->store.root_fd, tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void use_layers(struct fixture *f, const unsigned *ids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		g_ptr_array_add(f->diff_ids, g_strdup_printf("sha256:%064x", ids[i]));
	f->image.id = (char *)"6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b";
	f->image.config.diff_ids = (char **)f->diff_ids->pdata;
	f->image.config.n_diff_ids = f->diff_ids->len;
}

static void put(int dir, const char *name, const char *text)
{
	autofd fd = openat(dir, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(fd_write_all(fd, text, strlen(text)), ==, 0);
}

static void make_dir(int dir, const char *name)
{
	g_assert_cmpint(mkdirat(dir, name, 0755), ==, 0);
}

static void white_out(int dir, const char *name)
{
	g_assert_cmpint(mknodat(dir, name, S_IFCHR, makedev(0, 0)), ==, 0);
}

static void make_opaque(int dir, const char *name)
{
	autofd fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	g_assert_cmpint(fsetxattr(fd, "user.overlay.opaque", "y", 1, 0), ==, 0);
}

static void assert_text(int dir, const char *name, const char *text)
{
	char buf[64] = "";
	autofd fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(fd_read_full(fd, buf, sizeof buf - 1), >=, 0);
	g_assert_cmpstr(buf, ==, text);
}

static struct rootfs_plan *plan(struct fixture *f, bool with_container)
{
	struct rootfs_options o = {
		.container_fd = with_container ? f->container : -1, .volatile_upper = true, .idmap = idmap_store(),
	};
	struct rootfs_plan *p = NULL;
	struct err e = ERR_INIT;

	rootfs_plan_image(&f->store, &f->image, &o, &p, &e);
	g_assert_cmpstr(e.msg, ==, "");
	rootfs_prepare(p, &e);
	g_assert_cmpstr(e.msg, ==, "");
	return p;
}

static struct rootfs_plan *the_plan;

static int mounted(void)
{
	struct err e = ERR_INIT;
	int fd, ignored;

	g_assert_cmpint(rootfs_serve(the_plan, &ignored, &e), ==, 0);
	fd = rootfs_mount(the_plan, &e);

	g_assert_cmpstr(e.msg, ==, "");
	g_assert_cmpint(fd, >=, 0);
	return fd;
}

static void merged_layers(struct fixture *f)
{
	autofd l1 = new_layer(f, 1), l2 = new_layer(f, 2);
	g_autofree char *longest = g_strnfill(255, 'n');

	put(l1, "kept", "1");
	put(l1, "replaced", "1");
	put(l1, "gone", "1");
	make_dir(l1, "opaque");
	put(l1, "opaque/below", "1");
	make_dir(l1, "merged");
	put(l1, "merged/one", "1");
	make_dir(l1, "was-dir");
	put(l1, "was-dir/x", "1");
	put(l1, "was-file", "1");
	put(l1, longest, "long");
	put(l1, "a:b,c\\d\ne", "odd");
	g_assert_cmpint(symlinkat("kept", l1, "link"), ==, 0);
	g_assert_cmpint(linkat(l1, "kept", l1, "merged/hard", 0), ==, 0);
	g_assert_cmpint(fchmodat(l1, "kept", 04755, 0), ==, 0);

	put(l2, "replaced", "2");
	white_out(l2, "gone");
	make_dir(l2, "opaque");
	make_opaque(l2, "opaque");
	put(l2, "opaque/above", "2");
	make_dir(l2, "merged");
	put(l2, "merged/two", "2");
	put(l2, "was-dir", "2");
	make_dir(l2, "was-file");
	put(l2, "was-file/y", "2");
}

static void see_merged(struct fixture *f)
{
	autofd root = mounted();
	g_autofree char *longest = g_strnfill(255, 'n');
	struct stat st, hard;

	(void)f;
	assert_text(root, "kept", "1");
	assert_text(root, "replaced", "2");
	g_assert_false(path_exists_at(root, "gone"));
	g_assert_false(path_exists_at(root, "opaque/below"));
	assert_text(root, "opaque/above", "2");
	assert_text(root, "merged/one", "1");
	assert_text(root, "merged/two", "2");
	assert_text(root, "was-dir", "2");
	assert_text(root, "was-file/y", "2");
	assert_text(root, longest, "long");
	assert_text(root, "a:b,c\\d\ne", "odd");
	g_assert_cmpint(fstatat(root, "link", &st, AT_SYMLINK_NOFOLLOW), ==, 0);
	g_assert_true(S_ISLNK(st.st_mode));
	g_assert_cmpint(fstatat(root, "kept", &st, 0), ==, 0);
	g_assert_cmpint(st.st_mode & 07777, ==, 04755);
	g_assert_cmpint(fstatat(root, "merged/hard", &hard, 0), ==, 0);
	g_assert_cmpint(hard.st_ino, ==, st.st_ino);
	put(root, "gone", "3");
	put(root, "merged/new", "3");
	g_assert_cmpint(unlinkat(root, "kept", 0), ==, 0);
}

static void see_changes(struct fixture *f)
{
	autofd root = mounted();

	(void)f;
	assert_text(root, "gone", "3");
	assert_text(root, "merged/new", "3");
	g_assert_false(path_exists_at(root, "kept"));
}

static void test_merge(struct fixture *f, gconstpointer driver)
{
	static const unsigned ids[] = { 1, 2 };

	(void)driver;
	as_root(f, merged_layers);
	use_layers(f, ids, 2);
	the_plan = plan(f, true);
	as_root(f, see_merged);
	rootfs_plan_free(the_plan);
	/* A second start of the same container: what it changed is still there, and layers are untouched. */
	the_plan = plan(f, true);
	as_root(f, see_changes);
	rootfs_plan_free(the_plan);
}

static void many_layers(struct fixture *f)
{
	for (unsigned i = 1; i <= 200; i++) {
		autofd l = new_layer(f, i);
		g_autofree char *name = g_strdup_printf("f%u", i);

		put(l, name, name);
		put(l, "all", name);
	}
}

static void see_many(struct fixture *f)
{
	autofd root = mounted();

	(void)f;
	assert_text(root, "f1", "f1");
	assert_text(root, "f128", "f128");
	assert_text(root, "f200", "f200");
	/* The first layer comes again on top. */
	assert_text(root, "all", "f1");
}

static void test_many(struct fixture *f, gconstpointer driver)
{
	unsigned ids[201];

	(void)driver;
	for (unsigned i = 0; i < 200; i++)
		ids[i] = i + 1;
	ids[200] = 1;
	as_root(f, many_layers);
	use_layers(f, ids, 201);
	the_plan = plan(f, true);
	as_root(f, see_many);
	rootfs_plan_free(the_plan);
}

static void one_layer(struct fixture *f)
{
	autofd l = new_layer(f, 1);

	put(l, "file", "1");
	white_out(l, "nothing");
}

static int mount_image(struct fixture *f, bool rw)
{
	struct err e = ERR_INIT;
	int fd;

	rootfs_plan_volume(&f->store, &f->image, rw, idmap_store(), &the_plan, &e);
	g_assert_cmpstr(e.msg, ==, "");
	fd = mounted();
	rootfs_plan_free(the_plan);
	return fd;
}

static void see_image_mounts(struct fixture *f)
{
	autofd ro = mount_image(f, false), rw = -1;

	assert_text(ro, "file", "1");
	g_assert_false(path_exists_at(ro, "nothing"));
	g_assert_cmpint(mkdirat(ro, "d", 0755), <, 0);
	g_assert_cmpint(errno, ==, EROFS);
	rw = mount_image(f, true);
	put(rw, "new", "2");
	assert_text(rw, "file", "1");
}

static void test_image_mount(struct fixture *f, gconstpointer driver)
{
	static const unsigned ids[] = { 1 };

	(void)driver;
	as_root(f, one_layer);
	use_layers(f, ids, 1);
	as_root(f, see_image_mounts);
}

static void see_dir(struct fixture *f)
{
	autofd root = mounted();

	(void)f;
	assert_text(root, "file", "1");
	put(root, "changed", "2");
}

static void test_dir(struct fixture *f, gconstpointer driver)
{
	g_autofree char *dir = g_strdup_printf("%s/layers/%064x/tree", f->store.root, 1);
	struct rootfs_options o = { .container_fd = f->container, .idmap = idmap_store() };
	struct err e = ERR_INIT;

	(void)driver;
	as_root(f, one_layer);
	rootfs_plan_dir(&f->store, dir, true, &o, &the_plan, &e);
	g_assert_cmpstr(e.msg, ==, "");
	as_root(f, see_dir);
	rootfs_plan_free(the_plan);
	g_assert_false(path_exists_at(AT_FDCWD, g_build_filename(dir, "changed", NULL)));
	rootfs_plan_dir(&f->store, dir, false, &o, &the_plan, &e);
	g_assert_cmpstr(e.msg, ==, "");
	as_root(f, see_dir);
	rootfs_plan_free(the_plan);
	g_assert_true(path_exists_at(AT_FDCWD, g_build_filename(dir, "changed", NULL)));
	g_assert_cmpint(rootfs_plan_dir(&f->store, "/nowhere/at all", false, &o, &the_plan, &e), ==, -ENOENT);
	g_assert_nonnull(strstr(e.msg, "/nowhere/at all"));
}

static void see_host(struct fixture *f)
{
	autofd root = mounted();
	struct stat st;

	(void)f;
	g_assert_cmpint(fstatat(root, "usr/bin", &st, 0), ==, 0);
	g_assert_cmpint(fstatat(root, "proc", &st, 0), ==, 0);
	g_assert_false(path_exists_at(root, "proc/self"));
	g_assert_true(path_exists_at(root, "etc/passwd"));
	make_dir(root, "run/x");
}

static void test_host(struct fixture *f, gconstpointer driver)
{
	(void)driver;
	f->image.host = true;
	the_plan = plan(f, true);
	as_root(f, see_host);
	rootfs_plan_free(the_plan);
}

/* Layers of which the store's own ids are not those of the container are served by the fuse driver. */
static void test_ids(struct fixture *f, gconstpointer driver)
{
	static struct idmap shifted = { .n_uid = 1, .n_gid = 1, .uid = { { 0, 77777777, 10 } },
		.gid = { { 0, 77777777, 10 } } };
	static const unsigned ids[] = { 1 };
	struct rootfs_options o = { .container_fd = f->container, .idmap = &shifted };
	struct err e = ERR_INIT;

	(void)driver;
	as_root(f, one_layer);
	use_layers(f, ids, 1);
	g_assert_cmpint(rootfs_plan_image(&f->store, &f->image, &o, &the_plan, &e), ==, 0);
	g_assert_cmpstr(rootfs_driver(the_plan), ==, "fuse");
	rootfs_plan_free(the_plan);
}

static void test_trial(struct fixture *f, gconstpointer driver)
{
	struct err e = ERR_INIT;

	(void)driver;
	overlay_trial(f->container, &e);
	g_assert_cmpstr(e.msg, ==, "");
	g_assert_false(path_exists_at(f->container, "l1"));
	g_assert_false(path_exists_at(f->container, "w"));
}

static void add(const char *name, const char *driver, void (*fn)(struct fixture *, gconstpointer))
{
	g_autofree char *path = g_strdup_printf("/rootfs/%s/%s", driver, name);

	g_test_add(path, struct fixture, driver, set_up, fn, tear_down);
}

int main(int argc, char **argv)
{
	static const char *const drivers[] = { "overlay", "fuse", "vfs" };

	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(drivers); i++) {
		add("merge", drivers[i], test_merge);
		add("many", drivers[i], test_many);
		add("ids", drivers[i], test_ids);
		add("host", drivers[i], test_host);
		add("dir", drivers[i], test_dir);
	}
	add("trial", "overlay", test_trial);
	add("image-mount", "overlay", test_image_mount);
	add("image-mount", "fuse", test_image_mount);
	return g_test_run();
}
