/* oci_features.c - coracle oci features: what this runtime knows, features.md of the specification. */
#include <glib.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/oci_commands.h"
#include "core/oci/capability.h"
#include "core/runtime/mount_options.h"

static const struct opt no_options[] = { OPT_END };

static json_t *list(const char *const *words)
{
	json_t *a = json_array();

	for (; *words; words++)
		json_array_append_new(a, json_string(*words));
	return a;
}

static json_t *capabilities(void)
{
	json_t *a = json_array();

	for (int i = 0; capability_name(i); i++)
		json_array_append_new(a, json_string(capability_name(i)));
	return a;
}

static json_t *seccomp(void)
{
	static const char *const actions[] = { "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL",
		"SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY", "SCMP_ACT_TRACE",
		"SCMP_ACT_TRAP", NULL };
	static const char *const operators[] = { "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ",
		"SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ", NULL };
	static const char *const archs[] = { "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM", "SCMP_ARCH_MIPS", "SCMP_ARCH_MIPS64",
		"SCMP_ARCH_MIPS64N32", "SCMP_ARCH_MIPSEL", "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",
		"SCMP_ARCH_PPC64", "SCMP_ARCH_PPC64LE", "SCMP_ARCH_RISCV64", "SCMP_ARCH_S390", "SCMP_ARCH_S390X",
		"SCMP_ARCH_X32", "SCMP_ARCH_X86", "SCMP_ARCH_X86_64", NULL };
	static const char *const flags[] = { "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
		"SECCOMP_FILTER_FLAG_TSYNC", NULL };

	return json_pack("{s:b, s:o, s:o, s:o, s:o, s:o}", "enabled", 1, "actions", list(actions), "operators",
			 list(operators), "archs", list(archs), "knownFlags", list(flags), "supportedFlags", list(flags));
}

static json_t *linux_features(void)
{
	static const char *const namespaces[] = { "cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts", NULL };
	json_t *o = json_object();

	json_object_set_new(o, "namespaces", list(namespaces));
	json_object_set_new(o, "capabilities", capabilities());
	json_object_set_new(o, "cgroup", json_pack("{s:b, s:b, s:b, s:b, s:b}", "v1", 1, "v2", 1, "systemd", 1,
						   "systemdUser", 1, "rdma", 1));
	json_object_set_new(o, "seccomp", seccomp());
	json_object_set_new(o, "apparmor", json_pack("{s:b}", "enabled", 1));
	json_object_set_new(o, "selinux", json_pack("{s:b}", "enabled", 1));
	json_object_set_new(o, "intelRdt", json_pack("{s:b}", "enabled", 0));
	json_object_set_new(o, "mountExtensions", json_pack("{s:{s:b}}", "idmap", "enabled", 1));
	return o;
}

static int run_features(struct context *ctx, void *values, int argc, char **argv)
{
	static const char *const hooks[] = { "prestart", "createRuntime", "createContainer", "startContainer", "poststart",
		"poststop", NULL };
	g_auto(GStrv) words = mount_options_known();
	json_t *o = json_object();
	char *text;

	(void)ctx;
	(void)values;
	(void)argc;
	(void)argv;
	json_object_set_new(o, "ociVersionMin", json_string("1.0.0"));
	json_object_set_new(o, "ociVersionMax", json_string("1.2.0"));
	json_object_set_new(o, "hooks", list(hooks));
	json_object_set_new(o, "mountOptions", list((const char *const *)words));
	json_object_set_new(o, "linux", linux_features());
	json_object_set_new(o, "annotations", json_pack("{s:s}", "io.coracle.version", PACKAGE_VERSION));
	text = json_dumps(o, JSON_INDENT(4));
	json_decref(o);
	puts(text);
	free(text);
	return 0;
}

const struct command command_oci_features = {
	.name = "oci features", .summary = "Print what this runtime can do, as JSON", .usage = "",
	.opts = no_options, .run = run_features, .min_args = 0, .max_args = 0,
};
