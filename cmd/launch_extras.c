/* launch_extras.c - struct launch_extras as the JSON object in a container's record. */
#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <string.h>

#include "cmd/launch.h"
#include "core/oci/dump.h"

static const char *const kinds[SPECIAL_KIND_COUNT] = { "overlay", "image", "volume", "chown" };
static const char *const ns_names[RSPEC_NS_COUNT] = { "user", "mount", "pid", "network", "ipc", "uts", "cgroup",
	"time" };

static json_t *strings_to_json(char *const *v)
{
	json_t *a = json_array();

	for (; v && *v; v++)
		json_array_append_new(a, json_string(*v));
	return a;
}

static void put_string(json_t *o, const char *key, const char *value)
{
	if (value)
		json_object_set_new(o, key, json_string(value));
}

static json_t *special_to_json(const struct launch_special *s)
{
	json_t *o = json_object();

	put_string(o, "kind", kinds[s->kind]);
	put_string(o, "source", s->source);
	put_string(o, "destination", s->destination);
	json_object_set_new(o, "rw", json_boolean(s->rw));
	json_object_set_new(o, "nocopy", json_boolean(s->nocopy));
	json_object_set_new(o, "options", strings_to_json(s->options));
	return o;
}

static json_t *secrets_to_json(const struct launch_extras *x)
{
	json_t *a = json_array();

	for (size_t i = 0; i < x->n_secrets; i++) {
		const struct launch_secret *s = &x->secrets[i];

		json_array_append_new(a, json_pack("{s:s, s:s, s:s, s:b, s:I, s:I, s:I}", "id", s->id, "name", s->name,
				      "target", s->target, "env", s->env, "uid", (json_int_t)s->uid, "gid",
				      (json_int_t)s->gid, "mode", (json_int_t)s->mode));
	}
	return a;
}

char *launch_extras_to_json(const struct launch_extras *x)
{
	json_t *o = json_object(), *specials = json_array(), *join = json_object();
	char *text;

	for (size_t i = 0; i < x->n_specials; i++)
		json_array_append_new(specials, special_to_json(&x->specials[i]));
	for (unsigned ns = 0; ns < RSPEC_NS_COUNT; ns++)
		put_string(join, ns_names[ns], x->join[ns]);
	json_object_set_new(o, "mounts", specials);
	if (x->n_secrets)
		json_object_set_new(o, "secrets", secrets_to_json(x));
	json_object_set_new(o, "join", join);
	json_object_set_new(o, "addedCapabilities", json_integer((json_int_t)x->added_caps));
	json_object_set_new(o, "workdirGiven", json_boolean(x->workdir_given));
	json_object_set_new(o, "passwd", json_boolean(x->passwd));
	put_string(o, "passwdEntry", x->passwd_entry);
	if (x->host_users)
		json_object_set_new(o, "hostUsers", strings_to_json(x->host_users));
	json_object_set_new(o, "keepID", json_boolean(x->keep_id));
	json_object_set_new(o, "fullContainerenv", json_boolean(x->env_file_full));
	put_string(o, "timezone", x->tz);
	put_string(o, "initPath", x->init_path);
	put_string(o, "runtime", x->runtime);
	put_string(o, "cgroups", x->cgroups);
	put_string(o, "subuidName", x->subuid_name);
	put_string(o, "subgidName", x->subgid_name);
	if (x->auto_size) {
		json_object_set_new(o, "autoFirst", json_integer(x->auto_first));
		json_object_set_new(o, "autoSize", json_integer(x->auto_size));
	}
	json_object_set_new(o, "anonymousVolumes", strings_to_json(x->anonymous));
	text = json_compact(o);
	json_decref(o);
	return text;
}

static char *get_string(struct arena *a, json_t *o, const char *key)
{
	return arena_strdup(a, json_string_value(json_object_get(o, key)));
}

static char **get_strings(struct arena *a, json_t *o, const char *key)
{
	json_t *item;
	char **v = NULL;
	size_t i;

	json_array_foreach(json_object_get(o, key), i, item)
		if (json_is_string(item))
			arena_strv_push(a, &v, arena_strdup(a, json_string_value(item)));
	return v;
}

static int get_special(struct arena *a, json_t *o, struct launch_extras *x)
{
	const char *kind = json_string_value(json_object_get(o, "kind"));
	struct launch_special s = {
		.source = get_string(a, o, "source"), .destination = get_string(a, o, "destination"),
		.rw = json_is_true(json_object_get(o, "rw")), .nocopy = json_is_true(json_object_get(o, "nocopy")),
		.options = get_strings(a, o, "options"),
	};

	while (s.kind < SPECIAL_KIND_COUNT && (!kind || strcmp(kind, kinds[s.kind]) != 0))
		s.kind++;
	if (s.kind == SPECIAL_KIND_COUNT || !s.source || !s.destination)
		return -EINVAL;
	*ARENA_PUSH(a, x->specials, x->n_specials) = s;
	return 0;
}

static int get_secret(struct arena *a, json_t *o, struct launch_extras *x)
{
	struct launch_secret s = {
		.id = get_string(a, o, "id"), .name = get_string(a, o, "name"), .target = get_string(a, o, "target"),
		.env = json_is_true(json_object_get(o, "env")),
		.uid = (uint32_t)json_integer_value(json_object_get(o, "uid")),
		.gid = (uint32_t)json_integer_value(json_object_get(o, "gid")),
		.mode = (uint32_t)json_integer_value(json_object_get(o, "mode")),
	};

	if (!s.id || !s.name || !s.target)
		return -EINVAL;
	*ARENA_PUSH(a, x->secrets, x->n_secrets) = s;
	return 0;
}

int launch_extras_from_json(struct container_record *r, struct launch_extras *ret, struct err *e)
{
	json_t *o = json_loads(r->extra_json ? r->extra_json : "{}", 0, NULL), *item;
	struct arena *a = &r->arena;
	struct launch_extras x = { 0 };
	int result = json_is_object(o) ? 0 : -EINVAL;
	size_t i;

	json_array_foreach(json_object_get(o, "mounts"), i, item)
		if (result == 0)
			result = get_special(a, item, &x);
	json_array_foreach(json_object_get(o, "secrets"), i, item)
		if (result == 0)
			result = get_secret(a, item, &x);
	for (unsigned ns = 0; ns < RSPEC_NS_COUNT; ns++)
		x.join[ns] = get_string(a, json_object_get(o, "join"), ns_names[ns]);
	x.added_caps = (uint64_t)json_integer_value(json_object_get(o, "addedCapabilities"));
	x.workdir_given = json_is_true(json_object_get(o, "workdirGiven"));
	x.passwd = json_is_true(json_object_get(o, "passwd"));
	x.passwd_entry = get_string(a, o, "passwdEntry");
	x.host_users = get_strings(a, o, "hostUsers");
	x.keep_id = json_is_true(json_object_get(o, "keepID"));
	x.env_file_full = json_is_true(json_object_get(o, "fullContainerenv"));
	x.tz = get_string(a, o, "timezone");
	x.init_path = get_string(a, o, "initPath");
	x.runtime = get_string(a, o, "runtime");
	x.cgroups = get_string(a, o, "cgroups");
	x.subuid_name = get_string(a, o, "subuidName");
	x.subgid_name = get_string(a, o, "subgidName");
	x.auto_first = (uint32_t)json_integer_value(json_object_get(o, "autoFirst"));
	x.auto_size = (uint32_t)json_integer_value(json_object_get(o, "autoSize"));
	x.anonymous = get_strings(a, o, "anonymousVolumes");
	json_decref(o);
	if (result < 0)
		return err_msg(e, EINVAL, "container %.12s: its record is damaged", r->id);
	*ret = x;
	return 0;
}
