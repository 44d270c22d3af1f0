/* Image names: docker's grammar. */
#include <errno.h>
#include <glib.h>

#include "core/oci/reference.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_good(void)
{
	static const char *const cases[][2] = {
		{ "debian", "docker.io/library/debian:latest" },
		{ "docker://debian:12", "docker.io/library/debian:12" },
		{ "index.docker.io/debian", "docker.io/library/debian:latest" },
		{ "a/b", "docker.io/a/b:latest" },
		{ "localhost/x", "localhost/x:latest" },
		{ "localhost:5000/x/y:T_1.2-3", "localhost:5000/x/y:T_1.2-3" },
		{ "[::1]:5000/x", "[::1]:5000/x:latest" },
		{ "quay.io/a__b/c--d.e", "quay.io/a__b/c--d.e:latest" },
		{ "x@sha256:" HEX, "docker.io/library/x@sha256:" HEX },
		{ "x:1@sha256:" HEX, "docker.io/library/x@sha256:" HEX },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *name = NULL;
		struct err e = ERR_INIT;
		struct reference r;

		g_assert_cmpint(reference_parse(cases[i][0], &r, &e), ==, 0);
		name = reference_name(&r);
		g_assert_cmpstr(name, ==, cases[i][1]);
	}
}

static void test_bad(void)
{
	static const char *const cases[] = { "", "docker://", ":x", "a:", "a@", "A", "a/B", "a//b", "/a", "a/", "a__-b",
		"a___b", "-a", "a-", "a..b", "a:b/c:", "host:port/x", "ho_st.x/y", "x:.t", "x@sha256:12", "x@md5:" HEX,
		"x@sha256:" HEX "0", HEX, "a b", "a\n", "../a", "a.b/../c", "-x.y/z", "x.-y/z", "host.:80/x" };
	g_autofree char *tag = g_strnfill(129, 't'), *path = g_strnfill(256, 'p'), *huge = g_strnfill(5000, 'h');
	g_autofree char *long_tag = g_strconcat("a:", tag, NULL);
	const char *const longs[] = { long_tag, path, huge };
	struct reference r;

	for (size_t i = 0; i < G_N_ELEMENTS(cases) + G_N_ELEMENTS(longs); i++) {
		const char *s = i < G_N_ELEMENTS(cases) ? cases[i] : longs[i - G_N_ELEMENTS(cases)];
		struct err e = ERR_INIT;

		g_test_message("%s", s);
		g_assert_cmpint(reference_parse(s, &r, &e), ==, -EINVAL);
		g_assert_cmpint(e.msg[0], !=, 0);
	}
}

static void test_local(void)
{
	static const char *const cases[][2] = {
		{ "x", "localhost/x:latest" }, { "a/b:1", "localhost/a/b:1" }, { "quay.io/a", "quay.io/a:latest" },
		{ "docker://x", "docker.io/library/x:latest" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *name = NULL;
		struct err e = ERR_INIT;
		struct reference r;

		g_assert_cmpint(reference_parse_local(cases[i][0], &r, &e), ==, 0);
		name = reference_name(&r);
		g_assert_cmpstr(name, ==, cases[i][1]);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/reference/good", test_good);
	g_test_add_func("/reference/bad", test_bad);
	g_test_add_func("/reference/local", test_local);
	return g_test_run();
}
