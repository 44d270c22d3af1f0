/* runtime_spec_read.c - config.json to struct rspec.
 *
 * Strict about types (a string where a number belongs is named with its path), deaf to keys that it does not know,
 * as the specification demands. Readers return early once an error is set, so callers check at the end.
 */
#include "core/oci/runtime_spec.h"

#include <errno.h>
#include <glib.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/oci/capability.h"
#include "core/oci/runtime_spec_private.h"

/* What is being read, for messages. */
struct reader {
	struct rspec *s;
	struct err *e;
};

static void wrong(struct reader *r, const char *path, const char *key, const char *what)
{
	if (!r->e->code)
		err_msg(r->e, EINVAL, "%s%s%s: %s", path, *path ? "." : "", key, what);
}

/* The member, or NULL when it is absent or null; one of another type is an error. */
static json_t *member(struct reader *r, json_t *o, const char *path, const char *key, json_type type,
		      const char *what)
{
	json_t *v = json_object_get(o, key);

	if (!v || json_is_null(v))
		return NULL;
	if (json_typeof(v) == type)
		return v;
	wrong(r, path, key, what);
	return NULL;
}

static json_t *object(struct reader *r, json_t *o, const char *path, const char *key)
{
	return member(r, o, path, key, JSON_OBJECT, "not an object");
}

static json_t *array(struct reader *r, json_t *o, const char *path, const char *key)
{
	return member(r, o, path, key, JSON_ARRAY, "not an array");
}

static char *string(struct reader *r, json_t *o, const char *path, const char *key)
{
	json_t *v = member(r, o, path, key, JSON_STRING, "not a string");

	if (v && strlen(json_string_value(v)) != json_string_length(v)) {
		wrong(r, path, key, "contains a NUL character");
		return NULL;
	}
	return v ? arena_strdup(&r->s->arena, json_string_value(v)) : NULL;
}

static bool flag(struct reader *r, json_t *o, const char *path, const char *key)
{
	json_t *v = json_object_get(o, key);

	if (v && !json_is_null(v) && !json_is_boolean(v))
		wrong(r, path, key, "not true or false");
	return json_is_true(v);
}

/* A whole number; as a real where the document was read so, see rspec_parse(). */
static bool integer(const json_t *v, int64_t *ret)
{
	double d = json_real_value(v);

	if (json_is_integer(v)) {
		*ret = json_integer_value(v);
		return true;
	}
	if (!json_is_real(v) || d < -9.2e18 || d > 9.2e18 || d != (double)(int64_t)d)
		return false;
	*ret = (int64_t)d;
	return true;
}

/* false: absent. */
static bool number(struct reader *r, json_t *o, const char *path, const char *key, int64_t min, int64_t max,
		   int64_t *ret)
{
	json_t *v = json_object_get(o, key);
	int64_t n;

	if (!v || json_is_null(v))
		return false;
	if (!integer(v, &n))
		wrong(r, path, key, "not a number");
	else if (n < min || n > max)
		wrong(r, path, key, "number out of range");
	else {
		*ret = n;
		return true;
	}
	return false;
}

/* Numbers up to 2^64-1 (rlimits, cpu shares), where what is beyond 63 bits means "all there is". */
static bool large_number(struct reader *r, json_t *o, const char *path, const char *key, uint64_t *ret)
{
	json_t *v = json_object_get(o, key);
	int64_t n;

	if (!v || json_is_null(v))
		return false;
	if (integer(v, &n))
		*ret = (uint64_t)n;
	else if (json_is_real(v) ? json_real_value(v) >= 9.2e18 :
		 json_is_string(v) && !strcmp(json_string_value(v), RSPEC_LARGEST))
		*ret = UINT64_MAX;
	else {
		wrong(r, path, key, "not a number");
		return false;
	}
	return true;
}

static char **strings(struct reader *r, json_t *o, const char *path, const char *key)
{
	json_t *a = array(r, o, path, key), *v;
	size_t i, n = json_array_size(a);
	char **out;

	if (!a)
		return NULL;
	out = arena_alloc(&r->s->arena, (n + 1) * sizeof *out);
	json_array_foreach(a, i, v) {
		if (!json_is_string(v)) {
			wrong(r, path, key, "not an array of strings");
			return NULL;
		}
		out[i] = arena_strdup(&r->s->arena, json_string_value(v));
	}
	return arena_strv_dup(&r->s->arena, (const char *const *)out);
}

static void pairs(struct reader *r, json_t *o, const char *path, const char *key, struct rspec_kv **kv, size_t *n)
{
	json_t *map = object(r, o, path, key), *v;
	const char *k;

	json_object_foreach(map, k, v) {
		if (!json_is_string(v)) {
			wrong(r, path, key, "not an object of strings");
			return;
		}
		rspec_add_kv(r->s, kv, n, k, json_string_value(v));
	}
}

/* The next element of an array of objects, its path in `at` ("mounts[3]"). */
static json_t *element(struct reader *r, json_t *a, size_t i, const char *name, char *at, size_t size)
{
	json_t *v = json_array_get(a, i);

	snprintf(at, size, "%s[%zu]", name, i);
	if (v && !json_is_object(v))
		wrong(r, "", at, "not an object");
	return r->e->code ? NULL : v;
}

static void read_user(struct reader *r, json_t *process)
{
	const char *path = "process.user";
	json_t *o = object(r, process, "process", "user"), *a, *v;
	struct rspec_user *u = &r->s->process.user;
	int64_t n = 0;
	size_t i;

	if (number(r, o, path, "uid", 0, UINT32_MAX - 1, &n))
		u->uid = (uint32_t)n;
	if (number(r, o, path, "gid", 0, UINT32_MAX - 1, &n))
		u->gid = (uint32_t)n;
	u->has_umask = number(r, o, path, "umask", 0, 0777, &n);
	u->umask = u->has_umask ? (mode_t)n : 0;
	a = array(r, o, path, "additionalGids");
	u->additional_gids = arena_alloc(&r->s->arena, (json_array_size(a) + 1) * sizeof *u->additional_gids);
	json_array_foreach(a, i, v) {
		if (!integer(v, &n) || n < 0 || n >= UINT32_MAX)
			wrong(r, path, "additionalGids", "not an array of group numbers");
		u->additional_gids[u->n_additional_gids++] = (uint32_t)n;
	}
}

static void read_rlimits(struct reader *r, json_t *process)
{
	json_t *a = array(r, process, "process", "rlimits");
	char at[64];

	for (size_t i = 0; i < json_array_size(a); i++) {
		json_t *o = element(r, a, i, "process.rlimits", at, sizeof at);
		struct rspec_rlimit *l = ARENA_PUSH(&r->s->arena, r->s->process.rlimits, r->s->process.n_rlimits);

		l->type = string(r, o, at, "type");
		(void)large_number(r, o, at, "hard", &l->hard);
		(void)large_number(r, o, at, "soft", &l->soft);
		if (!l->type)
			wrong(r, at, "type", "is missing");
	}
}

static void read_capabilities(struct reader *r, json_t *process)
{
	json_t *o = object(r, process, "process", "capabilities"), *v;
	size_t i;

	r->s->process.has_capabilities = o != NULL;
	for (int set = 0; o && set < CAP_SET_COUNT; set++) {
		json_t *a = array(r, o, "process.capabilities", rspec_cap_set_names[set]);

		json_array_foreach(a, i, v) {
			int cap = json_is_string(v) ? capability_number(json_string_value(v)) : -1;

			if (!json_is_string(v))
				wrong(r, "process.capabilities", rspec_cap_set_names[set], "not an array of strings");
			/* One of a newer kernel: the specification says that it is to be ignored. */
			else if (cap >= 0)
				r->s->process.capabilities[set] |= 1ULL << cap;
		}
	}
}

static void read_process(struct reader *r, json_t *doc)
{
	json_t *o = object(r, doc, "", "process"), *size = object(r, o, "process", "consoleSize");
	struct rspec_process *p = &r->s->process;
	int64_t n = 0;

	p->terminal = flag(r, o, "process", "terminal");
	if (number(r, size, "process.consoleSize", "height", 0, USHRT_MAX, &n))
		p->console_rows = (unsigned short)n;
	if (number(r, size, "process.consoleSize", "width", 0, USHRT_MAX, &n))
		p->console_cols = (unsigned short)n;
	p->cwd = string(r, o, "process", "cwd");
	p->env = strings(r, o, "process", "env");
	p->args = strings(r, o, "process", "args");
	p->no_new_privileges = flag(r, o, "process", "noNewPrivileges");
	p->has_oom_score_adj = number(r, o, "process", "oomScoreAdj", -1000, 1000, &n);
	p->oom_score_adj = p->has_oom_score_adj ? (int)n : 0;
	p->apparmor_profile = string(r, o, "process", "apparmorProfile");
	p->selinux_label = string(r, o, "process", "selinuxLabel");
	read_user(r, o);
	read_rlimits(r, o);
	read_capabilities(r, o);
}

static void read_mounts(struct reader *r, json_t *doc)
{
	json_t *a = array(r, doc, "", "mounts");
	char at[64];

	for (size_t i = 0; i < json_array_size(a); i++) {
		json_t *o = element(r, a, i, "mounts", at, sizeof at);
		struct rspec_mount *m = ARENA_PUSH(&r->s->arena, r->s->mounts, r->s->n_mounts);

		m->destination = string(r, o, at, "destination");
		m->type = string(r, o, at, "type");
		m->source = string(r, o, at, "source");
		m->options = strings(r, o, at, "options");
		if (!m->destination)
			wrong(r, at, "destination", "is missing");
		if (json_object_get(o, "uidMappings") || json_object_get(o, "gidMappings"))
			wrong(r, at, "uidMappings", "id-mapped mounts are not supported");
	}
}

static void read_hooks(struct reader *r, json_t *doc)
{
	json_t *hooks = object(r, doc, "", "hooks");
	char name[48], at[64];
	int64_t n;

	for (int k = 0; k < HOOK_KIND_COUNT; k++) {
		json_t *a = array(r, hooks, "hooks", rspec_hook_names[k]);

		snprintf(name, sizeof name, "hooks.%s", rspec_hook_names[k]);
		for (size_t i = 0; i < json_array_size(a); i++) {
			json_t *o = element(r, a, i, name, at, sizeof at);
			struct rspec_hook *h = ARENA_PUSH(&r->s->arena, r->s->hooks[k], r->s->n_hooks[k]);

			h->path = string(r, o, at, "path");
			h->args = strings(r, o, at, "args");
			h->env = strings(r, o, at, "env");
			if (number(r, o, at, "timeout", 1, INT_MAX, &n))
				h->timeout = (int)n;
			if (!h->path)
				wrong(r, at, "path", "is missing");
		}
	}
}

static void read_namespaces(struct reader *r, json_t *linux_obj)
{
	json_t *a = array(r, linux_obj, "linux", "namespaces");
	char at[64];

	for (size_t i = 0; i < json_array_size(a); i++) {
		json_t *o = element(r, a, i, "linux.namespaces", at, sizeof at);
		const char *type = string(r, o, at, "type");
		int k;

		for (k = 0; type && k < RSPEC_NS_COUNT && strcmp(rspec_ns_names[k], type) != 0; k++)
			;
		if (!type || k == RSPEC_NS_COUNT) {
			wrong(r, at, "type", "is not a kind of namespace");
			return;
		}
		if (r->s->namespaces[k].listed)
			wrong(r, at, "type", "is listed twice");
		r->s->namespaces[k].listed = true;
		r->s->namespaces[k].path = string(r, o, at, "path");
	}
}

static void read_mappings(struct reader *r, json_t *linux_obj, const char *key, struct rspec_id_mapping **out,
			  size_t *n_out)
{
	json_t *a = array(r, linux_obj, "linux", key);
	char name[48], at[64];
	int64_t n = 0;

	snprintf(name, sizeof name, "linux.%s", key);
	for (size_t i = 0; i < json_array_size(a); i++) {
		json_t *o = element(r, a, i, name, at, sizeof at);
		struct rspec_id_mapping *m = ARENA_PUSH(&r->s->arena, *out, *n_out);

		if (number(r, o, at, "containerID", 0, UINT32_MAX, &n))
			m->container_id = (uint32_t)n;
		if (number(r, o, at, "hostID", 0, UINT32_MAX, &n))
			m->host_id = (uint32_t)n;
		if (number(r, o, at, "size", 1, UINT32_MAX, &n))
			m->size = (uint32_t)n;
		else
			wrong(r, at, "size", "is missing");
	}
}

static void read_devices(struct reader *r, json_t *linux_obj)
{
	json_t *a = array(r, linux_obj, "linux", "devices");
	char at[64];
	int64_t n = 0;

	for (size_t i = 0; i < json_array_size(a); i++) {
		json_t *o = element(r, a, i, "linux.devices", at, sizeof at);
		struct rspec_device *d = ARENA_PUSH(&r->s->arena, r->s->devices, r->s->n_devices);
		const char *type = string(r, o, at, "type");

		d->path = string(r, o, at, "path");
		if (!d->path || *d->path != '/')
			wrong(r, at, "path", "is not an absolute path");
		if (!type || !*type || type[1] || !strchr("cubp", *type))
			wrong(r, at, "type", "is not one of c, b, u, p");
		d->type = !type || *type == 'u' ? 'c' : *type;
		(void)number(r, o, at, "major", -1, UINT32_MAX, &d->major);
		(void)number(r, o, at, "minor", -1, UINT32_MAX, &d->minor);
		d->has_mode = number(r, o, at, "fileMode", 0, 0177777, &n);
		d->mode = d->has_mode ? (mode_t)n : 0;
		if (number(r, o, at, "uid", 0, UINT32_MAX, &n))
			d->uid = (uint32_t)n;
		if (number(r, o, at, "gid", 0, UINT32_MAX, &n))
			d->gid = (uint32_t)n;
	}
}

static void read_resources(struct reader *r, json_t *linux_obj)
{
	json_t *o = object(r, linux_obj, "linux", "resources");
	json_t *memory = object(r, o, "linux.resources", "memory"), *cpu = object(r, o, "linux.resources", "cpu");
	json_t *pids = object(r, o, "linux.resources", "pids");
	const char *m = "linux.resources.memory", *c = "linux.resources.cpu";
	struct rspec_resources *res = &r->s->resources;

	res->has_memory_limit = number(r, memory, m, "limit", -1, INT64_MAX, &res->memory_limit);
	res->has_memory_swap = number(r, memory, m, "swap", -1, INT64_MAX, &res->memory_swap);
	res->has_memory_reservation = number(r, memory, m, "reservation", -1, INT64_MAX, &res->memory_reservation);
	res->has_pids_limit = number(r, pids, "linux.resources.pids", "limit", -1, INT64_MAX, &res->pids_limit);
	res->has_cpu_shares = large_number(r, cpu, c, "shares", &res->cpu_shares);
	res->has_cpu_quota = number(r, cpu, c, "quota", INT64_MIN, INT64_MAX, &res->cpu_quota);
	res->has_cpu_period = large_number(r, cpu, c, "period", &res->cpu_period);
	res->cpuset_cpus = string(r, cpu, c, "cpus");
	res->cpuset_mems = string(r, cpu, c, "mems");
	pairs(r, o, "linux.resources", "unified", &res->unified, &res->n_unified);
}

static void read_seccomp(struct reader *r, json_t *linux_obj)
{
	json_t *o = object(r, linux_obj, "linux", "seccomp");
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;

	r->s->seccomp = o ? SECCOMP_DOCUMENT : SECCOMP_NONE;
	r->s->seccomp_json = arena_strdup(&r->s->arena, text);
	free(text);
	/* Ours, written short: see rspec_to_json. */
	for (size_t i = 0; i < r->s->n_annotations; i++) {
		if (strcmp(r->s->annotations[i].key, RSPEC_DEFAULT_SECCOMP) != 0)
			continue;
		r->s->seccomp = SECCOMP_DEFAULT;
		r->s->annotations[i] = r->s->annotations[--r->s->n_annotations];
		break;
	}
}

static void read_linux(struct reader *r, json_t *doc)
{
	json_t *o = object(r, doc, "", "linux");
	struct rspec *s = r->s;

	read_namespaces(r, o);
	read_mappings(r, o, "uidMappings", &s->uid_mappings, &s->n_uid_mappings);
	read_mappings(r, o, "gidMappings", &s->gid_mappings, &s->n_gid_mappings);
	read_devices(r, o);
	s->cgroups_path = string(r, o, "linux", "cgroupsPath");
	read_resources(r, o);
	pairs(r, o, "linux", "sysctl", &s->sysctl, &s->n_sysctl);
	s->masked_paths = strings(r, o, "linux", "maskedPaths");
	s->readonly_paths = strings(r, o, "linux", "readonlyPaths");
	s->rootfs_propagation = string(r, o, "linux", "rootfsPropagation");
	s->mount_label = string(r, o, "linux", "mountLabel");
	read_seccomp(r, o);
}

int rspec_from_json(json_t *doc, struct rspec **ret, struct err *e)
{
	autorspec *s = rspec_new();
	struct reader r = { s, e };
	json_t *root;

	err_clear(e);
	if (!json_is_object(doc))
		return err_msg(e, EINVAL, "config.json: not an object");
	s->oci_version = string(&r, doc, "", "ociVersion");
	root = object(&r, doc, "", "root");
	s->root_path = string(&r, root, "root", "path");
	s->root_readonly = flag(&r, root, "root", "readonly");
	s->hostname = string(&r, doc, "", "hostname");
	s->domainname = string(&r, doc, "", "domainname");
	pairs(&r, doc, "", "annotations", &s->annotations, &s->n_annotations);
	read_process(&r, doc);
	read_mounts(&r, doc);
	read_hooks(&r, doc);
	read_linux(&r, doc);
	if (e->code)
		return -e->code;
	*ret = s;
	s = NULL;
	return 0;
}

int rspec_parse(const char *text, size_t len, struct rspec **ret, struct err *e)
{
	json_error_t why;
	json_t *doc = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
	int r;

	/* "hard": 18446744073709551615 is valid, and more than jansson's integers hold. */
	if (!doc && json_error_code(&why) == json_error_numeric_overflow)
		doc = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &why);
	if (!doc)
		return err_msg(e, EINVAL, "config.json: line %d: %s", why.line, why.text);
	r = rspec_from_json(doc, ret, e);
	json_decref(doc);
	return r;
}
