/* runtime_spec.c - the runtime spec's memory, builders and names; its JSON form: runtime_spec_read.c and _write.c. */
#include "core/oci/runtime_spec.h"

#include <glib.h>
#include <string.h>

#include "core/oci/runtime_spec_private.h"

const char *const rspec_ns_names[RSPEC_NS_COUNT] = {
	"user", "mount", "pid", "network", "ipc", "uts", "cgroup", "time",
};
const char *const rspec_cap_set_names[CAP_SET_COUNT] = {
	"bounding", "effective", "inheritable", "permitted", "ambient",
};
const char *const rspec_hook_names[HOOK_KIND_COUNT] = {
	"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop",
};

struct rspec *rspec_new(void)
{
	return g_new0(struct rspec, 1);
}

void rspec_free(struct rspec *spec)
{
	if (!spec)
		return;
	arena_free(&spec->arena);
	g_free(spec);
}

struct rspec_mount *rspec_add_mount(struct rspec *s, const char *destination, const char *type,
				    const char *source, const char *const *options)
{
	struct rspec_mount *m = ARENA_PUSH(&s->arena, s->mounts, s->n_mounts);

	m->destination = arena_strdup(&s->arena, destination);
	m->type = arena_strdup(&s->arena, type);
	m->source = arena_strdup(&s->arena, source);
	m->options = arena_strv_dup(&s->arena, options);
	return m;
}

/* Where the variable with this key stands in env, or NULL. */
static char **find_env(const struct rspec *s, const char *key, size_t len)
{
	for (char **v = s->process.env; v && *v; v++)
		if (!strncmp(*v, key, len) && (*v)[len] == '=')
			return v;
	return NULL;
}

void rspec_add_env(struct rspec *s, const char *key_value)
{
	char **old = find_env(s, key_value, strcspn(key_value, "=")), *copy = arena_strdup(&s->arena, key_value);

	if (old)
		*old = copy;
	else
		arena_strv_push(&s->arena, &s->process.env, copy);
}

const char *rspec_get_env(const struct rspec *s, const char *key)
{
	size_t len = strlen(key);
	char **v = find_env(s, key, len);

	return v ? *v + len + 1 : NULL;
}

void rspec_add_kv(struct rspec *s, struct rspec_kv **kv, size_t *n, const char *key, const char *value)
{
	struct rspec_kv *e;

	for (size_t i = 0; i < *n; i++) {
		if (!strcmp((*kv)[i].key, key)) {
			(*kv)[i].value = arena_strdup(&s->arena, value);
			return;
		}
	}
	e = ARENA_PUSH(&s->arena, *kv, *n);
	e->key = arena_strdup(&s->arena, key);
	e->value = arena_strdup(&s->arena, value);
}
