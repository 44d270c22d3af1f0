/* test_event.c - the event log: many writers, rotation, torn records, bounds. */
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <jansson.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/event.h"
#include "core/base/event_reader.h"
#include "core/base/fd.h"
#include "core/base/path.h"

#define WRITERS 4
#define EACH 1200               /* together more than one log's worth and less than two */

static char *top;
static int root;

static void begin(void)
{
	top = g_dir_make_tmp("coracle-event.XXXXXX", NULL);
	root = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	g_assert_cmpint(root, >, 0);
}

static void end(void)
{
	fd_close(&root);
	(void)path_remove_tree(AT_FDCWD, top);
	g_free(top);
}

static struct event_reader *reader(bool from_start, bool follow)
{
	struct event_reader *r = NULL;
	struct err e = ERR_INIT;

	g_assert_cmpint(event_reader_open(root, from_start, follow, &r, &e), ==, 0);
	return r;
}

static json_t *next(struct event_reader *r)
{
	const char *text;
	struct err e = ERR_INIT;
	int n = event_reader_next(r, &text, &e);
	json_t *v;

	g_assert_cmpint(n, >=, 0);
	if (n == 0)
		return NULL;
	v = json_loads(text, 0, NULL);
	g_assert_nonnull(v);
	return v;
}

static const char *of(json_t *v, const char *key)
{
	return json_string_value(json_object_get(v, key));
}

static void write_many(int writer)
{
	char *labels[] = { (char *)"a=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
			   (char *)"c=dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd", NULL };
	char id[16], name[16];

	g_snprintf(id, sizeof id, "%d", writer);
	for (int i = 0; i < EACH; i++) {
		struct event v = { .type = "container", .status = "start", .id = id, .name = name, .labels = labels };

		g_snprintf(name, sizeof name, "%d", i);
		event_write(root, &v, 1);
	}
}

static void expect_all(struct event_reader *r)
{
	int seen[WRITERS] = { 0 };
	json_t *v;

	while ((v = next(r))) {
		int writer = atoi(of(v, "ID"));

		g_assert_cmpint(atoi(of(v, "Name")), ==, seen[writer]);
		seen[writer]++;
		json_decref(v);
	}
	for (int i = 0; i < WRITERS; i++)
		g_assert_cmpint(seen[i], ==, EACH);
}

static void test_many_writers(void)
{
	struct event_reader *before, *after;
	pid_t pids[WRITERS];
	struct stat st;

	begin();
	before = reader(false, true);
	for (int i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			write_many(i);
			_exit(0);
		}
	}
	for (int i = 0; i < WRITERS; i++)
		g_assert_cmpint(waitpid(pids[i], NULL, 0), ==, pids[i]);
	g_assert_cmpint(fstatat(root, EVENT_DIR "/" EVENT_LOG_OLD, &st, 0), ==, 0);
	g_assert_cmpint(st.st_size, >=, EVENT_LOG_MAX);
	expect_all(before);
	after = reader(true, false);
	expect_all(after);
	event_reader_free(before);
	event_reader_free(after);
	end();
}

static void test_follow(void)
{
	struct event v = { .type = "volume", .status = "create", .name = "v1" };
	struct event_reader *r;
	struct pollfd p;
	json_t *got;

	begin();
	event_write(root, &v, 1);
	r = reader(false, true);
	g_assert_null(next(r));
	v.name = "v2";
	event_write(root, &v, 1);
	p = (struct pollfd){ .fd = event_reader_fd(r), .events = POLLIN };
	g_assert_cmpint(poll(&p, 1, -1), ==, 1);
	got = next(r);
	g_assert_cmpstr(of(got, "Name"), ==, "v2");
	json_decref(got);
	g_assert_null(next(r));
	event_reader_free(r);
	end();
}

static void append(const char *text)
{
	autofd fd = openat(root, EVENT_DIR "/" EVENT_LOG, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	g_assert_cmpint(fd_write_all(fd, text, strlen(text)), ==, 0);
}

static void test_torn(void)
{
	struct event v = { .type = "image", .status = "tag", .id = "abc", .name = "bad\xff\"\n\x01name" };
	struct event_reader *r;
	json_t *got;

	begin();
	g_assert_cmpint(mkdirat(root, EVENT_DIR, 0700), ==, 0);
	append("nothing of ours\n\x1e{\"Time\":1,\"Type\":\"ima");
	event_write(root, &v, 1);
	append("\x1e{\"Time\":2");
	r = reader(true, false);
	got = next(r);
	g_assert_cmpstr(of(got, "Name"), ==, "bad?\"\n\x01name");
	g_assert_cmpint(json_integer_value(json_object_get(got, "Time")), >, 2);
	json_decref(got);
	g_assert_null(next(r));
	event_reader_free(r);
	end();
}

static void test_bounds(void)
{
	g_autofree char *large = g_strnfill(EVENT_MAX, 'x'), *label = g_strconcat("large=", large, NULL);
	char *labels[] = { (char *)"small=1", label, (char *)"not=shown", NULL };
	struct event v[2] = { { .type = "container", .status = "died", .id = "1", .labels = labels, .exit_code = 3 },
			      { .type = "container", .status = "remove", .id = large } };
	struct event_reader *r;
	json_t *got;

	begin();
	event_write(-1, v, 2);
	event_write(root, v, 2);
	r = reader(true, false);
	got = next(r);
	g_assert_cmpstr(of(json_object_get(got, "Attributes"), "small"), ==, "1");
	g_assert_cmpuint(json_object_size(json_object_get(got, "Attributes")), ==, 1);
	g_assert_cmpint(json_integer_value(json_object_get(got, "ContainerExitCode")), ==, 3);
	json_decref(got);
	g_assert_null(next(r));
	event_reader_free(r);
	/* Wherever the end of the room falls, a record is whole. */
	for (int n = EVENT_MAX - 400; n < EVENT_MAX; n++) {
		v[0].id = large + EVENT_MAX - n;
		event_write(root, v, 1);
	}
	r = reader(true, false);
	while ((got = next(r)))
		json_decref(got);
	event_reader_free(r);
	end();
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/event/many-writers", test_many_writers);
	g_test_add_func("/event/follow", test_follow);
	g_test_add_func("/event/torn", test_torn);
	g_test_add_func("/event/bounds", test_bounds);
	return g_test_run();
}
