/* oci_spec.c - coracle oci spec: a config.json to begin with. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/oci.h"
#include "cmd/oci_commands.h"
#include "core/base/file.h"
#include "core/base/path.h"
#include "core/oci/runtime_spec.h"

struct spec_options { bool rootless; char *bundle; };

#define AT(member) offsetof(struct spec_options, member)
#define CAPS ((1ULL << 29) | (1ULL << 5) | (1ULL << 10))        /* AUDIT_WRITE, KILL, NET_BIND_SERVICE */
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const struct opt options[] = {
	{ "bundle", 'b', OPT_STRING, AT(bundle), "dir", "Directory of the new config.json", NULL, COMPLETE_FILE, 0, NULL },
	{ "rootless", 0, OPT_FLAG, AT(rootless), NULL, "For an ordinary user: with a user namespace", NULL,
	  COMPLETE_NONE, 0, NULL },
	OPT_END
};

static void add_mounts(struct rspec *s, bool rootless)
{
	rspec_add_mount(s, "/proc", "proc", "proc", NULL);
	rspec_add_mount(s, "/dev", "tmpfs", "tmpfs", WORDS("nosuid", "strictatime", "mode=755", "size=65536k"));
	if (rootless)
		rspec_add_mount(s, "/dev/pts", "devpts", "devpts",
				WORDS("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"));
	else
		rspec_add_mount(s, "/dev/pts", "devpts", "devpts",
				WORDS("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"));
	rspec_add_mount(s, "/dev/shm", "tmpfs", "shm", WORDS("nosuid", "noexec", "nodev", "mode=1777", "size=65536k"));
	rspec_add_mount(s, "/dev/mqueue", "mqueue", "mqueue", WORDS("nosuid", "noexec", "nodev"));
	if (rootless)
		rspec_add_mount(s, "/sys", "none", "/sys", WORDS("rbind", "nosuid", "noexec", "nodev", "ro"));
	else
		rspec_add_mount(s, "/sys", "sysfs", "sysfs", WORDS("nosuid", "noexec", "nodev", "ro"));
	rspec_add_mount(s, "/sys/fs/cgroup", "cgroup", "cgroup", WORDS("nosuid", "noexec", "nodev", "relatime", "ro"));
}

static struct rspec_id_mapping *one_id(struct rspec *s, uint32_t host)
{
	struct rspec_id_mapping *m = arena_alloc(&s->arena, sizeof *m);

	*m = (struct rspec_id_mapping){ 0, host, 1 };
	return m;
}

static struct rspec *make_spec(bool rootless)
{
	static const enum rspec_ns kinds[] = { RSPEC_NS_PID, RSPEC_NS_NETWORK, RSPEC_NS_IPC, RSPEC_NS_UTS, RSPEC_NS_MOUNT,
		RSPEC_NS_CGROUP };
	struct rspec *s = rspec_new();

	s->oci_version = arena_strdup(&s->arena, "1.0.2");
	s->process.terminal = true;
	s->process.args = arena_strv_dup(&s->arena, WORDS("sh"));
	s->process.env = arena_strv_dup(&s->arena,
					WORDS("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
					      "TERM=xterm"));
	s->process.cwd = arena_strdup(&s->arena, "/");
	s->process.has_capabilities = true;
	for (int i = 0; i < CAP_SET_COUNT; i++)
		s->process.capabilities[i] = i == CAP_SET_INHERITABLE || i == CAP_SET_AMBIENT ? 0 : CAPS;
	s->process.no_new_privileges = true;
	s->root_path = arena_strdup(&s->arena, "rootfs");
	s->root_readonly = true;
	s->hostname = arena_strdup(&s->arena, PACKAGE);
	add_mounts(s, rootless);
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
		s->namespaces[kinds[i]].listed = true;
	if (rootless) {
		s->namespaces[RSPEC_NS_USER].listed = true;
		s->namespaces[RSPEC_NS_NETWORK].listed = false;
		s->uid_mappings = one_id(s, geteuid());
		s->gid_mappings = one_id(s, getegid());
		s->n_uid_mappings = s->n_gid_mappings = 1;
	}
	s->masked_paths = arena_strv_dup(&s->arena, WORDS("/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys",
		"/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware",
		"/proc/scsi"));
	s->readonly_paths = arena_strv_dup(&s->arena, WORDS("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
		"/proc/sysrq-trigger"));
	return s;
}

static int run_spec(struct context *ctx, void *values, int argc, char **argv)
{
	const struct spec_options *o = values;
	struct err e = ERR_INIT;
	autorspec *s = make_spec(o->rootless);
	char *text;
	json_t *doc;
	int r;

	(void)ctx;
	(void)argc;
	(void)argv;
	if (o->bundle && chdir(o->bundle) < 0) {
		err_set(&e, errno, "bundle %s", o->bundle);
		return oci_fail(&e);
	}
	if (path_exists_at(AT_FDCWD, "config.json")) {
		err_msg(&e, EEXIST, "config.json exists already; remove it first");
		return oci_fail(&e);
	}
	doc = rspec_to_json(s);
	text = json_dumps(doc, JSON_INDENT(4));
	json_decref(doc);
	r = file_replace(AT_FDCWD, "config.json", text, strlen(text), 0644, false, &e);
	free(text);
	return r < 0 ? oci_fail(&e) : 0;
}

const struct command command_oci_spec = {
	.name = "oci spec", .summary = "Write a config.json to begin with", .usage = "[options]",
	.opts = options, .values_size = sizeof(struct spec_options), .run = run_spec, .min_args = 0, .max_args = 0,
};
