/* images.c - coracle images: see podman-images(1). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/docker.h"
#include "cmd/image_commands.h"
#include "cmd/image_use.h"
#include "cmd/template.h"
#include "core/base/text.h"
#include "storage/manifest_list.h"

struct values {
	bool all, quiet, digests, no_trunc, no_heading, history;
	char **filters, *format, *sort;
};

static const struct opt opts[] = {
	{ "all", 'a', OPT_IGNORED, .help = "Show all images (they always are)" },
	{ "digests", 0, OPT_FLAG, offsetof(struct values, digests), .help = "Show digests" },
	{ "filter", 'f', OPT_LIST, offsetof(struct values, filters), "key=value",
	  .choices = "~reference=|dangling=true|label=|before=|since=|until=|id=|digest=|containers=true|containers=false",
	  .help = "Show only images for which this holds (reference, label, dangling, before, since, id ...)" },
	{ "format", 0, OPT_STRING, offsetof(struct values, format), "template", .choices = "~json",
	  .help = "json or a Go template" },
	{ "history", 0, OPT_FLAG, offsetof(struct values, history), .help = "Accepted for podman's sake" },
	{ "no-trunc", 0, OPT_FLAG, offsetof(struct values, no_trunc), .help = "Show full IDs" },
	{ "noheading", 'n', OPT_FLAG, offsetof(struct values, no_heading), .help = "Do not print headings" },
	{ "quiet", 'q', OPT_FLAG, offsetof(struct values, quiet), .help = "Show only IDs" },
	{ "sort", 0, OPT_STRING, offsetof(struct values, sort), "key", .help = "Order of the rows",
	  .choices = "created|id|repository|size|tag" },
	OPT_END
};

static json_t *image_json(const struct image *img, int64_t users)
{
	int64_t created = image_created(img);
	g_autofree char *at = text_time_rfc3339(created);

	return json_pack("{s:s,s:s,s:o,s:o,s:I,s:i,s:I,s:o,s:I,s:o,s:s,s:o,s:I,s:s,s:b,s:s,s:s}",
		"Id", img->id, "ParentId", "", "RepoTags", json_of_strings(img->names),
		"RepoDigests", json_of_strings(img->repo_digests), "Size", (json_int_t)img->size, "SharedSize", 0,
		"VirtualSize", (json_int_t)img->size, "Labels", json_of_pairs(img->config.labels),
		"Containers", (json_int_t)users, "Names", json_of_strings(img->names), "Digest", img->digest,
		"History", json_of_strings(img->names), "Created", (json_int_t)(created / 1000000000),
		"CreatedAt", at, "Dangling", img->names[0] == NULL,
		"Os", img->config.os ? img->config.os : "", "Arch",
		img->config.architecture ? img->config.architecture : "");
}

static json_t *name_row(const struct image *img, const char *name, const struct values *v, json_t *object)
{
	int64_t created = image_created(img);
	g_autofree char *repo = NULL, *tag = NULL, *size = text_human_size(img->size);
	g_autofree char *ago = created ? text_ago((text_now_ns() - created) / 1000000000) : g_strdup("N/A");
	g_autofree char *id = v->no_trunc ? g_strconcat("sha256:", img->id, NULL) : g_strndup(img->id, 12);
	g_autofree char *at = text_time_go(created), *history = g_strjoinv(", ", img->names);
	json_t *row = json_object();

	image_name_split(name, &repo, &tag);
	json_object_update(row, object);
	json_object_set_new(row, "Repository", json_string(repo));
	json_object_set_new(row, "Tag", json_string(tag));
	json_object_set_new(row, "ID", json_string(id));
	json_object_set_new(row, "Id", json_string(img->id));
	json_object_set_new(row, "Size", json_string(size));
	json_object_set_new(row, "VirtualSize", json_integer(img->size));
	json_object_set_new(row, "CreatedAt", json_string(at));
	json_object_set_new(row, "CreatedTime", json_string(at));
	json_object_set_new(row, "History", json_string(history));
	json_object_set_new(row, "ReadOnly", json_false());
	json_object_set_new(row, "Created", json_string(ago));
	json_object_set_new(row, "CreatedSince", json_string(ago));
	json_object_set_new(row, "_bytes", json_integer(img->size));
	return row;
}

static const char *const plain[] = { "REPOSITORY={{.Repository}}", "TAG={{.Tag}}", "IMAGE ID={{.ID}}",
	"CREATED={{.CreatedSince}}", "SIZE={{.Size}}", NULL };
static const char *const with_digests[] = { "REPOSITORY={{.Repository}}", "TAG={{.Tag}}", "DIGEST={{.Digest}}",
	"IMAGE ID={{.ID}}", "CREATED={{.CreatedSince}}", "SIZE={{.Size}}", NULL };

static const char *sort_field;

static int by_field(const void *a, const void *b)
{
	json_t *x = json_object_get(*(json_t *const *)a, sort_field);
	json_t *y = json_object_get(*(json_t *const *)b, sort_field);

	if (json_is_integer(x))
		return (json_integer_value(x) > json_integer_value(y)) -
		       (json_integer_value(x) < json_integer_value(y));
	return g_strcmp0(json_string_value(x), json_string_value(y));
}

static json_t *sorted(json_t *rows, const char *key)
{
	size_t n = json_array_size(rows);
	g_autofree json_t **v = g_new(json_t *, n + 1);
	json_t *out = json_array();

	sort_field = strcmp(key, "id") == 0 ? "ID" : strcmp(key, "size") == 0 ? "_bytes" :
		     strcmp(key, "tag") == 0 ? "Tag" : "Repository";
	for (size_t i = 0; i < n; i++)
		v[i] = json_array_get(rows, i);
	qsort(v, n, sizeof(*v), by_field);
	for (size_t i = 0; i < n; i++)
		json_array_append(out, v[i]);
	json_decref(rows);
	return out;
}

static bool wanted(const char *name, int argc, char **argv)
{
	return argc == 0 || (name && image_name_matches(name, argv[0]));
}

/* One row a name; an image without names has one, with the repository it came from where that is known. */
static void add_rows(json_t *rows, json_t *objects, const struct image *img, const struct values *v, json_t *object,
		     int argc, char **argv)
{
	size_t before = json_array_size(rows);

	for (char **n = img->names; *n; n++)
		if (wanted(*n, argc, argv))
			json_array_append_new(rows, name_row(img, *n, v, object));
	if (!img->names[0] && wanted(img->repo_digests[0], argc, argv))
		json_array_append_new(rows, name_row(img, img->repo_digests[0], v, object));
	if (argc > 0 && json_array_size(rows) == before && g_str_has_prefix(img->id, argv[0]))
		json_array_append_new(rows, name_row(img, img->names[0], v, object));
	if (json_array_size(rows) > before)
		json_array_append(objects, object);
}

static void print_ids(json_t *objects, bool full)
{
	json_t *o;
	size_t i;

	json_array_foreach(objects, i, o)
		printf(full ? "sha256:%s\n" : "%.12s\n", json_string_value(json_object_get(o, "Id")));
}

/* A list of images looks like an image without layers: its size is the document's. */
static struct image *image_of_list(const struct manifest_list *l)
{
	struct image *img = g_new0(struct image, 1);

	img->id = g_strdup(l->id);
	img->digest = g_strdup(l->digest);
	img->names = g_strdupv(l->names);
	img->repo_digests = g_new0(char *, 1);
	img->size = (int64_t)l->len;
	return img;
}

static int add_image(struct context *c, const struct image *img, const struct values *v, int argc, char **argv, json_t *rows,
		     json_t *objects, struct err *e)
{
	int r = image_matches(c, img, v->filters, e);
	json_t *object;

	if (r <= 0)
		return r;
	object = image_json(img, 0);
	add_rows(rows, objects, img, v, object, argc, argv);
	json_decref(object);
	return 0;
}

static int gather_lists(struct context *c, const struct values *v, int argc, char **argv, json_t *rows, json_t *objects,
			struct err *e)
{
	g_autoptr(GPtrArray) lists = NULL;
	int r = manifest_list_all(c->store, &lists, e);

	for (guint i = 0; r == 0 && i < lists->len; i++) {
		autoimage *img = image_of_list(lists->pdata[i]);

		r = add_image(c, img, v, argc, argv, rows, objects, e);
	}
	return r;
}

static int gather(struct context *c, const struct values *v, int argc, char **argv, json_t *rows, json_t *objects,
		  struct err *e)
{
	struct image **list;
	int r = gather_lists(c, v, argc, argv, rows, objects, e);

	if (r == 0)
		r = image_list(c->store, &list, e);
	if (r < 0)
		return r;
	for (struct image **i = list; *i && r >= 0; i++)
		r = add_image(c, *i, v, argc, argv, rows, objects, e);
	image_list_free(list);
	return r < 0 ? r : 0;
}

/* How many containers each has: their records are read only for who shows it. */
static void count_containers(struct context *c, json_t *objects)
{
	json_t *o;
	size_t i;

	json_array_foreach(objects, i, o) {
		g_autoptr(GPtrArray) users = containers_of_image(c, json_string_value(json_object_get(o, "Id")));

		json_object_set_new(o, "Containers", json_integer(users->len));
	}
}

static int run(struct context *c, void *values, int argc, char **argv)
{
	struct values *v = values;
	bool as_json = v->format && !c->docker && (strcmp(v->format, "json") == 0 || strcmp(v->format, "{{json .}}") == 0);
	json_t *rows = json_array(), *objects = json_array();
	struct err e = ERR_INIT;
	int r = context_store(c, &e);

	show_whole(v->no_trunc);
	if (r == 0)
		r = gather(c, v, argc, argv, rows, objects, &e);
	if (r == 0 && v->sort && strcmp(v->sort, "created") != 0)
		rows = sorted(rows, v->sort);
	if (r == 0 && as_json)
		count_containers(c, objects);
	else if (r == 0 && v->format && (c->docker || strstr(v->format, "Containers")))
		count_containers(c, rows);
	if (r == 0 && c->docker && v->format)
		docker_rows(DOCKER_IMAGES, rows);
	if (r == 0 && v->quiet)
		print_ids(objects, v->no_trunc);
	else if (r == 0 && as_json)
		r = show_objects(objects, NULL, &e);
	else if (r == 0)
		r = show_rows(rows, v->digests ? with_digests : plain, v->format, v->no_heading, &e);
	json_decref(rows);
	json_decref(objects);
	return r < 0 ? fail(&e) : 0;
}

const struct command command_images = {
	.name = "images", .alias = "image ls|image list", .summary = "List images",
	.usage = "[options] [IMAGE]", .opts = opts, .values_size = sizeof(struct values), .run = run,
	.max_args = 1, .complete = COMPLETE_IMAGE,
};
