/* test_run_parse.c - the parsers of run's options. */
#include <glib.h>
#include <glib/gstdio.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cmd/run_spec.h"

/* What a mount looks like, in one line. */
static char *show(const struct run_mount *m)
{
	g_autofree char *options = m->options ? g_strjoinv(",", m->options) : g_strdup("");

	return g_strdup_printf("%s %s>%s [%s]%s%s%s%s%s%s%s", run_mount_names[m->kind], m->source ? m->source : "-",
			       m->destination, options, m->ro ? " ro" : "", m->nocopy ? " nocopy" : "",
			       m->chown ? " U" : "", m->overlay ? " O" : "", m->nonrecursive ? " nonrec" : "",
			       m->propagation ? " " : "", m->propagation ? m->propagation : "");
}

typedef int parser(struct arena *a, const char *text, struct run_mount *ret, struct err *e);
struct mount_case { const char *text, *wanted; };      /* wanted NULL: an error */

static void check(parser *parse, const struct mount_case *cases, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct arena a = ARENA_INIT;
		struct err e = ERR_INIT;
		struct run_mount m;
		int r = parse(&a, cases[i].text, &m, &e);
		g_autofree char *got = r == 0 ? show(&m) : NULL;

		g_test_message("%s: %s", cases[i].text, e.msg);
		g_assert_cmpstr(got, ==, cases[i].wanted);
		g_assert_true(r == 0 || strstr(e.msg, cases[i].text) || !*cases[i].text);
		arena_free(&a);
	}
}

static void volumes(void)
{
	static const struct mount_case cases[] = {
		{ "/a:/b", "bind /a>/b []" }, { "./a:/b", "bind ./a>/b []" }, { "v:/b", "volume v>/b []" },
		{ "/b", "volume ->/b []" }, { "/a:/b/../c/:ro", "bind /a>/c [] ro" },
		{ "/a:/b:rw,z,Z", "bind /a>/b []" }, { "/a:/b:O", "bind /a>/b [] O" },
		{ "/a:/b:U,nocopy", "bind /a>/b [] nocopy U" }, { "/a:/b:noexec,nodev,suid", "bind /a>/b [noexec,nodev,suid]" },
		{ "/a:/b:rslave", "bind /a>/b [] rslave" }, { "/a:/b:bind", "bind /a>/b [] nonrec" },
		{ "/a\\:b:/c", "bind /a:b>/c []" }, { "/a:/b:", "bind /a>/b []" },
		{ "a", NULL }, { "", NULL }, { ":/b", NULL }, { "/a:b", NULL }, { "/a:/b:ro:x", NULL },
		{ "/a:/b:ro,rw", NULL }, { "/a:/b:what", NULL }, { "/a:/", NULL }, { "/a:/b/..", NULL },
		{ "/a:/b:exec,noexec", NULL }, { "/a:/b:shared,private", NULL }, { "/a:/b:O,ro", NULL },
	};

	check(run_volume_parse, cases, G_N_ELEMENTS(cases));
}

static void mounts(void)
{
	static const struct mount_case cases[] = {
		{ "type=bind,src=/a,dst=/b", "bind /a>/b []" },
		{ "type=bind,source=/a,target=/b,readonly", "bind /a>/b [] ro" },
		{ "src=v,dst=/b", "volume v>/b []" }, { "type=volume,destination=/b", "volume ->/b []" },
		{ "type=volume,src=v,dst=/b,ro=true,U=true", "volume v>/b [] ro U" },
		{ "type=bind,src=/a,dst=/b,ro=false,bind-propagation=rshared", "bind /a>/b [] rshared" },
		{ "type=bind,src=/a,dst=/b,bind-nonrecursive", "bind /a>/b [] nonrec" },
		{ "type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=700,notmpcopyup", "tmpfs ->/t [size=1m,mode=700] nocopy" },
		{ "type=ramfs,dst=/t", "ramfs ->/t []" }, { "type=image,src=i,dst=/i", "image i>/i [] ro" },
		{ "type=image,src=i,dst=/i,rw=true", "image i>/i []" },
		{ "type=devpts,dst=/dev/pts,mode=620,max=9", "devpts ->/dev/pts [mode=620,max=9]" },
		{ "type=bind,\"src=/a,b\",dst=/c", "bind /a,b>/c []" },
		{ "type=bind,dst=/b", NULL }, { "type=bind,src=/a", NULL }, { "type=zfs,dst=/b", NULL },
		{ "type=tmpfs,dst=/b,src=/a", NULL }, { "type=tmpfs,dst=/b,tmpfs-size=lots", NULL },
		{ "type=tmpfs,dst=/b,tmpfs-mode=9", NULL }, { "type=bind,src=/a,dst=b", NULL },
		{ "type=bind,src=/a,dst=/b,ro=maybe", NULL }, { "type=bind,src=/a,dst=/b,nonsense", NULL },
		{ "type=bind,src=/a,dst=/b,dst=/c", NULL }, { "type=bind,src=/a,dst=/b,ro,rw", NULL },
	};

	check(run_mount_parse, cases, G_N_ELEMENTS(cases));
}

static void tmpfs(void)
{
	static const struct mount_case cases[] = {
		{ "/t", "tmpfs ->/t []" }, { "/t:size=10m,mode=1777,noexec", "tmpfs ->/t [size=10m,mode=1777,noexec]" },
		{ "/t:ro,notmpcopyup", "tmpfs ->/t [] ro nocopy" },
		{ "t", NULL }, { "/t:bogus", NULL }, { "/t:size=", NULL }, { "", NULL },
	};

	check(run_tmpfs_parse, cases, G_N_ELEMENTS(cases));
}

static void ulimits(void)
{
	autorspec *s = rspec_new();
	struct err e = ERR_INIT;

	g_assert_cmpint(run_ulimit_parse(s, "nofile=10:20", &e), ==, 0);
	g_assert_cmpint(run_ulimit_parse(s, "core=-1", &e), ==, 0);
	g_assert_cmpint(run_ulimit_parse(s, "nofile=30", &e), ==, 0);
	g_assert_cmpuint(s->process.n_rlimits, ==, 2);
	g_assert_cmpstr(s->process.rlimits[0].type, ==, "RLIMIT_NOFILE");
	g_assert_true(s->process.rlimits[0].soft == 30 && s->process.rlimits[0].hard == 30);
	g_assert_true(s->process.rlimits[1].soft == RLIM_INFINITY);
	g_assert_cmpint(run_ulimit_parse(s, "nofile=20:10", &e), <, 0);
	g_assert_cmpint(run_ulimit_parse(s, "nosuch=1", &e), <, 0);
	g_assert_cmpint(run_ulimit_parse(s, "nofile", &e), <, 0);
	g_assert_cmpint(run_ulimit_parse(s, "nofile=x", &e), <, 0);
	g_assert_cmpint(run_ulimit_parse(s, "", &e), <, 0);
}

static void devices(void)
{
	struct arena a = ARENA_INIT;
	struct err e = ERR_INIT;
	struct run_device d;

	g_assert_cmpint(run_device_parse(&a, "/dev/fuse", &d, &e), ==, 0);
	g_assert_cmpstr(d.path, ==, "/dev/fuse");
	g_assert_cmpint(run_device_parse(&a, "/dev/a:/dev/b:rw", &d, &e), ==, 0);
	g_assert_true(!strcmp(d.host, "/dev/a") && !strcmp(d.path, "/dev/b") && !strcmp(d.perms, "rw"));
	g_assert_cmpint(run_device_parse(&a, "/dev/a:r", &d, &e), ==, 0);
	g_assert_true(!strcmp(d.path, "/dev/a") && !strcmp(d.perms, "r"));
	g_assert_cmpint(run_device_parse(&a, "/dev/a:/dev/b:x", &d, &e), <, 0);
	g_assert_cmpint(run_device_parse(&a, "", &d, &e), <, 0);
	g_assert_cmpint(run_device_parse(&a, "dev/a", &d, &e), <, 0);
	g_assert_cmpint(run_device_parse(&a, "a:b:c:d", &d, &e), <, 0);
	arena_free(&a);
}

static void caps(void)
{
	char *raw[] = { "NET_RAW", NULL }, *all[] = { "ALL", NULL }, *chown[] = { "cap_chown", NULL };
	char *bad[] = { "flying", NULL };
	uint64_t base = UINT64_C(1) << CAP_CHOWN, r;
	struct err e = ERR_INIT;

	g_assert_cmpint(run_caps_merge(base, raw, NULL, &r, &e), ==, 0);
	g_assert_cmpuint(r, ==, base | UINT64_C(1) << CAP_NET_RAW);
	g_assert_cmpint(run_caps_merge(base, NULL, chown, &r, &e), ==, 0);
	g_assert_cmpuint(r, ==, 0);
	g_assert_cmpint(run_caps_merge(base, raw, all, &r, &e), ==, 0);
	g_assert_cmpuint(r, ==, UINT64_C(1) << CAP_NET_RAW);
	g_assert_cmpint(run_caps_merge(base, all, chown, &r, &e), ==, 0);
	g_assert_true(r && !(r & base));
	g_assert_cmpint(run_caps_merge(base, all, all, &r, &e), <, 0);
	g_assert_cmpint(run_caps_merge(base, chown, chown, &r, &e), <, 0);
	g_assert_cmpint(run_caps_merge(base, bad, NULL, &r, &e), <, 0);
}

static void env(void)
{
	autorspec *s = rspec_new();
	struct err e = ERR_INIT;

	g_setenv("CORACLE_T1", "one", TRUE);
	g_setenv("CORACLE_T2", "two", TRUE);
	g_unsetenv("CORACLE_T3");
	g_assert_cmpint(run_env_option(s, "A=b=c", &e), ==, 0);
	g_assert_cmpstr(rspec_get_env(s, "A"), ==, "b=c");
	g_assert_cmpint(run_env_option(s, "CORACLE_T3", &e), ==, 0);
	g_assert_null(rspec_get_env(s, "CORACLE_T3"));
	g_assert_cmpint(run_env_option(s, "CORACLE_T*", &e), ==, 0);
	g_assert_cmpstr(rspec_get_env(s, "CORACLE_T2"), ==, "two");
	g_assert_cmpint(run_env_option(s, "=x", &e), <, 0);
	g_assert_cmpint(run_env_option(s, "", &e), <, 0);
	run_env_unset(s, "A");
	g_assert_null(rspec_get_env(s, "A"));
	run_env_unset(s, "CORACLE*");
	g_assert_null(rspec_get_env(s, "CORACLE_T1"));
}

static void env_file(void)
{
	g_autofree char *path = g_build_filename(g_get_tmp_dir(), "coracle-env-XXXXXX", NULL);
	int fd = g_mkstemp(path);
	autorspec *s = rspec_new();
	struct err e = ERR_INIT;

	g_assert_true(fd >= 0);
	g_assert_true(g_file_set_contents(path, "# comment\n\nA=1\n  B= two words \r\nC=\n", -1, NULL));
	g_assert_cmpint(run_env_file(s, path, &e), ==, 0);
	g_assert_cmpstr(rspec_get_env(s, "A"), ==, "1");
	g_assert_cmpstr(rspec_get_env(s, "B"), ==, " two words ");
	g_assert_cmpstr(rspec_get_env(s, "C"), ==, "");
	g_assert_true(g_file_set_contents(path, "A B=1\n", -1, NULL));
	g_assert_cmpint(run_env_file(s, path, &e), <, 0);
	g_assert_nonnull(strstr(e.msg, "line 1"));
	(void)g_unlink(path);
	g_close(fd, NULL);
}

static void words(void)
{
	struct arena a = ARENA_INIT;
	char **v = run_entrypoint(&a, "[\"a\",\"b c\"]");

	g_assert_true(v && !strcmp(v[1], "b c") && !v[2]);
	v = run_entrypoint(&a, "a b");
	g_assert_true(v && !strcmp(v[0], "a b") && !v[1]);
	g_assert_null(run_entrypoint(&a, ""));
	g_assert_cmpint(run_signal_number("TERM"), ==, 15);
	g_assert_cmpint(run_signal_number("sigkill"), ==, 9);
	g_assert_cmpint(run_signal_number("2"), ==, 2);
	g_assert_cmpint(run_signal_number("SIGRTMIN+3"), ==, SIGRTMIN + 3);
	g_assert_cmpint(run_signal_number("NOPE"), ==, -1);
	g_assert_cmpint(run_signal_number("0"), ==, -1);
	arena_free(&a);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/run/parse/volumes", volumes);
	g_test_add_func("/run/parse/mounts", mounts);
	g_test_add_func("/run/parse/tmpfs", tmpfs);
	g_test_add_func("/run/parse/ulimits", ulimits);
	g_test_add_func("/run/parse/devices", devices);
	g_test_add_func("/run/parse/caps", caps);
	g_test_add_func("/run/parse/env", env);
	g_test_add_func("/run/parse/env-file", env_file);
	g_test_add_func("/run/parse/words", words);
	return g_test_run();
}
