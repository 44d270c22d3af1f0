/* registries.c - see registries.h. */
#include "net/registry/registries.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/file.h"
#include "net/registry/toml.h"

struct registries {
	json_t *tables;                 /* object: prefix -> a [[registry]] table, with "file" */
	json_t *aliases;                /* object: short name -> full name */
	json_t *search;                 /* array, or NULL: docker.io */
	char *mode;                     /* short-name-mode, or NULL */
	char **helpers;                 /* credential-helpers, or NULL */
};

struct registries *registries_new(void)
{
	struct registries *c = g_new0(struct registries, 1);

	c->tables = json_object();
	c->aliases = json_object();
	return c;
}

void registries_free(struct registries *c)
{
	if (!c)
		return;
	json_decref(c->tables);
	json_decref(c->aliases);
	json_decref(c->search);
	g_free(c->mode);
	g_strfreev(c->helpers);
	g_free(c);
}

static const char *text_of(json_t *table, const char *key)
{
	const char *s = json_string_value(json_object_get(table, key));

	return s && *s ? s : NULL;
}

/* --- reading -------------------------------------------------------------------------------------------------- */

static int check_table(json_t *table, struct err *e)
{
	const char *prefix = text_of(table, "prefix"), *location = text_of(table, "location");
	json_t *mirror;
	size_t i;

	if (!prefix && !location)
		return err_msg(e, EINVAL, "a [[registry]] with neither prefix nor location");
	if (!prefix)
		json_object_set_new(table, "prefix", json_string(location));
	if (!location && prefix && !g_str_has_prefix(prefix, "*."))
		json_object_set_new(table, "location", json_string(prefix));
	prefix = text_of(table, "prefix");
	if (strchr(prefix, '*') && (!g_str_has_prefix(prefix, "*.") || strpbrk(prefix + 1, "*/")))
		return err_msg(e, EINVAL, "prefix \"%.100s\": a * is for the first part of a host only", prefix);
	if (strstr(prefix, "://") || (location && strstr(location, "://")))
		return err_msg(e, EINVAL, "registry \"%.100s\": a host and path, not a URL", prefix);
	json_array_foreach(json_object_get(table, "mirror"), i, mirror)
		if (!text_of(mirror, "location"))
			return err_msg(e, EINVAL, "a mirror of \"%.100s\" has no location", prefix);
	return 0;
}

static void add_aliases(struct registries *c, json_t *doc)
{
	const char *name;
	json_t *value;

	json_object_foreach(json_object_get(doc, "aliases"), name, value)
		if (json_is_string(value))
			json_object_set(c->aliases, name, value);
}

static int add_helpers(struct registries *c, const char *file, json_t *list, struct err *e)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	json_t *name;
	size_t i;

	json_array_foreach(list, i, name) {
		const char *s = json_string_value(name);

		if (!s)
			return err_msg(e, EINVAL, "%s: credential-helpers: not a list of names", file);
		g_ptr_array_add(names, g_strdup(s));
	}
	if (!names->len)
		return 0;
	g_ptr_array_add(names, NULL);
	g_strfreev(c->helpers);
	c->helpers = g_strdupv((char **)names->pdata);
	return 0;
}

static int add_document(struct registries *c, const char *file, json_t *doc, struct err *e)
{
	json_t *search = json_object_get(doc, "unqualified-search-registries"), *table;
	const char *mode = text_of(doc, "short-name-mode");
	size_t i;

	if (json_object_get(doc, "registries"))
		return err_msg(e, EINVAL, "%s is in the old format (version 1), which is not supported", file);
	if (mode && strcmp(mode, "enforcing") != 0 && strcmp(mode, "permissive") != 0 && strcmp(mode, "disabled") != 0)
		return err_msg(e, EINVAL, "%s: short-name-mode \"%.50s\": it is enforcing, permissive or disabled", file, mode);
	if (mode) {
		g_free(c->mode);
		c->mode = g_strdup(mode);
	}
	if (json_array_size(search)) {
		json_decref(c->search);
		c->search = json_incref(search);
	}
	add_aliases(c, doc);
	if (add_helpers(c, file, json_object_get(doc, "credential-helpers"), e) < 0)
		return -e->code;
	json_array_foreach(json_object_get(doc, "registry"), i, table) {
		if (!json_is_object(table) || check_table(table, e) < 0)
			return e->code ? err_wrap(e, "%s", file) : err_msg(e, EINVAL, "%s: registry is not a table", file);
		json_object_set_new(table, "file", json_string(file));
		json_object_set(c->tables, text_of(table, "prefix"), table);
	}
	return 0;
}

int registries_add(struct registries *c, const char *file, const char *text, size_t len, struct err *e)
{
	json_t *doc = NULL;
	int r = toml_parse(text, len, &doc, e);

	if (r < 0)
		return err_wrap(e, "%s", file);
	r = add_document(c, file, doc, e);
	json_decref(doc);
	return r;
}

/* 1 read, 0 not there, -errno. */
static int add_file(struct registries *c, const char *file, bool must_exist, struct err *e)
{
	g_autofree char *text = NULL;
	size_t len;
	int r = file_read(AT_FDCWD, file, TOML_MAX, &text, &len, e);

	if ((r == -ENOENT || r == -ENOTDIR) && !must_exist) {
		err_clear(e);
		return 0;
	}
	/* One that is there but cannot be read might block or rewrite what is asked for. */
	if (r < 0) {
		err_wrap(e, "registries.conf");
		return err_hint(e, "make it readable, or name another one in CONTAINERS_REGISTRIES_CONF");
	}
	r = registries_add(c, file, text, len, e);
	return r < 0 ? r : 1;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_directory(struct registries *c, const char *path, struct err *e)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) why = NULL;
	GDir *d = g_dir_open(path, 0, &why);
	const char *name;
	int r = 0;

	if (!d && (g_error_matches(why, G_FILE_ERROR, G_FILE_ERROR_NOENT) || g_error_matches(why, G_FILE_ERROR, G_FILE_ERROR_NOTDIR)))
		return 0;
	if (!d)
		return err_msg(e, EACCES, "registries.conf: %s", why->message);
	while ((name = g_dir_read_name(d)))
		if (g_str_has_suffix(name, ".conf"))
			g_ptr_array_add(names, g_strdup_printf("%s/%s", path, name));
	g_dir_close(d);
	g_ptr_array_sort(names, by_name);
	for (guint i = 0; i < names->len && r >= 0; i++)
		r = add_file(c, names->pdata[i], false, e);
	return MIN(r, 0);
}

/* What podman remembered of answers to "which registry?". Only aliases count there, and what is not ours to read (root's,
 * where we are root in a user namespace) was not remembered for us. */
static int add_remembered(struct registries *c, struct err *e)
{
	const char *cache = geteuid() == 0 ? "/var/cache" : g_get_user_cache_dir();
	g_autofree char *file = g_build_filename(cache, "containers", "short-name-aliases.conf", NULL);
	g_autofree char *text = NULL;
	json_t *doc = NULL;
	size_t len;
	int r = file_read(AT_FDCWD, file, TOML_MAX, &text, &len, e);

	if (r == -ENOENT || r == -ENOTDIR || r == -EACCES) {
		err_clear(e);
		return 0;
	}
	if (r == 0 && (r = toml_parse(text, len, &doc, e)) < 0)
		err_wrap(e, "%s", file);
	if (r == 0)
		add_aliases(c, doc);
	json_decref(doc);
	return r;
}

int registries_load(struct registries **ret, struct err *e)
{
	const char *named = getenv("CONTAINERS_REGISTRIES_CONF");
	g_autofree char *config = g_build_filename(g_get_user_config_dir(), "containers", NULL);
	g_autofree char *own = g_build_filename(config, "registries.conf", NULL);
	g_autofree char *own_dir = g_build_filename(config, "registries.conf.d", NULL);
	struct registries *c = registries_new();
	int r;

	if (named && *named) {
		r = add_file(c, named, true, e);
	} else {
		r = add_file(c, own, false, e);
		if (r == 0)
			r = add_file(c, "/etc/containers/registries.conf", false, e);
		if (r >= 0)
			r = add_directory(c, "/etc/containers/registries.conf.d", e);
		if (r >= 0)
			r = add_directory(c, own_dir, e);
	}
	if (r >= 0)
		r = add_remembered(c, e);
	if (r < 0)
		registries_free(c);
	else
		*ret = c;
	return MIN(r, 0);
}

/* --- short names ------------------------------------------------------------------------------------------------- */

/* The part of a name that an alias is for: without tag and digest. */
static size_t bare_length(const char *name)
{
	const char *at = strchr(name, '@'), *slash, *colon;
	size_t len = at ? (size_t)(at - name) : strlen(name);

	slash = memrchr(name, '/', len);
	colon = memrchr(name, ':', len);
	return colon && (!slash || colon > slash) ? (size_t)(colon - name) : len;
}

char *registries_alias(const struct registries *c, const char *name)
{
	size_t len = bare_length(name);
	g_autofree char *bare = g_strndup(name, len);
	const char *full = reference_is_short(name) ? text_of(c->aliases, bare) : NULL;

	return full ? g_strconcat(full, name + len, NULL) : NULL;
}

static int several(const struct registries *c, const char *name, GPtrArray *list, struct err *e)
{
	if (list->len < 2 || g_strcmp0(c->mode, "permissive") == 0 || g_strcmp0(c->mode, "disabled") == 0)
		return 0;
	err_msg(e, EINVAL, "the short name \"%.200s\" may mean %u images (short-name-mode is enforcing)", name, list->len);
	return err_hint(e, "name one of them: %.200s, %.200s%s", (char *)list->pdata[0], (char *)list->pdata[1],
			list->len > 2 ? " ..." : "");
}

int registries_names(const struct registries *c, const char *name, GPtrArray **ret, struct err *e)
{
	GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
	char *alias = registries_alias(c, name);
	json_t *host;
	size_t i;
	int r;

	if (alias) {
		g_ptr_array_add(list, alias);
	} else if (reference_is_short(name)) {
		json_array_foreach(c->search, i, host)
			if (json_is_string(host))
				g_ptr_array_add(list, g_strdup_printf("%s/%s", json_string_value(host), name));
	}
	if (!list->len)
		g_ptr_array_add(list, g_strdup(name));
	r = several(c, name, list, e);
	if (r < 0)
		g_ptr_array_unref(list);
	else
		*ret = list;
	return r;
}

GPtrArray *registries_search(const struct registries *c)
{
	GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
	json_t *host;
	size_t i;

	json_array_foreach(c->search, i, host)
		if (json_is_string(host))
			g_ptr_array_add(list, g_strdup(json_string_value(host)));
	if (!list->len)
		g_ptr_array_add(list, g_strdup("docker.io"));
	return list;
}

const char *const *registries_helpers(const struct registries *c)
{
	return (const char *const *)c->helpers;
}

/* --- where from ---------------------------------------------------------------------------------------------------- */

/* How many bytes of `name` the prefix covers; 0: it does not. */
static size_t covered(const char *prefix, const char *name)
{
	size_t len = strlen(prefix), host = strcspn(name, "/");

	if (g_str_has_prefix(prefix, "*.")) {
		size_t tail = len - 1, bare = strcspn(name, ":/");

		/* "*.example.org" has no port: it covers hosts with and without one. */
		if (bare > tail && memcmp(name + bare - tail, prefix + 1, tail) == 0)
			return bare;
		return host > tail && memcmp(name + host - tail, prefix + 1, tail) == 0 ? host : 0;
	}
	if (strncmp(name, prefix, len) != 0)
		return 0;
	return name[len] == '\0' || strchr("/:@", name[len]) ? len : 0;
}

/* The [[registry]] with the longest prefix, or NULL. */
static json_t *table_of(const struct registries *c, const char *name, size_t *ret_len)
{
	json_t *table, *best = NULL;
	size_t best_len = 0;
	const char *prefix;

	json_object_foreach(c->tables, prefix, table) {
		size_t len = covered(prefix, name);

		if (len && strlen(prefix) > best_len) {
			best = table;
			best_len = strlen(prefix);
			*ret_len = len;
		}
	}
	return best;
}

/* The reference with its first part replaced by `location`. */
static int rewrite(const struct reference *ref, const char *location, const char *rest, struct endpoint *ret, struct err *e)
{
	g_autofree char *name = g_strconcat(location, rest, NULL);
	int r = reference_parse(name, &ret->ref, e);

	if (r < 0)
		return err_wrap(e, "location \"%.100s\"", location);
	g_strlcpy(ret->ref.tag, ref->tag, sizeof ret->ref.tag);
	g_strlcpy(ret->ref.digest, ref->digest, sizeof ret->ref.digest);
	return 0;
}

/* Is the mirror for this kind of name? */
static bool mirror_serves(json_t *table, json_t *mirror, const struct reference *ref)
{
	const char *from = text_of(mirror, "pull-from-mirror");
	bool digest = *ref->digest;

	if (json_is_true(json_object_get(table, "mirror-by-digest-only")) && !digest)
		return false;
	return !from || strcmp(from, "all") == 0 || strcmp(from, digest ? "digest-only" : "tag-only") == 0;
}

static int check_blocked(json_t *table, struct err *e)
{
	if (!json_is_true(json_object_get(table, "blocked")))
		return 0;
	return err_msg(e, EACCES, "registry %s is blocked in %s", text_of(table, "prefix"), text_of(table, "file"));
}

int registries_host(const struct registries *c, const char *host, bool *ret, struct err *e)
{
	size_t len = 0;
	json_t *table = table_of(c, host, &len);

	*ret = json_is_true(json_object_get(table, "insecure"));
	return check_blocked(table, e);
}

int registries_endpoints(const struct registries *c, const struct reference *ref, bool push, struct endpoint **ret,
			 size_t *ret_n, struct err *e)
{
	g_autofree char *name = g_strdup_printf("%s/%s", ref->host, ref->path);
	size_t len = 0, n = 0, i;
	json_t *table = table_of(c, name, &len), *mirror, *mirrors = push ? NULL : json_object_get(table, "mirror");
	g_autofree struct endpoint *list = g_new0(struct endpoint, json_array_size(mirrors) + 1);
	int r = 0;

	if (check_blocked(table, e) < 0)
		return -e->code;
	json_array_foreach(mirrors, i, mirror) {
		if (!mirror_serves(table, mirror, ref))
			continue;
		r = rewrite(ref, text_of(mirror, "location"), name + len, &list[n], e);
		if (r < 0)
			return err_wrap(e, "%s", text_of(table, "file"));
		list[n].mirror = true;
		list[n++].insecure = json_is_true(json_object_get(mirror, "insecure"));
	}
	list[n].ref = *ref;
	if (table && text_of(table, "location"))
		r = rewrite(ref, text_of(table, "location"), name + len, &list[n], e);
	if (r < 0)
		return err_wrap(e, "%s", text_of(table, "file"));
	list[n++].insecure = json_is_true(json_object_get(table, "insecure"));
	*ret = g_steal_pointer(&list);
	*ret_n = n;
	return 0;
}
