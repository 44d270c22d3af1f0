/* test_copy.c - the taker of a copy against messages that no giver sends, and against signals. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/container/copy.h"
#include "core/container/copy_data.h"
#include "core/container/copy_wire.h"

struct fixture { char *dir; int give, take, content; };

static void set_up(struct fixture *f, gconstpointer unused)
{
	int sock[2];

	(void)unused;
	f->dir = g_dir_make_tmp("copy.XXXXXX", NULL);
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock), ==, 0);
	f->give = sock[0];
	f->take = sock[1];
	f->content = open(f->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	g_assert_cmpint(f->content, >=, 0);
	g_assert_cmpint(write(f->content, "content", 7), ==, 7);
}

static void tear_down(struct fixture *f, gconstpointer unused)
{
	(void)unused;
	fd_close(&f->give);
	fd_close(&f->take);
	fd_close(&f->content);
	g_assert_cmpint(path_remove_tree(AT_FDCWD, f->dir), ==, 0);
	g_free(f->dir);
}

static void say(struct fixture *f, enum copy_kind kind, uint32_t mode, const char *name, const char *text)
{
	static struct copy_message m;
	bool file = kind == COPY_FILE || kind == COPY_LINK;

	m.kind = kind;
	m.mode = mode;
	m.uid = getuid();
	m.gid = getgid();
	m.size = 7;
	g_strlcpy(m.name, name, sizeof m.name);
	m.text_len = text ? (uint32_t)strlen(text) + 1 : 0;
	if (text)
		memcpy(m.text, text, m.text_len);
	g_assert_cmpint(fd_send(f->give, &m, COPY_HEAD + m.text_len, file ? &f->content : NULL, file), ==, 0);
}

static int take(struct fixture *f, struct err *e)
{
	const struct copy_take t = { .place = { .root = -1, .cwd = f->dir }, .path = "target" };

	fd_close(&f->give);
	return copy_take(&t, f->take, e);
}

static unsigned names_in(const char *dir)
{
	GDir *d = g_dir_open(dir, 0, NULL);
	unsigned n = 0;

	while (g_dir_read_name(d))
		n++;
	g_dir_close(d);
	return n;
}

static void test_whole(struct fixture *f, gconstpointer unused)
{
	g_autofree char *path = g_build_filename(f->dir, "target", NULL), *text = NULL;
	struct err e = ERR_INIT;

	(void)unused;
	say(f, COPY_START, S_IFREG | 0640, "x", NULL);
	say(f, COPY_FILE, S_IFREG | 0640, "x", NULL);
	say(f, COPY_END, 0, "", NULL);
	g_assert_cmpint(take(f, &e), ==, 0);
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, "content");
	g_assert_cmpint(names_in(f->dir), ==, 1);
}

static void test_no_end(struct fixture *f, gconstpointer unused)
{
	struct err e = ERR_INIT;

	(void)unused;
	say(f, COPY_START, S_IFDIR | 0755, "x", NULL);
	say(f, COPY_ENTER, S_IFDIR | 0755, "x", NULL);
	g_assert_cmpint(take(f, &e), ==, -EPIPE);
	g_assert_nonnull(strstr(e.msg, "ended early"));
}

static void test_names(struct fixture *f, gconstpointer unused)
{
	static const char *const bad[] = { "..", ".", "", "a/b", "/etc" };

	(void)unused;
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct fixture one;
		struct err e = ERR_INIT;

		set_up(&one, NULL);
		say(&one, COPY_START, S_IFDIR | 0755, "x", NULL);
		say(&one, COPY_ENTER, S_IFDIR | 0755, "x", NULL);
		say(&one, COPY_FILE, S_IFREG | 0644, bad[i], NULL);
		say(&one, COPY_END, 0, "", NULL);
		g_assert_cmpint(take(&one, &e), ==, -EPROTO);
		tear_down(&one, NULL);
	}
	g_assert_cmpint(names_in(f->dir), ==, 0);
}

/* Levels that were never entered, things after the first at the top, and a first path that would lead out. */
static void test_order(struct fixture *f, gconstpointer unused)
{
	g_autofree char *secret = g_build_filename(f->dir, "secret", NULL), *path = g_build_filename(f->dir, "target", "l", NULL);
	g_autofree char *text = NULL;
	struct err e = ERR_INIT;
	struct fixture one;

	(void)unused;
	set_up(&one, NULL);
	say(&one, COPY_START, S_IFDIR | 0755, "x", NULL);
	say(&one, COPY_LEAVE, 0, "x", NULL);
	g_assert_cmpint(take(&one, &e), ==, -EPROTO);
	tear_down(&one, NULL);
	set_up(&one, NULL);
	say(&one, COPY_START, S_IFREG | 0644, "x", NULL);
	say(&one, COPY_FILE, S_IFREG | 0644, "x", NULL);
	say(&one, COPY_FILE, S_IFREG | 0644, "y", NULL);
	err_clear(&e);
	g_assert_cmpint(take(&one, &e), ==, -EPROTO);
	tear_down(&one, NULL);
	g_assert_true(g_file_set_contents(secret, "secret", -1, NULL));
	say(f, COPY_START, S_IFDIR | 0755, "x", NULL);
	say(f, COPY_ENTER, S_IFDIR | 0755, "x", NULL);
	say(f, COPY_LINK, S_IFREG | 0644, "l", "../secret");
	say(f, COPY_LEAVE, 0, "x", NULL);
	say(f, COPY_END, 0, "", NULL);
	err_clear(&e);
	g_assert_cmpint(take(f, &e), ==, 0);
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, "content");
}

/* The last: the signal is remembered. */
static void test_interrupted(struct fixture *f, gconstpointer unused)
{
	g_autofree char *path = g_build_filename(f->dir, "target", NULL), *text = NULL;
	struct err e = ERR_INIT;

	(void)unused;
	g_assert_true(g_file_set_contents(path, "old", -1, NULL));
	copy_data_interruptible();
	g_assert_cmpint(raise(SIGTERM), ==, 0);
	say(f, COPY_START, S_IFREG | 0644, "x", NULL);
	say(f, COPY_FILE, S_IFREG | 0644, "x", NULL);
	say(f, COPY_END, 0, "", NULL);
	g_assert_cmpint(take(f, &e), ==, -EINTR);
	g_assert_cmpint(names_in(f->dir), ==, 1);
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, "old");
}

#define ADD(name, function) g_test_add(name, struct fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/copy/whole", test_whole);
	ADD("/copy/no-end", test_no_end);
	ADD("/copy/names", test_names);
	ADD("/copy/order", test_order);
	ADD("/copy/interrupted", test_interrupted);
	return g_test_run();
}
