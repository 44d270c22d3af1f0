/* test_container.c - records, names, derived states, logs and detach keys. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/base/lock.h"
#include "core/container/container.h"
#include "core/container/journal.h"
#include "core/container/logfile.h"
#include "core/container/logread.h"
#include "core/container/names.h"
#include "core/container/notify.h"
#include "core/container/record.h"
#include "core/container/terminal.h"

static char *top;
static struct container_place place;

static int sub(const char *name)
{
	g_autofree char *path = g_build_filename(top, name, NULL);

	g_assert_cmpint(path_mkdirs(path, 0700), ==, 0);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void test_round_trip(void)
{
	autorecord *r = container_record_new(), *back = container_record_new();
	struct err e = ERR_INIT;
	char *text;

	r->id = arena_strdup(&r->arena, "0123456789012345678901234567890123456789012345678901234567890123");
	r->name = arena_strdup(&r->arena, "a.b-c_d");
	r->created_ns = INT64_C(1795478775748237909);
	arena_strv_push(&r->arena, &r->command, arena_strdup(&r->arena, "sh \"\n\x01"));
	arena_strv_push(&r->arena, &r->command, arena_strdup(&r->arena, ""));
	r->stop_signal = 15;
	r->tty = true;
	*ARENA_PUSH(&r->arena, r->ports, r->n_ports) = (struct port_mapping){ NULL, 65535, 1, (char *)"udp" };
	text = record_to_json(r);
	g_assert_cmpint(record_from_json(text, strlen(text), back, &e), ==, 0);
	free(text);
	g_assert_cmpstr(back->name, ==, "a.b-c_d");
	g_assert_cmpint(back->created_ns, ==, r->created_ns);
	g_assert_cmpstr(back->command[0], ==, "sh \"\n\x01");
	g_assert_cmpstr(back->command[1], ==, "");
	g_assert_null(back->command[2]);
	g_assert_null(back->labels);
	g_assert_true(back->tty);
	g_assert_cmpuint(back->ports[0].host_port, ==, 65535);
	g_assert_cmpstr(back->ports[0].protocol, ==, "udp");
}

#define ID64 "0123456789012345678901234567890123456789012345678901234567890123"

static void test_hostile_records(void)
{
	static const char *const bad[] = {
		"", "[]", "7", "{", "{}", "{\"id\":\"x\",\"name\":\"n\"}", "{\"id\":\"" ID64 "\"}",
		"{\"id\":\"" ID64 "\",\"name\":\"../x\"}", "{\"id\":\"" ID64 "\",\"name\":\"n\",\"tty\":1}",
		"{\"id\":\"" ID64 "\",\"name\":\"n\",\"command\":\"sh\"}",
		"{\"id\":\"" ID64 "\",\"name\":\"n\",\"command\":[1]}",
		"{\"id\":\"" ID64 "\",\"name\":\"n\",\"ports\":[{\"host_port\":65536}]}",
		"{\"id\":\"" ID64 "\",\"name\":\"n\",\"ports\":[[]]}",
		"{\"id\":\"" ID64 "\",\"name\":\"n\",\"stop_signal\":4000}",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		autorecord *r = container_record_new();
		struct err e = ERR_INIT;

		g_assert_cmpint(record_from_json(bad[i], strlen(bad[i]), r, &e), ==, -EBADMSG);
		g_assert_cmpstr(e.msg, !=, "");
	}
}

static struct container_record *make(const char *name, int *lock)
{
	struct container_record *r = container_record_new();
	struct err e = ERR_INIT;
	autofd fd = -1;

	r->name = arena_strdup(&r->arena, name);
	g_assert_cmpint(container_reserve(&place, r, &fd, lock, &e), ==, 0);
	g_assert_cmpint(container_commit(fd, r, "{}", false, &e), ==, 0);
	return r;
}

static void test_find(void)
{
	autofd lock_a = -1, lock_b = -1, lock = -1, fd = -1;
	autorecord *a = make("alpha", &lock_a), *b = make("beta", &lock_b), *c = container_record_new();
	g_autofree char *id = NULL, *id2 = NULL;
	char prefix[40];
	struct err e = ERR_INIT;

	g_assert_cmpint(container_find(&place, "alpha", &id, &e), ==, 1);
	g_assert_cmpstr(id, ==, a->id);
	g_strlcpy(prefix, b->id, sizeof prefix);
	g_assert_cmpint(container_find(&place, prefix, &id2, &e), ==, 1);
	g_assert_cmpstr(id2, ==, b->id);
	g_assert_cmpint(container_find(&place, "gamma", &id, &e), ==, 0);
	g_assert_cmpint(container_find(&place, "../alpha", &id, &e), ==, 0);
	g_assert_cmpint(container_find(&place, "", &id, &e), ==, 0);
	c->name = arena_strdup(&c->arena, "alpha");
	g_assert_cmpint(container_reserve(&place, c, &fd, &lock, &e), ==, -EEXIST);
	err_clear(&e);
	g_assert_cmpint(container_remove(&place, a->id, a->name, NULL, NULL, &e), ==, 0);
	g_assert_cmpint(container_remove(&place, b->id, b->name, NULL, NULL, &e), ==, 0);
	g_assert_cmpint(container_reserve(&place, c, &fd, &lock, &e), ==, 0);
	/* Half-made and its maker gone: the claim is garbage, the name free for the next. */
	g_assert_cmpint(container_is_garbage(&place, c->id), ==, 0);
	fd_close(&lock);
	g_assert_cmpint(container_is_garbage(&place, c->id), ==, 1);
	g_assert_cmpint(container_find(&place, "alpha", &id2, &e), ==, 0);
	lock = -1;
	container_record_free(g_steal_pointer(&a));
	a = make("alpha", &lock);
	g_assert_cmpint(container_remove(&place, a->id, a->name, NULL, NULL, &e), ==, 0);
	g_assert_cmpint(container_remove(&place, c->id, NULL, NULL, NULL, &e), ==, 0);
}

static void test_states(void)
{
	autofd lock = -1;
	autorecord *r = make("states", &lock);
	struct container_state st = { .status = CONTAINER_RUNNING, .pid = 77, .keeper_pid = 76, .started_ns = 5 }, got;
	struct err e = ERR_INIT;
	autofd fd = container_open(&place, r->id, &e);

	g_assert_cmpint(container_read_state(&place, r->id, &got, &e), ==, 0);
	g_assert_cmpint(got.status, ==, CONTAINER_CREATED);
	g_assert_cmpint(container_write_state(fd, &st, &e), ==, 0);
	g_assert_cmpint(container_read_state(&place, r->id, &got, &e), ==, 0);
	g_assert_cmpint(got.status, ==, CONTAINER_RUNNING);
	g_assert_cmpint(got.pid, ==, 77);
	g_assert_cmpint(container_lock(&place, r->id, &e), ==, -EBUSY);
	err_clear(&e);
	fd_close(&lock);        /* the keeper was killed */
	g_assert_cmpint(container_read_state(&place, r->id, &got, &e), ==, 0);
	g_assert_cmpint(got.status, ==, CONTAINER_EXITED);
	g_assert_cmpint(got.exit_code, ==, 137);
	g_assert_cmpint(got.pid, ==, 0);
	st.status = CONTAINER_EXITED;
	st.exit_code = 3;
	g_assert_cmpint(container_write_state(fd, &st, &e), ==, 0);
	g_assert_cmpint(container_read_state(&place, r->id, &got, &e), ==, 0);
	g_assert_cmpint(got.exit_code, ==, 3);
	g_assert_cmpint(container_remove(&place, r->id, r->name, NULL, NULL, &e), ==, 0);
}

static char *logged(enum logfile_format format, const char *data, size_t len)
{
	g_autofree char *path = g_build_filename(top, "the-log", NULL);
	static struct logfile l;
	struct err e = ERR_INIT;
	char *text;

	(void)g_remove(path);
	g_assert_cmpint(logfile_open(&l, AT_FDCWD, path, format, &e), ==, 0);
	logfile_write(&l, 2, data, len, INT64_C(1795478775000000004));
	logfile_close(&l);
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	return text;
}

static void test_log_formats(void)
{
	g_autofree char *k8s = logged(LOGFILE_K8S, "a\n\nb", 4);
	g_autofree char *json = logged(LOGFILE_JSON, "q\"\x01\xff\n", 5);

	g_assert_cmpstr(k8s, ==, "2026-11-24T00:06:15.000000004Z stderr F a\n"
			"2026-11-24T00:06:15.000000004Z stderr F \n2026-11-24T00:06:15.000000004Z stderr P b\n");
	g_assert_cmpstr(json, ==, "{\"log\":\"q\\u0022\\u0001\xef\xbf\xbd\\n\",\"stream\":\"stderr\","
			"\"time\":\"2026-11-24T00:06:15.000000004Z\"}\n");
}

static void test_log_rotation(void)
{
	g_autofree char *path = g_build_filename(top, "small", NULL), *old = g_strconcat(path, ".1", NULL);
	static struct logfile l = { .max = 1000 };
	struct err e = ERR_INIT;
	struct stat st;

	g_assert_cmpint(logfile_open(&l, AT_FDCWD, path, LOGFILE_K8S, &e), ==, 0);
	for (int i = 0; i < 200; i++)
		logfile_write(&l, 1, "some words\n", 11, 1);
	logfile_close(&l);
	g_assert_cmpint(stat(path, &st), ==, 0);
	g_assert_cmpint(st.st_size, <, 1100);
	g_assert_cmpint(stat(old, &st), ==, 0);
	g_assert_cmpint(st.st_size, <, 1100);
}

/* Bytes of every kind, many at once, as JSON: read back they are the same where they are text. */
static void test_log_json(void)
{
	static const struct { const char *in, *out; size_t len; } c[] = {
		{ "plain text of more than eight bytes", "plain text of more than eight bytes", 35 },
		{ "eight by\\tes", "eight by\\u005ctes", 12 },
		{ "1234567\x1f", "1234567\\u001f", 8 },
		{ "\x7f~", "\x7f~", 2 },
		{ "a\0b", "a\\u0000b", 3 },
		{ "\xe4\xb8\xad\xe6\x96\x87 x", "\xe4\xb8\xad\xe6\x96\x87 x", 8 },
		{ "\xe4\xb8", "\xef\xbf\xbd\xef\xbf\xbd", 2 },
		{ "\xe4\xb8x\xc3\xa4\xff", "\xef\xbf\xbd\xef\xbf\xbdx\xc3\xa4\xef\xbf\xbd", 6 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(c); i++) {
		g_autofree char *got = logged(LOGFILE_JSON, c[i].in, c[i].len);
		g_autofree char *want = g_strconcat("{\"log\":\"", c[i].out, "\",\"stream\"", NULL);

		g_assert_true(g_str_has_prefix(got, want));
	}
}

/* As a full disk: what could not be written is missing, and no entry is a part of one. */
static void test_log_full(void)
{
	g_autofree char *path = g_build_filename(top, "full", NULL);
	g_autofree char *text = NULL, *many = g_strnfill(100, '\n');
	static struct logfile l;
	struct rlimit old, few = { .rlim_cur = 1000 };
	struct err e = ERR_INIT;

	(void)signal(SIGXFSZ, SIG_IGN);
	g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &old), ==, 0);
	few.rlim_max = old.rlim_max;
	g_assert_cmpint(logfile_open(&l, AT_FDCWD, path, LOGFILE_K8S, &e), ==, 0);
	logfile_write(&l, 1, "first\n", 6, 1);
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &few), ==, 0);
	logfile_write(&l, 1, many, 100, 1);
	g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &old), ==, 0);
	logfile_write(&l, 1, "last\n", 5, 1);
	logfile_close(&l);
	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_assert_cmpstr(text, ==, "1970-01-01T00:00:00.000000001Z stdout F first\n1970-01-01T00:00:00.000000001Z stdout F last\n");
}

/* Lent room changes nothing but how much is written at once; a bound is kept within what comes at once, too. */
static void test_log_lent(void)
{
	g_autofree char *path = g_build_filename(top, "lent", NULL), *old = g_strconcat(path, ".1", NULL);
	g_autofree char *many = g_strnfill(10000, '\n'), *room = g_malloc(100000);
	static struct logfile l = { .max = 5000 };
	struct err e = ERR_INIT;
	struct stat st;

	g_assert_cmpint(logfile_open(&l, AT_FDCWD, path, LOGFILE_K8S, &e), ==, 0);
	logfile_lend(&l, room, 100000);
	logfile_write(&l, 1, many, 10000, 1);
	logfile_lend(&l, NULL, 0);
	logfile_write(&l, 1, "x\n", 2, 1);
	logfile_close(&l);
	g_assert_cmpint(stat(old, &st), ==, 0);
	g_assert_cmpint(st.st_size, >=, 5000);
	g_assert_cmpint(st.st_size, <, 5050);
	g_assert_cmpint(stat(path, &st), ==, 0);
	g_assert_cmpint(st.st_size, <, 5050);
}

/* "out:text;" for each line of standard output, "err:text+" for a part of one of standard error. */
static char *read_back(struct logread *r)
{
	GString *s = g_string_new("");
	struct logread_entry n;

	while (logread_next(r, &n)) {
		g_assert_cmpuint(n.time_len, ==, strlen("2026-11-24T00:06:15.000000004Z"));
		g_string_append(s, n.stream == 2 ? "err:" : "out:");
		g_string_append_len(s, n.text, (gssize)n.len);
		g_string_append_c(s, n.full ? ';' : '+');
	}
	return g_string_free(s, FALSE);
}

static void check_read(const char *path, enum logfile_format format, int64_t tail, const char *want)
{
	struct err e = ERR_INIT;
	struct logread r;
	g_autofree char *got = NULL;

	g_assert_cmpint(logread_open(&r, AT_FDCWD, path, format, tail, &e), ==, 0);
	got = read_back(&r);
	g_assert_cmpstr(got, ==, want);
	logread_close(&r);
}

static void test_log_reading(void)
{
	for (int f = LOGFILE_K8S; f <= LOGFILE_JSON; f++) {
		g_autofree char *text = logged(f, "a\n\nq\"\\ \t\xc3\xa9 c\nd", 14);
		g_autofree char *path = g_build_filename(top, "the-log", NULL);

		check_read(path, f, -1, "err:a;err:;err:q\"\\ \t\xc3\xa9 c;err:d+");
		check_read(path, f, 0, "");
		check_read(path, f, 1, "err:d+");
		check_read(path, f, 2, "err:q\"\\ \t\xc3\xa9 c;err:d+");
		check_read(path, f, 100, "err:a;err:;err:q\"\\ \t\xc3\xa9 c;err:d+");
	}
}

/* What is not an entry is passed over; surrogates are one character. */
static void test_log_foreign(void)
{
	g_autofree char *path = g_build_filename(top, "foreign", NULL);

	g_assert_true(g_file_set_contents(path, "nonsense\n\n2026-11-24T00:06:15.000000004Z stdxxx F a\n"
		"2026-11-24T00:06:15.000000004Z stdout F ok\n2026-11-24T00:06:15.000000004Z stdout", -1, NULL));
	check_read(path, LOGFILE_K8S, -1, "out:ok;");
	g_assert_true(g_file_set_contents(path, "{}\n{\"log\":\"\\ud83d\\ude00\\ud83d\\n\",\"stream\":\"stdout\","
		"\"time\":\"2026-11-24T00:06:15.000000004Z\"}\n{\"log\":\"\\u00\n", -1, NULL));
	check_read(path, LOGFILE_JSON, -1, "out:\xf0\x9f\x98\x80\xef\xbf\xbd;");
}

/* Through a rotation in the middle of reading, and the last lines out of several files. */
static void test_log_rotated_reading(void)
{
	static struct logfile l = { .max = 2000, .files = 4 };
	g_autofree char *path = g_build_filename(top, "rotated", NULL);
	struct logread_entry n;
	struct err e = ERR_INIT;
	struct logread r;
	int seen = 0;

	g_assert_cmpint(logfile_open(&l, AT_FDCWD, path, LOGFILE_K8S, &e), ==, 0);
	logfile_write(&l, 1, "0\n", 2, 1);
	g_assert_cmpint(logread_open(&r, AT_FDCWD, path, LOGFILE_K8S, -1, &e), ==, 0);
	for (int i = 1; i < 120; i++) {
		char text[16];

		logfile_write(&l, 1, text, (size_t)g_snprintf(text, sizeof text, "%d\n", i), 1);
		if (i % 37)
			continue;
		while (logread_next(&r, &n))
			g_assert_cmpint(atoi(n.text), ==, seen++);
		g_assert_cmpint(seen, ==, i + 1);
	}
	logread_close(&r);
	g_assert_cmpint(logread_open(&r, AT_FDCWD, path, LOGFILE_K8S, 100, &e), ==, 0);
	for (seen = 20; logread_next(&r, &n); seen++)
		g_assert_cmpint(atoi(n.text), ==, seen);
	g_assert_cmpint(seen, ==, 120);
	logread_close(&r);
	logfile_close(&l);
}

/* A reader beside a writer that goes from file to file as fast as it can: nothing is missed, nothing comes twice. */
static void test_log_chase(void)
{
	static struct logfile l = { .max = 2000, .files = 400 };
	g_autofree char *path = g_build_filename(top, "chased", NULL);
	const int lines = 8000;
	struct logread_entry n;
	struct err e = ERR_INIT;
	struct logread r;
	pid_t writer;
	int status;

	g_assert_cmpint(logfile_open(&l, AT_FDCWD, path, LOGFILE_K8S, &e), ==, 0);
	writer = fork();
	if (writer == 0) {
		char text[16];

		for (int i = 0; i < lines; i++)
			logfile_write(&l, 1, text, (size_t)g_snprintf(text, sizeof text, "%d\n", i), 1);
		_exit(0);
	}
	g_assert_cmpint(logread_open(&r, AT_FDCWD, path, LOGFILE_K8S, -1, &e), ==, 0);
	for (int seen = 0; seen < lines;) {
		if (logread_next(&r, &n))
			g_assert_cmpint(atoi(n.text), ==, seen++);
		else
			(void)sched_yield();
	}
	g_assert_cmpint(waitpid(writer, &status, 0), ==, writer);
	g_assert_cmpint(status, ==, 0);
	logread_close(&r);
	logfile_close(&l);
}

/* Its state is the program's to tell, and nothing else. */
static void test_notify(void)
{
	static const char *const c[][2] = {
		{ "READY=1", "READY=1" }, { "READY=1\n", "READY=1" }, { "MAINPID=1", "" }, { "", "" }, { "\n\n", "" },
		{ "MAINPID=1\nREADY=1\nFDSTORE=1\nSTATUS=a=b\nREADY", "READY=1\nSTATUS=a=b" },
		{ "READY=1MAINPID=2\nXREADY=1", "READY=1MAINPID=2" }, { "READY=", "" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(c); i++) {
		g_autofree char *text = g_strdup(c[i][0]);
		size_t len = notify_filter(text, strlen(text));

		g_assert_cmpstr(text, ==, c[i][1]);
		g_assert_cmpuint(len, ==, strlen(c[i][1]));
	}
}

static char *next_entry(int fd)
{
	char text[1000];
	ssize_t n = recv(fd, text, sizeof text - 1, MSG_DONTWAIT);

	return n < 0 ? NULL : g_strndup(text, (gsize)n);
}

/* An entry a line, in the journal's own protocol; a journal that is gone is no error. */
static void test_journal(void)
{
	g_autofree char *path = g_build_filename(top, "journal", NULL), *first = NULL, *second = NULL;
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	autofd listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct err e = ERR_INIT;
	struct journal j;

	g_assert_cmpint(journal_open(&j, path, "0123456789abcdef", "box", &e), ==, -ENOENT);
	g_assert_cmpuint(g_strlcpy(a.sun_path, path, sizeof a.sun_path), <, sizeof a.sun_path);
	g_assert_cmpint(bind(listener, (struct sockaddr *)&a, sizeof a), ==, 0);
	err_clear(&e);
	g_assert_cmpint(journal_open(&j, path, "0123456789abcdef", "box", &e), ==, 0);
	journal_write(&j, 1, "one\ntwo", 7);
	first = next_entry(listener);
	second = next_entry(listener);
	g_assert_cmpstr(first, ==, "CONTAINER_ID_FULL=0123456789abcdef\nCONTAINER_ID=0123456789ab\nCONTAINER_NAME=box\n"
			"SYSLOG_IDENTIFIER=box\nPRIORITY=6\nMESSAGE=one\n");
	g_assert_nonnull(second);
	g_assert_true(g_str_has_suffix(second, "PRIORITY=6\nMESSAGE=two\nCONTAINER_PARTIAL_MESSAGE=true\n"));
	journal_write(&j, 2, "\n", 1);
	g_free(first);
	first = next_entry(listener);
	g_assert_nonnull(first);
	g_assert_true(g_str_has_suffix(first, "PRIORITY=3\nMESSAGE=\n"));
	fd_close(&listener);
	journal_write(&j, 2, "lost\n", 5);
	journal_close(&j);
	journal_write(&j, 2, "lost\n", 5);
}

static void test_detach_keys(void)
{
	struct detach_keys d;
	struct err e = ERR_INIT;
	char out[64];
	size_t n;

	g_assert_cmpint(detach_keys_parse(NULL, &d, &e), ==, 0);
	g_assert_false(detach_keys_filter(&d, "a\020", 2, out, &n));
	g_assert_cmpmem(out, n, "a", 1);
	g_assert_false(detach_keys_filter(&d, "b", 1, out, &n));
	g_assert_cmpmem(out, n, "\020b", 2);
	g_assert_false(detach_keys_filter(&d, "\020", 1, out, &n));
	g_assert_true(detach_keys_filter(&d, "\021", 1, out, &n));
	g_assert_cmpint(detach_keys_parse("", &d, &e), ==, 0);
	g_assert_false(detach_keys_filter(&d, "\020\021", 2, out, &n));
	g_assert_cmpuint(n, ==, 2);
	g_assert_cmpint(detach_keys_parse("ctrl-", &d, &e), ==, -EINVAL);
}

int main(int argc, char **argv)
{
	int r;

	g_test_init(&argc, &argv, NULL);
	top = g_dir_make_tmp("coracle-test-XXXXXX", NULL);
	place = (struct container_place){ sub("containers"), sub("names"), sub("run"), "containers", "run", 0 };
	g_test_add_func("/container/record/round-trip", test_round_trip);
	g_test_add_func("/container/record/hostile", test_hostile_records);
	g_test_add_func("/container/find", test_find);
	g_test_add_func("/container/states", test_states);
	g_test_add_func("/container/log/formats", test_log_formats);
	g_test_add_func("/container/log/rotation", test_log_rotation);
	g_test_add_func("/container/log/json", test_log_json);
	g_test_add_func("/container/log/full", test_log_full);
	g_test_add_func("/container/log/lent", test_log_lent);
	g_test_add_func("/container/log/reading", test_log_reading);
	g_test_add_func("/container/log/foreign", test_log_foreign);
	g_test_add_func("/container/log/rotated-reading", test_log_rotated_reading);
	g_test_add_func("/container/log/chase", test_log_chase);
	g_test_add_func("/container/journal", test_journal);
	g_test_add_func("/container/notify", test_notify);
	g_test_add_func("/container/detach-keys", test_detach_keys);
	r = g_test_run();
	(void)path_remove_tree(AT_FDCWD, top);
	return r;
}
