/* runtime_spec_write.c - struct rspec to config.json. What is absent in the struct is not written. */
#include "core/oci/runtime_spec.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "core/oci/capability.h"
#include "core/oci/runtime_spec_private.h"

static void put_string(json_t *o, const char *key, const char *value)
{
	if (value)
		json_object_set_new(o, key, json_stringn_nocheck(value, strlen(value)));
}

static void put_number(json_t *o, const char *key, int64_t value)
{
	json_object_set_new(o, key, json_integer(value));
}

static void put_flag(json_t *o, const char *key, bool value)
{
	if (value)
		json_object_set_new(o, key, json_true());
}

/* Beyond 63 bits jansson has no number: a string, for which rspec_to_text() puts the number. */
static void put_large(json_t *o, const char *key, uint64_t value)
{
	if (value <= INT64_MAX)
		put_number(o, key, (int64_t)value);
	else
		json_object_set_new(o, key, json_string(RSPEC_LARGEST));
}

static void put_strings(json_t *o, const char *key, char *const *v)
{
	json_t *a;

	if (!v)
		return;
	a = json_array();
	for (; *v; v++)
		json_array_append_new(a, json_stringn_nocheck(*v, strlen(*v)));
	json_object_set_new(o, key, a);
}

static void put_pairs(json_t *o, const char *key, const struct rspec_kv *kv, size_t n)
{
	json_t *map;

	if (!n)
		return;
	map = json_object();
	for (size_t i = 0; i < n; i++)
		put_string(map, kv[i].key, kv[i].value);
	json_object_set_new(o, key, map);
}

/* Drop an object that stayed empty. */
static void put_object(json_t *o, const char *key, json_t *child)
{
	if (json_object_size(child) > 0)
		json_object_set_new(o, key, child);
	else
		json_decref(child);
}

static json_t *write_user(const struct rspec_user *u)
{
	json_t *o = json_object(), *a;

	put_number(o, "uid", u->uid);
	put_number(o, "gid", u->gid);
	if (u->has_umask)
		put_number(o, "umask", u->umask);
	if (u->n_additional_gids) {
		a = json_array();
		for (size_t i = 0; i < u->n_additional_gids; i++)
			json_array_append_new(a, json_integer(u->additional_gids[i]));
		json_object_set_new(o, "additionalGids", a);
	}
	return o;
}

static json_t *write_capabilities(const struct rspec_process *p)
{
	json_t *o = json_object();

	for (int set = 0; set < CAP_SET_COUNT; set++) {
		json_t *a = json_array();

		for (int i = 0; capability_name(i); i++)
			if (p->capabilities[set] & (1ULL << i))
				json_array_append_new(a, json_string(capability_name(i)));
		json_object_set_new(o, rspec_cap_set_names[set], a);
	}
	return o;
}

static void put_scheduling(json_t *o, const struct rspec_process *p)
{
	json_t *s = json_object(), *io = json_object(), *cpus = json_object();

	if (p->scheduler.policy) {
		put_string(s, "policy", p->scheduler.policy);
		put_number(s, "nice", p->scheduler.nice);
		put_number(s, "priority", p->scheduler.priority);
		put_strings(s, "flags", p->scheduler.flags);
		put_large(s, "runtime", p->scheduler.runtime);
		put_large(s, "deadline", p->scheduler.deadline);
		put_large(s, "period", p->scheduler.period);
	}
	put_object(o, "scheduler", s);
	if (p->io_class) {
		put_string(io, "class", p->io_class);
		put_number(io, "priority", p->io_priority);
	}
	put_object(o, "ioPriority", io);
	put_string(cpus, "initial", p->cpus_initial);
	put_string(cpus, "final", p->cpus_final);
	put_object(o, "execCPUAffinity", cpus);
}

static json_t *write_process(const struct rspec_process *p)
{
	json_t *o = json_object(), *size = json_object(), *a;

	put_flag(o, "terminal", p->terminal);
	if (p->console_rows || p->console_cols) {
		put_number(size, "height", p->console_rows);
		put_number(size, "width", p->console_cols);
	}
	put_object(o, "consoleSize", size);
	json_object_set_new(o, "user", write_user(&p->user));
	put_strings(o, "args", p->args);
	put_strings(o, "env", p->env);
	put_string(o, "cwd", p->cwd ? p->cwd : "/");
	if (p->n_rlimits) {
		a = json_array();
		for (size_t i = 0; i < p->n_rlimits; i++) {
			json_t *l = json_object();

			put_string(l, "type", p->rlimits[i].type);
			put_large(l, "hard", p->rlimits[i].hard);
			put_large(l, "soft", p->rlimits[i].soft);
			json_array_append_new(a, l);
		}
		json_object_set_new(o, "rlimits", a);
	}
	if (p->has_capabilities)
		json_object_set_new(o, "capabilities", write_capabilities(p));
	put_flag(o, "noNewPrivileges", p->no_new_privileges);
	if (p->has_oom_score_adj)
		put_number(o, "oomScoreAdj", p->oom_score_adj);
	put_string(o, "apparmorProfile", p->apparmor_profile);
	put_string(o, "selinuxLabel", p->selinux_label);
	put_scheduling(o, p);
	return o;
}

static void put_mappings(json_t *o, const char *key, const struct rspec_id_mapping *m, size_t n)
{
	json_t *a;

	if (!n)
		return;
	a = json_array();
	for (size_t i = 0; i < n; i++) {
		json_t *v = json_object();

		put_number(v, "containerID", m[i].container_id);
		put_number(v, "hostID", m[i].host_id);
		put_number(v, "size", m[i].size);
		json_array_append_new(a, v);
	}
	json_object_set_new(o, key, a);
}

static json_t *write_mounts(const struct rspec *s)
{
	json_t *a = json_array();

	for (size_t i = 0; i < s->n_mounts; i++) {
		json_t *m = json_object();

		put_string(m, "destination", s->mounts[i].destination);
		put_string(m, "type", s->mounts[i].type);
		put_string(m, "source", s->mounts[i].source);
		put_strings(m, "options", s->mounts[i].options);
		put_mappings(m, "uidMappings", s->mounts[i].uid_mappings, s->mounts[i].n_uid_mappings);
		put_mappings(m, "gidMappings", s->mounts[i].gid_mappings, s->mounts[i].n_gid_mappings);
		json_array_append_new(a, m);
	}
	return a;
}

static json_t *write_hooks(const struct rspec *s)
{
	json_t *o = json_object();

	for (int k = 0; k < HOOK_KIND_COUNT; k++) {
		json_t *a = json_array();

		for (size_t i = 0; i < s->n_hooks[k]; i++) {
			const struct rspec_hook *h = &s->hooks[k][i];
			json_t *v = json_object();

			put_string(v, "path", h->path);
			put_strings(v, "args", h->args);
			put_strings(v, "env", h->env);
			if (h->timeout)
				put_number(v, "timeout", h->timeout);
			json_array_append_new(a, v);
		}
		if (s->n_hooks[k])
			json_object_set(o, rspec_hook_names[k], a);
		json_decref(a);
	}
	return o;
}

static json_t *write_namespaces(const struct rspec *s)
{
	json_t *a = json_array();

	for (int k = 0; k < RSPEC_NS_COUNT; k++) {
		json_t *n;

		if (!s->namespaces[k].listed)
			continue;
		n = json_object();
		put_string(n, "type", rspec_ns_names[k]);
		put_string(n, "path", s->namespaces[k].path);
		json_array_append_new(a, n);
	}
	return a;
}

static void put_devices(json_t *o, const struct rspec *s)
{
	json_t *a;

	if (!s->n_devices)
		return;
	a = json_array();
	for (size_t i = 0; i < s->n_devices; i++) {
		const struct rspec_device *d = &s->devices[i];
		json_t *v = json_object();

		put_string(v, "path", d->path);
		json_object_set_new(v, "type", json_stringn(&d->type, 1));
		if (d->type != 'p') {
			put_number(v, "major", d->major);
			put_number(v, "minor", d->minor);
		}
		if (d->has_mode)
			put_number(v, "fileMode", d->mode);
		put_number(v, "uid", d->uid);
		put_number(v, "gid", d->gid);
		json_array_append_new(a, v);
	}
	json_object_set_new(o, "devices", a);
}

static json_t *write_resources(const struct rspec_resources *r)
{
	json_t *o = json_object(), *memory = json_object(), *cpu = json_object(), *pids = json_object();

	if (r->has_memory_limit)
		put_number(memory, "limit", r->memory_limit);
	if (r->has_memory_swap)
		put_number(memory, "swap", r->memory_swap);
	if (r->has_memory_reservation)
		put_number(memory, "reservation", r->memory_reservation);
	if (r->has_cpu_shares)
		put_large(cpu, "shares", r->cpu_shares);
	if (r->has_cpu_quota)
		put_number(cpu, "quota", r->cpu_quota);
	if (r->has_cpu_period)
		put_large(cpu, "period", r->cpu_period);
	put_string(cpu, "cpus", r->cpuset_cpus);
	put_string(cpu, "mems", r->cpuset_mems);
	if (r->has_pids_limit)
		put_number(pids, "limit", r->pids_limit);
	put_object(o, "memory", memory);
	put_object(o, "cpu", cpu);
	put_object(o, "pids", pids);
	put_pairs(o, "unified", r->unified, r->n_unified);
	return o;
}

static void put_clocks(json_t *o, const struct rspec *s)
{
	static const char *const clocks[RSPEC_CLOCK_COUNT] = { "monotonic", "boottime" };
	json_t *all = json_object();

	for (int i = 0; i < RSPEC_CLOCK_COUNT; i++)
		if (s->time_offsets[i].given)
			json_object_set_new(all, clocks[i], json_pack("{s:I, s:I}", "secs", (json_int_t)s->time_offsets[i].secs,
								      "nanosecs", (json_int_t)s->time_offsets[i].nanosecs));
	put_object(o, "timeOffsets", all);
}

static void put_policies(json_t *o, const struct rspec *s)
{
	json_t *memory = json_object(), *personality = json_object();

	put_string(memory, "mode", s->memory_policy.mode);
	put_string(memory, "nodes", s->memory_policy.nodes);
	put_strings(memory, "flags", s->memory_policy.flags);
	put_object(o, "memoryPolicy", memory);
	put_string(personality, "domain", s->personality);
	put_object(o, "personality", personality);
}

static json_t *write_linux(const struct rspec *s)
{
	json_t *o = json_object();

	json_object_set_new(o, "namespaces", write_namespaces(s));
	put_mappings(o, "uidMappings", s->uid_mappings, s->n_uid_mappings);
	put_mappings(o, "gidMappings", s->gid_mappings, s->n_gid_mappings);
	put_devices(o, s);
	put_string(o, "cgroupsPath", s->cgroups_path);
	put_object(o, "resources", write_resources(&s->resources));
	put_pairs(o, "sysctl", s->sysctl, s->n_sysctl);
	put_strings(o, "maskedPaths", s->masked_paths);
	put_strings(o, "readonlyPaths", s->readonly_paths);
	put_string(o, "rootfsPropagation", s->rootfs_propagation);
	put_string(o, "mountLabel", s->mount_label);
	put_clocks(o, s);
	put_policies(o, s);
	if (s->seccomp == SECCOMP_DOCUMENT && s->seccomp_json) {
		json_t *filter = json_loads(s->seccomp_json, 0, NULL);

		if (filter)
			json_object_set_new(o, "seccomp", filter);
	}
	return o;
}

json_t *rspec_to_json(const struct rspec *s)
{
	json_t *doc = json_object(), *root = json_object(), *annotations;

	put_string(doc, "ociVersion", s->oci_version ? s->oci_version : "1.0.2");
	json_object_set_new(doc, "process", write_process(&s->process));
	put_string(root, "path", s->root_path);
	put_flag(root, "readonly", s->root_readonly);
	put_object(doc, "root", root);
	put_string(doc, "hostname", s->hostname);
	put_string(doc, "domainname", s->domainname);
	json_object_set_new(doc, "mounts", write_mounts(s));
	put_object(doc, "hooks", write_hooks(s));
	put_pairs(doc, "annotations", s->annotations, s->n_annotations);
	json_object_set_new(doc, "linux", write_linux(s));
	if (s->seccomp == SECCOMP_DEFAULT) {
		annotations = json_object_get(doc, "annotations");
		if (!annotations) {
			annotations = json_object();
			json_object_set_new(doc, "annotations", annotations);
		}
		put_string(annotations, RSPEC_DEFAULT_SECCOMP, "true");
	}
	return doc;
}

char *rspec_to_text(const struct rspec *s)
{
	json_t *doc = rspec_to_json(s);
	char *text = json_dumps(doc, JSON_COMPACT), *out;
	g_auto(GStrv) parts = g_strsplit(text, ":\"" RSPEC_LARGEST "\"", -1);

	/* Inside a string the quotes would have backslashes, so this is never part of one. */
	out = g_strjoinv(":" RSPEC_LARGEST, parts);
	free(text);
	json_decref(doc);
	return out;
}
