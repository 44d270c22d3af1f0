/* auth_store.c - entries of auth.json, put and removed. */
#include "net/registry/auth_store.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/path.h"

int auth_file_choose(const char *authfile, const char *compat, struct auth_file *ret, struct err *e)
{
	const char *file = getenv("REGISTRY_AUTH_FILE"), *run = getenv("XDG_RUNTIME_DIR");
	const char *config = getenv("XDG_CONFIG_HOME");

	*ret = (struct auth_file){ .docker = compat != NULL };
	if (authfile && compat)
		return err_msg(e, EINVAL, "--authfile and --compat-auth-file exclude each other");
	if (authfile || compat)
		file = authfile ? authfile : compat;
	if (file && *file)
		ret->path = g_strdup(file);
	else if (run && *run)
		ret->path = g_strdup_printf("%s/containers/auth.json", run);
	else if (config && *config)
		ret->path = g_strdup_printf("%s/containers/auth.json", config);
	else
		ret->path = g_strdup_printf("%s/.config/containers/auth.json", g_get_home_dir());
	return 0;
}

void auth_file_clear(struct auth_file *f)
{
	g_clear_pointer(&f->path, g_free);
}

/* --- the file ------------------------------------------------------------------------------------------- */

struct edit {
	const struct auth_file *f;
	char *real;                     /* behind symbolic links */
	json_t *root;
	int lock;                       /* its directory */
};

/* Jansson's strings are not wiped by it. */
static void forget(json_t *value)
{
	const char *key;
	json_t *sub;

	if (json_is_string(value))
		explicit_bzero((char *)json_string_value(value), json_string_length(value));
	json_object_foreach(value, key, sub)
		forget(sub);
}

static void edit_end(struct edit *d)
{
	forget(json_object_get(d->root, "auths"));
	json_decref(d->root);
	fd_close(&d->lock);
	free(d->real);
}

static int edit_begin(const struct auth_file *f, struct edit *d, struct err *e)
{
	g_autofree char *dir = NULL;
	autowiped *text = NULL;
	size_t len = 0;
	json_error_t je;
	int r;

	*d = (struct edit){ .f = f, .real = realpath(f->path, NULL), .lock = -1 };
	if (!d->real)
		d->real = strdup(f->path);
	dir = g_path_get_dirname(d->real);
	r = path_mkdirs(dir, 0700);
	if (r < 0)
		return err_set(e, -r, "directory %s", dir);
	d->lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Some file systems lock no directories: then two logins in the same moment may lose one. */
	if (d->lock >= 0)
		(void)flock(d->lock, LOCK_EX);
	r = file_read(AT_FDCWD, d->real, AUTH_FILE_MAX, &text, &len, e);
	if (r == -ENOENT) {
		err_clear(e);
		r = 0;
	}
	if (r < 0)
		return err_wrap(e, "credentials");
	d->root = len ? json_loadb(text, len, JSON_REJECT_DUPLICATES, &je) : json_object();
	if (!json_is_object(d->root))
		return err_msg(e, EINVAL, "credentials in %s: not a JSON object: it is left as it is", f->path);
	return 0;
}

static int edit_write(struct edit *d, struct err *e)
{
	autowiped *text = json_dumps(d->root, JSON_INDENT(8));

	if (!text)
		return err_set(e, ENOMEM, "credentials in %s", d->f->path);
	return file_replace(AT_FDCWD, d->real, text, strlen(text), 0600, true, e);
}

static json_t *auths(struct edit *d)
{
	json_t *a = json_object_get(d->root, "auths");

	if (!json_is_object(a)) {
		a = json_object();
		json_object_set_new(d->root, "auths", a);
	}
	return a;
}

/* --- entries ---------------------------------------------------------------------------------------------- */

/* The names an entry of `key` may have in the file. */
static bool names_key(const char *name, const char *key)
{
	g_autofree char *old = NULL;

	if (strcmp(name, key) == 0)
		return true;
	old = auth_json_old_host(name);
	return old && strcmp(old, key) == 0;
}

/* The helper that holds `key`, or NULL; *ret_name is what it calls it. */
static const char *helper_of(struct edit *d, const char *key, const char **ret_name)
{
	json_t *helpers = json_object_get(d->root, "credHelpers"), *value;
	const char *name, *store = json_string_value(json_object_get(d->root, "credsStore"));

	*ret_name = strcmp(key, "docker.io") == 0 ? DOCKER_HUB_KEY : key;
	json_object_foreach(helpers, name, value) {
		if (names_key(name, key) && json_is_string(value)) {
			*ret_name = name;
			return json_string_value(value);
		}
	}
	return store && *store ? store : NULL;
}

static int remove_names(json_t *a, const char *key)
{
	const char *name;
	json_t *value;
	void *next;
	int removed = 0;

	json_object_foreach_safe(a, next, name, value) {
		if (!names_key(name, key))
			continue;
		forget(value);
		json_object_del(a, name);
		removed = 1;
	}
	return removed;
}

static json_t *entry_of(const struct credential *c)
{
	autowiped *plain = g_strdup_printf("%s:%s", c->username, c->password);
	autowiped *coded = g_base64_encode((const guchar *)plain, strlen(plain));

	return json_pack("{s:s}", "auth", coded);
}

static int put(struct edit *d, const char *key, const struct credential *c, struct err *e)
{
	const char *asked, *helper = helper_of(d, key, &asked);
	const char *name = d->f->docker && strcmp(key, "docker.io") == 0 ? DOCKER_HUB_KEY : key;
	json_t *entry = NULL;

	if (helper && !auth_json_helper_valid(helper))
		return err_msg(e, EINVAL, "credentials in %s: not the name of a credential helper", d->f->path);
	if (helper) {
		int r = credential_tell_helper(helper, asked, c, e);

		if (r < 0)
			return r;
		/* An empty entry says whom the store holds something for, as docker's own does. */
		entry = json_object();
		name = asked;
	}
	(void)remove_names(auths(d), key);
	json_object_set_new(auths(d), name, entry ? entry : entry_of(c));
	return edit_write(d, e);
}

int auth_file_put(const struct auth_file *f, const char *key, const struct credential *c, struct err *e)
{
	struct edit d;
	int r = edit_begin(f, &d, e);

	if (r == 0)
		r = put(&d, key, c, e);
	edit_end(&d);
	return r;
}

static int take_out(struct edit *d, const char *key, struct err *e)
{
	const char *asked, *helper = helper_of(d, key, &asked);
	int removed = 0, r;

	if (helper && !auth_json_helper_valid(helper))
		return err_msg(e, EINVAL, "credentials in %s: not the name of a credential helper", d->f->path);
	if (helper) {
		removed = credential_erase_helper(helper, asked, e);
		if (removed < 0)
			return removed;
	}
	if (!remove_names(json_object_get(d->root, "auths"), key))
		return removed;
	r = edit_write(d, e);
	return r < 0 ? r : 1;
}

int auth_file_remove(const struct auth_file *f, const char *key, struct err *e)
{
	struct edit d;
	int r;

	if (access(f->path, F_OK) < 0 && errno == ENOENT)
		return 0;
	r = edit_begin(f, &d, e);
	if (r == 0)
		r = take_out(&d, key, e);
	edit_end(&d);
	return r;
}

/* What a helper holds for the names in the file. */
static int erase_held(struct edit *d, struct err *e)
{
	const char *name;
	json_t *value;
	int r = 0;

	json_object_foreach(auths(d), name, value) {
		g_autofree char *old = auth_json_old_host(name);
		const char *asked, *helper = helper_of(d, old ? old : name, &asked);

		if (helper && auth_json_helper_valid(helper))
			r = credential_erase_helper(helper, asked, e);
		if (r < 0)
			return r;
	}
	return 0;
}

int auth_file_remove_all(const struct auth_file *f, struct err *e)
{
	struct edit d;
	int r;

	if (access(f->path, F_OK) < 0 && errno == ENOENT)
		return 0;
	r = edit_begin(f, &d, e);
	if (r == 0)
		r = erase_held(&d, e);
	if (r == 0) {
		forget(auths(&d));
		json_object_clear(auths(&d));
		r = edit_write(&d, e);
	}
	edit_end(&d);
	return r;
}
