/* Manifests, indexes and configs, good and hostile. */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "core/oci/image_spec.h"

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define BLOB "{\"mediaType\":\"m\",\"digest\":\"" DIGEST "\",\"size\":1}"

static void test_bad_manifests(void)
{
	static const char *const cases[][2] = {
		{ "", "not JSON" },
		{ "[]", "an array where an object belongs" },
		{ "{\"schemaVersion\":1}", "schemaVersion: 1" },
		{ "{\"schemaVersion\":\"2\"}", "schemaVersion: not 2" },
		{ "{\"schemaVersion\":2}", "config: nothing" },
		{ "{\"schemaVersion\":2,\"config\":" BLOB "}", "layers: missing" },
		{ "{\"schemaVersion\":2,\"config\":" BLOB ",\"layers\":[3]}", "layers[0]: a number" },
		{ "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"m\",\"digest\":\"sha256:../..\",\"size\":1}}",
		  "config.digest" },
		{ "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"m\",\"digest\":\"" DIGEST "\",\"size\":-1}}",
		  "config.size: -1" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct err e = ERR_INIT;
		struct manifest m;

		g_assert_cmpint(manifest_parse(cases[i][0], strlen(cases[i][0]), &m, &e), ==, -EINVAL);
		g_test_message("%s", e.msg);
		g_assert_nonnull(strstr(e.msg, cases[i][1]));
	}
}

static void test_config(void)
{
	static const char text[] = "{\"os\":\"linux\",\"config\":{\"Env\":null,\"Labels\":{\"b\":\"2\",\"a\":null},"
		"\"Volumes\":{\"/v\":{}}},\"rootfs\":{\"diff_ids\":[\"" DIGEST "\"]}}";
	static const char bad[] = "{\"config\":{\"Cmd\":[\"a\",1]},\"rootfs\":{}}";
	struct image_config c;
	struct err e = ERR_INIT;

	g_assert_cmpint(image_config_parse(text, strlen(text), &c, &e), ==, 0);
	g_assert_null(c.env);
	g_assert_cmpstr(c.labels[0], ==, "a=");
	g_assert_cmpstr(c.labels[1], ==, "b=2");
	g_assert_cmpstr(c.volumes[0], ==, "/v");
	g_assert_cmpuint(c.n_diff_ids, ==, 1);
	arena_free(&c.arena);
	g_assert_cmpint(image_config_parse(bad, strlen(bad), &c, &e), ==, -EINVAL);
	g_assert_nonnull(strstr(e.msg, "config.Cmd: entry 1 is a number"));
}

static void test_choose(void)
{
	static const char text[] = "{\"schemaVersion\":2,\"manifests\":["
		"{\"mediaType\":\"a\",\"digest\":\"" DIGEST "\",\"size\":6,\"platform\":{\"os\":\"linux\","
		"\"architecture\":\"arm\",\"variant\":\"v6\"}},"
		"{\"mediaType\":\"a\",\"digest\":\"" DIGEST "\",\"size\":5,\"platform\":{\"os\":\"linux\","
		"\"architecture\":\"arm\",\"variant\":\"v5\"}},"
		"{\"mediaType\":\"a\",\"digest\":\"" DIGEST "\",\"size\":64,\"platform\":{\"os\":\"linux\","
		"\"architecture\":\"arm64\",\"variant\":\"v8\"}}]}";
	struct arena a = ARENA_INIT;
	struct image_index idx;
	struct platform p;
	struct err e = ERR_INIT;

	g_assert_cmpint(image_index_parse(text, strlen(text), &idx, &e), ==, 0);
	g_assert_true(platform_parse(&a, "linux/arm/v7", &p));
	g_assert_cmpint(image_index_choose(&idx, &p)->size, ==, 6);
	g_assert_true(platform_parse(&a, "aarch64", &p));
	g_assert_cmpint(image_index_choose(&idx, &p)->size, ==, 64);
	g_assert_true(platform_parse(&a, "linux/s390x", &p));
	g_assert_null(image_index_choose(&idx, &p));
	g_assert_false(platform_parse(&a, "linux//x", &p));
	arena_free(&a);
	arena_free(&idx.arena);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/image_spec/bad-manifests", test_bad_manifests);
	g_test_add_func("/image_spec/config", test_config);
	g_test_add_func("/image_spec/choose", test_choose);
	return g_test_run();
}
