/* runtime_spec_read_linux.c - the `linux` object of config.json. config-linux.md of the specification. */
#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/oci/runtime_spec_private.h"
#include "core/oci/runtime_spec_reader.h"

static void read_namespaces(struct reader *r, json_t *linux_obj)
{
	json_t *a = reader_array(r, linux_obj, "linux", "namespaces");
	char at[64];

	for (size_t i = 0; i < json_array_size(a); i++) {
		json_t *o = reader_element(r, a, i, "linux.namespaces", at, sizeof at);
		const char *type = reader_string(r, o, at, "type");
		struct rspec_namespace *n;
		int k;

		for (k = 0; type && k < RSPEC_NS_COUNT && strcmp(rspec_ns_names[k], type) != 0; k++)
			;
		if (!type || k == RSPEC_NS_COUNT) {
			reader_wrong(r, at, "type", "is not a kind of namespace", json_object_get(o, "type"));
			return;
		}
		n = &r->s->namespaces[k];
		if (n->listed)
			reader_wrong(r, at, "type", "is listed twice", json_object_get(o, "type"));
		n->listed = true;
		n->path = reader_string(r, o, at, "path");
		if (n->path && !*n->path)
			n->path = NULL;
		if (n->path && *n->path != '/')
			reader_wrong(r, at, "path", "is not an absolute path", json_object_get(o, "path"));
	}
}

static void read_time_offsets(struct reader *r, json_t *linux_obj)
{
	static const char *const clocks[RSPEC_CLOCK_COUNT] = { "monotonic", "boottime" };
	json_t *o = reader_object(r, linux_obj, "linux", "timeOffsets");
	char at[48];
	int64_t n;

	for (int i = 0; i < RSPEC_CLOCK_COUNT; i++) {
		json_t *c = reader_object(r, o, "linux.timeOffsets", clocks[i]);

		r->s->time_offsets[i].given = c != NULL;
		snprintf(at, sizeof at, "linux.timeOffsets.%s", clocks[i]);
		(void)reader_number(r, c, at, "secs", INT64_MIN, INT64_MAX, &r->s->time_offsets[i].secs);
		if (reader_number(r, c, at, "nanosecs", 0, 999999999, &n))
			r->s->time_offsets[i].nanosecs = (uint32_t)n;
	}
}

static void read_devices(struct reader *r, json_t *linux_obj)
{
	json_t *a = reader_array(r, linux_obj, "linux", "devices");
	char at[64];
	int64_t n = 0;

	for (size_t i = 0; i < json_array_size(a); i++) {
		json_t *o = reader_element(r, a, i, "linux.devices", at, sizeof at);
		struct rspec_device *d = ARENA_PUSH(&r->s->arena, r->s->devices, r->s->n_devices);
		const char *type = reader_string(r, o, at, "type");

		d->path = reader_string(r, o, at, "path");
		if (!d->path || *d->path != '/')
			reader_wrong(r, at, "path", "is not an absolute path", json_object_get(o, "path"));
		if (!type || !*type || type[1] || !strchr("cubp", *type))
			reader_wrong(r, at, "type", "is not one of c, b, u, p", json_object_get(o, "type"));
		d->type = !type || *type == 'u' ? 'c' : *type;
		/* "REQUIRED unless type is p" */
		if ((!reader_number(r, o, at, "major", -1, UINT32_MAX, &d->major) ||
		     !reader_number(r, o, at, "minor", -1, UINT32_MAX, &d->minor)) && d->type != 'p')
			reader_wrong(r, at, "major", "major and minor are needed", NULL);
		d->has_mode = reader_number(r, o, at, "fileMode", 0, 0177777, &n);
		d->mode = d->has_mode ? (mode_t)n : 0;
		if (reader_number(r, o, at, "uid", 0, UINT32_MAX, &n))
			d->uid = (uint32_t)n;
		if (reader_number(r, o, at, "gid", 0, UINT32_MAX, &n))
			d->gid = (uint32_t)n;
		/* "The same type, major and minor SHOULD NOT be used for multiple devices"; one path can hold one. */
		for (size_t k = 0; d->path && k < i; k++)
			if (r->s->devices[k].path && !strcmp(r->s->devices[k].path, d->path))
				reader_wrong(r, at, "path", "is listed twice", json_object_get(o, "path"));
	}
}

static void read_device_rules(struct reader *r, json_t *resources)
{
	json_t *a = reader_array(r, resources, "linux.resources", "devices");
	struct rspec_resources *res = &r->s->resources;
	char at[64];

	for (size_t i = 0; i < json_array_size(a); i++) {
		json_t *o = reader_element(r, a, i, "linux.resources.devices", at, sizeof at);
		struct rspec_device_rule *d = ARENA_PUSH(&r->s->arena, res->devices, res->n_devices);
		const char *type = reader_string(r, o, at, "type");
		const char *access = reader_string(r, o, at, "access");

		if (o && !json_is_boolean(json_object_get(o, "allow")))
			reader_wrong(r, at, "allow", "is not true or false", json_object_get(o, "allow"));
		d->allow = reader_flag(r, o, at, "allow");
		if (type && (!*type || type[1] || !strchr("abcu", *type)))
			reader_wrong(r, at, "type", "is not one of a, b, c", json_object_get(o, "type"));
		d->type = !type || !*type ? 'a' : *type == 'u' ? 'c' : *type;
		d->major = d->minor = -1;
		(void)reader_number(r, o, at, "major", -1, UINT32_MAX, &d->major);
		(void)reader_number(r, o, at, "minor", -1, UINT32_MAX, &d->minor);
		for (const char *c = access ? access : "rwm"; *c; c++) {
			if (!strchr("rwm", *c))
				reader_wrong(r, at, "access", "is not made of r, w and m", json_object_get(o, "access"));
			d->access |= *c == 'r' ? RSPEC_ACCESS_READ : *c == 'w' ? RSPEC_ACCESS_WRITE :
				     *c == 'm' ? RSPEC_ACCESS_MKNOD : 0;
		}
	}
}

static void push_io(struct reader *r, const char *kind, const char *device, uint64_t value)
{
	struct rspec_io_limit *l = ARENA_PUSH(&r->s->arena, r->s->resources.io, r->s->resources.n_io);

	l->kind = arena_strdup(&r->s->arena, kind);
	l->device = arena_strdup(&r->s->arena, device);
	l->value = value;
}

static void read_block_io(struct reader *r, json_t *resources)
{
	static const struct { const char *key, *value; } lists[] = {
		{ "weightDevice", "weight" }, { "weightDevice", "leafWeight" },
		{ "throttleReadBpsDevice", "rate" }, { "throttleWriteBpsDevice", "rate" },
		{ "throttleReadIOPSDevice", "rate" }, { "throttleWriteIOPSDevice", "rate" },
	};
	const char *path = "linux.resources.blockIO";
	json_t *o = reader_object(r, resources, "linux.resources", "blockIO");
	char name[80], at[96], device[48];
	int64_t n, major, minor;
	uint64_t value;

	if (reader_number(r, o, path, "weight", 0, 1000, &n))
		push_io(r, "weight", NULL, (uint64_t)n);
	if (reader_number(r, o, path, "leafWeight", 0, 1000, &n))
		push_io(r, "leafWeight", NULL, (uint64_t)n);
	for (size_t l = 0; l < G_N_ELEMENTS(lists); l++) {
		json_t *a = reader_array(r, o, path, lists[l].key);

		snprintf(name, sizeof name, "%s.%s", path, lists[l].key);
		for (size_t i = 0; i < json_array_size(a); i++) {
			json_t *v = reader_element(r, a, i, name, at, sizeof at);

			if (!reader_number(r, v, at, "major", 0, UINT32_MAX, &major) ||
			    !reader_number(r, v, at, "minor", 0, UINT32_MAX, &minor)) {
				reader_wrong(r, at, "major", "major and minor are needed", v);
				return;
			}
			snprintf(device, sizeof device, "%lld:%lld", (long long)major, (long long)minor);
			if (reader_large_number(r, v, at, lists[l].value, &value))
				push_io(r, strcmp(lists[l].value, "leafWeight") ? lists[l].key : "leafWeightDevice",
					device, value);
		}
	}
}

static void read_hugepages(struct reader *r, json_t *resources)
{
	json_t *a = reader_array(r, resources, "linux.resources", "hugepageLimits");
	struct rspec_resources *res = &r->s->resources;
	char at[64];

	for (size_t i = 0; i < json_array_size(a); i++) {
		json_t *o = reader_element(r, a, i, "linux.resources.hugepageLimits", at, sizeof at);
		struct rspec_hugepage *h = ARENA_PUSH(&r->s->arena, res->hugepages, res->n_hugepages);

		h->page_size = reader_string(r, o, at, "pageSize");
		if (!h->page_size || strchr(h->page_size, '/') || strchr(h->page_size, '.'))
			reader_wrong(r, at, "pageSize", "is not a size such as 2MB", json_object_get(o, "pageSize"));
		if (!reader_large_number(r, o, at, "limit", &h->limit))
			reader_wrong(r, at, "limit", "is missing", NULL);
	}
}

static void read_network_class(struct reader *r, json_t *resources)
{
	json_t *o = reader_object(r, resources, "linux.resources", "network");
	json_t *a = reader_array(r, o, "linux.resources.network", "priorities");
	struct rspec_resources *res = &r->s->resources;
	char at[64];
	int64_t n;

	res->has_class_id = reader_number(r, o, "linux.resources.network", "classID", 0, UINT32_MAX, &n);
	res->class_id = res->has_class_id ? (uint32_t)n : 0;
	for (size_t i = 0; i < json_array_size(a); i++) {
		json_t *v = reader_element(r, a, i, "linux.resources.network.priorities", at, sizeof at);
		const char *name = reader_string(r, v, at, "name");
		char text[24];

		if (!name || !reader_number(r, v, at, "priority", 0, UINT32_MAX, &n)) {
			reader_wrong(r, at, "priority", "name and priority are needed", v);
			return;
		}
		snprintf(text, sizeof text, "%lld", (long long)n);
		rspec_add_kv(r->s, &res->priorities, &res->n_priorities, name, text);
	}
}

static void read_rdma(struct reader *r, json_t *resources)
{
	json_t *map = reader_object(r, resources, "linux.resources", "rdma"), *v;
	struct rspec_resources *res = &r->s->resources;
	const char *device;
	char at[128], text[64];
	int64_t handles, objects;

	json_object_foreach(map, device, v) {
		snprintf(at, sizeof at, "linux.resources.rdma.%s", device);
		handles = objects = -1;
		(void)reader_number(r, v, at, "hcaHandles", 0, UINT32_MAX, &handles);
		(void)reader_number(r, v, at, "hcaObjects", 0, UINT32_MAX, &objects);
		text[0] = '\0';
		if (handles >= 0)
			snprintf(text, sizeof text, "hca_handle=%lld", (long long)handles);
		if (objects >= 0)
			snprintf(text + strlen(text), sizeof text - strlen(text), "%shca_object=%lld", *text ? " " : "",
				 (long long)objects);
		rspec_add_kv(r->s, &res->rdma, &res->n_rdma, device, text);
	}
}

static void read_memory(struct reader *r, json_t *o, const char *m)
{
	struct rspec_resources *res = &r->s->resources;
	int64_t n;

	res->has_memory_limit = reader_number(r, o, m, "limit", -1, INT64_MAX, &res->memory_limit);
	res->has_memory_swap = reader_number(r, o, m, "swap", -1, INT64_MAX, &res->memory_swap);
	res->has_memory_reservation = reader_number(r, o, m, "reservation", -1, INT64_MAX, &res->memory_reservation);
	res->has_memory_kernel = reader_number(r, o, m, "kernel", -1, INT64_MAX, &res->memory_kernel);
	res->has_memory_kernel_tcp = reader_number(r, o, m, "kernelTCP", -1, INT64_MAX, &res->memory_kernel_tcp);
	res->has_memory_swappiness = reader_number(r, o, m, "swappiness", 0, 100, &n);
	res->memory_swappiness = res->has_memory_swappiness ? n : 0;
	res->disable_oom_killer = reader_flag(r, o, m, "disableOOMKiller");
	res->check_before_update = reader_flag(r, o, m, "checkBeforeUpdate");
	(void)reader_flag(r, o, m, "useHierarchy");
}

static void read_cpu(struct reader *r, json_t *o, const char *c)
{
	struct rspec_resources *res = &r->s->resources;

	res->has_cpu_shares = reader_large_number(r, o, c, "shares", &res->cpu_shares);
	res->has_cpu_quota = reader_number(r, o, c, "quota", INT64_MIN, INT64_MAX, &res->cpu_quota);
	res->has_cpu_period = reader_large_number(r, o, c, "period", &res->cpu_period);
	res->has_cpu_burst = reader_large_number(r, o, c, "burst", &res->cpu_burst);
	res->has_cpu_rt_runtime = reader_number(r, o, c, "realtimeRuntime", INT64_MIN, INT64_MAX, &res->cpu_rt_runtime);
	res->has_cpu_rt_period = reader_large_number(r, o, c, "realtimePeriod", &res->cpu_rt_period);
	res->has_cpu_idle = reader_number(r, o, c, "idle", 0, 1, &res->cpu_idle);
	res->cpuset_cpus = reader_string(r, o, c, "cpus");
	res->cpuset_mems = reader_string(r, o, c, "mems");
}

void read_resources_object(struct reader *r, json_t *o, const char *path)
{
	json_t *memory = reader_object(r, o, path, "memory"), *cpu = reader_object(r, o, path, "cpu");
	json_t *pids = reader_object(r, o, path, "pids");
	struct rspec_resources *res = &r->s->resources;

	read_memory(r, memory, "linux.resources.memory");
	read_cpu(r, cpu, "linux.resources.cpu");
	res->has_pids_limit = reader_number(r, pids, "linux.resources.pids", "limit", -1, INT64_MAX, &res->pids_limit);
	read_device_rules(r, o);
	read_block_io(r, o);
	read_hugepages(r, o);
	read_network_class(r, o);
	read_rdma(r, o);
	reader_pairs(r, o, "linux.resources", "unified", &res->unified, &res->n_unified);
}

static void read_seccomp(struct reader *r, json_t *linux_obj)
{
	json_t *o = reader_object(r, linux_obj, "linux", "seccomp");
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;

	r->s->seccomp = o ? SECCOMP_DOCUMENT : SECCOMP_NONE;
	r->s->seccomp_json = arena_strdup(&r->s->arena, text);
	free(text);
	r->s->seccomp_listener = reader_string(r, o, "linux.seccomp", "listenerPath");
	r->s->seccomp_listener_metadata = reader_string(r, o, "linux.seccomp", "listenerMetadata");
	/* Ours, written short: see rspec_to_json. */
	for (size_t i = 0; i < r->s->n_annotations; i++) {
		if (strcmp(r->s->annotations[i].key, RSPEC_DEFAULT_SECCOMP) != 0)
			continue;
		r->s->seccomp = SECCOMP_DEFAULT;
		r->s->annotations[i] = r->s->annotations[--r->s->n_annotations];
		break;
	}
}

static void read_personality(struct reader *r, json_t *linux_obj)
{
	json_t *o = reader_object(r, linux_obj, "linux", "personality");
	char *domain = reader_string(r, o, "linux.personality", "domain");

	if (!o)
		return;
	if (!domain || (strcmp(domain, "LINUX") != 0 && strcmp(domain, "LINUX32") != 0))
		reader_wrong(r, "linux.personality", "domain", "not LINUX or LINUX32", json_object_get(o, "domain"));
	if (json_array_size(reader_array(r, o, "linux.personality", "flags")) > 0)
		reader_wrong(r, "linux.personality", "flags", "no flag is known", json_object_get(o, "flags"));
	r->s->personality = domain;
}

static void read_memory_policy(struct reader *r, json_t *linux_obj)
{
	static const char *const modes[] = { "MPOL_DEFAULT", "MPOL_BIND", "MPOL_INTERLEAVE", "MPOL_WEIGHTED_INTERLEAVE",
		"MPOL_PREFERRED", "MPOL_PREFERRED_MANY", "MPOL_LOCAL", NULL };
	static const char *const flags[] = { "MPOL_F_NUMA_BALANCING", "MPOL_F_RELATIVE_NODES", "MPOL_F_STATIC_NODES", NULL };
	const char *at = "linux.memoryPolicy";
	json_t *o = reader_object(r, linux_obj, "linux", "memoryPolicy");
	struct rspec_memory_policy *p = &r->s->memory_policy;

	if (!o || json_object_size(o) == 0)
		return;
	p->mode = reader_string(r, o, at, "mode");
	p->nodes = reader_string(r, o, at, "nodes");
	p->flags = reader_strings(r, o, at, "flags");
	if (!p->mode || !g_strv_contains(modes, p->mode))
		reader_wrong(r, at, "mode", "invalid memory policy mode, not one such as MPOL_BIND", json_object_get(o, "mode"));
	for (char **f = p->flags; f && *f; f++)
		if (!g_strv_contains(flags, *f))
			reader_wrong(r, at, "flags", "invalid memory policy flag", json_object_get(o, "flags"));
}

/* What is asked for and cannot be given is an error of the start, not of reading. */
static void refuse(struct reader *r, const char *what)
{
	if (!r->s->refused)
		r->s->refused = arena_strdup(&r->s->arena, what);
}

static void read_refused(struct reader *r, json_t *linux_obj)
{
	static const char *const keys[] = { "intelRdt", "netDevices" };

	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		json_t *o = reader_object(r, linux_obj, "linux", keys[i]);

		g_autofree char *name = g_strconcat("linux.", keys[i], NULL);

		if (o && json_object_size(o) > 0)
			refuse(r, name);
	}
}

/* "The values MUST be absolute paths in the container namespace." */
static char **absolute_paths(struct reader *r, json_t *o, const char *key)
{
	char **paths = reader_strings(r, o, "linux", key);

	for (char **p = paths; p && *p; p++)
		if (**p != '/')
			reader_wrong(r, "linux", key, "not an array of absolute paths", json_object_get(o, key));
	return paths;
}

void read_linux_object(struct reader *r, json_t *o)
{
	struct rspec *s = r->s;

	read_namespaces(r, o);
	reader_mappings(r, o, "linux", "uidMappings", &s->uid_mappings, &s->n_uid_mappings);
	reader_mappings(r, o, "linux", "gidMappings", &s->gid_mappings, &s->n_gid_mappings);
	read_time_offsets(r, o);
	read_devices(r, o);
	s->cgroups_path = reader_string(r, o, "linux", "cgroupsPath");
	read_resources_object(r, reader_object(r, o, "linux", "resources"), "linux.resources");
	reader_pairs(r, o, "linux", "sysctl", &s->sysctl, &s->n_sysctl);
	s->masked_paths = absolute_paths(r, o, "maskedPaths");
	s->readonly_paths = absolute_paths(r, o, "readonlyPaths");
	s->rootfs_propagation = reader_string(r, o, "linux", "rootfsPropagation");
	if (s->rootfs_propagation && !*s->rootfs_propagation)
		s->rootfs_propagation = NULL;
	s->mount_label = reader_string(r, o, "linux", "mountLabel");
	read_personality(r, o);
	read_refused(r, o);
	read_memory_policy(r, o);
	read_seccomp(r, o);
}
