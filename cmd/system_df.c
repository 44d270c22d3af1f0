/* system_df.c - system df. See podman-system-df(1). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/container_set.h"
#include "cmd/container_size.h"
#include "cmd/image_use.h"
#include "cmd/template.h"
#include "cmd/tree_size.h"
#include "core/base/text.h"
#include "storage/layer.h"
#include "storage/volume.h"

struct df_options {
	bool verbose;
	char *format;
};
#define AT(member) offsetof(struct df_options, member)

static const struct opt df_opts[] = {
	{ .name = "format", .type = OPT_STRING, .offset = AT(format), .arg = "template",
	  .help = "Print with a Go template, or \"json\"" },
	{ .name = "verbose", .letter = 'v', .type = OPT_FLAG, .offset = AT(verbose),
	  .help = "Show each image, container and volume" },
	OPT_END
};

/* A layer is on the disk once, whatever number of images share it. */
struct layer_use {
	int64_t size;
	unsigned images;
	bool active;            /* a container has one of them */
};

struct df {
	struct context *c;
	struct image **images;
	struct volume **volumes;
	GPtrArray *containers;
	GHashTable *layers;     /* diff ID -> struct layer_use */
};

static unsigned users_of_image(const struct df *d, const struct image *img)
{
	unsigned n = 0;

	for (guint i = 0; i < d->containers->len; i++)
		n += g_strcmp0(((struct container_info *)d->containers->pdata[i])->record->image_id, img->id) == 0;
	return n;
}

static bool mounts(const struct container_record *r, const char *volume)
{
	for (size_t i = 0; i < r->n_mounts; i++)
		if (g_strcmp0(r->mounts[i].name, volume) == 0)
			return true;
	return false;
}

static unsigned users_of_volume(const struct df *d, const struct volume *v)
{
	unsigned n = 0;

	for (guint i = 0; i < d->containers->len; i++)
		n += mounts(((struct container_info *)d->containers->pdata[i])->record, v->name);
	return n;
}

static void count_layers(struct df *d)
{
	for (struct image **img = d->images; *img; img++) {
		bool active = users_of_image(d, *img) > 0;

		for (size_t i = 0; i < (*img)->config.n_diff_ids; i++) {
			const char *id = (*img)->config.diff_ids[i];
			struct layer_use *u = g_hash_table_lookup(d->layers, id);

			if (!u) {
				u = g_new0(struct layer_use, 1);
				u->size = layer_size(d->c->store, id);
				g_hash_table_insert(d->layers, g_strdup(id), u);
			}
			u->images++;
			u->active = u->active || active;
		}
	}
}

/* --- the summary ------------------------------------------------------------------------------------------------ */

struct sum { const char *type; int total, active; int64_t size, reclaimable; };

static json_t *sum_row(const struct sum *s)
{
	g_autofree char *size = text_short_size(s->size), *reclaimable = text_short_size(s->reclaimable);
	int percent = s->size ? (int)(100.0 * (double)s->reclaimable / (double)s->size + 0.5) : 0;
	json_t *row = json_pack("{s:s, s:i, s:i, s:s, s:I, s:I}", "Type", s->type, "Total", s->total, "Active", s->active,
				"Size", size, "RawSize", (json_int_t)s->size, "RawReclaimable", (json_int_t)s->reclaimable);

	json_object_set_new(row, "TotalCount", json_integer(s->total));
	json_object_set_new(row, "Reclaimable", json_sprintf("%s (%d%%)", reclaimable, percent));
	return row;
}

static struct sum sum_of_images(const struct df *d)
{
	struct sum s = { .type = "Images" };
	GHashTableIter it;
	gpointer use;

	for (struct image **img = d->images; *img; img++) {
		s.total += !(*img)->host;
		s.active += !(*img)->host && users_of_image(d, *img) > 0;
	}
	g_hash_table_iter_init(&it, d->layers);
	while (g_hash_table_iter_next(&it, NULL, &use)) {
		const struct layer_use *u = use;

		s.size += u->size;
		s.reclaimable += u->active ? 0 : u->size;
	}
	return s;
}

static struct sum sum_of_containers(const struct df *d)
{
	struct sum s = { .type = "Containers", .total = (int)d->containers->len };

	for (guint n = 0; n < d->containers->len; n++) {
		const struct container_info *i = d->containers->pdata[n];
		bool active = CONTAINER_ALIVE & 1U << i->state.status;
		int64_t size = container_size_rw(d->c, i->record->id);

		s.active += active;
		s.size += size;
		s.reclaimable += active ? 0 : size;
	}
	return s;
}

static struct sum sum_of_volumes(const struct df *d)
{
	struct sum s = { .type = "Local Volumes" };

	for (struct volume **v = d->volumes; *v; v++) {
		int64_t size = tree_size((*v)->mountpoint, TREE_BYTES);
		bool active = users_of_volume(d, *v) > 0;

		s.total++;
		s.active += active;
		s.size += size;
		s.reclaimable += active ? 0 : size;
	}
	return s;
}

static int show_sums(const struct df *d, const char *format, struct err *e)
{
	static const char *const columns[] = { "TYPE={{.Type}}", "TOTAL={{.Total}}", "ACTIVE={{.Active}}", "SIZE={{.Size}}",
		"RECLAIMABLE={{.Reclaimable}}", NULL };
	const struct sum sums[] = { sum_of_images(d), sum_of_containers(d), sum_of_volumes(d) };
	json_t *rows = json_array();
	int r;

	for (size_t i = 0; i < G_N_ELEMENTS(sums); i++)
		json_array_append_new(rows, sum_row(&sums[i]));
	r = show_rows(rows, columns, format, false, e);
	json_decref(rows);
	return r;
}

/* --- each ------------------------------------------------------------------------------------------------------- */

static void add_image(const struct df *d, const struct image *img, json_t *rows)
{
	g_autofree char *all = NULL, *shared_text = NULL, *unique_text = NULL;
	g_autofree char *age = text_span((text_now_ns() - image_created(img)) / 1000000000);
	int64_t shared = 0, unique = 0;
	char *none[] = { NULL, NULL };

	for (size_t i = 0; i < img->config.n_diff_ids; i++) {
		const struct layer_use *u = g_hash_table_lookup(d->layers, img->config.diff_ids[i]);

		*(u->images > 1 ? &shared : &unique) += u->size;
	}
	all = text_short_size(shared + unique);
	shared_text = text_short_size(shared);
	unique_text = text_short_size(unique);
	for (char **name = img->names[0] ? img->names : none; name == none || *name; name++) {
		g_autofree char *repo = NULL, *tag = NULL;

		image_name_split(*name, &repo, &tag);
		json_array_append_new(rows, json_pack("{s:s, s:s, s:s%, s:s, s:s, s:s, s:s, s:i}", "Repository", repo, "Tag", tag,
				      "ImageID", img->id, (size_t)12, "Created", age, "Size", all, "SharedSize", shared_text,
				      "UniqueSize", unique_text, "Containers", (int)users_of_image(d, img)));
		if (name == none)
			break;
	}
}

static void add_container(const struct df *d, const struct container_info *i, json_t *rows)
{
	const struct container_record *r = i->record;
	g_autofree char *size = text_short_size(container_size_rw(d->c, i->record->id));
	g_autofree char *age = text_span((text_now_ns() - r->created_ns) / 1000000000);
	g_autofree char *words = r->command ? g_strjoinv(" ", r->command + r->entrypoint_words) : g_strdup("");
	g_autofree char *command = text_printable(words);
	g_autofree char *image = g_strndup(r->image_id ? r->image_id : "", 12);
	int volumes = 0;

	for (size_t n = 0; n < r->n_mounts; n++)
		volumes += g_strcmp0(r->mounts[n].type, "volume") == 0;
	json_array_append_new(rows, json_pack("{s:s%, s:s, s:s, s:i, s:s, s:s, s:s, s:s}", "ContainerID", r->id, (size_t)12,
			      "Image", image, "Command", command, "LocalVolumes", volumes, "Size", size, "Created", age,
			      "Status", container_status_name(i->state.status), "Names", r->name));
}

static void add_volume(const struct df *d, const struct volume *v, json_t *rows)
{
	g_autofree char *size = text_short_size(tree_size(v->mountpoint, TREE_BYTES));

	json_array_append_new(rows, json_pack("{s:s, s:i, s:s}", "VolumeName", v->name, "Links", (int)users_of_volume(d, v),
			      "Size", size));
}

static int show_part(const char *title, json_t *rows, const char *const *columns, struct err *e)
{
	int r;

	printf("%s space usage:\n\n", title);
	r = show_rows(rows, columns, NULL, false, e);
	json_decref(rows);
	return r;
}

static int show_each(const struct df *d, struct err *e)
{
	static const char *const of_images[] = { "REPOSITORY={{.Repository}}", "TAG={{.Tag}}", "IMAGE ID={{.ImageID}}",
		"CREATED={{.Created}}", "SIZE={{.Size}}", "SHARED SIZE={{.SharedSize}}", "UNIQUE SIZE={{.UniqueSize}}",
		"CONTAINERS={{.Containers}}", NULL };
	static const char *const of_containers[] = { "CONTAINER ID={{.ContainerID}}", "IMAGE={{.Image}}",
		"COMMAND={{.Command}}", "LOCAL VOLUMES={{.LocalVolumes}}", "SIZE={{.Size}}", "CREATED={{.Created}}",
		"STATUS={{.Status}}", "NAMES={{.Names}}", NULL };
	static const char *const of_volumes[] = { "VOLUME NAME={{.VolumeName}}", "LINKS={{.Links}}", "SIZE={{.Size}}", NULL };
	json_t *images = json_array(), *containers = json_array(), *volumes = json_array();
	int r;

	for (struct image **img = d->images; *img; img++)
		if (!(*img)->host)
			add_image(d, *img, images);
	for (guint n = 0; n < d->containers->len; n++)
		add_container(d, d->containers->pdata[n], containers);
	for (struct volume **v = d->volumes; *v; v++)
		add_volume(d, *v, volumes);
	r = show_part("Images", images, of_images, e);
	putchar('\n');
	if (r == 0)
		r = show_part("Containers", containers, of_containers, e);
	putchar('\n');
	return r < 0 ? r : show_part("Local Volumes", volumes, of_volumes, e);
}

static int run_df(struct context *c, void *values, int argc, char **argv)
{
	const struct df_options *o = values;
	struct df d = { .c = c };
	struct err e = ERR_INIT;
	int r = 0;

	(void)argc;
	(void)argv;
	if (o->verbose && o->format)
		r = err_msg(&e, EINVAL, "cannot combine --format and --verbose flags");
	if (r == 0)
		r = context_store(c, &e);
	if (r == 0)
		r = container_load_all(c, 0, &d.containers, &e);
	if (r == 0)
		r = image_list(c->store, &d.images, &e);
	if (r == 0)
		r = volume_list(c->store, &d.volumes, &e);
	d.layers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	if (r == 0) {
		count_layers(&d);
		r = o->verbose ? show_each(&d, &e) : show_sums(&d, o->format, &e);
	}
	g_hash_table_unref(d.layers);
	volume_list_free(d.volumes);
	if (d.images)
		image_list_free(d.images);
	if (d.containers)
		g_ptr_array_unref(d.containers);
	return r < 0 ? fail(&e) : 0;
}

const struct command command_system_df = {
	.name = "system df", .summary = "Show what images, containers and volumes take", .usage = "[options]", .opts = df_opts,
	.values_size = sizeof(struct df_options), .run = run_df,
};
