/* container_host_config.c - HostConfig of `container inspect`: what create decided, in docker's and podman's words.
 *
 * It is read back from the record and from config.json, so that a container shows what it has, and not what
 * somebody once typed. */
#include <stdlib.h>
#include <string.h>

#include "cmd/container_set.h"
#include "cmd/run_spec.h"
#include "core/base/text.h"
#include "core/oci/capability.h"

static json_t *text(const char *s)
{
	json_t *v = json_string(s ? s : "");

	return v ? v : json_string("?");
}

static json_t *strings(char *const *v)
{
	json_t *a = json_array();

	for (; v && *v; v++)
		json_array_append_new(a, text(*v));
	return a;
}

/* Member a.b.c of an object; NULL when there is none. */
static json_t *at(json_t *o, const char *path)
{
	g_auto(GStrv) keys = g_strsplit(path, ".", -1);

	for (char **k = keys; *k; k++)
		o = json_object_get(o, *k);
	return o;
}

static void set_number(json_t *o, const char *key, json_t *config, const char *path)
{
	json_object_set_new(o, key, json_integer(json_integer_value(at(config, path))));
}

/* {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]} */
json_t *container_ports_object(const struct container_record *r)
{
	json_t *o = json_object();

	for (size_t n = 0; n < r->n_ports; n++) {
		const struct port_mapping *m = &r->ports[n];
		g_autofree char *key = g_strdup_printf("%u/%s", m->container_port, m->protocol ? m->protocol : "tcp");
		g_autofree char *port = g_strdup_printf("%u", m->host_port);
		json_t *list = json_object_get(o, key);

		if (!list) {
			list = json_array();
			json_object_set_new(o, key, list);
		}
		json_array_append_new(list, json_pack("{s:s, s:s}", "HostIp", m->host_ip ? m->host_ip : "", "HostPort",
						      port));
	}
	return o;
}

/* Bits of a list of capability names. */
static uint64_t cap_bits(json_t *names)
{
	uint64_t set = 0;
	json_t *name;
	size_t i;

	json_array_foreach(names, i, name) {
		int n = json_is_string(name) ? capability_number(json_string_value(name)) : -1;

		if (n >= 0)
			set |= UINT64_C(1) << n;
	}
	return set;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

json_t *container_cap_names(uint64_t set)
{
	const char *names[64];
	size_t n = 0;
	json_t *a = json_array();

	for (int i = 0; i < 64; i++)
		if ((set & (UINT64_C(1) << i)) && capability_name(i))
			names[n++] = capability_name(i);
	qsort(names, n, sizeof *names, by_text);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(a, text(names[i]));
	return a;
}

json_t *container_caps(json_t *config, const char *set)
{
	g_autofree char *path = g_strconcat("process.capabilities.", set, NULL);

	return container_cap_names(cap_bits(at(config, path)));
}

static void set_caps(json_t *o, const struct container_record *r, json_t *config)
{
	uint64_t set = cap_bits(at(config, "process.capabilities.bounding"));
	uint64_t base = r->privileged ? capability_all() : run_caps_default();

	json_object_set_new(o, "CapAdd", container_cap_names(set & ~base));
	json_object_set_new(o, "CapDrop", container_cap_names(base & ~set));
}

static json_t *ulimits(json_t *config)
{
	json_t *a = json_array(), *l;
	size_t i;

	json_array_foreach(at(config, "process.rlimits"), i, l) {
		json_array_append_new(a, json_pack("{s:O, s:O, s:O}", "Name", json_object_get(l, "type"), "Soft",
						   json_object_get(l, "soft"), "Hard", json_object_get(l, "hard")));
	}
	return a;
}

static json_t *find_mount(json_t *config, const char *destination)
{
	json_t *m;
	size_t i;

	json_array_foreach(json_object_get(config, "mounts"), i, m) {
		if (!g_strcmp0(json_string_value(json_object_get(m, "destination")), destination))
			return m;
	}
	return NULL;
}

static json_int_t shm_size(json_t *config)
{
	json_t *option;
	int64_t bytes;
	size_t i;

	json_array_foreach(json_object_get(find_mount(config, "/dev/shm"), "options"), i, option) {
		const char *s = json_string_value(option);

		if (s && g_str_has_prefix(s, "size=") && text_size(s + 5, &bytes))
			return bytes;
	}
	return 0;
}

/* --device: binds of config.json below /dev that are no mount of the user's and none of the usual ones. */
static json_t *devices(const struct container_record *r, json_t *config)
{
	static const char *const usual[] = { "/dev/shm", "/dev/mqueue", "/dev/pts", NULL };
	json_t *a = json_array(), *m;
	size_t i;

	json_array_foreach(json_object_get(config, "mounts"), i, m) {
		const char *to = json_string_value(json_object_get(m, "destination"));
		bool mine = to && !g_strcmp0(json_string_value(json_object_get(m, "type")), "bind") &&
			    g_str_has_prefix(to, "/dev/") && !g_strv_contains(usual, to);

		for (size_t n = 0; mine && n < r->n_mounts; n++)
			mine = strcmp(r->mounts[n].destination, to) != 0;
		if (mine)
			json_array_append_new(a, json_pack("{s:O, s:s, s:s}", "PathOnHost",
							   json_object_get(m, "source"), "PathInContainer", to,
							   "CgroupPermissions", ""));
	}
	return a;
}

/* Binds and Tmpfs: the mounts that were asked for, as -v and --tmpfs would say them. */
static void set_mounts(json_t *o, const struct container_record *r)
{
	json_t *binds = json_array(), *tmpfs = json_object();

	for (size_t i = 0; i < r->n_mounts; i++) {
		const struct container_mount *m = &r->mounts[i];
		g_autofree char *bind = NULL;

		if (!g_strcmp0(m->type, "tmpfs"))
			json_object_set_new(tmpfs, m->destination, text(m->options));
		if (g_strcmp0(m->type, "bind") != 0 && g_strcmp0(m->type, "volume") != 0)
			continue;
		bind = g_strdup_printf("%s:%s:%s", m->name ? m->name : m->source, m->destination, m->options);
		json_array_append_new(binds, text(bind));
	}
	json_object_set_new(o, "Binds", binds);
	json_object_set_new(o, "Tmpfs", tmpfs);
}

/* "host" where the container has no such namespace of its own, "container:ID" where it shares another's. */
static json_t *mode(const struct container_record *r, json_t *config, const char *type, const char *own)
{
	json_t *extra = json_loads(r->extra_json ? r->extra_json : "{}", 0, NULL), *ns, *result = NULL;
	const char *joined = json_string_value(json_object_get(json_object_get(extra, "join"), type));
	size_t i;

	if (joined)
		result = json_sprintf("container:%s", joined);
	json_array_foreach(at(config, "linux.namespaces"), i, ns) {
		if (!result && !g_strcmp0(json_string_value(json_object_get(ns, "type")), type))
			result = json_string(own);
	}
	json_decref(extra);
	return result ? result : json_string("host");
}

static void set_modes(json_t *o, const struct container_record *r, json_t *config)
{
	json_object_set_new(o, "NetworkMode", text(r->network));
	json_object_set_new(o, "IpcMode", mode(r, config, "ipc", find_mount(config, "/dev/shm") ? "shareable" : "none"));
	json_object_set_new(o, "PidMode", mode(r, config, "pid", "private"));
	json_object_set_new(o, "UTSMode", mode(r, config, "uts", "private"));
	json_object_set_new(o, "CgroupMode", mode(r, config, "cgroup", "private"));
	json_object_set_new(o, "UsernsMode", text(r->userns));
}

/* The values of the network option `key`, from the record's "key=value" lines. */
static json_t *network_values(const struct container_record *r, const char *key)
{
	json_t *a = json_array();
	size_t len = strlen(key);

	for (char **v = r->network_options; v && *v; v++)
		if (!strncmp(*v, key, len) && (*v)[len] == '=')
			json_array_append_new(a, text(*v + len + 1));
	return a;
}

static void set_network(json_t *o, const struct container_record *r)
{
	bool all = false;

	for (char **v = r->network_options; v && *v; v++)
		all |= !strcmp(*v, "publish-all") || g_str_has_prefix(*v, "publish-all=");
	json_object_set_new(o, "PortBindings", container_ports_object(r));
	json_object_set_new(o, "PublishAllPorts", json_boolean(all));
	json_object_set_new(o, "Dns", network_values(r, "dns"));
	json_object_set_new(o, "DnsOptions", network_values(r, "dns-option"));
	json_object_set_new(o, "DnsSearch", network_values(r, "dns-search"));
	json_object_set_new(o, "ExtraHosts", network_values(r, "add-host"));
}

/* --cpus is kept as a quota per period. */
static void set_limits(json_t *o, json_t *config)
{
	json_t *resources = at(config, "linux.resources");
	json_int_t quota = json_integer_value(at(resources, "cpu.quota"));
	json_int_t period = json_integer_value(at(resources, "cpu.period"));

	set_number(o, "Memory", resources, "memory.limit");
	set_number(o, "MemoryReservation", resources, "memory.reservation");
	set_number(o, "MemorySwap", resources, "memory.swap");
	set_number(o, "PidsLimit", resources, "pids.limit");
	set_number(o, "CpuShares", resources, "cpu.shares");
	json_object_set_new(o, "CpuPeriod", json_integer(period));
	json_object_set_new(o, "CpuQuota", json_integer(quota));
	json_object_set_new(o, "NanoCpus", json_integer(quota > 0 && period > 0 ? quota * 1000000000 / period : 0));
	json_object_set_new(o, "CpusetCpus", text(json_string_value(at(resources, "cpu.cpus"))));
	json_object_set_new(o, "CpusetMems", text(json_string_value(at(resources, "cpu.mems"))));
	json_object_set_new(o, "CgroupConf", at(resources, "unified") ? json_incref(at(resources, "unified")) : json_null());
	json_object_set_new(o, "Ulimits", ulimits(config));
}

static json_t *security_options(json_t *config)
{
	json_t *a = json_array();
	const char *profile = json_string_value(at(config, "process.apparmorProfile"));

	if (json_is_true(at(config, "process.noNewPrivileges")))
		json_array_append_new(a, json_string("no-new-privileges"));
	if (profile)
		json_array_append_new(a, json_sprintf("apparmor=%s", profile));
	return a;
}

static json_t *log_config(struct context *c, const struct container_record *r)
{
	const char *driver = r->log_driver && *r->log_driver ? r->log_driver : "k8s-file";
	bool kept = strcmp(driver, "none") && strcmp(driver, "passthrough") && strcmp(driver, "journald");
	g_autofree char *own = g_strdup_printf("%s/%s/log", c->place.containers_path, r->id);
	g_autofree char *size = text_human_size(r->log_max_size);

	return json_pack("{s:s, s:n, s:s, s:s, s:s}", "Type", driver, "Config", "Path",
			 r->log_path ? r->log_path : kept ? own : "", "Tag", "", "Size",
			 r->log_max_size ? size : "0B");
}

/* What podman shows and no option of ours sets. */
static const char unused[] = "{\"CgroupManager\": \"cgroupfs\", \"Cgroup\": \"\", \"CgroupParent\": \"\", "
	"\"VolumeDriver\": \"\", \"VolumesFrom\": null, \"Links\": null, \"ConsoleSize\": [0, 0], \"Isolation\": \"\", "
	"\"BlkioWeight\": 0, \"BlkioWeightDevice\": null, \"BlkioDeviceReadBps\": null, \"BlkioDeviceWriteBps\": null, "
	"\"BlkioDeviceReadIOps\": null, \"BlkioDeviceWriteIOps\": null, \"CpuRealtimePeriod\": 0, \"CpuRealtimeRuntime\": 0, "
	"\"DiskQuota\": 0, \"KernelMemory\": 0, \"MemorySwappiness\": 0, \"OomKillDisable\": false, \"CpuCount\": 0, "
	"\"CpuPercent\": 0, \"IOMaximumIOps\": 0, \"IOMaximumBandwidth\": 0}";

void container_set_missing(json_t *o, const char *constants)
{
	json_t *all = json_loads(constants, 0, NULL);

	(void)json_object_update_missing(o, all);
	json_decref(all);
}

json_t *container_host_config(struct context *c, const struct container_record *r, json_t *config)
{
	json_t *o = json_object(), *extra = json_loads(r->extra_json ? r->extra_json : "{}", 0, NULL);
	const char *cgroups = json_string_value(json_object_get(extra, "cgroups"));
	json_t *runtime = json_object_get(extra, "runtime");

	set_mounts(o, r);
	set_modes(o, r, config);
	set_network(o, r);
	set_caps(o, r, config);
	set_limits(o, config);
	json_object_set_new(o, "Cgroups", text(cgroups && *cgroups ? cgroups : "default"));
	json_object_set_new(o, "ContainerIDFile", text(r->cid_file));
	json_object_set_new(o, "LogConfig", log_config(c, r));
	json_object_set_new(o, "RestartPolicy", json_pack("{s:s, s:i}", "Name", r->restart ? r->restart : "no",
							  "MaximumRetryCount", r->restart_max));
	json_object_set_new(o, "AutoRemove", json_boolean(r->auto_remove));
	json_object_set_new(o, "Annotations", at(config, "annotations") ? json_incref(at(config, "annotations"))
									  : json_object());
	json_object_set_new(o, "GroupAdd", strings(r->group_add));
	json_object_set_new(o, "Devices", devices(r, config));
	json_object_set_new(o, "OomScoreAdj", json_integer(json_integer_value(at(config, "process.oomScoreAdj"))));
	json_object_set_new(o, "Privileged", json_boolean(r->privileged));
	json_object_set_new(o, "ReadonlyRootfs", json_boolean(r->read_only));
	json_object_set_new(o, "SecurityOpt", security_options(config));
	json_object_set_new(o, "ShmSize", json_integer(shm_size(config)));
	json_object_set_new(o, "Init", json_boolean(r->init));
	json_object_set_new(o, "Runtime", runtime ? json_incref(runtime) : text("coracle"));
	container_set_missing(o, unused);
	json_decref(extra);
	return o;
}
