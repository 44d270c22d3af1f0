/* image_inspect.c - coracle image inspect and history: see podman-image-inspect(1), podman-history(1). */
#include "cmd/image_inspect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/docker.h"
#include "cmd/image_commands.h"
#include "cmd/globals.h"
#include "cmd/image_use.h"
#include "cmd/remote_options.h"
#include "cmd/template.h"
#include "core/base/text.h"
#include "core/oci/location.h"
#include "storage/layer.h"

static void set_text(json_t *o, const char *key, const char *value)
{
	if (value && *value)
		json_object_set_new(o, key, json_string(value));
}

static void set_list(json_t *o, const char *key, char *const *list)
{
	if (list)
		json_object_set_new(o, key, json_of_strings(list));
}

/* {"80/tcp": {}} */
static void set_keys(json_t *o, const char *key, char *const *list)
{
	json_t *map;

	if (!list || !*list)
		return;
	map = json_object();
	for (; *list; list++)
		json_object_set_new(map, *list, json_object());
	json_object_set_new(o, key, map);
}

static json_t *healthcheck_json(const struct healthcheck *h)
{
	json_t *o = json_pack("{s:o}", "Test", json_of_strings(h->test));

	if (h->interval)
		json_object_set_new(o, "Interval", json_integer(h->interval));
	if (h->timeout)
		json_object_set_new(o, "Timeout", json_integer(h->timeout));
	if (h->start_period)
		json_object_set_new(o, "StartPeriod", json_integer(h->start_period));
	if (h->retries)
		json_object_set_new(o, "Retries", json_integer(h->retries));
	return o;
}

static json_t *config_json(const struct image_config *c)
{
	json_t *o = json_object();

	set_text(o, "User", c->user);
	set_keys(o, "ExposedPorts", c->exposed_ports);
	set_list(o, "Env", c->env);
	set_list(o, "Entrypoint", c->entrypoint);
	set_list(o, "Cmd", c->cmd);
	set_keys(o, "Volumes", c->volumes);
	set_text(o, "WorkingDir", c->working_dir);
	if (c->labels)
		json_object_set_new(o, "Labels", json_of_pairs(c->labels));
	set_text(o, "StopSignal", c->stop_signal);
	set_list(o, "OnBuild", c->onbuild);
	set_list(o, "Shell", c->shell);
	if (c->healthcheck.test)
		json_object_set_new(o, "Healthcheck", healthcheck_json(&c->healthcheck));
	return o;
}

static json_t *history_json(const struct image_config *c)
{
	json_t *list = json_array();

	for (size_t i = 0; i < c->n_history; i++) {
		const struct image_history *h = &c->history[i];
		json_t *o = json_object();

		set_text(o, "created", h->created);
		set_text(o, "created_by", h->created_by);
		set_text(o, "author", h->author);
		set_text(o, "comment", h->comment);
		if (h->empty_layer)
			json_object_set_new(o, "empty_layer", json_true());
		json_array_append_new(list, o);
	}
	return list;
}

json_t *image_inspect_json(struct store *s, const struct image *img)
{
	const struct image_config *c = &img->config;
	json_int_t size = img->host ? 0 : image_size(s, img);
	json_t *o = json_object();

	json_object_set_new(o, "Id", json_string(img->id));
	json_object_set_new(o, "Digest", json_string(img->digest));
	json_object_set_new(o, "RepoTags", json_of_strings(img->names));
	json_object_set_new(o, "RepoDigests", json_of_strings(img->repo_digests));
	json_object_set_new(o, "Parent", json_string(""));
	json_object_set_new(o, "Comment", json_string(c->n_history && c->history[c->n_history - 1].comment ?
						       c->history[c->n_history - 1].comment : ""));
	json_object_set_new(o, "Created", json_string(c->created ? c->created : ""));
	json_object_set_new(o, "Config", config_json(c));
	json_object_set_new(o, "Version", json_string(""));
	json_object_set_new(o, "Author", json_string(c->author ? c->author : ""));
	json_object_set_new(o, "Architecture", json_string(c->architecture ? c->architecture : ""));
	json_object_set_new(o, "Variant", json_string(c->variant ? c->variant : ""));
	json_object_set_new(o, "Os", json_string(c->os ? c->os : ""));
	json_object_set_new(o, "Size", json_integer(size));
	json_object_set_new(o, "VirtualSize", json_integer(size));
	json_object_set_new(o, "GraphDriver", json_pack("{s:s,s:{}}", "Name", s->driver ? s->driver : "", "Data"));
	json_object_set_new(o, "RootFS", json_pack("{s:s,s:o}", "Type", "layers", "Layers",
						    json_of_strings(c->diff_ids)));
	json_object_set_new(o, "Labels", json_of_pairs(c->labels));
	json_object_set_new(o, "Annotations", json_of_pairs(img->manifest.annotations));
	json_object_set_new(o, "ManifestType", json_string(img->manifest.media_type ? img->manifest.media_type :
							    "application/vnd.oci.image.manifest.v1+json"));
	json_object_set_new(o, "User", json_string(c->user ? c->user : ""));
	json_object_set_new(o, "History", history_json(c));
	json_object_set_new(o, "NamesHistory", json_of_strings(img->names));
	if (c->healthcheck.test)
		json_object_set_new(o, "HealthCheck", healthcheck_json(&c->healthcheck));
	return o;
}

/* Does the name mean an image that is not in the store? One there may be called oci:1. */
static bool is_elsewhere(struct context *c, const char *name)
{
	struct err ignored = ERR_INIT;
	autoimage *img = NULL;

	if (g_str_has_prefix(name, "docker://"))
		return true;
	return location_has_transport(name) && image_find(c->store, name, &img, &ignored) <= 0;
}

bool image_inspect_is_elsewhere(struct context *c, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (is_elsewhere(c, argv[i]))
			return true;
	return false;
}

int image_inspect_elsewhere(struct context *c, int argc, char **argv, const char *format)
{
	g_autoptr(GPtrArray) words = g_ptr_array_new();
	g_auto(GStrv) own = NULL;
	struct err e = ERR_INIT;

	g_ptr_array_add(words, (char *)"image");
	g_ptr_array_add(words, (char *)"inspect");
	if (format)
		g_ptr_array_add(words, g_strconcat("--format=", format, NULL));
	g_ptr_array_add(words, (char *)"--");
	for (int i = 0; i < argc; i++)
		g_ptr_array_add(words, argv[i]);
	g_ptr_array_add(words, NULL);
	own = own_command(c, (const char *const *)words->pdata);
	exec_image_program(c, own, &e);
	return fail(&e);
}

static int run_inspect(struct context *c, void *values, int argc, char **argv)
{
	const struct inspect_options *v = values;
	json_t *objects;
	struct err e = ERR_INIT;
	int worst = 0, r;

	r = context_store(c, &e);
	if (r == 0 && (inspect_is_remote(v) || image_inspect_is_elsewhere(c, argc, argv)))
		return run_image_program(c, argv);
	if (r == 0)
		r = store_choose_driver(c->store, &e);
	objects = json_array();
	for (int i = 0; r == 0 && i < argc; i++) {
		struct err one = ERR_INIT;
		autoimage *img = NULL;

		if (image_get(c, argv[i], &img, &one) < 0)
			fail_one(&one, EXIT_OURS, &worst);
		else
			json_array_append_new(objects, image_inspect_json(c->store, img));
		if (c->docker && json_array_size(objects))
			docker_image(json_array_get(objects, json_array_size(objects) - 1));
	}
	if (r == 0 && (json_array_size(objects) > 0 || !v->format))
		r = show_objects(objects, v->format, &e);
	json_decref(objects);
	return r < 0 ? fail(&e) : worst;
}

struct history_values { bool no_trunc, quiet, human; char *format; };

static const struct opt history_opts[] = {
	{ "format", 0, OPT_STRING, offsetof(struct history_values, format), "template", .choices = "~json",
	  .help = "json or a Go template" },
	{ "human", 'H', OPT_FLAG, offsetof(struct history_values, human), .help = "Show sizes and dates for people" },
	{ "no-trunc", 0, OPT_FLAG, offsetof(struct history_values, no_trunc), .help = "Show everything in full" },
	{ "quiet", 'q', OPT_FLAG, offsetof(struct history_values, quiet), .help = "Show only IDs" },
	OPT_END
};

static void history_defaults(struct context *c, void *values)
{
	struct history_values *v = values;

	(void)c;
	v->human = true;
}

static json_t *history_row(const struct image_history *h, const char *id, int64_t size, bool newest,
			   const struct image *img, const struct history_values *v)
{
	int64_t ns = 0, created = h->created && text_time_parse(h->created, &ns) ? ns : 0;
	g_autofree char *by = text_printable(h->created_by ? h->created_by : "");
	g_autofree char *comment = text_printable(h->comment ? h->comment : "");
	g_autofree char *ago = created ? text_ago((text_now_ns() - created) / 1000000000) : g_strdup("N/A");
	g_autofree char *human = v->human ? text_human_size(size) : g_strdup_printf("%" G_GINT64_FORMAT, size);
	g_autofree char *short_id = strlen(id) == 64 && !v->no_trunc ? g_strndup(id, 12) : g_strdup(id);
	g_autofree char *at = created ? text_time_go(created) : g_strdup("");
	const char *when = v->human ? ago : h->created ? h->created : "";
	json_t *json = json_pack("{s:s,s:s,s:s,s:s,s:I,s:s,s:o}", "id", id, "created", h->created ? h->created : "",
				 "Created", h->created ? h->created : "",
				 "CreatedBy", h->created_by ? h->created_by : "", "size", (json_int_t)size,
				 "comment", h->comment ? h->comment : "", "tags",
				 newest ? json_of_strings(img->names) : json_array());

	if (!v->no_trunc && g_utf8_strlen(by, -1) > 45) {
		g_autofree char *cut = g_utf8_substring(by, 0, 42);

		g_free(by);
		by = g_strconcat(cut, "...", NULL);
	}
	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:o,s:o}", "_created", h->created ? h->created : "", "ID", short_id, "Created", when, "CreatedAt",
			 at, "CreatedSince", ago, "CreatedBy", by, "Size", human,
			 "Comment", comment, "Tags", newest ? json_of_strings(img->names) : json_array(),
			 "_json", json);
}

static json_t *history_rows(struct store *s, const struct image *img, const struct history_values *v)
{
	json_t *rows = json_array();
	size_t layer = img->config.n_diff_ids;

	for (size_t i = img->config.n_history; i-- > 0;) {
		const struct image_history *h = &img->config.history[i];
		bool newest = i + 1 == img->config.n_history;
		int64_t size = 0;

		if (!h->empty_layer && layer > 0)
			size = layer_size(s, img->config.diff_ids[--layer]);
		json_array_append_new(rows, history_row(h, newest ? img->id : "<missing>", size, newest, img, v));
	}
	return rows;
}

static int run_history(struct context *c, void *values, int argc, char **argv)
{
	static const char *const columns[] = { "ID={{.ID}}", "CREATED={{.Created}}", "CREATED BY={{.CreatedBy}}",
		"SIZE={{.Size}}", "COMMENT={{.Comment}}", NULL };
	const struct history_values *v = values;
	autoimage *img = NULL;
	struct err e = ERR_INIT;
	json_t *rows;
	int r = context_store(c, &e);

	(void)argc;
	if (r == 0)
		r = image_get(c, argv[0], &img, &e);
	if (r < 0) {
		(void)err_exit(&e, EXIT_OURS);
		return fail(&e);
	}
	rows = history_rows(c->store, img, v);
	show_whole(v->no_trunc);
	if (c->docker && v->format)
		docker_rows(DOCKER_HISTORY, rows);
	r = show_rows(rows, columns, v->quiet ? "{{.ID}}" : v->format, false, &e);
	json_decref(rows);
	return r < 0 ? fail(&e) : 0;
}

const struct command command_image_inspect = COMMAND_IMAGE_INSPECT(run_inspect);
const struct command command_history = {
	.name = "history", .alias = "image history", .summary = "Show how an image was made",
	.usage = "[options] IMAGE", .opts = history_opts, .values_size = sizeof(struct history_values),
	.defaults = history_defaults, .run = run_history, .min_args = 1, .max_args = 1, .complete = COMPLETE_IMAGE,
};
