/* conf.c - see conf.h. */
#include "cmd/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/file.h"

#define CONF_MAX (1024 * 1024)

static void set_value(struct conf *c, const char *section, const char *key, const char *value,
		      const char *origin)
{
	struct conf_value v = {
		g_string_chunk_insert_const(c->strings, section), g_string_chunk_insert_const(c->strings, key),
		g_string_chunk_insert(c->strings, value), g_string_chunk_insert_const(c->strings, origin),
	};

	for (guint i = 0; i < c->values->len; i++) {
		struct conf_value *old = &g_array_index(c->values, struct conf_value, i);

		if (!strcmp(old->section, section) && !strcmp(old->key, key)) {
			*old = v;
			return;
		}
	}
	g_array_append_val(c->values, v);
}

static int read_one(struct conf *c, const char *path, bool must_exist, struct err *e)
{
	g_autoptr(GKeyFile) kf = g_key_file_new();
	g_autoptr(GError) ge = NULL;
	g_autofree char *text = NULL;
	g_auto(GStrv) groups = NULL;
	size_t len;
	int r = file_read(AT_FDCWD, path, CONF_MAX, &text, &len, e);

	if (r < 0) {
		if (must_exist || (r != -ENOENT && r != -ENOTDIR && r != -EACCES))
			return r;
		err_clear(e);
		return 0;
	}
	if (len == 0)
		return 0;
	if (!g_key_file_load_from_data(kf, text, len, G_KEY_FILE_NONE, &ge))
		return err_msg(e, EINVAL, "%s: %s", path, ge->message);
	g_ptr_array_add(c->files, g_string_chunk_insert(c->strings, path));
	groups = g_key_file_get_groups(kf, NULL);
	for (char **g = groups; *g; g++) {
		g_auto(GStrv) keys = g_key_file_get_keys(kf, *g, NULL, NULL);

		for (char **k = keys; k && *k; k++) {
			g_autofree char *value = g_key_file_get_string(kf, *g, *k, NULL);

			if (!value)
				return err_msg(e, EINVAL, "%s: [%s] %s: not valid text", path, *g, *k);
			set_value(c, *g, *k, value, path);
		}
	}
	return 0;
}

int conf_load(const char *extra, struct conf *c, struct err *e)
{
	const char *home = getenv("HOME"), *xdg = getenv("XDG_CONFIG_HOME");
	int r;

	c->values = g_array_new(FALSE, TRUE, sizeof(struct conf_value));
	c->files = g_ptr_array_new();
	c->strings = g_string_chunk_new(512);
	if (!extra)
		extra = getenv("CORACLE_CONF");
	r = read_one(c, SYSCONFDIR "/coracle.conf", false, e);
	if (r == 0 && ((xdg && *xdg == '/') || home)) {
		g_autofree char *user = xdg && *xdg == '/' ?
			g_strconcat(xdg, "/coracle/coracle.conf", NULL) :
			g_strconcat(home, "/.config/coracle/coracle.conf", NULL);

		r = read_one(c, user, false, e);
	}
	if (r == 0 && extra && *extra)
		r = read_one(c, extra, true, e);
	return r;
}

static int apply_one(const struct opt *o, void *values, const struct conf_value *v, struct err *e)
{
	g_auto(GStrv) parts = NULL;

	if (o->type != OPT_LIST && o->type != OPT_CSV)
		return opt_store(o, values, v->value, e);
	parts = g_strsplit(v->value, ";", -1);
	for (char **p = parts; *p; p++) {
		int r = **p ? opt_store(o, values, *p, e) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

int conf_apply(const struct conf *c, const char *section, const struct opt *table, void *values, struct err *e)
{
	for (guint i = 0; i < c->values->len; i++) {
		const struct conf_value *v = &g_array_index(c->values, struct conf_value, i);
		const struct opt *o;

		if (strcmp(v->section, section) != 0)
			continue;
		o = opt_find(table, v->key, strlen(v->key));
		if (!o)
			return err_msg(e, EINVAL, "%s: [%s] %s: there is no such option", v->origin, section,
				       v->key);
		if (apply_one(o, values, v, e) < 0)
			return err_wrap(e, "%s: [%s]", v->origin, section);
	}
	return 0;
}

void conf_free(struct conf *c)
{
	if (!c->values)
		return;
	g_array_free(c->values, TRUE);
	g_ptr_array_free(c->files, TRUE);
	g_string_chunk_free(c->strings);
	c->values = NULL;
}
