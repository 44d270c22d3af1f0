/* test_registries.c - TOML, and what registries.conf makes of names. */
#include <glib.h>
#include <string.h>

#include "net/registry/registries.h"
#include "net/registry/toml.h"

static void good(const char *text, const char *want)
{
	struct err e = ERR_INIT;
	json_t *doc = NULL;
	char *got;

	if (toml_parse(text, strlen(text), &doc, &e) < 0)
		g_error("%s: %s", text, e.msg);
	got = json_dumps(doc, JSON_COMPACT | JSON_SORT_KEYS);
	g_assert_cmpstr(got, ==, want);
	g_free(got);
	json_decref(doc);
}

static void wrong(const char *text)
{
	struct err e = ERR_INIT;
	json_t *doc = NULL;

	g_assert_cmpint(toml_parse(text, strlen(text), &doc, &e), <, 0);
	g_assert_true(strstr(e.msg, "line ") != NULL);
}

static void test_toml(void)
{
	good("", "{}");
	good("# only\n\r\n", "{}");
	good("a = 1 # x\n\"b c\" = 'd\\e'\nx.y.z=true", "{\"a\":1,\"b c\":\"d\\\\e\",\"x\":{\"y\":{\"z\":true}}}");
	good("a = [1, # one\n 'x',\n [ ],]\n", "{\"a\":[1,\"x\",[]]}");
	good("a = {b = 1, c.d = \"e\"}", "{\"a\":{\"b\":1,\"c\":{\"d\":\"e\"}}}");
	good("[[r]]\nn=1\n[[r.m]]\nx=1\n[[r.m]]\nx=2\n[[r]]\nn=2\n[r.t]\ny=3",
	     "{\"r\":[{\"m\":[{\"x\":1},{\"x\":2}],\"n\":1},{\"n\":2,\"t\":{\"y\":3}}]}");
	good("[a.b]\nx=1\n[a]\ny=2", "{\"a\":{\"b\":{\"x\":1},\"y\":2}}");
	good("s = \"\"\"\none \\\n   two\"\"\"\"\nt = '''a'b'''", "{\"s\":\"one two\\\"\",\"t\":\"a'b\"}");
	good("s = \"\\u00e9\\t\\\"\"", "{\"s\":\"\xc3\xa9\\t\\\"\"}");
	good("n = -1_000\nh = 0xff\no = 0o17\nb = 0b11\nf = 1.5e3", "{\"b\":3,\"f\":1500.0,\"h\":255,\"n\":-1000,\"o\":15}");
}

static void test_toml_wrong(void)
{
	static const char *const bads[] = {
		"a", "a =", "a = b", "= 1", "a = 1 2", "a = 1\na = 2", "[a]\n[a]", "a = 1\n[a]", "a = 1\na.b = 2", "a = [1", "a = [1 2]",
		"a = {b = 1", "a = {b = 1,}", "a = \"x", "a = 'x\n'", "a = \"\\q\"", "a = \"\\ud800\"", "a = \"\\u00\"", "[a", "[[a]", "[]",
		"a = [1]\n[[a]]", "a = {b = 1}\n[a]", "a = 2026-11-25", "a = inf", "a = \"\x01\"", "a = \"\xff\"",
		"a = 99999999999999999999", "\"\"\"a\"\"\" = 1",
	};
	g_autofree char *deep = g_strnfill(100000, '[');
	g_autofree char *deep_value = g_strconcat("a = ", deep, NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(bads); i++) {
		g_test_message("%s", bads[i]);
		wrong(bads[i]);
	}
	wrong(deep_value);
}

static struct registries *conf(const char *text)
{
	struct registries *c = registries_new();
	struct err e = ERR_INIT;

	if (registries_add(c, "test.conf", text, strlen(text), &e) < 0)
		g_error("%s", e.msg);
	return c;
}

/* "host/path" of all endpoints, with ! where insecure. */
static char *places(const struct registries *c, const char *name, bool push)
{
	g_autoptr(GString) out = g_string_new(NULL);
	g_autofree struct endpoint *at = NULL;
	struct err e = ERR_INIT;
	struct reference ref;
	size_t n = 0;

	g_assert_cmpint(reference_parse(name, &ref, &e), ==, 0);
	if (registries_endpoints(c, &ref, push, &at, &n, &e) < 0)
		return g_strdup(e.msg);
	for (size_t i = 0; i < n; i++) {
		g_autofree char *full = reference_name(&at[i].ref);

		g_string_append_printf(out, "%s%s%s", i ? " " : "", at[i].insecure ? "!" : "", full);
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}

static void check_places(const struct registries *c, const char *name, bool push, const char *want)
{
	g_autofree char *got = places(c, name, push);

	g_assert_cmpstr(got, ==, want);
}

static void test_endpoints(void)
{
	autoregistries *c = conf(
		"[[registry]]\nlocation='docker.io'\n[[registry.mirror]]\nlocation='m.example/hub'\ninsecure=true\n"
		"[[registry.mirror]]\nlocation='d.example'\npull-from-mirror='digest-only'\n"
		"[[registry]]\nprefix='a.example/old'\nlocation='b.example:5000/new'\n"
		"[[registry]]\nprefix='a.example'\ninsecure=true\n"
		"[[registry]]\nprefix='*.bad.example'\nblocked=true\n"
		"[[registry]]\nprefix='*.w.example'\nlocation='w.example'\n");

	check_places(c, "debian:12", false, "!m.example/hub/library/debian:12 docker.io/library/debian:12");
	check_places(c, "debian:12", true, "docker.io/library/debian:12");
	check_places(c, "a.example/old/x:1", false, "b.example:5000/new/x:1");
	check_places(c, "a.example/older/x:1", false, "!a.example/older/x:1");
	check_places(c, "a.example:80/x", false, "!a.example:80/x:latest");
	check_places(c, "a.example.org/x", false, "a.example.org/x:latest");
	check_places(c, "x.bad.example/x", false, "registry *.bad.example is blocked in test.conf");
	check_places(c, "bad.example/x", false, "bad.example/x:latest");
	check_places(c, "eu.w.example/t/x", false, "w.example/t/x:latest");
}

static void check_names(const struct registries *c, const char *name, const char *want)
{
	g_autoptr(GPtrArray) names = NULL;
	g_autofree char *got = NULL;
	struct err e = ERR_INIT;

	if (registries_names(c, name, &names, &e) < 0) {
		got = g_strdup("error");
	} else {
		g_ptr_array_add(names, NULL);
		got = g_strjoinv(" ", (char **)names->pdata);
	}
	g_assert_cmpstr(got, ==, want);
}

static void test_names(void)
{
	autoregistries *none = registries_new();
	autoregistries *one = conf("unqualified-search-registries=['q.example']\n[aliases]\nubi='r.example/ubi9'\n'a/b'='r.example/ab'\n");
	autoregistries *two = conf("unqualified-search-registries=['q.example','docker.io']\n");
	autoregistries *all = conf("unqualified-search-registries=['q.example','docker.io']\nshort-name-mode='permissive'\n");

	check_names(none, "debian", "debian");
	check_names(one, "debian:12", "q.example/debian:12");
	check_names(one, "ubi:1", "r.example/ubi9:1");
	check_names(one, "a/b@sha256:x", "r.example/ab@sha256:x");
	check_names(one, "x.example/ubi", "x.example/ubi");
	check_names(one, "docker://ubi", "docker://ubi");
	check_names(two, "debian", "error");
	check_names(all, "debian", "q.example/debian docker.io/debian");
}

static void test_conf_wrong(void)
{
	static const char *const bads[] = {
		"[registries.search]\nregistries=[]", "[[registry]]\nblocked=true", "registry=1\n[[registry]]", "registry=[1]",
		"[[registry]]\nprefix='a*b'", "[[registry]]\nprefix='*.a/b'", "[[registry]]\nlocation='https://a'",
		"[[registry]]\nlocation='a'\n[[registry.mirror]]\ninsecure=true", "short-name-mode='x'",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(bads); i++) {
		autoregistries *c = registries_new();
		struct err e = ERR_INIT;

		g_assert_cmpint(registries_add(c, "test.conf", bads[i], strlen(bads[i]), &e), <, 0);
		g_assert_nonnull(strstr(e.msg, "test.conf"));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/registries/toml", test_toml);
	g_test_add_func("/registries/toml-wrong", test_toml_wrong);
	g_test_add_func("/registries/endpoints", test_endpoints);
	g_test_add_func("/registries/names", test_names);
	g_test_add_func("/registries/conf-wrong", test_conf_wrong);
	return g_test_run();
}
