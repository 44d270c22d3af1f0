/* run_mount_parse.c - see run_mount_parse.h. */
#include "cmd/run_mount_parse.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "core/base/path.h"
#include "core/base/text.h"

const char *const run_mount_names[RUN_MOUNT_COUNT] = {
	[RUN_MOUNT_BIND] = "bind", [RUN_MOUNT_VOLUME] = "volume", [RUN_MOUNT_TMPFS] = "tmpfs",
	[RUN_MOUNT_IMAGE] = "image", [RUN_MOUNT_DEVPTS] = "devpts", [RUN_MOUNT_RAMFS] = "ramfs",
};

static bool in_list(const char *s, const char *const *list)
{
	return g_strv_contains(list, s);
}

static const char *const propagations[] = { "shared", "rshared", "slave", "rslave", "private", "rprivate",
	"unbindable", "runbindable", NULL };
static const char *const flags[] = { "exec", "noexec", "dev", "nodev", "suid", "nosuid", NULL };

/* "exec" and "noexec" of one mount, or one of them twice. */
static int add_flag(struct arena *a, const char *flag, struct run_mount *m, struct err *e)
{
	const char *bare = g_str_has_prefix(flag, "no") ? flag + 2 : flag;

	for (char **o = m->options; o && *o; o++) {
		const char *have = g_str_has_prefix(*o, "no") ? *o + 2 : *o;

		if (!strcmp(bare, have) && in_list(*o, flags))
			return err_msg(e, EINVAL, "invalid mount option: only one of '%s' and 'no%s' may be given",
				       bare, bare);
	}
	arena_strv_push(a, &m->options, arena_strdup(a, flag));
	return 0;
}

static int set_propagation(struct arena *a, const char *value, struct run_mount *m, struct err *e)
{
	if (!in_list(value, propagations))
		return err_msg(e, EINVAL, "invalid propagation '%s': [r]shared, [r]slave, [r]private or "
			       "[r]unbindable is needed", value);
	if (m->propagation)
		return err_msg(e, EINVAL, "invalid mount option: only one propagation may be given ('%s' and '%s')",
			       m->propagation, value);
	m->propagation = arena_strdup(a, value);
	return 0;
}

static int set_ro(bool ro, struct run_mount *m, struct err *e)
{
	if (m->ro_given)
		return err_msg(e, EINVAL, "invalid mount option: only one of 'ro' and 'rw' may be given");
	m->ro = ro;
	m->ro_given = true;
	return 0;
}

static int volume_option(struct arena *a, const char *o, struct run_mount *m, struct err *e)
{
	if (!strcmp(o, "ro") || !strcmp(o, "rw"))
		return set_ro(o[1] == 'o', m, e);
	if (in_list(o, propagations))
		return set_propagation(a, o, m, e);
	if (in_list(o, flags))
		return add_flag(a, o, m, e);
	if (!strcmp(o, "U") || !strcmp(o, "chown"))
		m->chown = true;
	else if (!strcmp(o, "O"))
		m->overlay = true;
	else if (!strcmp(o, "nocopy"))
		m->nocopy = true;
	else if (!strcmp(o, "bind"))
		m->nonrecursive = true;
	else if (strcmp(o, "copy") && strcmp(o, "rbind") && strcmp(o, "z") && strcmp(o, "Z") && *o)
		/* z and Z relabel for SELinux; where there is none there is nothing to do. */
		return err_msg(e, EINVAL, "invalid mount option '%s': ro, rw, z, Z, O, U, [no]copy, [no]exec, [no]dev, "
			       "[no]suid, [r]bind or a propagation is needed", o);
	return 0;
}

int run_volume_options(struct arena *a, const char *options, struct run_mount *m, struct err *e)
{
	g_auto(GStrv) parts = g_strsplit(options, ",", -1);

	for (char **o = parts; *o; o++)
		if (volume_option(a, *o, m, e) < 0)
			return -e->code;
	return 0;
}

static int set_destination(struct arena *a, const char *path, struct run_mount *m, struct err *e)
{
	g_autofree char *clean = NULL;

	if (*path != '/')
		return err_msg(e, EINVAL, "invalid container path \"%s\", must be absolute", path);
	clean = path_normalize("/", path);
	if (!strcmp(clean, "/"))
		return err_msg(e, EINVAL, "invalid container path \"%s\", cannot be the root", path);
	m->destination = arena_strdup(a, clean);
	return 0;
}

/* Split at colons that no backslash protects; "\:" becomes ":". */
static char **split_colons(const char *text)
{
	GPtrArray *parts = g_ptr_array_new();
	GString *part = g_string_new(NULL);

	for (const char *p = text;; p++) {
		if (*p == '\\' && p[1] == ':') {
			g_string_append_c(part, *++p);
		} else if (*p && *p != ':') {
			g_string_append_c(part, *p);
		} else {
			g_ptr_array_add(parts, g_strdup(part->str));
			g_string_truncate(part, 0);
			if (!*p)
				break;
		}
	}
	g_string_free(part, TRUE);
	g_ptr_array_add(parts, NULL);
	return (char **)g_ptr_array_free(parts, FALSE);
}

int run_volume_parse(struct arena *a, const char *text, struct run_mount *ret, struct err *e)
{
	g_auto(GStrv) parts = split_colons(text);
	unsigned n = g_strv_length(parts);
	struct run_mount m = { .kind = RUN_MOUNT_VOLUME };

	if (n > 3)
		return err_msg(e, EINVAL, "-v %s: incorrect volume format, should be [host-dir:]ctr-dir[:option]", text);
	if (n == 1) {
		if (set_destination(a, parts[0], &m, e) < 0)
			return err_wrap(e, "-v %s", text);
		*ret = m;
		return 0;
	}
	if (!*parts[0])
		return err_msg(e, EINVAL, "-v %s: the host directory cannot be empty", text);
	if (*parts[0] == '/' || *parts[0] == '.')
		m.kind = RUN_MOUNT_BIND;
	m.source = arena_strdup(a, parts[0]);
	if (set_destination(a, parts[1], &m, e) < 0 || (n == 3 && run_volume_options(a, parts[2], &m, e) < 0))
		return err_wrap(e, "-v %s", text);
	if (m.overlay && (m.ro || m.chown))
		return err_msg(e, EINVAL, "-v %s: 'O' cannot be used with '%s'", text, m.ro ? "ro" : "U");
	*ret = m;
	return 0;
}

static int parse_bool(const char *key, const char *value, bool *ret, struct err *e)
{
	if (!value || !strcmp(value, "true") || !strcmp(value, "1"))
		*ret = true;
	else if (!strcmp(value, "false") || !strcmp(value, "0"))
		*ret = false;
	else
		return err_msg(e, EINVAL, "%s must be set to true or false, but got '%s'", key, value);
	return 0;
}

/* Which keys a type takes: one bit per kind. */
#define K(kind) (1u << RUN_MOUNT_##kind)
#define K_ALL ((1u << RUN_MOUNT_COUNT) - 1)
#define K_MEMORY (K(TMPFS) | K(RAMFS))

enum key { KEY_SOURCE, KEY_DESTINATION, KEY_RO, KEY_RW, KEY_PROPAGATION, KEY_NONRECURSIVE, KEY_RELABEL, KEY_CHOWN,
	KEY_FLAG, KEY_SIZE, KEY_MODE, KEY_COPYUP, KEY_NOCOPYUP, KEY_NOCOPY, KEY_NUMBER };

static const struct { const char *name; enum key key; unsigned kinds; } keys[] = {
	{ "src", KEY_SOURCE, K(BIND) | K(VOLUME) | K(IMAGE) },
	{ "source", KEY_SOURCE, K(BIND) | K(VOLUME) | K(IMAGE) },
	{ "dst", KEY_DESTINATION, K_ALL }, { "dest", KEY_DESTINATION, K_ALL },
	{ "destination", KEY_DESTINATION, K_ALL }, { "target", KEY_DESTINATION, K_ALL },
	{ "ro", KEY_RO, K_ALL & ~K(DEVPTS) }, { "readonly", KEY_RO, K_ALL & ~K(DEVPTS) },
	{ "rw", KEY_RW, K_ALL & ~K(DEVPTS) }, { "readwrite", KEY_RW, K_ALL & ~K(DEVPTS) },
	{ "bind-propagation", KEY_PROPAGATION, K(BIND) },
	{ "shared", KEY_PROPAGATION, K(BIND) }, { "rshared", KEY_PROPAGATION, K(BIND) },
	{ "private", KEY_PROPAGATION, K(BIND) }, { "rprivate", KEY_PROPAGATION, K(BIND) },
	{ "slave", KEY_PROPAGATION, K(BIND) }, { "rslave", KEY_PROPAGATION, K(BIND) },
	{ "unbindable", KEY_PROPAGATION, K(BIND) }, { "runbindable", KEY_PROPAGATION, K(BIND) },
	{ "bind-nonrecursive", KEY_NONRECURSIVE, K(BIND) },
	{ "relabel", KEY_RELABEL, K(BIND) },
	{ "U", KEY_CHOWN, K(BIND) | K(VOLUME) | K_MEMORY }, { "chown", KEY_CHOWN, K(BIND) | K(VOLUME) | K_MEMORY },
	{ "exec", KEY_FLAG, K_ALL & ~K(DEVPTS) }, { "noexec", KEY_FLAG, K_ALL & ~K(DEVPTS) },
	{ "dev", KEY_FLAG, K_ALL & ~K(DEVPTS) }, { "nodev", KEY_FLAG, K_ALL & ~K(DEVPTS) },
	{ "suid", KEY_FLAG, K_ALL & ~K(DEVPTS) }, { "nosuid", KEY_FLAG, K_ALL & ~K(DEVPTS) },
	{ "tmpfs-size", KEY_SIZE, K_MEMORY }, { "tmpfs-mode", KEY_MODE, K_MEMORY },
	{ "tmpcopyup", KEY_COPYUP, K_MEMORY }, { "notmpcopyup", KEY_NOCOPYUP, K_MEMORY },
	{ "nocopy", KEY_NOCOPY, K(VOLUME) }, { "volume-nocopy", KEY_NOCOPY, K(VOLUME) },
	{ "uid", KEY_NUMBER, K(DEVPTS) }, { "gid", KEY_NUMBER, K(DEVPTS) },
	{ "mode", KEY_NUMBER, K(DEVPTS) }, { "max", KEY_NUMBER, K(DEVPTS) },
};

static int need_value(const char *name, const char *value, struct err *e)
{
	if (value && *value)
		return 0;
	return err_msg(e, EINVAL, "%s: must have a value", name);
}

static int size_option(struct arena *a, const char *value, struct run_mount *m, struct err *e)
{
	int64_t bytes;

	/* tmpfs also understands a share of the memory. */
	if (!g_str_has_suffix(value, "%") && !text_size(value, &bytes))
		return err_msg(e, EINVAL, "tmpfs-size=%s: not a size", value);
	arena_strv_push(a, &m->options, arena_printf(a, "size=%s", value));
	return 0;
}

static int number_option(struct arena *a, const char *name, const char *value, struct run_mount *m, struct err *e)
{
	bool octal = !strcmp(name, "mode");

	if (strspn(value, octal ? "01234567" : "0123456789") != strlen(value) || strlen(value) > 10)
		return err_msg(e, EINVAL, "%s=%s: not %s number", name, value, octal ? "an octal" : "a");
	arena_strv_push(a, &m->options, arena_printf(a, "%s=%s", name, value));
	return 0;
}

static int apply_key(struct arena *a, enum key key, const char *name, const char *value, struct run_mount *m,
		     struct err *e)
{
	bool yes;

	switch (key) {
	case KEY_SOURCE:
		m->source = arena_strdup(a, value);
		return need_value(name, value, e);
	case KEY_DESTINATION:
		if (m->destination)
			return err_msg(e, EINVAL, "the destination is given twice");
		return need_value(name, value, e) < 0 ? -e->code : set_destination(a, value, m, e);
	case KEY_RO:
	case KEY_RW:
		return parse_bool(name, value, &yes, e) < 0 ? -e->code : set_ro(yes == (key == KEY_RO), m, e);
	case KEY_PROPAGATION:
		if (strcmp(name, "bind-propagation") != 0)
			return set_propagation(a, name, m, e);
		return need_value(name, value, e) < 0 ? -e->code : set_propagation(a, value, m, e);
	case KEY_NONRECURSIVE:
		return parse_bool(name, value, &m->nonrecursive, e);
	case KEY_RELABEL:
		if (value && (!strcmp(value, "shared") || !strcmp(value, "private")))
			return 0;
		return err_msg(e, EINVAL, "relabel must be shared or private");
	case KEY_CHOWN:
		return parse_bool(name, value, &m->chown, e);
	case KEY_FLAG:
		if (parse_bool(name, value, &yes, e) < 0)
			return -e->code;
		return yes ? add_flag(a, name, m, e) : 0;
	case KEY_SIZE:
		return need_value(name, value, e) < 0 ? -e->code : size_option(a, value, m, e);
	case KEY_MODE:
		return need_value(name, value, e) < 0 ? -e->code : number_option(a, "mode", value, m, e);
	case KEY_NUMBER:
		return need_value(name, value, e) < 0 ? -e->code : number_option(a, name, value, m, e);
	case KEY_COPYUP:
		return 0;
	case KEY_NOCOPYUP:
	case KEY_NOCOPY:
		return parse_bool(name, value, &m->nocopy, e);
	}
	return 0;
}

static int one_key(struct arena *a, const char *part, struct run_mount *m, struct err *e)
{
	const char *eq = strchr(part, '=');
	g_autofree char *name = g_strndup(part, eq ? (size_t)(eq - part) : strlen(part));

	if (!strcmp(name, "type"))
		return 0;
	for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++)
		if (!strcmp(keys[i].name, name) && (keys[i].kinds & (1u << m->kind)))
			return apply_key(a, keys[i].key, name, eq ? eq + 1 : NULL, m, e);
	return err_msg(e, EINVAL, "%s: invalid mount option for type %s", name, run_mount_names[m->kind]);
}

/* Split at commas; a part in double quotes keeps its own (CSV as podman reads it). */
static char **split_csv(const char *text)
{
	GPtrArray *parts = g_ptr_array_new();
	GString *part = g_string_new(NULL);
	bool quoted = false;

	for (const char *p = text;; p++) {
		if (*p == '"') {
			quoted = !quoted;
		} else if (*p && (*p != ',' || quoted)) {
			g_string_append_c(part, *p);
		} else {
			if (part->len)
				g_ptr_array_add(parts, g_strdup(part->str));
			g_string_truncate(part, 0);
			if (!*p)
				break;
		}
	}
	g_string_free(part, TRUE);
	g_ptr_array_add(parts, NULL);
	return (char **)g_ptr_array_free(parts, FALSE);
}

static int find_kind(char **parts, struct run_mount *m, struct err *e)
{
	m->kind = RUN_MOUNT_VOLUME;
	for (char **p = parts; *p; p++) {
		if (!g_str_has_prefix(*p, "type="))
			continue;
		for (unsigned k = 0; k < RUN_MOUNT_COUNT; k++)
			if (!strcmp(*p + 5, run_mount_names[k])) {
				m->kind = k;
				return 0;
			}
		return err_msg(e, EINVAL, "invalid filesystem type \"%s\": bind, volume, tmpfs, image, devpts or ramfs "
			       "is needed", *p + 5);
	}
	return 0;
}

int run_mount_parse(struct arena *a, const char *text, struct run_mount *ret, struct err *e)
{
	g_auto(GStrv) parts = split_csv(text);
	struct run_mount m = { .kind = RUN_MOUNT_VOLUME };

	if (find_kind(parts, &m, e) < 0)
		return err_wrap(e, "--mount %s", text);
	/* An image is shown read-only unless rw is asked for. */
	m.ro = m.kind == RUN_MOUNT_IMAGE;
	for (char **p = parts; *p; p++)
		if (one_key(a, *p, &m, e) < 0)
			return err_wrap(e, "--mount %s", text);
	if (!m.destination)
		return err_msg(e, EINVAL, "--mount %s: must set volume destination", text);
	if ((m.kind == RUN_MOUNT_BIND || m.kind == RUN_MOUNT_IMAGE) && !m.source)
		return err_msg(e, EINVAL, "--mount %s: must set source", text);
	*ret = m;
	return 0;
}

static int tmpfs_option(struct arena *a, const char *o, struct run_mount *m, struct err *e)
{
	static const char *const others[] = { "sync", "async", "atime", "noatime", "relatime", "strictatime",
		"diratime", "nodiratime", "noswap", NULL };

	if (!*o || !strcmp(o, "tmpcopyup"))
		return 0;
	if (!strcmp(o, "ro") || !strcmp(o, "rw"))
		return set_ro(o[1] == 'o', m, e);
	if (in_list(o, flags))
		return add_flag(a, o, m, e);
	if (in_list(o, propagations))
		return set_propagation(a, o, m, e);
	if (!strcmp(o, "U") || !strcmp(o, "chown"))
		m->chown = true;
	else if (!strcmp(o, "notmpcopyup"))
		m->nocopy = true;
	else if (g_str_has_prefix(o, "size="))
		return size_option(a, o + 5, m, e);
	else if (g_str_has_prefix(o, "mode="))
		return number_option(a, "mode", o + 5, m, e);
	else if (g_str_has_prefix(o, "uid="))
		return number_option(a, "uid", o + 4, m, e);
	else if (g_str_has_prefix(o, "gid="))
		return number_option(a, "gid", o + 4, m, e);
	else if (g_str_has_prefix(o, "nr_inodes=") || g_str_has_prefix(o, "nr_blocks=") ||
		 g_str_has_prefix(o, "huge=") || in_list(o, others))
		arena_strv_push(a, &m->options, arena_strdup(a, o));
	else
		return err_msg(e, EINVAL, "unknown mount option \"%s\"", o);
	return 0;
}

int run_tmpfs_parse(struct arena *a, const char *text, struct run_mount *ret, struct err *e)
{
	g_auto(GStrv) parts = g_strsplit(text, ":", 2);
	g_auto(GStrv) options = NULL;
	struct run_mount m = { .kind = RUN_MOUNT_TMPFS };

	if (!parts[0] || set_destination(a, parts[0], &m, e) < 0)
		return parts[0] ? err_wrap(e, "--tmpfs %s", text)
				: err_msg(e, EINVAL, "--tmpfs: a directory is needed");
	options = g_strsplit(parts[1] ? parts[1] : "", ",", -1);
	for (char **o = options; *o; o++)
		if (tmpfs_option(a, *o, &m, e) < 0)
			return err_wrap(e, "--tmpfs %s", text);
	*ret = m;
	return 0;
}
