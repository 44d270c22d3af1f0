/* Ranges of ids: reading them, finding ids, and the maps of --userns. */
#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/proc.h"
#include "core/runtime/idmap.h"
#include "core/runtime/mount_options.h"
#include "core/runtime/subid.h"

static void test_subid(void)
{
	static const char text[] = "# comment\nann:100000:65536\n1000:200000:10\nbob:1:2\nann:x:1\nann:300000:0\n"
				   "ann\n\nann:4294967295:5\nann:400000:7";
	struct id_range r[8];

	g_assert_cmpint(subid_parse(text, "ann", 1000, r, 8), ==, 3);
	g_assert_cmpint(r[0].outside, ==, 100000);
	g_assert_cmpint(r[0].count, ==, 65536);
	g_assert_cmpint(r[1].outside, ==, 200000);
	g_assert_cmpint(r[2].count, ==, 7);
	g_assert_cmpint(subid_parse(text, "ann", 1000, r, 1), ==, 1);
	g_assert_cmpint(subid_parse(text, "eve", 5, r, 8), ==, 0);
	g_assert_cmpint(subid_parse("", "eve", 5, r, 8), ==, 0);
}

static void test_lookup(void)
{
	const struct id_range r[] = { { 0, 1000, 1 }, { 1, 100000, 65536 } };

	g_assert_cmpint(idmap_outside(r, 2, 0), ==, 1000);
	g_assert_cmpint(idmap_outside(r, 2, 65536), ==, 165535);
	g_assert_cmpint(idmap_outside(r, 2, 65537), ==, -1);
	g_assert_cmpint(idmap_inside(r, 2, 1000), ==, 0);
	g_assert_cmpint(idmap_inside(r, 2, 100005), ==, 6);
	g_assert_cmpint(idmap_inside(r, 2, 5), ==, -1);
}

static void test_plans(void)
{
	const struct idmap *store = idmap_store();
	struct userns_request keep = { .mode = USERNS_KEEP_ID, .keep_uid = 1000, .keep_gid = 1000 };
	const char *maps[] = { "0:1:10", "100:0:1", NULL }, *bad[] = { "0:1:10", "5:100:2", NULL };
	struct userns_request own = { .mode = USERNS_MAPS, .uid_maps = maps };
	struct userns_request overlap = { .mode = USERNS_MAPS, .uid_maps = bad };
	struct err e = ERR_INIT;
	struct idmap m;

	g_assert_cmpint(store->n_uid, >, 0);
	g_assert_true(idmap_shows_store(store));
	if (geteuid() == 0 || store->one_id) {
		g_test_skip("needs an ordinary user with subordinate ids");
		return;
	}
	g_assert_cmpint(idmap_plan(&keep, &m, &e), ==, 0);
	g_assert_cmpint(idmap_outside(m.uid, m.n_uid, 1000), ==, geteuid());
	g_assert_cmpint(idmap_outside(m.uid, m.n_uid, 0), ==, idmap_outside(store->uid, store->n_uid, 1));
	g_assert_false(idmap_shows_store(&m));
	g_assert_cmpint(idmap_plan(&own, &m, &e), ==, 0);
	g_assert_cmpint(idmap_outside(m.gid, m.n_gid, 100), ==, getegid());
	g_assert_cmpint(idmap_outside(m.uid, m.n_uid, 11), ==, -1);
	g_assert_cmpint(idmap_plan(&overlap, &m, &e), ==, -EINVAL);
	g_assert_nonnull(strstr(e.msg, "overlaps"));
}

/* In a child, since there is no way back. */
static void test_enter(void)
{
	const struct idmap *store = idmap_store();
	g_autofree char *dir = g_dir_make_tmp("idmap-XXXXXX", NULL), *file = g_build_filename(dir, "f", NULL);
	struct err e = ERR_INIT;
	struct stat st;
	pid_t pid;

	if (store->none) {
		g_test_skip("needs an ordinary user");
		return;
	}
	g_assert_true(g_file_set_contents(file, "x", 1, NULL));
	pid = fork();
	if (pid == 0) {
		if (idmap_enter(store, &e) < 0 || getuid() != 0)
			_exit(1);
		_exit(!store->one_id && chown(file, 5, 5) < 0 ? 2 : 0);
	}
	g_assert_cmpint(proc_wait(pid), ==, 0);
	g_assert_cmpint(stat(file, &st), ==, 0);
	if (!store->one_id)
		g_assert_cmpint(st.st_uid, ==, idmap_outside(store->uid, store->n_uid, 5));
	g_assert_cmpint(unlink(file), ==, 0);
	g_assert_cmpint(rmdir(dir), ==, 0);
}

static void test_mount_options(void)
{
	static const char *const words[] = { "rbind", "ro", "rw", "nosuid", "rro", "noatime", "rslave", "defaults",
		NULL };
	static const char *const data[] = { "size=64m", "noexec", "tmpcopyup", NULL }, *const bad[] = { "bind", "x=y",
		NULL };
	struct err e = ERR_INIT;
	struct mount_options o;

	g_assert_cmpint(mount_options_parse(words, &o, &e), ==, 0);
	g_assert_true(o.bind && o.recursive && o.propagation_all);
	g_assert_cmpuint(o.propagation, ==, MS_SLAVE);
	g_assert_cmpuint(o.set, ==, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOATIME);
	g_assert_true(o.clear & MOUNT_ATTR_RDONLY);
	g_assert_cmpuint(o.set_all, ==, MOUNT_ATTR_RDONLY);
	g_assert_cmpint(mount_options_parse(data, &o, &e), ==, 0);
	g_assert_cmpint(o.n_data, ==, 1);
	g_assert_cmpstr(o.data[0], ==, "size=64m");
	g_assert_true(o.copy_up);
	g_assert_cmpint(mount_options_parse(bad, &o, &e), ==, -EINVAL);
	g_assert_cmpstr(e.msg, ==, "unknown option 'x=y'");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/idmap/subid", test_subid);
	g_test_add_func("/idmap/lookup", test_lookup);
	g_test_add_func("/idmap/plans", test_plans);
	g_test_add_func("/idmap/enter", test_enter);
	g_test_add_func("/mount_options", test_mount_options);
	return g_test_run();
}
