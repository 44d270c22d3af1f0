/* launch_runtime.c - see launch_runtime.h. */
#include "cmd/launch_runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/runtime/mounts.h"
#include "core/runtime/rights.h"
#include "core/runtime/seccomp.h"

#define INIT_INSIDE "/run/coracle-init"
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* All capabilities of this kernel that the caller may give. */
static uint64_t all_capabilities(void)
{
	uint64_t caps = 0;

	for (int i = 0; i < 64; i++)
		if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1)
			caps |= 1ULL << i;
	return caps;
}

static char *bundle_path(const struct launch_ctx *x)
{
	return g_strdup_printf("%s/containers/%s/bundle", x->job->c->store->root, x->job->record->id);
}

static int check(const struct launch_ctx *x, struct err *e)
{
	const struct rspec *s = x->job->spec;

	for (unsigned ns = 0; ns < RSPEC_NS_COUNT; ns++)
		if (s->namespaces[ns].path)
			return err_msg(e, EINVAL, "--runtime %s: only the built-in runtime can join the namespaces of another "
				       "container", x->job->extras->runtime);
	if (!s->namespaces[RSPEC_NS_PID].listed)
		return err_msg(e, EINVAL, "--runtime %s: only the built-in runtime can share the host's pid namespace",
			       x->job->extras->runtime);
	return 0;
}

static int make_bundle(const struct launch_ctx *x, struct err *e)
{
	static const char *const dirs[] = { "bundle", "bundle/rootfs", "bundle/state" };

	for (size_t i = 0; i < G_N_ELEMENTS(dirs); i++)
		if (mkdirat(x->job->container_fd, dirs[i], 0755) < 0 && errno != EEXIST)
			return err_set(e, errno, "%s", dirs[i]);
	return 0;
}

/* crun wants to be told that there is nothing to be done about control groups, which are made already. */
static bool knows_cgroup_manager(const char *runtime)
{
	g_autofree char *name = g_path_get_basename(runtime);

	return g_str_has_prefix(name, "crun") || g_str_has_prefix(name, PACKAGE);
}

static void add_words(struct rspec *s, const struct launch_ctx *x, const char *bundle, unsigned preserve)
{
	const char *runtime = x->job->extras->runtime;
	struct arena *a = &s->arena;
	char **w = NULL;

	arena_strv_push(a, &w, arena_strdup(a, runtime));
	if (knows_cgroup_manager(runtime))
		arena_strv_push(a, &w, arena_strdup(a, "--cgroup-manager=disabled"));
	arena_strv_push(a, &w, arena_strdup(a, "--root"));
	arena_strv_push(a, &w, arena_printf(a, "%s/state", bundle));
	arena_strv_push(a, &w, arena_strdup(a, "run"));
	if (preserve)
		arena_strv_push(a, &w, arena_printf(a, "--preserve-fds=%u", preserve));
	arena_strv_push(a, &w, arena_strdup(a, "--bundle"));
	arena_strv_push(a, &w, arena_strdup(a, bundle));
	arena_strv_push(a, &w, arena_strdup(a, x->job->record->id));
	s->process.args = w;
}

int launch_runtime_plan(struct launch_ctx *x, unsigned preserve, struct rspec **ret, struct err *e)
{
	static const enum rspec_ns ours[] = { RSPEC_NS_USER, RSPEC_NS_PID, RSPEC_NS_NETWORK };
	const struct rspec *inner = x->job->spec;
	g_autofree char *bundle = bundle_path(x);
	uint64_t caps = all_capabilities();
	struct rspec *s;

	if (check(x, e) < 0 || make_bundle(x, e) < 0)
		return -e->code;
	s = rspec_new();
	for (size_t i = 0; i < G_N_ELEMENTS(ours); i++)
		s->namespaces[ours[i]] = inner->namespaces[ours[i]];
	s->namespaces[RSPEC_NS_MOUNT].listed = true;
	add_words(s, x, bundle, preserve);
	s->process.terminal = inner->process.terminal;
	s->process.console_rows = inner->process.console_rows;
	s->process.console_cols = inner->process.console_cols;
	s->process.cwd = arena_strdup(&s->arena, bundle);
	s->process.env = arena_strv_dup(&s->arena, (const char *const *)environ);
	s->process.has_capabilities = true;
	for (int set = 0; set < CAP_SET_COUNT; set++)
		s->process.capabilities[set] = set == CAP_SET_INHERITABLE || set == CAP_SET_AMBIENT ? 0 : caps;
	/* A bind: the host's devices, of which none is made. */
	rspec_add_mount(s, "/dev", "bind", "/dev", WORDS("rbind"));
	if (s->process.terminal)
		rspec_add_mount(s, "/dev/pts", "devpts", "devpts",
				WORDS("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"));
	rspec_add_mount(s, "/proc", "proc", "proc", WORDS("nosuid", "noexec", "nodev"));
	for (size_t i = 0; i < inner->n_sysctl; i++)
		if (g_str_has_prefix(inner->sysctl[i].key, "net"))
			rspec_add_kv(s, &s->sysctl, &s->n_sysctl, inner->sysctl[i].key, inner->sysctl[i].value);
	*ret = s;
	return 0;
}

/* --init, as the built-in runtime has it (init.c). */
static void add_init(const struct launch_ctx *x, struct rspec *s)
{
	char **args = NULL;

	if (!x->job->record->init)
		return;
	rspec_add_mount(s, INIT_INSIDE, "bind", x->job->extras->init_path, WORDS("bind", "ro"));
	arena_strv_push(&s->arena, &args, arena_strdup(&s->arena, INIT_INSIDE));
	arena_strv_push(&s->arena, &args, arena_strdup(&s->arena, "--"));
	for (char **w = s->process.args; w && *w; w++)
		arena_strv_push(&s->arena, &args, *w);
	s->process.args = args;
}

/* What is made already is not to be made once more. */
static void take_away(struct rspec *s)
{
	size_t n = 0;

	s->namespaces[RSPEC_NS_USER].listed = false;
	s->namespaces[RSPEC_NS_NETWORK].listed = false;
	s->n_uid_mappings = s->n_gid_mappings = 0;
	s->resources = (struct rspec_resources){ .has_memory_limit = false };
	s->cgroups_path = NULL;
	for (size_t i = 0; i < s->n_sysctl; i++)
		if (!g_str_has_prefix(s->sysctl[i].key, "net"))
			s->sysctl[n++] = s->sysctl[i];
	s->n_sysctl = n;
	s->root_path = arena_strdup(&s->arena, "rootfs");
}

static int write_config(const struct launch_ctx *x, struct rspec *s, const char *bundle, struct err *e)
{
	g_autofree char *profile = NULL, *text = NULL, *file = g_build_filename(bundle, "config.json", NULL);

	uint64_t caps = all_capabilities();

	add_init(x, s);
	take_away(s);
	/* Those of --privileged that this kernel has not are an error elsewhere. */
	for (int set = 0; set < CAP_SET_COUNT; set++)
		s->process.capabilities[set] &= caps;
	if (s->seccomp == SECCOMP_DEFAULT) {
		profile = seccomp_default_document(s->process.capabilities[CAP_SET_BOUNDING]);
		s->seccomp = SECCOMP_DOCUMENT;
		s->seccomp_json = profile;
	}
	text = rspec_to_text(s);
	return file_replace(AT_FDCWD, file, text, strlen(text), 0600, false, e);
}

int launch_runtime_mount_root(void *ctx, struct err *e)
{
	struct launch_ctx *x = ctx;
	struct rspec *s = x->job->spec;
	g_autofree char *bundle = bundle_path(x), *rootfs = g_build_filename(bundle, "rootfs", NULL);
	autofd root = launch_mount_root(ctx, e), place = -1;
	int r;

	if (root < 0)
		return root;
	place = open(rootfs, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = place < 0 ? -errno : mount_attach(root, place);
	if (r == 0)
		r = mount_change(root, true, 0, 0, MS_PRIVATE);
	if (r < 0)
		return err_set(e, -r, "attach the root file system at %s", rootfs);
	if (rights_become_root(&x->map, e) < 0)
		return -e->code;
	(void)umask(0);
	if (launch_root_ready(ctx, root, s, e) < 0 || write_config(x, s, bundle, e) < 0)
		return -e->code;
	r = mount_clone(AT_FDCWD, "/", true);
	return r < 0 ? err_set(e, -r, "the host's file tree") : r;
}
