/* config.json read and written. */
#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "core/oci/capability.h"
#include "core/oci/dump.h"
#include "core/oci/runtime_spec.h"

static const char full[] =
	"{\"ociVersion\":\"1.1.0\",\"unknown\":{\"x\":1},\"root\":{\"path\":\"rootfs\",\"readonly\":true},"
	"\"hostname\":\"box\",\"process\":{\"terminal\":true,\"consoleSize\":{\"height\":24,\"width\":80},"
	"\"user\":{\"uid\":7,\"gid\":8,\"umask\":18,\"additionalGids\":[1,2]},\"args\":[\"a\",\"b\"],"
	"\"env\":[\"A=1\",\"B=2\"],\"cwd\":\"/w\",\"noNewPrivileges\":true,\"oomScoreAdj\":-5,"
	"\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"CAP_FUTURE\",\"CAP_NET_RAW\"]},"
	"\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":18446744073709551615,\"soft\":1024}]},"
	"\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\",\"options\":[\"ro\"],"
	"\"uidMappings\":[{\"containerID\":0,\"hostID\":6,\"size\":1}],\"gidMappings\":[{\"containerID\":0,\"hostID\":7,\"size\":1}]}],"
	"\"annotations\":{\"k\":\"v\"},\"hooks\":{\"poststop\":[{\"path\":\"/bin/h\",\"timeout\":3}]},"
	"\"linux\":{\"namespaces\":[{\"type\":\"user\"},{\"type\":\"mount\"},{\"type\":\"network\",\"path\":\"/n\"}],"
	"\"uidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}],"
	"\"devices\":[{\"path\":\"/dev/x\",\"type\":\"u\",\"major\":1,\"minor\":3,\"fileMode\":438}],"
	"\"resources\":{\"memory\":{\"limit\":1048576},\"cpu\":{\"shares\":2,\"quota\":-1},\"pids\":{\"limit\":5},"
	"\"unified\":{\"memory.high\":\"max\"}},\"timeOffsets\":{\"boottime\":{\"secs\":-3,\"nanosecs\":4}},"
	"\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\"},\"sysctl\":{\"net.x\":\"1\"},\"maskedPaths\":[\"/m\"],"
	"\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"}}}";

static void check_full(const struct rspec *s)
{
	g_assert_cmpstr(s->root_path, ==, "rootfs");
	g_assert_true(s->root_readonly);
	g_assert_true(s->process.terminal);
	g_assert_cmpint(s->process.console_cols, ==, 80);
	g_assert_cmpint(s->process.user.uid, ==, 7);
	g_assert_cmpint(s->process.user.umask, ==, 022);
	g_assert_cmpint(s->process.user.n_additional_gids, ==, 2);
	g_assert_cmpint(s->process.user.additional_gids[1], ==, 2);
	g_assert_cmpstr(s->process.args[1], ==, "b");
	g_assert_null(s->process.args[2]);
	g_assert_cmpint(s->process.oom_score_adj, ==, -5);
	g_assert_cmpuint(s->process.capabilities[CAP_SET_BOUNDING], ==, 1u << 0 | 1u << 13);
	g_assert_cmpuint(s->process.rlimits[0].hard, ==, UINT64_MAX);
	g_assert_cmpuint(s->process.rlimits[0].soft, ==, 1024);
	g_assert_cmpstr(s->mounts[0].options[0], ==, "ro");
	g_assert_cmpstr(s->annotations[0].value, ==, "v");
	g_assert_cmpint(s->hooks[HOOK_POSTSTOP][0].timeout, ==, 3);
	g_assert_true(s->namespaces[RSPEC_NS_USER].listed);
	g_assert_false(s->namespaces[RSPEC_NS_PID].listed);
	g_assert_cmpstr(s->namespaces[RSPEC_NS_NETWORK].path, ==, "/n");
	g_assert_cmpint(s->uid_mappings[0].host_id, ==, 1000);
	g_assert_cmpint(s->devices[0].type, ==, 'c');
	g_assert_cmpint(s->devices[0].mode, ==, 0666);
	g_assert_cmpint(s->resources.memory_limit, ==, 1048576);
	g_assert_cmpint(s->resources.cpu_quota, ==, -1);
	g_assert_cmpstr(s->resources.unified[0].key, ==, "memory.high");
	g_assert_cmpstr(s->sysctl[0].key, ==, "net.x");
	g_assert_cmpint(s->time_offsets[RSPEC_CLOCK_BOOTTIME].secs, ==, -3);
	g_assert_cmpint(s->time_offsets[RSPEC_CLOCK_BOOTTIME].nanosecs, ==, 4);
	g_assert_cmpstr(s->memory_policy.mode, ==, "MPOL_BIND");
	g_assert_cmpint(s->mounts[0].gid_mappings[0].host_id, ==, 7);
	g_assert_cmpstr(s->masked_paths[0], ==, "/m");
	g_assert_cmpint(s->seccomp, ==, SECCOMP_DOCUMENT);
}

static void test_round_trip(void)
{
	struct err e = ERR_INIT;
	autorspec *a = NULL, *b = NULL;
	g_autofree char *text = NULL, *again = NULL;

	g_assert_cmpint(rspec_parse(full, strlen(full), &a, &e), ==, 0);
	check_full(a);
	text = rspec_to_text(a);
	g_assert_nonnull(strstr(text, "\"hard\":18446744073709551615"));
	g_assert_cmpint(rspec_parse(text, strlen(text), &b, &e), ==, 0);
	check_full(b);
	again = rspec_to_text(b);
	g_assert_cmpstr(text, ==, again);
}

static void test_document(void)
{
	struct err e = ERR_INIT;
	autorspec *a = rspec_new(), *b = NULL;
	json_t *doc;

	a->seccomp = SECCOMP_DEFAULT;
	rspec_add_kv(a, &a->annotations, &a->n_annotations, "x", "y");
	doc = rspec_to_json(a);
	g_assert_cmpint(rspec_from_json(doc, &b, &e), ==, 0);
	json_decref(doc);
	g_assert_cmpint(b->seccomp, ==, SECCOMP_DEFAULT);
	g_assert_cmpint(b->n_annotations, ==, 1);
}

static void test_mistakes(void)
{
	static const struct { const char *text, *message; } cases[] = {
		{ "{\"process\":{\"user\":{\"uid\":\"x\"}}}", "process.user.uid: not a number: \"x\"" },
		{ "{\"process\":{\"user\":{\"uid\":-1}}}", "process.user.uid: not a number from 0 to 4294967294: -1" },
		{ "{\"mounts\":[{}]}", "mounts[0].destination: is missing" },
		{ "{\"mounts\":[7]}", "mounts[0]: not an object: 7" },
		{ "{\"process\":{\"args\":[1]}}", "process.args: not an array of strings: 1" },
		{ "{\"linux\":{\"namespaces\":[{\"type\":\"x\"}]}}", "linux.namespaces[0].type: is not a kind of namespace: \"x\"" },
		{ "{\"linux\":{\"devices\":[{\"path\":\"dev\",\"type\":\"c\"}]}}",
		  "linux.devices[0].path: is not an absolute path: \"dev\"" },
		{ "{\"root\":[]}", "root: not an object: []" },
		{ "{\"process\":{\"terminal\":1}}", "process.terminal: not true or false: 1" },
		{ "[]", "config.json: not an object" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct err e = ERR_INIT;
		autorspec *s = NULL;

		g_assert_cmpint(rspec_parse(cases[i].text, strlen(cases[i].text), &s, &e), ==, -EINVAL);
		g_assert_cmpstr(e.msg, ==, cases[i].message);
	}
}

static void test_builders(void)
{
	autorspec *s = rspec_new();
	const char *const env[] = { "A=1", "AB=2", "C=3", "D=4", "E=5", NULL };

	s->process.env = arena_strv_dup(&s->arena, env);
	rspec_add_env(s, "A=9");
	for (int i = 0; i < 40; i++) {
		g_autofree char *kv = g_strdup_printf("V%d=%d", i, i);

		rspec_add_env(s, kv);
		rspec_add_mount(s, kv, "tmpfs", NULL, NULL);
	}
	g_assert_cmpstr(rspec_get_env(s, "A"), ==, "9");
	g_assert_cmpstr(rspec_get_env(s, "AB"), ==, "2");
	g_assert_cmpstr(rspec_get_env(s, "V39"), ==, "39");
	g_assert_null(rspec_get_env(s, "V"));
	g_assert_cmpint(g_strv_length(s->process.env), ==, 45);
	g_assert_cmpstr(s->mounts[0].destination, ==, "V0=0");
	g_assert_cmpint(s->n_mounts, ==, 40);
}

static void test_capabilities(void)
{
	g_assert_cmpint(capability_number("CAP_SYS_ADMIN"), ==, 21);
	g_assert_cmpint(capability_number("sys_admin"), ==, 21);
	g_assert_cmpint(capability_number("cap_bpf"), ==, 39);
	g_assert_cmpint(capability_number("ALL"), ==, -1);
	g_assert_cmpint(capability_number(""), ==, -1);
	g_assert_null(capability_name(41));
	g_assert_null(capability_name(-1));
	for (int i = 0; capability_name(i); i++)
		g_assert_cmpint(capability_number(capability_name(i)), ==, i);
	g_assert_cmpuint(capability_all(), ==, (1ULL << 41) - 1);
}

/* Every kind of value, and every character that has an escape, as jansson writes them. */
static void test_compact(void)
{
	json_t *o = json_pack("{s:{}, s:[], s:[i,I,f,b,b,n], s:{s:s}}", "empty", "none", "mixed", -1,
			      (json_int_t)INT64_MIN, 1.5, 1, 0, "in", "\"key\\", "\303\251 / \177");
	char all[40], *theirs, *ours;

	for (int i = 0; i < 39; i++)
		all[i] = (char)(i + 1);
	all[39] = '\0';
	json_object_set_new(o, "all", json_string(all));
	theirs = json_dumps(o, JSON_COMPACT);
	ours = json_compact(o);
	g_assert_cmpstr(ours, ==, theirs);
	free(theirs);
	free(ours);
	json_decref(o);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/runtime_spec/round_trip", test_round_trip);
	g_test_add_func("/runtime_spec/document", test_document);
	g_test_add_func("/runtime_spec/mistakes", test_mistakes);
	g_test_add_func("/runtime_spec/builders", test_builders);
	g_test_add_func("/runtime_spec/capabilities", test_capabilities);
	g_test_add_func("/runtime_spec/compact", test_compact);
	return g_test_run();
}
