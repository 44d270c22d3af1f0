/* test_base.c - the ground floor: errors, text, paths, files, locks, descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/jread.h"
#include "core/base/lock.h"
#include "core/base/override.h"
#include "core/base/path.h"
#include "core/base/proc.h"
#include "core/base/text.h"

static void test_err(void)
{
	struct err e = ERR_INIT;
	char long_name[3000];

	g_assert_cmpint(err_set(&e, ENOENT, "mount %s", "/x"), ==, -ENOENT);
	g_assert_cmpstr(e.msg, ==, "mount /x: No such file or directory");
	g_assert_cmpint(err_wrap(&e, "container %s", "c1"), ==, -ENOENT);
	g_assert_cmpstr(e.msg, ==, "container c1: mount /x: No such file or directory");
	err_hint(&e, "make it first");
	g_assert_true(g_str_has_suffix(e.msg, "; make it first"));
	g_assert_cmpint(err_status(&e), ==, 125);
	err_exit(&e, 127);
	g_assert_cmpint(err_status(&e), ==, 127);
	memset(long_name, 'a', sizeof long_name - 1);
	long_name[sizeof long_name - 1] = '\0';
	err_set(&e, EINVAL, "%s", long_name);
	err_wrap(&e, "%s", long_name);
	err_hint(&e, "%s", long_name);
	g_assert_cmpuint(strlen(e.msg), <, sizeof e.msg);
	err_msg(&e, EINVAL, "a\033[31mb\nc");
	g_assert_cmpstr(e.msg, ==, "a?[31mb?c");
}

/* What moves a cursor, as UTF-8 and as single bytes; letters of any language stay. */
static void test_err_one_line(void)
{
	static const struct { const char *from, *to; } cases[] = {
		{ "\033[2J\t\177", "?[2J??" },
		{ "\302\23331m", "??31m" },                       /* U+009B, which begins a sequence as ESC [ does */
		{ "\233" "31m\302", "?31m\302" },
		{ "Gr\303\274\303\237e \343\201\202 \360\237\233\266", "Gr\303\274\303\237e \343\201\202 \360\237\233\266" },
		{ "\303\233\342\202\303", "\303\233\342?\303" },  /* a letter, and one that is cut off */
		{ "\302\240\302\237", "\302\240??" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *s = g_strdup(cases[i].from), *printable = text_printable(cases[i].from);

		err_one_line(s);
		g_assert_cmpstr(s, ==, cases[i].to);
		g_assert_cmpstr(printable, ==, cases[i].to);
	}
}

static void test_text_numbers(void)
{
	int64_t v;

	g_assert_true(text_int("08", 0, 10, &v) && v == 8);
	g_assert_false(text_int("", 0, 10, &v) || text_int("11", 0, 10, &v) || text_int(" 1", 0, 10, &v) ||
		       text_int("1x", 0, 10, &v) || text_int("99999999999999999999", 0, INT64_MAX, &v));
	g_assert_true(text_size("512", &v) && v == 512);
	g_assert_true(text_size("64k", &v) && v == 65536);
	g_assert_true(text_size("1.5g", &v) && v == 1610612736);
	g_assert_true(text_size("2MiB", &v) && v == 2097152);
	g_assert_true(text_size("7b", &v) && v == 7);
	g_assert_false(text_size("", &v) || text_size("-1", &v) || text_size("5x", &v) || text_size("5mm", &v) ||
		       text_size("9999999t", &v));
	g_assert_true(text_duration("1m30s", &v) && v == 90000000000);
	g_assert_true(text_duration("1.5h", &v) && v == 5400000000000);
	g_assert_true(text_duration("10", &v) && v == 10000000000);
	g_assert_true(text_duration("500ms", &v) && v == 500000000);
	g_assert_false(text_duration("", &v) || text_duration("5y", &v) || text_duration("s", &v));
}

static void check_text(char *s, const char *want)
{
	g_assert_cmpstr(s, ==, want);
	g_free(s);
}

static void test_text_words(void)
{
	int64_t ns;

	check_text(text_human_size(999), "999 B");
	check_text(text_human_size(1234567), "1.23 MB");
	check_text(text_human_size(142000000), "142 MB");
	check_text(text_ago(5), "5 seconds ago");
	check_text(text_ago(90), "About a minute ago");
	check_text(text_span(3 * 86400), "3 days");
	check_text(text_time_rfc3339(1700000000123456789), "2023-11-14T22:13:20.123456789Z");
	g_assert_true(text_time_parse("2023-11-14T22:13:20.123456789Z", &ns) && ns == 1700000000123456789);
	g_assert_true(text_time_parse("2023-11-15T00:13:20+02:00", &ns) && ns == 1700000000000000000);
	g_assert_false(text_time_parse("yesterday", &ns));
	g_assert_true(text_is_hex("0af", 3));
	g_assert_false(text_is_hex("0AF", 3));
}

static int make_dir(char **path)
{
	*path = g_dir_make_tmp("coracle-base-XXXXXX", NULL);
	return open(*path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void remove_dir(char *path)
{
	g_assert_cmpint(path_remove_tree(AT_FDCWD, path), ==, 0);
	g_assert_false(path_exists_at(AT_FDCWD, path));
	g_free(path);
}

static void test_path_in_root(void)
{
	char *top;
	autofd root = make_dir(&top), fd = -1, outside = -1;
	struct stat st;

	g_assert_cmpint(symlinkat("/etc", root, "abs"), ==, 0);
	g_assert_cmpint(symlinkat("../../../../../etc", root, "rel"), ==, 0);
	fd = path_mkdirs_in_root(root, "/abs/x/y", 0755);
	g_assert_cmpint(fd, <, 0);      /* "abs" leads to /etc of the root, which is not there and is a link's end */
	g_assert_cmpint(mkdirat(root, "etc", 0755), ==, 0);
	fd = path_mkdirs_in_root(root, "/abs/x/../x/y", 0755);
	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(fstatat(root, "etc/x/y", &st, 0), ==, 0);
	outside = path_open_in_root(root, "rel/passwd", O_PATH, 0);
	g_assert_cmpint(outside, ==, -ENOENT);
	fd_close(&fd);
	fd = path_mkfile_in_root(root, "/rel/a/file", 0600);
	g_assert_cmpint(fd, >=, 0);
	g_assert_cmpint(fstatat(root, "etc/a/file", &st, 0), ==, 0);
	g_assert_cmpint(path_open_beneath(root, "abs/x", O_PATH, 0), ==, -ELOOP);
	g_assert_cmpint(path_open_beneath(root, "etc/../../x", O_PATH, 0), ==, -EXDEV);
	remove_dir(top);
}

static gpointer remove_as_well(gpointer data)
{
	return GINT_TO_POINTER(path_remove_tree(GPOINTER_TO_INT(data), "shared"));
}

/* Garbage is collected by whoever comes by: two at once both succeed. */
static void test_remove_tree_together(void)
{
	char *top;
	autofd root = make_dir(&top);

	for (int round = 0; round < 40; round++) {
		GThread *other;
		int mine;

		for (int i = 0; i < 60; i++) {
			g_autofree char *dir = g_strdup_printf("%s/shared/%d/below", top, i);

			g_assert_cmpint(g_mkdir_with_parents(dir, 0700), ==, 0);
		}
		other = g_thread_new("other", remove_as_well, GINT_TO_POINTER(root));
		mine = path_remove_tree(root, "shared");
		g_assert_cmpint(mine, ==, 0);
		g_assert_cmpint(GPOINTER_TO_INT(g_thread_join(other)), ==, 0);
		g_assert_false(path_exists_at(root, "shared"));
	}
	remove_dir(top);
}

static void test_remove_tree(void)
{
	char *top;
	autofd root = make_dir(&top);

	g_assert_cmpint(mkdirat(root, "locked", 0755), ==, 0);
	g_assert_cmpint(mkdirat(root, "locked/in", 0755), ==, 0);
	g_assert_cmpint(symlinkat("/etc/passwd", root, "locked/in/link"), ==, 0);
	g_assert_cmpint(fchmodat(root, "locked/in", 0, 0), ==, 0);
	g_assert_cmpint(fchmodat(root, "locked", 0500, 0), ==, 0);
	g_assert_cmpint(path_remove_tree(root, "locked"), ==, 0);
	g_assert_cmpint(path_remove_tree(root, "locked"), ==, 0);
	g_assert_true(path_exists_at(AT_FDCWD, "/etc/passwd"));
	remove_dir(top);
}

static void test_normalize(void)
{
	check_text(path_normalize("/a/b", "../c/./d//e"), "/a/c/d/e");
	check_text(path_normalize("/", "../.."), "/");
	check_text(path_normalize("/x", "/y/"), "/y");
}

static void test_file(void)
{
	char *top, *text;
	autofd root = make_dir(&top);
	struct err e = ERR_INIT;
	size_t len;

	g_assert_cmpint(file_replace(root, "f", "one", 3, 0600, true, &e), ==, 0);
	g_assert_cmpint(file_replace(root, "f", "three", 5, 0600, false, &e), ==, 0);
	g_assert_cmpint(file_read(root, "f", 100, &text, &len, &e), ==, 0);
	g_assert_cmpstr(text, ==, "three");
	g_assert_cmpuint(len, ==, 5);
	g_free(text);
	g_assert_cmpint(file_read(root, "f", 4, &text, &len, &e), ==, -EFBIG);
	g_assert_cmpint(file_read(root, "none", 4, &text, &len, &e), ==, -ENOENT);
	remove_dir(top);
}

static void test_lock(void)
{
	char *top;
	autofd root = make_dir(&top), a = lock_open(root, "l"), b = lock_open(root, "l");
	pid_t pid;

	g_assert_cmpint(lock_try(a, LOCK_EXCLUSIVE), ==, 0);
	g_assert_cmpint(lock_try(b, LOCK_SHARED), ==, -EAGAIN);
	g_assert_cmpint(lock_is_held(root, "l"), ==, 1);
	g_assert_cmpint(lock_is_held(root, "missing"), ==, 0);
	/* The lock belongs to the open file: a child that has it keeps it when we close ours. */
	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	fd_close(&a);
	g_assert_cmpint(lock_is_held(root, "l"), ==, 1);
	kill(pid, SIGKILL);
	g_assert_cmpint(proc_wait(pid), ==, 137);
	g_assert_cmpint(lock_is_held(root, "l"), ==, 0);
	g_assert_cmpint(lock_try(b, LOCK_EXCLUSIVE), ==, 0);
	remove_dir(top);
}

static void test_send_fds(void)
{
	int sv[2], sent[2] = { 0, 1 }, got[8];
	size_t n = 1;
	char buf[8];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv), ==, 0);
	g_assert_cmpint(fd_send(sv[0], "hi", 2, sent, 2), ==, 0);
	/* Room for one: the other is closed, not leaked. */
	g_assert_cmpint(fd_recv(sv[1], buf, sizeof buf, got, &n), ==, 2);
	g_assert_cmpuint(n, ==, 1);
	close(got[0]);
	close(sv[0]);
	g_assert_cmpint(fd_recv(sv[1], buf, sizeof buf, NULL, NULL), ==, 0);
	close(sv[1]);
}

static void test_arena(void)
{
	struct arena a = ARENA_INIT;
	char **v = NULL;
	struct { int x; } *items = NULL;
	size_t n = 0;

	for (int i = 0; i < 1000; i++) {
		arena_strv_push(&a, &v, arena_printf(&a, "%d", i));
		ARENA_PUSH(&a, items, n)->x = i;
	}
	g_assert_cmpuint(g_strv_length(v), ==, 1000);
	for (int i = 0; i < 1000; i++) {
		g_assert_cmpint(atoi(v[i]), ==, i);
		g_assert_cmpint(items[i].x, ==, i);
	}
	arena_free(&a);
}

static void test_proc(void)
{
	struct proc p;
	struct err e = ERR_INIT;
	char *good[] = { (char[]){ "true" }, NULL };
	char *bad[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char[]){ "echo one >&2; echo two >&2; exit 3" }, NULL };
	char *none[] = { (char[]){ "no-such-program-here" }, NULL };

	/* A directory on PATH that may not be searched would hide that nothing is there. */
	g_setenv("PATH", "/usr/bin:/bin", TRUE);
	g_assert_cmpint(proc_start(good, -1, &p, &e), ==, 0);
	g_assert_cmpint(proc_finish(&p, "true", &e), ==, 0);
	g_assert_cmpint(proc_start(bad, -1, &p, &e), ==, 0);
	g_assert_cmpint(proc_finish(&p, "sh", &e), <, 0);
	g_assert_cmpstr(e.msg, ==, "sh failed with status 3: two");
	g_assert_cmpint(proc_start(none, -1, &p, &e), ==, 0);
	g_assert_cmpint(proc_finish(&p, "none", &e), ==, -ENOENT);
}

/* Deeper than descriptors and stack would allow: programs in containers make such trees. */
static void test_remove_deep_tree(void)
{
	struct rlimit old, few = { 256, 256 };
	char *top;
	autofd root = make_dir(&top), at = fcntl(root, F_DUPFD_CLOEXEC, 3);

	for (int i = 0; i < 3000; i++) {
		int next;

		g_assert_cmpint(mkdirat(at, "d", 0755), ==, 0);
		next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		g_assert_cmpint(next, >=, 0);
		if (i % 500 == 0)
			g_assert_cmpint(fchmod(at, 0500), ==, 0);
		(void)close(at);
		at = next;
	}
	g_assert_cmpint(fchmod(root, 0755), ==, 0);
	g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &old), ==, 0);
	few.rlim_max = old.rlim_max;
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &few), ==, 0);
	g_assert_cmpint(path_remove_tree(root, "d"), ==, 0);
	g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &old), ==, 0);
	remove_dir(top);
}

/* The string of a document {"k":...}, or NULL. */
static char *jread_one(struct arena *a, const char *text)
{
	const char *key;
	char *s = NULL;
	struct jread j;
	size_t len;

	jread_init(&j, text, strlen(text));
	if (jread_begin(&j, '{')) {
		while (jread_more(&j, '}')) {
			if (jread_key(&j, &key, &len) && len == 1 && *key == 'k')
				(void)jread_string(&j, a, &s);
			else
				(void)jread_skip(&j);
		}
	}
	return jread_end(&j) ? s : NULL;
}

static void test_jread(void)
{
	static const char *const bad[] = { "", "{", "{}x", "{\"k\":\"a\",}", "{\"k\" \"a\"}",
		"{\"k\":1}", "{\"k\":\"\\u0000\"}",
		"{\"k\":\"\\ud800\"}", "{\"k\":\"\\udc00x\"}", "{\"k\":\"\\x\"}", "{\"k\":\"a", "{\"k\":\"\n\"}",
		"{\"x\":[1,],\"k\":\"a\"}", "{\"x\":-,\"k\":\"a\"}", "{\"x\":nul,\"k\":\"a\"}", "{\"k\":\"\xff\"}", "[]" };
	struct arena a = ARENA_INIT;
	GString *deep = g_string_new("{\"x\":");
	struct jread j;
	int64_t n;

	g_assert_cmpstr(jread_one(&a, " {\"x\" : [1, {\"y\":null}, -1.5e3, true ],\n"
				  "\"k\":\"a\\n\\u00e9\\ud83d\\ude00\\/\"} "), ==,
			"a\n\303\251\360\237\230\200/");
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_null(jread_one(&a, bad[i]));
	for (int i = 0; i < 100000; i++)
		g_string_append_c(deep, '[');
	g_assert_null(jread_one(&a, deep->str));
	(void)g_string_free(deep, TRUE);
	jread_init(&j, "1\0", 2);
	g_assert_true(jread_skip(&j));
	g_assert_false(jread_end(&j));
	jread_init(&j, "-9223372036854775808", 20);
	g_assert_true(jread_int(&j, &n) && n == INT64_MIN && jread_end(&j));
	jread_init(&j, "9223372036854775808", 19);
	g_assert_false(jread_int(&j, &n));
	jread_init(&j, "01", 2);
	g_assert_false(jread_int(&j, &n));
	jread_init(&j, "1.5", 3);
	g_assert_false(jread_int(&j, &n));
	arena_free(&a);
}

static void test_distance(void)
{
	g_assert_cmpuint(text_distance("", ""), ==, 0);
	g_assert_cmpuint(text_distance("stop", "stop"), ==, 0);
	g_assert_cmpuint(text_distance("sotp", "stop"), ==, 1);
	g_assert_cmpuint(text_distance("stp", "stop"), ==, 1);
	g_assert_cmpuint(text_distance("stoop", "stop"), ==, 1);
	g_assert_cmpuint(text_distance("abc", "xyz"), ==, 3);
	g_assert_cmpuint(text_distance("abc", ""), ==, 3);
}

static void test_override(void)
{
	static const struct { const char *text; struct override o; } good[] = {
		{ "0:0:0755:dir", { 0, 0, S_IFDIR | 0755, 0, 0 } },
		{ "1000:4294967294:4755:file", { 1000, 4294967294U, S_IFREG | 04755, 0, 0 } },
		{ "1:2:0666:char-1-3", { 1, 2, S_IFCHR | 0666, 1, 3 } },
		{ "1:2:0660:block-259-70000", { 1, 2, S_IFBLK | 0660, 259, 70000 } },
		{ "5:6:0777:symlink", { 5, 6, S_IFLNK | 0777, 0, 0 } },
	};
	static const char *const bad[] = { "", "1", "1:2", "1:2:", "1:2:x", "1:2:0644:", "1:2:0644:thing", "1:2:0644:char-1",
		"1:2:0644:char-1-3x", "1:2:0644 ", "1:2:0644:file:" };
	char text[OVERRIDE_TEXT_MAX];
	struct override o;

	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		g_assert_true(override_parse(good[i].text, strlen(good[i].text), &o));
		g_assert_cmpmem(&o, sizeof o, &good[i].o, sizeof good[i].o);
		g_assert_cmpuint(override_format(&o, text), ==, strlen(good[i].text));
		g_assert_cmpstr(text, ==, good[i].text);
	}
	/* Older writers name no kind. */
	g_assert_true(override_parse("3:4:600", 7, &o));
	g_assert_cmpuint(o.mode, ==, 0600);
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_false(override_parse(bad[i], strlen(bad[i]), &o));
	g_assert_false(override_parse("1:2:0644\0:file", 14, &o));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/base/err", test_err);
	g_test_add_func("/base/err-one-line", test_err_one_line);
	g_test_add_func("/base/text/numbers", test_text_numbers);
	g_test_add_func("/base/text/words", test_text_words);
	g_test_add_func("/base/jread", test_jread);
	g_test_add_func("/base/path/in-root", test_path_in_root);
	g_test_add_func("/base/path/remove-tree", test_remove_tree);
	g_test_add_func("/base/path/remove-tree-together", test_remove_tree_together);
	g_test_add_func("/base/path/remove-deep-tree", test_remove_deep_tree);
	g_test_add_func("/base/path/normalize", test_normalize);
	g_test_add_func("/base/file", test_file);
	g_test_add_func("/base/lock", test_lock);
	g_test_add_func("/base/send-fds", test_send_fds);
	g_test_add_func("/base/arena", test_arena);
	g_test_add_func("/base/proc", test_proc);
	g_test_add_func("/base/override", test_override);
	g_test_add_func("/text/distance", test_distance);
	return g_test_run();
}
