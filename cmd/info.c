/* info.c - coracle info and version: see podman-info(1), podman-version(1). */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd/conf.h"
#include "cmd/docker.h"
#include "cmd/image_commands.h"
#include "cmd/image_use.h"
#include "cmd/template.h"
#include "core/base/file.h"
#include "core/oci/image_spec.h"
#include "core/runtime/cgroup.h"
#include "core/runtime/idmap.h"
#include "storage/volume.h"

struct values { bool unused; char *format; };

static const struct opt opts[] = {
	{ "format", 'f', OPT_STRING, offsetof(struct values, format), "template", .choices = "~json",
	  .help = "json or a Go template" },
	OPT_END
};

/* A scalar as YAML: quoted where it would be read as something else. */
static void print_scalar(json_t *v)
{
	const char *s = json_string_value(v);

	if (json_is_string(v) && *s && (isalpha((unsigned char)*s) || *s == '/') && !strpbrk(s, "#\n\"'") && !strstr(s, ": ") &&
	    s[strlen(s) - 1] != ':' && strcmp(s, "true") != 0 && strcmp(s, "false") != 0 && strcmp(s, "null") != 0)
		fputs(s, stdout);
	else
		json_dumpf(v, stdout, JSON_ENCODE_ANY | JSON_COMPACT);
}

static void print_yaml(json_t *v, int depth, bool in_list)
{
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_object(v)) {
		json_object_foreach(v, key, value) {
			bool nested = (json_is_object(value) && json_object_size(value)) ||
				      (json_is_array(value) && json_array_size(value));

			printf("%*s%s:%s", in_list ? 0 : depth * 2, "", key, nested ? "\n" : " ");
			in_list = false;
			if (nested) {
				print_yaml(value, json_is_array(value) ? depth : depth + 1, false);
			} else {
				print_scalar(value);
				putchar('\n');
			}
		}
		return;
	}
	json_array_foreach(v, i, value) {
		printf("%*s- ", depth * 2, "");
		if (json_is_object(value)) {
			print_yaml(value, depth + 1, true);
		} else {
			print_scalar(value);
			putchar('\n');
		}
	}
}

static json_t *map_json(const struct id_range *r, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{s:I,s:I,s:I}", "container_id", (json_int_t)r[i].inside,
						      "host_id", (json_int_t)r[i].outside, "size",
						      (json_int_t)r[i].count));
	return list;
}

/* {"distribution": "debian", "version": "12"} of os-release(5). */
static json_t *distribution_json(void)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	struct err ignored = ERR_INIT;
	json_t *o = json_pack("{s:s,s:s}", "distribution", "unknown", "version", "unknown");
	size_t len;

	if (file_read(AT_FDCWD, "/etc/os-release", 64 * 1024, &text, &len, &ignored) < 0)
		return o;
	lines = g_strsplit(text, "\n", -1);
	for (char **l = lines; *l; l++) {
		const char *key = g_str_has_prefix(*l, "ID=") ? "distribution" :
				  g_str_has_prefix(*l, "VERSION_ID=") ? "version" : NULL;
		g_autofree char *value = key ? g_shell_unquote(strchr(*l, '=') + 1, NULL) : NULL;

		if (value)
			json_object_set_new(o, key, json_string(value));
	}
	return o;
}

static json_t *cgroup_json(const struct context *c, json_t *host)
{
	static const char *const names[CGROUP_CONTROLLER_COUNT] = { "memory", "pids", "cpu", "cpuset", "io", "hugetlb",
		"rdma", "misc" };
	struct cgroup_host h;
	json_t *list = json_array();

	cgroup_probe(&h);
	for (unsigned i = 0; i < CGROUP_CONTROLLER_COUNT; i++)
		if (h.controllers & (1u << i))
			json_array_append_new(list, json_string(names[i]));
	json_object_set_new(host, "cgroupControllers", list);
	json_object_set_new(host, "cgroupManager", json_string(c->cgroup_manager ? c->cgroup_manager :
							       h.systemd ? "systemd" : "cgroupfs"));
	json_object_set_new(host, "cgroupVersion", json_string(h.layout == CGROUP_LAYOUT_V2 ? "v2" : "v1"));
	return host;
}

static json_t *host_json(const struct context *c)
{
	const struct idmap *map = idmap_store();
	const struct platform p = platform_host();
	json_t *o, *ids;
	struct utsname u;
	struct sysinfo si = { 0 };

	(void)uname(&u);
	(void)sysinfo(&si);
	ids = json_pack("{s:o,s:o}", "gidmap", map_json(map->gid, map->n_gid), "uidmap",
			map_json(map->uid, map->n_uid));
	if (map->why_one_id[0])
		json_object_set_new(ids, "why", json_string(map->why_one_id));
	o = json_pack("{s:s,s:s,s:I,s:s,s:s,s:o,s:{s:s,s:s},s:s,s:o,s:I,s:I,s:I,s:I,s:{s:b,s:b,s:b},s:I}",
		"arch", p.architecture, "os", p.os, "cpus", (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "kernel",
		u.release, "hostname", u.nodename, "distribution", distribution_json(), "ociRuntime",
		"name", "coracle", "version", PACKAGE_VERSION, "logDriver", "k8s-file",
		"idMappings", ids, "swapTotal", (json_int_t)si.totalswap * si.mem_unit,
		"swapFree", (json_int_t)si.freeswap * si.mem_unit, "memTotal", (json_int_t)si.totalram * si.mem_unit,
		"memFree", (json_int_t)si.freeram * si.mem_unit,
		"security", "rootless", geteuid() != 0, "seccompEnabled",
		access("/proc/sys/kernel/seccomp", F_OK) == 0, "apparmorEnabled",
		access("/sys/kernel/security/apparmor", F_OK) == 0,
		"uptimeSeconds", (json_int_t)si.uptime);
	return cgroup_json(c, o);
}

static int count_images(struct store *s, json_int_t *ret, struct err *e)
{
	struct image **list;
	int r = image_list(s, &list, e);

	for (*ret = 0; r == 0 && list[*ret];)
		(*ret)++;
	if (r == 0)
		image_list_free(list);
	return r;
}

static int store_json(struct context *c, json_t **ret, struct err *e)
{
	struct store *s = c->store;
	g_auto(GStrv) ids = NULL;
	json_int_t images;
	int running = 0, paused = 0, total = 0;
	int r = count_images(s, &images, e);

	if (r == 0)
		r = container_list_ids(&c->place, &ids, e);
	for (char **id = ids; r == 0 && *id; id++, total++) {
		struct container_state st;
		struct err ignored = ERR_INIT;

		if (container_read_state(&c->place, *id, &st, &ignored) < 0)
			continue;
		running += st.status == CONTAINER_RUNNING;
		paused += st.status == CONTAINER_PAUSED;
	}
	if (r < 0)
		return r;
	*ret = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:{s:I},s:{s:i,s:i,s:i,s:i}}", "graphDriverName", s->driver,
			 "graphDriverReason", s->driver_why ? s->driver_why : "", "graphRoot", s->root,
			 "graphRootFrom", s->root_from, "runRoot", s->run, "volumePath", s->root,
			 "imageStore", "number", images, "containerStore", "number", total, "running", running,
			 "paused", paused, "stopped", total - running - paused);
	json_object_set_new(*ret, "volumePath", json_sprintf("%s/volumes", s->root));
	return 0;
}

/* Who said `value` of the global option `name`: a file, or who is left, the command line. */
static const char *origin(const struct conf *conf, const char *name, const char *value)
{
	for (guint i = 0; conf->values && i < conf->values->len; i++) {
		const struct conf_value *v = &g_array_index(conf->values, struct conf_value, i);

		if (!strcmp(v->section, "coracle") && !strcmp(v->key, name) && !strcmp(v->value, value))
			return v->origin;
	}
	return "the command line";
}

/* The global options in effect, and the environment as far as it decides anything. */
static json_t *settings_json(const struct context *c)
{
	static const char *const variables[] = { "CORACLE_ROOT", "CORACLE_CONF", "XDG_DATA_HOME", "XDG_CONFIG_HOME",
		"XDG_RUNTIME_DIR", "TMPDIR", "REGISTRY_AUTH_FILE", "CONTAINERS_REGISTRIES_CONF", "DOCKER_CONFIG",
		"SSL_CERT_FILE", "SSL_CERT_DIR", "PODMAN_USERNS" };
	const char *run_dir = getenv("XDG_RUNTIME_DIR"), *tmp = getenv("TMPDIR");
	const struct { const char *name, *value, *otherwise, *otherwise_from; } options[] = {
		{ "root", c->store_options.root, c->store->root, c->store->root_from },
		{ "runroot", c->store_options.run_root, c->store->run, run_dir && *run_dir &&
		  g_str_has_prefix(c->store->run, run_dir) ? "XDG_RUNTIME_DIR" : "the default" },
		{ "storage-driver", c->store_options.driver, c->store->driver, "the store" },
		{ "log-level", c->log_level, "warn", "the default" },
		{ "tmpdir", c->tmpdir, tmp && *tmp ? tmp : "/tmp", tmp && *tmp ? "TMPDIR" : "the default" },
	};
	json_t *list = json_array();

	for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
		const char *v = options[i].value;
		const char *from = v ? origin(c->conf, options[i].name, v) : options[i].otherwise_from;

		json_array_append_new(list, json_pack("{s:s,s:s,s:s}", "name", options[i].name, "value",
						      v ? v : options[i].otherwise, "from", from));
	}
	for (size_t i = 0; i < G_N_ELEMENTS(variables); i++) {
		const char *v = getenv(variables[i]);

		if (v)
			json_array_append_new(list, json_pack("{s:s,s:s,s:s}", "name", variables[i], "value", v, "from",
							      "the environment"));
	}
	return list;
}

/* What coracle.conf files say, and which of them said it. */
static json_t *conf_json(const struct context *c)
{
	const struct conf *conf = c->conf;
	json_t *o = json_object(), *values = json_array(), *files = json_array();

	for (guint i = 0; conf->files && i < conf->files->len; i++)
		json_array_append_new(files, json_string(conf->files->pdata[i]));
	for (guint i = 0; conf->values && i < conf->values->len; i++) {
		const struct conf_value *v = &g_array_index(conf->values, struct conf_value, i);

		json_array_append_new(values, json_pack("{s:s,s:s,s:s,s:s}", "section", v->section, "key", v->key,
							"value", v->value, "from", v->origin));
	}
	json_object_set_new(o, "files", files);
	json_object_set_new(o, "values", values);
	json_object_set_new(o, "settings", settings_json(c));
	return o;
}

static json_t *version_json(void)
{
	const struct platform p = platform_host();

	return json_pack("{s:s,s:s,s:o}", "Version", PACKAGE_VERSION, "Os", p.os, "OsArch",
			 json_sprintf("%s/%s", p.os, p.architecture));
}

static int show(const struct context *c, json_t *o, const char *format, struct err *e)
{
	json_t *list;
	int r;

	if (!format) {
		print_yaml(o, 0, false);
		return 0;
	}
	if (strcmp(format, "json") == 0) {
		json_dumpf(o, stdout, c->docker ? JSON_COMPACT | JSON_SORT_KEYS : JSON_INDENT(2));
		putchar('\n');
		return 0;
	}
	list = json_pack("[O]", o);
	r = show_objects(list, format, e);
	json_decref(list);
	return r;
}

static int run_info(struct context *c, void *values, int argc, char **argv)
{
	const struct values *v = values;
	json_t *store = NULL, *o;
	struct err e = ERR_INIT;
	int r = context_store(c, &e);

	(void)argc;
	(void)argv;
	if (r == 0)
		r = store_choose_driver(c->store, &e);
	if (r == 0)
		r = store_json(c, &store, &e);
	if (r < 0)
		return fail(&e);
	o = json_object();
	json_object_set_new(o, "host", host_json(c));
	json_object_set_new(o, "store", store);
	json_object_set_new(o, "configuration", conf_json(c));
	json_object_set_new(o, "version", version_json());
	if (c->docker)
		o = docker_info(o);
	r = show(c, o, v->format, &e);
	json_decref(o);
	return r < 0 ? fail(&e) : 0;
}

static int run_version(struct context *c, void *values, int argc, char **argv)
{
	const struct values *v = values;
	const struct platform p = platform_host();
	struct err e = ERR_INIT;
	json_t *o;
	int r;

	(void)argc;
	(void)argv;
	if (!v->format) {
		printf("Client:       coracle\nVersion:      %s\nOS/Arch:      %s/%s\n", PACKAGE_VERSION, p.os,
		       p.architecture);
		return 0;
	}
	o = json_pack("{s:o}", "Client", version_json());
	if (c->docker)
		o = docker_version(o);
	r = show(c, o, v->format, &e);
	json_decref(o);
	return r < 0 ? fail(&e) : 0;
}

const struct command command_info = {
	.name = "info", .alias = "system info", .summary = "Show the machine, the store and the configuration",
	.usage = "[options]", .opts = opts, .values_size = sizeof(struct values), .run = run_info,
};
const struct command command_version = {
	.name = "version", .summary = "Show the version", .usage = "[options]", .opts = opts,
	.values_size = sizeof(struct values), .run = run_version,
};
