/* changes.c - see changes.h. */
#include "cmd/image/changes.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

static json_t *array_in(json_t *config, const char *key)
{
	json_t *value = json_object_get(config, key);

	if (json_is_array(value))
		return value;
	value = json_array();
	json_object_set_new(config, key, value);
	return value;
}

static json_t *object_in(json_t *config, const char *key)
{
	json_t *value = json_object_get(config, key);

	if (json_is_object(value))
		return value;
	value = json_object();
	json_object_set_new(config, key, value);
	return value;
}

void config_set_env(json_t *config, const char *pair)
{
	json_t *env = array_in(config, "Env"), *entry;
	size_t i, len = strcspn(pair, "=") + 1;

	json_array_foreach(env, i, entry) {
		if (strncmp(json_string_value(entry) ? json_string_value(entry) : "", pair, len) == 0) {
			json_array_set_new(env, i, json_string(pair));
			return;
		}
	}
	json_array_append_new(env, json_string(pair));
}

/* A JSON list of strings, or NULL. */
static json_t *string_list(const char *value)
{
	json_t *list = *value == '[' ? json_loads(value, 0, NULL) : NULL, *entry;
	size_t i;

	json_array_foreach(list, i, entry)
		if (!json_is_string(entry)) {
			json_decref(list);
			return NULL;
		}
	if (list && !json_is_array(list)) {
		json_decref(list);
		return NULL;
	}
	return list;
}

static int set_command(json_t *config, const char *key, const char *value, struct err *e)
{
	json_t *list = string_list(value);

	(void)e;
	json_object_set_new(config, key, list ? list : json_pack("[s,s,s]", "/bin/sh", "-c", value));
	return 0;
}

/* "a=b c='d e'" or "name the rest": each pair goes to `set`. */
static int each_pair(const char *value, void (*set)(json_t *config, const char *pair), json_t *config, struct err *e)
{
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) words = NULL;
	size_t name = strcspn(value, " \t=");

	if (value[name] == ' ' || value[name] == '\t') {
		g_autofree char *pair = g_strdup_printf("%.*s=%s", (int)name, value, value + name + 1);

		set(config, pair);
		return 0;
	}
	if (!g_shell_parse_argv(value, NULL, &words, &error))
		return err_msg(e, EINVAL, "%s", error->message);
	for (char **w = words; *w; w++) {
		if (!strchr(*w, '=') || **w == '=')
			return err_msg(e, EINVAL, "\"%s\" is not NAME=value", *w);
		set(config, *w);
	}
	return 0;
}

static int set_env(json_t *config, const char *key, const char *value, struct err *e)
{
	(void)key;
	return each_pair(value, config_set_env, config, e);
}

static void set_one_label(json_t *config, const char *pair)
{
	g_autofree char *name = g_strndup(pair, strcspn(pair, "="));

	json_object_set_new(object_in(config, "Labels"), name, json_string(strchr(pair, '=') + 1));
}

static int set_label(json_t *config, const char *key, const char *value, struct err *e)
{
	(void)key;
	return each_pair(value, set_one_label, config, e);
}

static int set_text(json_t *config, const char *key, const char *value, struct err *e)
{
	(void)e;
	json_object_set_new(config, key, json_string(value));
	return 0;
}

static int add_port(json_t *config, const char *key, const char *value, struct err *e)
{
	g_auto(GStrv) words = g_strsplit_set(value, " \t", -1);

	(void)e;
	for (char **w = words; *w; w++) {
		g_autofree char *port = strchr(*w, '/') ? g_strdup(*w) : g_strconcat(*w, "/tcp", NULL);

		if (**w)
			json_object_set_new(object_in(config, key), port, json_object());
	}
	return 0;
}

static int add_volume(json_t *config, const char *key, const char *value, struct err *e)
{
	json_t *list = string_list(value), *entry;
	g_auto(GStrv) words = list ? NULL : g_strsplit_set(value, " \t", -1);
	size_t i;

	(void)e;
	json_array_foreach(list, i, entry)
		json_object_set_new(object_in(config, key), json_string_value(entry), json_object());
	for (char **w = words; w && *w; w++)
		if (**w)
			json_object_set_new(object_in(config, key), *w, json_object());
	json_decref(list);
	return 0;
}

static int add_onbuild(json_t *config, const char *key, const char *value, struct err *e)
{
	(void)e;
	json_array_append_new(array_in(config, key), json_string(value));
	return 0;
}

static const struct {
	const char *name, *key;
	int (*apply)(json_t *config, const char *key, const char *value, struct err *e);
} instructions[] = {
	{ "CMD", "Cmd", set_command }, { "ENTRYPOINT", "Entrypoint", set_command }, { "ENV", "Env", set_env },
	{ "EXPOSE", "ExposedPorts", add_port }, { "LABEL", "Labels", set_label }, { "ONBUILD", "OnBuild", add_onbuild },
	{ "STOPSIGNAL", "StopSignal", set_text }, { "USER", "User", set_text }, { "VOLUME", "Volumes", add_volume },
	{ "WORKDIR", "WorkingDir", set_text },
};

int changes_apply(json_t *config, char *const *changes, struct err *e)
{
	for (; changes && *changes; changes++) {
		size_t len = strcspn(*changes, " \t=");
		const char *value = *changes + len + ((*changes)[len] != '\0');
		int r = err_msg(e, EINVAL, "an instruction that is not known");

		value += strspn(value, " \t");
		for (size_t i = 0; i < G_N_ELEMENTS(instructions); i++) {
			if (strlen(instructions[i].name) != len || g_ascii_strncasecmp(instructions[i].name, *changes, len) != 0)
				continue;
			err_clear(e);
			r = *value ? instructions[i].apply(config, instructions[i].key, value, e) :
				     err_msg(e, EINVAL, "it needs a value");
			break;
		}
		if (r < 0)
			return err_wrap(e, "--change \"%s\"", *changes);
	}
	return 0;
}
