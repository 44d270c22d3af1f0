/* overlay.c - coracle overlay, also called coracle-overlay: an overlay mount for other programs, with the options of
 * fuse-overlayfs(1).
 */
#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/mount.h>

#include "cmd/command.h"
#include "cmd/run_commands.h"
#include "core/base/path.h"
#include "storage/overlay/fuse/ids.h"
#include "storage/overlay/fuse/standalone.h"

struct values { bool unused; char **options; bool foreground; };

static const struct opt opts[] = {
	{ "options", 'o', OPT_LIST, offsetof(struct values, options), "option[,option...]",
	  .help = "lowerdir=DIR[:DIR...], upperdir=DIR, workdir=DIR and mount options" },
	{ "foreground", 'f', OPT_FLAG, offsetof(struct values, foreground), .help = "Serve, and end when the mount is gone" },
	OPT_END
};

struct parsed {
	struct fuse_standalone s;
	GPtrArray *lowers;
	char *upper, *work;
	struct ids ids;
	uint32_t squashed_user, squashed_group; /* by squash_to_uid and gid, which count more than squash_to_root */
	bool squashed;
};

/* Cut `s` at each unescaped `at`; a backslash before it is taken away, others stay for a later cut. */
static GPtrArray *split(const char *s, char at)
{
	GPtrArray *parts = g_ptr_array_new_with_free_func(g_free);
	GString *part = g_string_new(NULL);

	for (; *s; s++) {
		if (*s == '\\' && s[1] == at) {
			g_string_append_c(part, *++s);
		} else if (*s == '\\' && s[1]) {
			g_string_append_c(part, *s++);
			g_string_append_c(part, *s);
		} else if (*s == at) {
			g_ptr_array_add(parts, g_string_free(part, FALSE));
			part = g_string_new(NULL);
		} else {
			g_string_append_c(part, *s);
		}
	}
	g_ptr_array_add(parts, g_string_free(part, FALSE));
	return parts;
}

static int set_lowers(struct parsed *p, const char *value, struct err *e)
{
	g_ptr_array_unref(p->lowers);
	p->lowers = split(value, ':');
	for (guint i = 0; i < p->lowers->len; i++)
		if (!*(char *)p->lowers->pdata[i])
			return err_msg(e, EINVAL, "lowerdir=%s: an empty name", value);
	return 0;
}

/* What mount(8) calls these. */
static bool set_attribute(struct parsed *p, const char *name)
{
	static const struct { const char *name; uint64_t set, clear; } known[] = {
		{ "ro", MOUNT_ATTR_RDONLY, 0 }, { "rw", 0, MOUNT_ATTR_RDONLY },
		{ "nosuid", MOUNT_ATTR_NOSUID, 0 }, { "suid", 0, MOUNT_ATTR_NOSUID },
		{ "nodev", MOUNT_ATTR_NODEV, 0 }, { "dev", 0, MOUNT_ATTR_NODEV },
		{ "noexec", MOUNT_ATTR_NOEXEC, 0 }, { "exec", 0, MOUNT_ATTR_NOEXEC },
		{ "noatime", MOUNT_ATTR_NOATIME, 0 }, { "nodiratime", MOUNT_ATTR_NODIRATIME, 0 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
		if (strcmp(name, known[i].name) != 0)
			continue;
		p->s.attributes = (p->s.attributes | known[i].set) & ~known[i].clear;
		return true;
	}
	return false;
}

/* Those of fuse-overlayfs that ask for what is always so. */
static bool is_always_so(const char *option)
{
	static const char *const known[] = { "redirect_dir=off", "metacopy=off", "index=off", "userxattr", "writeback=1",
					     "threaded=1", "xattr_permissions=0", "default_permissions",
					     "fast_ino=0", "noxattrs=0", "clone_fd", "relatime" };

	for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
		if (!strcmp(option, known[i]))
			return true;
	return false;
}

static int bad_value(const char *option, const char *wanted, struct err *e)
{
	return err_msg(e, EINVAL, "%s: %s is needed", option, wanted);
}

static int set_number(const char *option, const char *value, uint32_t *ret, struct err *e)
{
	guint64 n;

	if (!g_ascii_string_to_unsigned(value, 10, 0, UINT32_MAX - 1, &n, NULL))
		return bad_value(option, "an id", e);
	*ret = (uint32_t)n;
	return 0;
}

/* Owners that are shown other than they are stored. 1: it was such an option. */
static int set_ids(struct parsed *p, const char *name, const char *option, const char *value, struct err *e)
{
	int r = 0;

	if (!strcmp(option, "squash_to_root"))
		p->squashed = true;
	else if (!strcmp(name, "squash_to_uid"))
		r = set_number(option, value, &p->squashed_user, e);
	else if (!strcmp(name, "squash_to_gid"))
		r = set_number(option, value, &p->squashed_group, e);
	else if (!strcmp(name, "uidmapping") || !strcmp(name, "gidmapping"))
		r = ids_parse(value, *name == 'u' ? &p->ids.users : &p->ids.groups) < 0 ?
			bad_value(option, "STORED:SHOWN:LENGTH[:STORED:SHOWN:LENGTH...]", e) : 0;
	else
		return 0;
	return r < 0 ? r : 1;
}

/* NULL: nothing was asked. */
static const struct ids *all_ids(struct parsed *p)
{
	struct ids_map *u = &p->ids.users, *g = &p->ids.groups;

	u->squashed = p->squashed && p->squashed_user == IDS_KEPT ? 0 : p->squashed_user;
	g->squashed = p->squashed && p->squashed_group == IDS_KEPT ? 0 : p->squashed_group;
	return u->n || g->n || u->squashed != IDS_KEPT || g->squashed != IDS_KEPT ? &p->ids : NULL;
}

static int set_option(struct parsed *p, const char *option, struct err *e)
{
	const char *eq = strchr(option, '='), *value = eq ? eq + 1 : "";
	g_autofree char *name = eq ? g_strndup(option, (size_t)(eq - option)) : g_strdup(option);
	char *end;
	int r = set_ids(p, name, option, value, e);

	if (r != 0)
		return r < 0 ? r : 0;
	if (!strcmp(name, "lowerdir"))
		return set_lowers(p, value, e);
	if (!strcmp(name, "upperdir") || !strcmp(name, "workdir")) {
		char **to = *name == 'u' ? &p->upper : &p->work;

		g_free(*to);
		*to = g_strdup(value);
	} else if (!strcmp(option, "fsync=0") || !strcmp(option, "volatile")) {
		p->s.dirs.durable = false;
	} else if (!strcmp(option, "fsync=1")) {
		p->s.dirs.durable = true;
	} else if (!strcmp(option, "noacl")) {
		p->s.no_acl = true;
	} else if (!strcmp(option, "static_nlink")) {
		p->s.static_links = true;
	} else if (!strcmp(option, "allow_other")) {
		p->s.allow_other = true;
	} else if (!strcmp(name, "timeout") && eq) {
		p->s.lifetime = g_ascii_strtod(value, &end);
		if (!*value || *end || !(p->s.lifetime >= 0))
			return bad_value(option, "a number of seconds", e);
	} else if (*option && !set_attribute(p, option) && !is_always_so(option)) {
		return err_msg(e, EINVAL, "-o %s: not known, or not possible yet", option);
	}
	return 0;
}

static int parse(struct parsed *p, char *const *options, struct err *e)
{
	int r = 0;

	for (; r == 0 && options && *options; options++) {
		g_autoptr(GPtrArray) parts = split(*options, ',');

		for (guint i = 0; r == 0 && i < parts->len; i++)
			r = set_option(p, parts->pdata[i], e);
	}
	if (r < 0)
		return r;
	if (p->lowers->len == 0)
		return err_msg(e, EINVAL, "-o lowerdir=DIR is needed");
	if (!p->upper != !p->work)
		return err_msg(e, EINVAL, "-o upperdir and workdir go together");
	p->s.dirs.lowers = (char **)p->lowers->pdata;
	p->s.dirs.n_lowers = p->lowers->len;
	p->s.dirs.upper = p->upper;
	p->s.dirs.work = p->work;
	p->s.ids = all_ids(p);
	return 0;
}

static int run_overlay(struct context *c, void *values, int argc, char **argv)
{
	const struct values *v = values;
	g_autofree char *cwd = g_get_current_dir(), *target = path_normalize(cwd, argv[0]);
	struct parsed p = { .lowers = g_ptr_array_new_with_free_func(g_free), .squashed_user = IDS_KEPT,
			    .squashed_group = IDS_KEPT };
	struct err e = ERR_INIT;
	int r;

	(void)c;
	(void)argc;
	p.s = (struct fuse_standalone){ .dirs = { .base = cwd, .durable = true }, .mountpoint = target, .lifetime = 1e9,
					.foreground = v->foreground };
	r = parse(&p, v->options, &e);
	if (r == 0)
		r = fuse_serve_at(&p.s, &e);
	g_ptr_array_unref(p.lowers);
	g_free(p.upper);
	g_free(p.work);
	return r < 0 ? fail(&e) : 0;
}

const struct command command_overlay = {
	.name = "overlay", .summary = "Mount directories as one, for other programs", .usage = "[options] MOUNTPOINT",
	.opts = opts, .values_size = sizeof(struct values), .run = run_overlay, .min_args = 1, .max_args = 1,
};
