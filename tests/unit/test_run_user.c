/* test_run_user.c - users and groups of a container's files. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>

#include "cmd/launch_user.h"
#include "cmd/linger.h"
#include "core/base/path.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n# a comment\nbroken line\nshort:x:1\n"
	"bin:x:1:1:bin:/bin:/bin/sh\nwww:x:33:34:www:/var/www:/bin/false\nbad:x:-5:0::/:\n7:x:700:701::/seven:\n"
	"relative:x:50:50::home:/bin/sh";
static const char group[] = "root:x:0:\nwww-data:x:34:\naudio:x:29:www,bin\nvideo:x:44:bin,www\n34x:x:99:\nlast:x:50:www";

struct wanted { const char *user; int code; uint32_t uid, gid; const char *home; size_t groups; };

static void find(void)
{
	static const struct wanted cases[] = {
		{ "", 0, 0, 0, "/root", 0 }, { NULL, 0, 0, 0, "/root", 0 }, { "root", 0, 0, 0, "/root", 0 },
		{ "www", 0, 33, 34, "/var/www", 3 }, { "33", 0, 33, 34, "/var/www", 3 },
		{ "www:audio", 0, 33, 29, "/var/www", 0 }, { "www:1234", 0, 33, 1234, "/var/www", 0 },
		{ "1000", 0, 1000, 0, "/", 0 }, { "1000:1000", 0, 1000, 1000, "/", 0 },
		{ ":44", 0, 0, 44, "/root", 0 }, { "7", 0, 700, 701, "/seven", 0 },
		{ "relative", 0, 50, 50, "/", 0 },
		{ "nobody", ENOENT, 0, 0, NULL, 0 }, { "www:nosuch", ENOENT, 0, 0, NULL, 0 },
		{ "bad", ENOENT, 0, 0, NULL, 0 }, { "short", ENOENT, 0, 0, NULL, 0 },
		{ "4294967295", ENOENT, 0, 0, NULL, 0 }, { "-1", ENOENT, 0, 0, NULL, 0 },
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct arena a = ARENA_INIT;
		struct err e = ERR_INIT;
		struct found_user u;
		int r = user_find(&a, passwd, group, cases[i].user, &u, &e);

		g_test_message("%s: %s", cases[i].user, e.msg);
		g_assert_cmpint(r, ==, -cases[i].code);
		if (r == 0) {
			g_assert_cmpuint(u.uid, ==, cases[i].uid);
			g_assert_cmpuint(u.gid, ==, cases[i].gid);
			g_assert_cmpstr(u.home, ==, cases[i].home);
			g_assert_cmpuint(u.n_groups, ==, cases[i].groups);
		}
		arena_free(&a);
	}
}

static void messages(void)
{
	struct arena a = ARENA_INIT;
	struct err e = ERR_INIT;
	struct found_user u;

	g_assert_cmpint(user_find(&a, passwd, group, "x", &u, &e), <, 0);
	g_assert_cmpstr(e.msg, ==, "unable to find user x: no matching entries in passwd file");
	g_assert_cmpint(user_find(&a, passwd, group, "root:y", &u, &e), <, 0);
	g_assert_cmpstr(e.msg, ==, "unable to find group y: no matching entries in group file");
	arena_free(&a);
}

static void no_files(void)
{
	struct arena a = ARENA_INIT;
	struct err e = ERR_INIT;
	struct found_user u;

	g_assert_cmpint(user_find(&a, NULL, NULL, "5:6", &u, &e), ==, 0);
	g_assert_true(u.uid == 5 && u.gid == 6 && !u.in_passwd && !u.gid_in_group);
	g_assert_cmpint(user_find(&a, NULL, NULL, "root", &u, &e), <, 0);
	arena_free(&a);
}

static void put(const char *root, const char *name, const char *text)
{
	g_autofree char *path = g_strconcat(root, name, NULL), *dir = g_path_get_dirname(path);

	g_assert_cmpint(path_mkdirs(dir, 0700), ==, 0);
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void logout(void)
{
	g_autofree char *root = g_dir_make_tmp("coracle-test-XXXXXX", NULL);

	g_assert_false(logout_ends_us(root, 1000, "ann"));
	put(root, "/proc/self/cgroup", "0::/user.slice/user-1000.slice/session-3.scope\n");
	g_assert_false(logout_ends_us(root, 1000, "ann"));
	put(root, "/run/systemd/users/1000", "");
	g_assert_true(logout_ends_us(root, 1000, "ann"));
	g_assert_false(logout_ends_us(root, 1001, "bob"));
	put(root, "/proc/self/cgroup", "0::/system.slice/job.service\n");
	g_assert_false(logout_ends_us(root, 1000, "ann"));
	put(root, "/proc/self/cgroup", "0::/user.slice/user-1000.slice/user@1000.service/app.slice/x.scope\n");
	g_assert_true(logout_ends_us(root, 1000, "ann"));
	put(root, "/var/lib/systemd/linger/ann", "");
	g_assert_false(logout_ends_us(root, 1000, "ann"));
	(void)path_remove_tree(AT_FDCWD, root);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/run/user/find", find);
	g_test_add_func("/run/user/messages", messages);
	g_test_add_func("/run/user/no-files", no_files);
	g_test_add_func("/run/logout", logout);
	return g_test_run();
}
