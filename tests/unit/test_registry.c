/* test_registry.c - what registries and credential files say, taken apart. */
#include <glib.h>
#include <string.h>

#include "net/registry/challenge.h"
#include "net/registry/credential.h"
#include "net/registry/header.h"

static const struct challenge *one(struct challenges *c, const char *value, bool good)
{
	challenges_clear(c);
	g_assert_cmpint(challenges_add(c, value, strlen(value)), ==, good);
	return challenges_choose(c);
}

static void test_challenge(void)
{
	struct challenges c = { 0 };
	const struct challenge *x;

	x = one(&c, "Bearer realm=\"https://auth.example/token\",service=\"reg\",scope=\"repository:a/b:pull,push\"", true);
	g_assert_nonnull(x);
	g_assert_cmpint(x->scheme, ==, CHALLENGE_BEARER);
	g_assert_cmpstr(x->realm, ==, "https://auth.example/token");
	g_assert_cmpstr(x->service, ==, "reg");
	g_assert_cmpstr(x->scope, ==, "repository:a/b:pull,push");
	/* Several in one header, in any case, with spaces; Bearer is preferred. */
	x = one(&c, "Negotiate, Basic realm=\"x\" , bearer  REALM = \"r\\\"q\" ,error=insufficient_scope", true);
	g_assert_cmpint(x->scheme, ==, CHALLENGE_BEARER);
	g_assert_cmpstr(x->realm, ==, "r\"q");
	g_assert_true(x->insufficient_scope);
	x = one(&c, "Negotiate YWJj==, Basic realm=plain", true);
	g_assert_cmpint(x->scheme, ==, CHALLENGE_BASIC);
	g_assert_cmpstr(x->realm, ==, "plain");
	g_assert_null(one(&c, "", true));
	g_assert_null(one(&c, "Bearer", true));
	g_assert_null(one(&c, "Bearer realm=\"unterminated", false));
	g_assert_null(one(&c, "Bearer realm=\"a\nb\"", false));
	g_assert_null(one(&c, "=", false));
	challenges_clear(&c);
}

static void test_link(void)
{
	static const char *const cases[][2] = {
		{ "</v2/x/tags/list?n=2&last=b>; rel=\"next\"", "/v2/x/tags/list?n=2&last=b" },
		{ "<a,b>; rel=prev, <c>;REL=next", "c" },
		{ "<a>; title=\"x\"; rel=next", "a" },
		{ "<a>", NULL }, { "<a>; rel=\"prev\"", NULL }, { "a; rel=next", NULL }, { "<a; rel=next", NULL }, { "", NULL }, { "<>,", NULL },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = link_next(cases[i][0]);

		g_assert_cmpstr(got, ==, cases[i][1]);
	}
}

static void test_range(void)
{
	struct content_range r;

	g_assert_true(content_range_parse("bytes 100-199/200", &r));
	g_assert_cmpint(r.first, ==, 100);
	g_assert_cmpint(r.last, ==, 199);
	g_assert_cmpint(r.total, ==, 200);
	g_assert_true(content_range_parse("Bytes 0-0/*", &r));
	g_assert_cmpint(r.total, ==, -1);
	g_assert_false(content_range_parse("bytes */200", &r));
	g_assert_false(content_range_parse("bytes 5-4/10", &r));
	g_assert_false(content_range_parse("bytes 5-10/10", &r));
	g_assert_false(content_range_parse("bytes 99999999999999999999-1/2", &r));
	g_assert_false(content_range_parse("octets 1-2/3", &r));
	g_assert_false(content_range_parse("", &r));
}

static void test_retry(void)
{
	g_assert_cmpint(retry_after_parse("120", 0), ==, 120);
	g_assert_cmpint(retry_after_parse(" 1 ", 0), ==, 1);
	g_assert_cmpint(retry_after_parse("Thu, 01 Jan 1970 00:01:40 GMT", 40), ==, 60);
	g_assert_cmpint(retry_after_parse("Thu, 01 Jan 1970 00:01:40 GMT", 4000), ==, 0);
	g_assert_cmpint(retry_after_parse("soon", 0), ==, -1);
	g_assert_cmpint(retry_wait_ms(1, -1, -1), ==, 1000);
	g_assert_cmpint(retry_wait_ms(3, -1, -1), ==, 4000);
	g_assert_cmpint(retry_wait_ms(100, -1, -1), ==, 30000);
	g_assert_cmpint(retry_wait_ms(1, 50, -1), ==, 50);
	g_assert_cmpint(retry_wait_ms(1, 50, 3), ==, 3000);
}

static int look(const char *text, const char *host, const char *path, struct auth_answer *a)
{
	struct err e = ERR_INIT;

	memset(a, 0, sizeof *a);
	return auth_json_lookup(text, strlen(text), host, path, a, &e);
}

static void test_auth_json(void)
{
	/* a:1, b:2, c:3 */
	static const char text[] = "{\"auths\":{\"h:5000\":{\"auth\":\"YTox\"},\"h:5000/ns\":{\"auth\":\"Yjoy\"},"
				   "\"https://index.docker.io/v1/\":{\"auth\":\"Yzoz\"},\"empty\":{},"
				   "\"tok\":{\"identitytoken\":\"it\"}},"
				   "\"credHelpers\":{\"helped\":\"pass\",\"evil\":\"../sh\"}}";
	struct auth_answer a;

	g_assert_cmpint(look(text, "h:5000", "x", &a), ==, 0);
	g_assert_cmpint(a.found, ==, AUTH_ENTRY);
	g_assert_cmpstr(a.entry.username, ==, "a");
	auth_answer_clear(&a);
	g_assert_cmpint(look(text, "h:5000", "ns/x", &a), ==, 0);
	g_assert_cmpstr(a.entry.username, ==, "b");
	g_assert_cmpstr(a.entry.password, ==, "2");
	auth_answer_clear(&a);
	g_assert_cmpint(look(text, "h:5000", "nsx/x", &a), ==, 0);
	g_assert_cmpstr(a.entry.username, ==, "a");
	auth_answer_clear(&a);
	g_assert_cmpint(look(text, "docker.io", "library/x", &a), ==, 0);
	g_assert_cmpstr(a.entry.username, ==, "c");
	auth_answer_clear(&a);
	g_assert_cmpint(look(text, "tok", "x", &a), ==, 0);
	g_assert_cmpstr(a.entry.identity_token, ==, "it");
	auth_answer_clear(&a);
	g_assert_cmpint(look(text, "helped", "x", &a), ==, 0);
	g_assert_cmpint(a.found, ==, AUTH_HELPER);
	g_assert_cmpstr(a.helper, ==, "pass");
	auth_answer_clear(&a);
	g_assert_cmpint(look(text, "evil", "x", &a), <, 0);
	g_assert_cmpint(look(text, "empty", "x", &a), ==, 0);
	g_assert_cmpint(a.found, ==, AUTH_NONE);
	g_assert_cmpint(look(text, "other", "x", &a), ==, 0);
	g_assert_cmpint(a.found, ==, AUTH_NONE);
	g_assert_cmpint(look("{\"credsStore\":\"s\"}", "docker.io", "library/x", &a), ==, 0);
	g_assert_cmpstr(a.helper_key, ==, "https://index.docker.io/v1/");
	auth_answer_clear(&a);
	g_assert_cmpint(look("[", "h", "x", &a), <, 0);
	g_assert_cmpint(look("[]", "h", "x", &a), <, 0);
	g_assert_cmpint(look("{\"auths\":{\"h\":{\"auth\":\"!!\"}}}", "h", "x", &a), <, 0);
	g_assert_cmpint(look("{\"auths\":{\"h\":[]}}", "h", "x", &a), <, 0);
	/* a line break in a name or password cannot become another header */
	g_assert_cmpint(look("{\"auths\":{\"h\":{\"auth\":\"YTpiDQpYOiB5\"}}}", "h", "x", &a), <, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/registry/challenge", test_challenge);
	g_test_add_func("/registry/content-range", test_range);
	g_test_add_func("/registry/content-link", test_link);
	g_test_add_func("/registry/retry", test_retry);
	g_test_add_func("/registry/auth-json", test_auth_json);
	return g_test_run();
}
