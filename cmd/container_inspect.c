/* container_inspect.c - container inspect, container exists. See podman-container-inspect(1). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/container_set.h"
#include "cmd/container_size.h"
#include "cmd/docker.h"
#include "cmd/template.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/container/record.h"
#include "storage/image.h"

struct inspect_options {
	char *format;
	bool latest, size;
};
#define AT(member) offsetof(struct inspect_options, member)

static const struct opt inspect_opts[] = {
	{ .name = "format", .letter = 'f', .type = OPT_STRING, .offset = AT(format), .arg = "template",
	  .help = "Print with a Go template" },
	{ .name = "latest", .letter = 'l', .type = OPT_FLAG, .offset = AT(latest), .help = "The container created last" },
	{ .name = "size", .letter = 's', .type = OPT_FLAG, .offset = AT(size), .help = "Show the sizes of its files" },
	OPT_END
};
static const struct opt exists_opts[] = {
	{ .name = "external", .type = OPT_IGNORED, .help = "Accepted" },
	OPT_END
};

static json_t *text(const char *s)
{
	json_t *v = json_string(s ? s : "");

	return v ? v : json_string("?");
}

static json_t *time_text(int64_t ns)
{
	g_autofree char *s = ns ? text_time_rfc3339(ns) : g_strdup("0001-01-01T00:00:00Z");

	return text(s);
}

static json_t *strings(char *const *v)
{
	json_t *a = json_array();

	for (; v && *v; v++)
		json_array_append_new(a, text(*v));
	return a;
}

/* A document of the container, or NULL. */
static json_t *read_file(struct context *c, const char *id, const char *name)
{
	g_autofree char *path = g_strconcat(id, "/", name, NULL), *doc = NULL;
	struct err e = ERR_INIT;
	size_t len;

	if (file_read(c->place.containers_fd, path, RECORD_MAX, &doc, &len, &e) < 0)
		return NULL;
	return json_loadb(doc, len, 0, NULL);
}

/* config.json, or an empty object. */
static json_t *read_config(struct context *c, const char *id)
{
	json_t *o = read_file(c, id, CONFIG_FILE);

	return o ? o : json_object();
}

/* The keeper writes it as it is shown. */
static json_t *read_health(struct context *c, const struct container_info *i)
{
	json_t *o = i->state.health ? read_file(c, i->record->id, HEALTH_FILE) : NULL;

	return o ? o : json_pack("{s:s, s:i, s:n}", "Status", container_health_name(i->state.health), "FailingStreak", 0, "Log");
}

/* What podman shows and nothing of ours sets. */
static const char unused[] = "{\"ResolvConfPath\": \"\", \"HostnamePath\": \"\", \"HostsPath\": \"\", "
	"\"MountLabel\": \"\", \"ProcessLabel\": \"\", \"AppArmorProfile\": \"\", \"IsService\": false}";
static const char no_checkpoints[] = "{\"CheckpointedAt\": \"0001-01-01T00:00:00Z\", \"RestoredAt\": \"0001-01-01T00:00:00Z\"}";

/* `health` is taken over. */
static json_t *state_object(const struct container_state *st, json_t *config, json_t *health)
{
	json_t *o = json_object();

	json_object_set_new(o, "OciVersion", text(json_string_value(json_object_get(config, "ociVersion"))));
	json_object_set_new(o, "Status", text(container_status_name(st->status)));
	json_object_set_new(o, "Running", json_boolean(st->status == CONTAINER_RUNNING ||
						       st->status == CONTAINER_STOPPING));
	json_object_set_new(o, "Paused", json_boolean(st->status == CONTAINER_PAUSED));
	json_object_set_new(o, "Restarting", json_boolean(st->status == CONTAINER_RESTARTING));
	json_object_set_new(o, "OOMKilled", json_boolean(st->oom_killed));
	json_object_set_new(o, "Dead", json_false());
	json_object_set_new(o, "Pid", json_integer(st->pid));
	json_object_set_new(o, "ConmonPid", json_integer(st->keeper_pid));
	json_object_set_new(o, "ExitCode", json_integer(st->exit_code));
	json_object_set_new(o, "Error", text(st->error));
	json_object_set_new(o, "StartedAt", time_text(st->started_ns));
	json_object_set_new(o, "FinishedAt", time_text(st->finished_ns));
	json_object_set_new(o, "Health", health);
	container_set_missing(o, no_checkpoints);
	return o;
}

static json_t *labels_object(char *const *labels)
{
	json_t *o = json_object();

	for (; labels && *labels; labels++) {
		g_autofree char *key = g_strdup(*labels);
		char *eq = strchr(key, '=');

		if (eq)
			*eq++ = '\0';
		json_object_set_new(o, key, text(eq));
	}
	return o;
}

/* Config.Entrypoint and Config.Cmd. Entrypoint is one string, as podman 4 has it. */
static void set_command(json_t *o, const struct container_record *r, json_t *args)
{
	int n = r->entrypoint_words;
	g_autoptr(GString) entry = g_string_new(NULL);

	for (int i = 0; i < n; i++)
		g_string_append_printf(entry, "%s%s", i ? " " : "", r->command[i]);
	json_object_set_new(o, "Entrypoint", text(entry->str));
	json_object_set_new(o, "Cmd", r->command ? strings(r->command + n) : args ? json_incref(args) : json_array());
}

/* Those that are files, as podman. */
static json_t *secrets_object(const struct container_record *r)
{
	json_t *extra = json_loads(r->extra_json ? r->extra_json : "{}", 0, NULL), *s, *a = json_array();
	size_t i;

	json_array_foreach(json_object_get(extra, "secrets"), i, s)
		if (!json_is_true(json_object_get(s, "env")))
			json_array_append_new(a, json_pack("{s:O, s:O, s:O, s:O, s:O}", "Name", json_object_get(s, "name"), "ID",
					      json_object_get(s, "id"), "UID", json_object_get(s, "uid"), "GID",
					      json_object_get(s, "gid"), "Mode", json_object_get(s, "mode")));
	json_decref(extra);
	return a;
}

static json_t *config_object(const struct container_record *r, json_t *config)
{
	json_t *process = json_object_get(config, "process"), *o = json_object();
	json_t *env = json_object_get(process, "env"), *args = json_object_get(process, "args");
	const char *signal = sigabbrev_np(r->stop_signal ? r->stop_signal : 15);

	json_object_set_new(o, "Hostname", text(r->hostname));
	json_object_set_new(o, "Domainname", text(""));
	json_object_set_new(o, "User", text(r->user));
	json_object_set_new(o, "AttachStdin", json_false());
	json_object_set_new(o, "AttachStdout", json_false());
	json_object_set_new(o, "AttachStderr", json_false());
	json_object_set_new(o, "Tty", json_boolean(r->tty));
	json_object_set_new(o, "OpenStdin", json_boolean(r->interactive));
	json_object_set_new(o, "StdinOnce", json_false());
	json_object_set_new(o, "Env", env ? json_incref(env) : json_array());
	set_command(o, r, args);
	json_object_set_new(o, "Image", text(r->image_name));
	json_object_set_new(o, "Volumes", json_null());
	json_object_set_new(o, "WorkingDir", text(json_string_value(json_object_get(process, "cwd"))));
	json_object_set_new(o, "OnBuild", json_null());
	json_object_set_new(o, "Labels", labels_object(r->labels));
	json_object_set_new(o, "Annotations", json_incref(json_object_get(config, "annotations")
		? json_object_get(config, "annotations") : json_null()));
	json_object_set_new(o, "StopSignal", json_integer(r->stop_signal ? r->stop_signal : 15));
	json_object_set_new(o, "StopSignalName", text(signal));
	if (r->systemd)
		json_object_set_new(o, "SystemdMode", json_true());
	json_object_set_new(o, "CreateCommand", strings(r->create_command));
	json_object_set_new(o, "Umask", json_sprintf("%04o", (unsigned)json_integer_value(json_object_get(
		json_object_get(process, "user"), "umask"))));
	json_object_set_new(o, "Secrets", secrets_object(r));
	if (r->health_test)
		json_object_set_new(o, "Healthcheck", json_pack("{s:o, s:I, s:I, s:I, s:i}", "Test", strings(r->health_test),
			"Interval", (json_int_t)r->health_interval, "Timeout", (json_int_t)r->health_timeout,
			"StartPeriod", (json_int_t)r->health_start_period, "Retries", r->health_retries));
	json_object_set_new(o, "sdNotifyMode", text(r->sdnotify ? r->sdnotify : "container"));
	if (r->startup_test)
		json_object_set_new(o, "StartupHealthCheck", json_pack("{s:o, s:I, s:I, s:i, s:i}", "Test", strings(r->startup_test),
			"Interval", (json_int_t)r->startup_interval, "Timeout", (json_int_t)r->startup_timeout,
			"Retries", r->startup_retries, "Successes", r->startup_success));
	json_object_set_new(o, "HealthcheckOnFailureAction", text(r->health_on_failure ? r->health_on_failure : "none"));
	json_object_set_new(o, "StopTimeout", json_integer(r->stop_timeout_s));
	json_object_set_new(o, "Timeout", json_integer(r->timeout_s));
	return o;
}

static const char *propagation_of(char *const *options)
{
	static const char *const all[] = { "shared", "rshared", "slave", "rslave", "private", "rprivate",
		"unbindable", "runbindable", NULL };

	for (; options && *options; options++)
		if (g_strv_contains(all, *options))
			return *options;
	return "rprivate";
}

/* Binds and volumes; memory is in HostConfig.Tmpfs, as podman has it. */
static json_t *mounts_array(const struct container_record *r)
{
	json_t *a = json_array();

	for (size_t n = 0; n < r->n_mounts; n++) {
		const struct container_mount *m = &r->mounts[n];
		g_auto(GStrv) options = g_strsplit(m->options ? m->options : "", ",", -1);
		bool volume = !g_strcmp0(m->type, "volume");
		json_t *o, *shown = json_array();

		if (!g_strcmp0(m->type, "tmpfs"))
			continue;
		for (char **opt = options; *opt; opt++)
			if (strcmp(*opt, "ro") && strcmp(*opt, "rw") && strcmp(*opt, propagation_of(options)))
				json_array_append_new(shown, text(*opt));
		o = json_pack("{s:o, s:o, s:o, s:s, s:s, s:o, s:b, s:s}", "Type", text(m->type), "Source",
			      text(m->source), "Destination", text(m->destination), "Driver",
			      volume ? "local" : "", "Mode", "", "Options", shown, "RW", m->rw, "Propagation",
			      propagation_of(options));
		/* A template may ask any mount for it. */
		json_object_set_new(o, "Name", text(volume ? m->name : ""));
		json_array_append_new(a, o);
	}
	return a;
}

static void set_program(json_t *o, const struct container_record *r, json_t *config)
{
	json_t *args = json_object_get(json_object_get(config, "process"), "args"), *rest = json_array();

	json_object_set_new(o, "Path", text(json_string_value(json_array_get(args, 0))));
	for (size_t n = 1; n < json_array_size(args); n++)
		json_array_append(rest, json_array_get(args, n));
	json_object_set_new(o, "Args", rest);
	json_object_set_new(o, "Config", config_object(r, config));
}

/* A user other than root has the capabilities that were added by name, and no more: see launch_user.c. */
static json_t *effective_caps(const struct container_record *r, json_t *config)
{
	bool root = !r->user || !*r->user || !strcmp(r->user, "root") || !strcmp(r->user, "0") ||
		    g_str_has_prefix(r->user, "root:") || g_str_has_prefix(r->user, "0:");
	json_t *extra, *caps;
	uint64_t added;

	if (root)
		return container_caps(config, "effective");
	extra = json_loads(r->extra_json ? r->extra_json : "{}", 0, NULL);
	added = (uint64_t)json_integer_value(json_object_get(extra, "addedCapabilities"));
	caps = container_cap_names(added);
	json_decref(extra);
	return caps;
}

static json_t *graph_driver(struct context *c, const struct container_record *r)
{
	g_autofree char *dir = g_strdup_printf("%s/%s", c->place.containers_path, r->id);
	json_t *data = json_object();

	if (!g_strcmp0(c->store->driver, "overlay")) {
		json_object_set_new(data, "UpperDir", json_sprintf("%s/upper", dir));
		json_object_set_new(data, "WorkDir", json_sprintf("%s/work", dir));
	}
	return json_pack("{s:s, s:o}", "Name", c->store->driver ? c->store->driver : "", "Data", data);
}

static json_t *network_settings(const struct container_record *r)
{
	/* As podman's without a network of its own: the address of a network in user space is the same for all. */
	return json_pack("{s:s,s:s,s:s,s:i,s:s,s:s,s:i,s:s,s:s,s:s,s:b,s:s,s:i,s:o,s:s,s:{}}", "EndpointID", "", "Gateway", "",
			 "IPAddress", "", "IPPrefixLen", 0, "IPv6Gateway", "", "GlobalIPv6Address", "",
			 "GlobalIPv6PrefixLen", 0, "MacAddress", "", "Bridge", "", "SandboxID", "", "HairpinMode", false,
			 "LinkLocalIPv6Address", "", "LinkLocalIPv6PrefixLen", 0,
			 "Ports", container_ports_object(r), "SandboxKey", "", "Networks");
}

/* The path of --runtime, as it was given to `create`. */
static json_t *runtime_of(const struct container_record *r)
{
	json_t *extra = json_loads(r->extra_json ? r->extra_json : "{}", 0, NULL);
	json_t *path = json_object_get(extra, "runtime"), *ret = path ? json_incref(path) : text("coracle");

	json_decref(extra);
	return ret;
}

json_t *container_object(struct context *c, const struct container_info *i)
{
	const struct container_record *r = i->record;
	json_t *config = read_config(c, r->id), *o = json_object();
	g_autofree char *dir = g_strdup_printf("%s/%s", c->place.containers_path, r->id);
	g_autofree char *config_path = g_strconcat(dir, "/" CONFIG_FILE, NULL);

	json_object_set_new(o, "Id", text(r->id));
	json_object_set_new(o, "Created", time_text(r->created_ns));
	set_program(o, r, config);
	json_object_set_new(o, "State", state_object(&i->state, config, read_health(c, i)));
	json_object_set_new(o, "Image", text(r->image_id));
	json_object_set_new(o, "ImageDigest", text(r->image_digest));
	json_object_set_new(o, "ImageName", text(r->image_name));
	json_object_set_new(o, "Rootfs", text(r->rootfs));
	json_object_set_new(o, "Pod", text(""));
	json_object_set_new(o, "PidFile", text(r->pid_file));
	json_object_set_new(o, "ConmonPidFile", text(r->conmon_pid_file));
	json_object_set_new(o, "OCIConfigPath", text(config_path));
	json_object_set_new(o, "OCIRuntime", runtime_of(r));
	json_object_set_new(o, "StaticDir", text(dir));
	json_object_set_new(o, "RestartCount", json_integer(i->state.restarts));
	json_object_set_new(o, "Name", text(r->name));
	json_object_set_new(o, "Driver", text(c->store->driver));
	json_object_set_new(o, "EffectiveCaps", effective_caps(r, config));
	json_object_set_new(o, "BoundingCaps", container_caps(config, "bounding"));
	json_object_set_new(o, "ExecIDs", json_array());
	json_object_set_new(o, "GraphDriver", graph_driver(c, r));
	json_object_set_new(o, "Mounts", mounts_array(r));
	json_object_set_new(o, "Dependencies", json_array());
	json_object_set_new(o, "NetworkSettings", network_settings(r));
	json_object_set_new(o, "Namespace", text(""));
	json_object_set_new(o, "IsInfra", json_false());
	json_object_set_new(o, "HostConfig", container_host_config(c, r, config));
	container_set_missing(o, unused);
	if (c->docker)
		docker_container(r, o);
	json_decref(config);
	return o;
}

void container_object_add_size(struct context *c, const struct container_record *r, json_t *object)
{
	int64_t rw = container_size_rw(c, r->id);

	json_object_set_new(object, "SizeRw", json_integer(rw));
	json_object_set_new(object, "SizeRootFs", json_integer(container_size_root(c, r, rw)));
}

static int run_inspect(struct context *c, void *values, int argc, char **argv)
{
	struct inspect_options *o = values;
	struct container_choice choice = { .latest = o->latest };
	g_autoptr(GPtrArray) set = NULL;
	json_t *objects = json_array();
	struct err e = ERR_INIT;
	int worst = 0, r = context_store(c, &e);

	if (r == 0)
		r = container_choose(c, &choice, argc, argv, &set, &worst, &e);
	for (guint n = 0; r == 0 && n < set->len; n++) {
		const struct container_info *i = set->pdata[n];
		json_t *object = container_object(c, i);

		if (o->size)
			container_object_add_size(c, i->record, object);
		json_array_append_new(objects, object);
	}
	if (r == 0)
		r = show_objects(objects, o->format, &e);
	json_decref(objects);
	return r < 0 ? fail(&e) : worst;
}

static int run_exists(struct context *c, void *values, int argc, char **argv)
{
	g_autofree char *id = NULL;
	struct err e = ERR_INIT;
	int r = context_store(c, &e);

	(void)values;
	(void)argc;
	if (r == 0)
		r = container_find(&c->place, argv[0], &id, &e);
	return r < 0 ? fail(&e) : r == 0;
}

const struct command command_container_inspect = {
	.name = "container inspect", .summary = "Show everything about containers",
	.usage = "[options] CONTAINER [CONTAINER...]", .opts = inspect_opts,
	.values_size = sizeof(struct inspect_options), .run = run_inspect, .min_args = 0, .max_args = -1,
	.complete = COMPLETE_CONTAINER,
};
const struct command command_container_exists = {
	.name = "container exists", .summary = "Is there such a container? (exit status 0 or 1)",
	.usage = "CONTAINER", .opts = exists_opts, .values_size = 8, .run = run_exists, .min_args = 1, .max_args = 1,
	.complete = COMPLETE_CONTAINER,
};
