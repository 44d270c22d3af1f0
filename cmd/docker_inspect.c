/* docker_inspect.c - docker's objects where podman's are different. See docker.h. */
#include <glib.h>
#include <string.h>
#include <sys/utsname.h>

#include "cmd/docker.h"

static void prepend(json_t *o, const char *key, const char *front)
{
	const char *s = json_string_value(json_object_get(o, key));

	if (s && *s && !g_str_has_prefix(s, front))
		json_object_set_new(o, key, json_sprintf("%s%s", front, s));
}

static void null_if_empty(json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	if (json_object_size(v) == 0 && json_array_size(v) == 0)
		json_object_set_new(o, key, json_null());
}

/* A list of words, null when there is none. */
static json_t *words(char *const *v, int n)
{
	json_t *a = n > 0 ? json_array() : json_null();

	for (int i = 0; i < n; i++)
		json_array_append_new(a, json_string(v[i]));
	return a;
}

static void change_config(const struct container_record *r, json_t *object)
{
	json_t *config = json_object_get(object, "Config"), *exposed = json_object(), *value;
	const char *signal = json_string_value(json_object_get(config, "StopSignalName")), *key;

	json_object_set_new(config, "Entrypoint", words(r->command, r->entrypoint_words));
	json_object_set_new(config, "StopSignal", signal ? json_sprintf("SIG%s", signal) : json_null());
	json_object_foreach(json_object_get(json_object_get(object, "NetworkSettings"), "Ports"), key, value)
		json_object_set_new(exposed, key, json_object());
	if (json_object_size(exposed))
		json_object_set(config, "ExposedPorts", exposed);
	json_decref(exposed);
}

/* "source:destination[:ro]", and mounts without a name that is none. */
static void change_mounts(json_t *object)
{
	json_t *binds = json_array(), *host = json_object_get(object, "HostConfig"), *m;
	size_t i;

	json_array_foreach(json_object_get(object, "Mounts"), i, m) {
		const char *name = json_string_value(json_object_get(m, "Name"));
		const char *source = json_string_value(json_object_get(m, "Source"));
		bool rw = json_is_true(json_object_get(m, "RW"));

		json_array_append_new(binds, json_sprintf("%s:%s%s", name && *name ? name : source,
							  json_string_value(json_object_get(m, "Destination")), rw ? "" : ":ro"));
		json_object_set_new(m, "Mode", json_string(rw ? "" : "ro"));
		if (!name || !*name)
			json_object_del(m, "Name");
	}
	json_object_set_new(host, "Binds", binds);
	null_if_empty(host, "Binds");
	null_if_empty(host, "CapAdd");
	null_if_empty(host, "CapDrop");
}

void docker_container(const struct container_record *r, json_t *object)
{
	json_t *state = json_object_get(object, "State");
	const char *health = json_string_value(json_object_get(json_object_get(state, "Health"), "Status"));

	prepend(object, "Name", "/");
	prepend(object, "Image", "sha256:");
	json_object_set_new(object, "Platform", json_string("linux"));
	null_if_empty(object, "ExecIDs");
	if (!health || !*health)
		json_object_del(state, "Health");
	change_config(r, object);
	change_mounts(object);
}

static void familiar(json_t *names)
{
	json_t *v;
	size_t i;

	json_array_foreach(names, i, v)
		(void)json_array_set_new(names, i, json_string(docker_name(json_string_value(v))));
}

void docker_image(json_t *object)
{
	prepend(object, "Id", "sha256:");
	familiar(json_object_get(object, "RepoTags"));
	familiar(json_object_get(object, "RepoDigests"));
}

void docker_volume(json_t *object)
{
	null_if_empty(object, "Labels");
	null_if_empty(object, "Options");
}

static bool has_controller(json_t *host, const char *name)
{
	json_t *v;
	size_t i;

	json_array_foreach(json_object_get(host, "cgroupControllers"), i, v)
		if (!g_strcmp0(json_string_value(v), name))
			return true;
	return false;
}

static void set_host(json_t *o, json_t *host)
{
	static const struct { const char *name, *from; } copied[] = {
		{ "KernelVersion", "kernel" }, { "NCPU", "cpus" }, { "MemTotal", "memTotal" }, { "Name", "hostname" },
		{ "CgroupDriver", "cgroupManager" }, { "LoggingDriver", "logDriver" }, { "OSType", "os" },
	};
	static const struct { const char *name, *controller; } limits[] = {
		{ "MemoryLimit", "memory" }, { "SwapLimit", "memory" }, { "PidsLimit", "pids" }, { "CpuCfsPeriod", "cpu" },
		{ "CpuCfsQuota", "cpu" }, { "CPUShares", "cpu" }, { "CPUSet", "cpuset" },
	};
	json_t *distribution = json_object_get(host, "distribution");
	const char *version = json_string_value(json_object_get(host, "cgroupVersion"));
	struct utsname u;

	for (size_t i = 0; i < G_N_ELEMENTS(copied); i++)
		json_object_set(o, copied[i].name, json_object_get(host, copied[i].from));
	for (size_t i = 0; i < G_N_ELEMENTS(limits); i++)
		json_object_set_new(o, limits[i].name, json_boolean(has_controller(host, limits[i].controller)));
	json_object_set_new(o, "CgroupVersion", json_string(version ? version + strspn(version, "v") : ""));
	json_object_set_new(o, "OperatingSystem", json_sprintf("%s %s", json_string_value(json_object_get(distribution,
				    "distribution")), json_string_value(json_object_get(distribution, "version"))));
	if (uname(&u) == 0)
		json_object_set_new(o, "Architecture", json_string(u.machine));
}

static json_t *security_options(json_t *host)
{
	json_t *a = json_array(), *security = json_object_get(host, "security");

	if (json_is_true(json_object_get(security, "seccompEnabled")))
		json_array_append_new(a, json_string("name=seccomp,profile=builtin"));
	if (json_is_true(json_object_get(security, "rootless")))
		json_array_append_new(a, json_string("name=rootless"));
	return a;
}

static void set_store(json_t *o, json_t *store)
{
	static const struct { const char *name, *from; } counts[] = {
		{ "Containers", "number" }, { "ContainersRunning", "running" }, { "ContainersPaused", "paused" },
		{ "ContainersStopped", "stopped" },
	};
	json_t *containers = json_object_get(store, "containerStore");

	for (size_t i = 0; i < G_N_ELEMENTS(counts); i++)
		json_object_set(o, counts[i].name, json_object_get(containers, counts[i].from));
	json_object_set(o, "Images", json_object_get(json_object_get(store, "imageStore"), "number"));
	json_object_set(o, "Driver", json_object_get(store, "graphDriverName"));
	json_object_set(o, "DockerRootDir", json_object_get(store, "graphRoot"));
}

json_t *docker_info(json_t *info)
{
	json_t *o = json_object(), *host = json_object_get(info, "host");

	set_store(o, json_object_get(info, "store"));
	set_host(o, host);
	json_object_set_new(o, "SecurityOptions", security_options(host));
	json_object_set(o, "ServerVersion", json_object_get(json_object_get(info, "version"), "Version"));
	json_object_set_new(o, "DefaultRuntime", json_string("coracle"));
	json_object_set_new(o, "Runtimes", json_pack("{s:{s:s}}", "coracle", "path", "coracle"));
	json_object_set_new(o, "Plugins", json_pack("{s:[s],s:[s,s,s],s:[s,s,s,s]}", "Volume", "local", "Network", "slirp",
						    "host", "none", "Log", "k8s-file", "json-file", "none", "passthrough"));
	json_object_set_new(o, "Labels", json_array());
	json_object_set_new(o, "Warnings", json_null());
	json_object_set_new(o, "ServerErrors", json_null());
	json_decref(info);
	return o;
}

json_t *docker_version(json_t *version)
{
	json_t *client = json_object_get(version, "Client"), *side = json_object(), *o;
	const char *arch = json_string_value(json_object_get(client, "OsArch"));
	const char *slash = arch ? strchr(arch, '/') : NULL;
	struct utsname u;

	json_object_set(side, "Version", json_object_get(client, "Version"));
	json_object_set(side, "Os", json_object_get(client, "Os"));
	json_object_set_new(side, "Arch", json_string(slash ? slash + 1 : ""));
	o = json_pack("{s:o,s:o}", "Client", side, "Server", json_copy(side));
	if (uname(&u) == 0)
		json_object_set_new(json_object_get(o, "Server"), "KernelVersion", json_string(u.release));
	json_decref(version);
	return o;
}
