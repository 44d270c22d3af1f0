/* launch_inside.c - in the container's first process: its root, its user, its files, its special mounts.
 *
 * Runs as root of the new user namespace, before the spec's mounts are made, with the host's files still in sight.
 * Every path of the container is resolved by the kernel inside the container's root.
 */
#include "cmd/launch_inside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/launch_user.h"
#include "core/base/fd.h"
#include "core/base/path.h"
#include "core/runtime/mounts.h"

#define CHOWN_DEPTH_MAX 256      /* each level of the walk holds two descriptors */


int launch_mount_root(void *ctx, struct err *e)
{
	struct launch_ctx *x = ctx;

	return rootfs_mount(x->root, e);
}

static bool mapped(const struct id_range *r, size_t n, uint32_t id, const struct idmap *m)
{
	return m->none || idmap_outside(r, n, id) >= 0;
}

static int check_mapped(const struct launch_ctx *x, const struct found_user *u, struct err *e)
{
	const struct idmap *m = &x->map;

	if (mapped(m->uid, m->n_uid, u->uid, m) && mapped(m->gid, m->n_gid, u->gid, m))
		return 0;
	(void)err_msg(e, EINVAL, "user %u:%u: these ids are not in the container's id map", u->uid, u->gid);
	if (m->one_id)
		(void)err_hint(e, "--userns=keep-id:uid=%u,gid=%u makes you that user", u->uid, u->gid);
	return err_hint(e, "%s", *m->why_one_id ? m->why_one_id :
			"a longer range in /etc/subuid and /etc/subgid, or in --uidmap, has them (subuid(5))");
}

static int no_such_group(const struct idmap *m, int r, struct err *e)
{
	return *m->why_one_id ? err_hint(e, "%s", m->why_one_id) : r;
}

static int set_groups(struct launch_ctx *x, struct rspec *spec, const struct found_user *u, const char *group,
		      struct err *e)
{
	struct rspec_user *to = &spec->process.user;
	const struct idmap *m = &x->map;

	to->additional_gids = NULL;
	to->n_additional_gids = 0;
	for (size_t i = 0; i < u->n_groups; i++)
		if (mapped(m->gid, m->n_gid, u->groups[i], m))
			*ARENA_PUSH(&spec->arena, to->additional_gids, to->n_additional_gids) = u->groups[i];
	for (char **g = x->job->record->group_add; g && *g; g++) {
		uint32_t gid;

		if (!strcmp(*g, "keep-groups"))
			continue;
		if (group_find(group, *g, &gid, e) < 0)
			return err_wrap(e, "--group-add");
		if (!mapped(m->gid, m->n_gid, gid, m))
			return no_such_group(m, err_msg(e, EINVAL, "--group-add %s: group %u is not in the "
							"container's id map", *g, gid), e);
		*ARENA_PUSH(&spec->arena, to->additional_gids, to->n_additional_gids) = gid;
	}
	/* With one id the kernel forbids setgroups(2). */
	if (m->one_id)
		to->n_additional_gids = 0;
	return 0;
}

/* A user other than root has no capabilities but those asked for by name, which survive exec as ambient ones. */
static void set_caps(struct launch_ctx *x, struct rspec *spec)
{
	uint64_t *caps = spec->process.capabilities, added = x->job->extras->added_caps & caps[CAP_SET_BOUNDING];

	if (spec->process.user.uid == 0)
		return;
	caps[CAP_SET_EFFECTIVE] = caps[CAP_SET_PERMITTED] = added;
	caps[CAP_SET_INHERITABLE] = caps[CAP_SET_AMBIENT] = added;
}

static bool is_mounted(const struct rspec *spec, const char *path)
{
	for (size_t i = 0; i < spec->n_mounts; i++) {
		size_t n = strlen(spec->mounts[i].destination);

		if (!strncmp(path, spec->mounts[i].destination, n) && (path[n] == '\0' || path[n] == '/'))
			return true;
	}
	return false;
}

/* --passwd-entry with its variables replaced. */
static char *custom_entry(const char *form, const struct found_user *u, const char *name, const char *gecos)
{
	static const char *const names[] = { "$USERNAME", "$UID", "$GID", "$NAME", "$HOME" };
	g_autofree char *uid = g_strdup_printf("%u", u->uid), *gid = g_strdup_printf("%u", u->gid);
	const char *const values[] = { name, uid, gid, gecos, u->home };
	GString *s = g_string_new(form);

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		g_string_replace(s, names[i], values[i], 0);
	return g_string_free(s, FALSE);
}

/* Entries for a user (and group) whom the image does not know, in copies of its files. */
static int add_entries(struct launch_ctx *x, struct rspec *spec, struct found_user *u, const char *passwd,
		       const char *group, struct err *e)
{
	const struct host_user *host = x->job->extras->keep_id ? &x->user : NULL;
	g_autofree char *name = host ? g_strdup(host->name) : g_strdup_printf("%u", u->uid);
	const char *gecos = host ? host->gecos : "container user";
	const char *glue;

	if (x->job->extras->keep_id)
		u->home = spec->process.cwd;
	if (host && is_mounted(spec, host->home))
		u->home = arena_strdup(&spec->arena, host->home);
	if (!u->in_passwd && passwd) {
		const char *form = x->job->extras->passwd_entry;
		g_autofree char *text = NULL, *entry = NULL;

		entry = custom_entry(form ? form : "$USERNAME:*:$UID:$GID:$NAME:$HOME:/bin/sh", u, name, gecos);
		glue = *passwd && passwd[strlen(passwd) - 1] != '\n' ? "\n" : "";
		text = g_strdup_printf("%s%s%s\n", passwd, glue, entry);
		if (launch_file_show(x, spec, "/etc/passwd", text, e) < 0)
			return -e->code;
	}
	if (!u->gid_in_group && group) {
		g_autofree char *text = NULL;

		glue = *group && group[strlen(group) - 1] != '\n' ? "\n" : "";
		text = g_strdup_printf("%s%s%s:x:%u:%s\n", group, glue, name, u->gid, name);
		if (launch_file_show(x, spec, "/etc/group", text, e) < 0)
			return -e->code;
	}
	return 0;
}

/* The files that say who is who, and what they say of the program's user. */
struct accounts { char *passwd, *group; struct found_user u; };

static void accounts_clear(struct accounts *a)
{
	g_free(a->passwd);
	g_free(a->group);
}

/* --hostuser. A file that the image does not have is made. */
static void add_host_users(const struct launch_extras *x, struct accounts *a)
{
	GString *s;

	if (!x->host_users)
		return;
	s = g_string_new(a->passwd ? a->passwd : "");
	if (s->len && s->str[s->len - 1] != '\n')
		g_string_append_c(s, '\n');
	for (char **u = x->host_users; *u; u++)
		g_string_append_printf(s, "%s\n", *u);
	g_free(a->passwd);
	a->passwd = g_string_free(s, FALSE);
}

static int find_user(struct launch_ctx *x, int rootfd, struct rspec *spec, const char *user, struct accounts *a,
		     struct err *e)
{
	struct found_user *u = &a->u;

	a->passwd = account_file_read(rootfd, "/etc/passwd");
	a->group = account_file_read(rootfd, "/etc/group");
	add_host_users(x->job->extras, a);
	if (user_find(&spec->arena, a->passwd, a->group, user, u, e) < 0 || check_mapped(x, u, e) < 0)
		return -e->code;
	spec->process.user.uid = u->uid;
	spec->process.user.gid = u->gid;
	if (set_groups(x, spec, u, a->group, e) < 0)
		return -e->code;
	set_caps(x, spec);
	return 0;
}

static void set_home(struct rspec *spec, const char *home)
{
	if (!rspec_get_env(spec, "HOME"))
		rspec_add_env(spec, arena_printf(&spec->arena, "HOME=%s", home));
}

int launch_find_user(struct launch_ctx *x, int rootfd, struct rspec *spec, const char *user, struct err *e)
{
	struct accounts a = { .passwd = NULL };
	int r = find_user(x, rootfd, spec, user, &a, e);

	if (r == 0)
		set_home(spec, a.u.home);
	accounts_clear(&a);
	return r;
}

static int set_user(struct launch_ctx *x, int rootfd, struct rspec *spec, struct err *e)
{
	struct accounts a = { .passwd = NULL };
	int r = find_user(x, rootfd, spec, x->job->record->user, &a, e);

	if (r == 0 && x->job->extras->passwd && (!a.u.in_passwd || !a.u.gid_in_group))
		r = add_entries(x, spec, &a.u, a.passwd, a.group, e);
	/* Unless it is shown already. */
	if (r == 0 && x->job->extras->host_users)
		r = launch_file_show(x, spec, "/etc/passwd", a.passwd, e);
	if (r == 0)
		set_home(spec, a.u.home);
	accounts_clear(&a);
	return r;
}

/* The image's directory is made when it is missing; one that the user named must be there. */
static int check_workdir(struct launch_ctx *x, int rootfd, const struct rspec *spec, struct err *e)
{
	const char *dir = spec->process.cwd;
	autofd fd = -1;

	if (is_mounted(spec, dir))
		return 0;
	fd = path_open_in_root(rootfd, dir, O_PATH | O_DIRECTORY, 0);
	if (fd == -ENOENT && !x->job->extras->workdir_given) {
		fd = path_mkdirs_in_root(rootfd, dir, 0755);
		if (fd >= 0 && fchownat(fd, "", spec->process.user.uid, spec->process.user.gid, AT_EMPTY_PATH) < 0)
			return err_set(e, errno, "workdir \"%s\"", dir);
	}
	if (fd == -ENOENT) {
		err_msg(e, ENOENT, "workdir \"%s\" does not exist on container %s", dir, x->job->record->id);
		return err_exit(e, EXIT_NOT_EXECUTABLE);
	}
	return fd < 0 ? err_set(e, -fd, "workdir \"%s\"", dir) : 0;
}

/* Give what `fd` (O_PATH) names, and all below it on the same file system, to the program's user. By descriptors: another
 * container may move things in the same volume meanwhile. */
static int chown_below(int fd, const struct rspec_user *u, dev_t dev, int depth)
{
	autofd sub = -1;
	struct stat st;
	struct dirent *d;
	DIR *dir;
	int r = 0;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_dev != dev)
		return 0;
	if ((st.st_uid != u->uid || st.st_gid != u->gid) && fchownat(fd, "", u->uid, u->gid, AT_EMPTY_PATH) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return 0;
	if (depth > CHOWN_DEPTH_MAX)
		return -ELOOP;
	sub = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = sub < 0 ? NULL : fdopendir(sub);
	if (!dir)
		return -errno;
	(void)take_fd(&sub);
	while (r == 0 && (d = readdir(dir))) {
		autofd entry = -1;

		if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
			continue;
		entry = openat(dirfd(dir), d->d_name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (entry >= 0)
			r = chown_below(entry, u, dev, depth + 1);
		else if (errno != ENOENT)
			r = -errno;
	}
	(void)closedir(dir);
	return r;
}

/* U: host files, walked without following links and without leaving the file system. */
static int chown_tree(const struct launch_special *s, const struct rspec *spec, struct err *e)
{
	const struct rspec_user *u = &spec->process.user;
	autofd fd = open(s->source, O_PATH | O_CLOEXEC);
	struct stat st;
	int r = fd < 0 || fstat(fd, &st) < 0 ? -errno : chown_below(fd, u, st.st_dev, 0);

	return r < 0 ? err_set(e, -r, "option U: chown %s to %u:%u", s->source, u->uid, u->gid) : 0;
}

/* Show a mount that was made here: attached below our tmpfs, then bound by the runtime like any other. What is
 * mounted below it comes again, on top. */
static int show_mount(struct launch_ctx *x, struct rspec *spec, const struct launch_special *s, int fd, size_t number,
		      struct err *e)
{
	g_autofree char *name = g_strdup_printf("mount%zu", number), *below = g_strconcat(s->destination, "/", NULL);
	size_t n = spec->n_mounts;
	autofd target = -1;
	int r;

	if (mkdirat(x->files_fd, name, 0755) < 0)
		return err_set(e, errno, "mount at %s", s->destination);
	target = openat(x->files_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = target < 0 ? -errno : mount_attach(fd, target);
	if (r < 0)
		return err_set(e, -r, "mount at %s", s->destination);
	(void)rspec_add_mount(spec, s->destination, "bind", arena_printf(&spec->arena, "%s/%s", x->files_path, name),
			      (const char *const *)s->options);
	for (size_t i = 0; i < n; i++) {
		struct rspec_mount m = spec->mounts[i];

		if (g_str_has_prefix(m.destination, below))
			(void)rspec_add_mount(spec, m.destination, m.type, m.source, (const char *const *)m.options);
	}
	return 0;
}

static int show_shm(struct launch_ctx *x, struct rspec *spec, struct err *e)
{
	static char rbind[] = "rbind", nosuid[] = "nosuid", noexec[] = "noexec", nodev[] = "nodev", path[] = "/dev/shm";
	char *options[] = { rbind, nosuid, noexec, nodev, NULL };
	const struct launch_special s = { .destination = path, .options = options };

	return show_mount(x, spec, &s, x->shm_fd, x->job->extras->n_specials, e);
}

static int make_special(struct launch_ctx *x, int rootfd, struct rspec *spec, size_t i, struct err *e)
{
	const struct launch_special *s = &x->job->extras->specials[i];
	autofd fd = -1;

	switch (s->kind) {
	case SPECIAL_VOLUME:
		if (!x->fill[i])
			return 0;
		for (size_t k = 0; k < spec->n_mounts; k++)
			if (!strcmp(spec->mounts[k].destination, s->destination))
				return launch_volume_fill(rootfd, s, spec->mounts[k].source, e);
		return 0;
	case SPECIAL_CHOWN:
		return chown_tree(s, spec, e);
	case SPECIAL_IMAGE:
	case SPECIAL_OVERLAY:
		fd = rootfs_mount(x->overlays[i], e);
		break;
	case SPECIAL_KIND_COUNT:
		return 0;
	}
	return fd < 0 ? err_wrap(e, "mount at %s", s->destination) : show_mount(x, spec, s, fd, i, e);
}

int launch_root_ready(void *ctx, int rootfd, struct rspec *spec, struct err *e)
{
	struct launch_ctx *x = ctx;

	if (launch_files_open(x, e) < 0 || set_user(x, rootfd, spec, e) < 0)
		return -e->code;
	for (size_t i = 0; i < x->job->extras->n_specials; i++)
		if (make_special(x, rootfd, spec, i, e) < 0)
			return -e->code;
	if (x->shm_fd >= 0 && show_shm(x, spec, e) < 0)
		return -e->code;
	if (launch_secrets_show(x, spec, e) < 0 || launch_files_make(x, spec, e) < 0)
		return -e->code;
	return check_workdir(x, rootfd, spec, e);
}
