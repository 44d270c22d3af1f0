/* diff.c - diff, image diff: what a container changed of its image, or an image's last layer of those below. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/container_set.h"
#include "cmd/image_commands.h"
#include "cmd/image_use.h"
#include "core/base/fd.h"
#include "core/base/text.h"
#include "storage/layer.h"
#include "storage/tree_diff.h"

struct diff_options { bool none; char *format; };

static const struct opt diff_opts[] = {
	{ "format", 0, OPT_STRING, offsetof(struct diff_options, format), "json", .help = "As JSON", .choices = "json",
	  .complete = COMPLETE_CHOICES },
	OPT_END
};

struct diff {
	bool json;
	json_t *added, *changed, *deleted;
	const struct container_record *record;  /* NULL: an image */
};

/* What is mounted there is nobody's change. */
static bool is_mount_point(const struct diff *d, const char *path)
{
	static const char *const own[] = { "/dev", "/dev/console", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/proc",
		"/run", "/run/.containerenv", "/run/secrets", "/sys" };

	for (size_t i = 0; i < G_N_ELEMENTS(own); i++)
		if (!strcmp(own[i], path))
			return true;
	for (size_t i = 0; i < d->record->n_mounts; i++)
		if (g_strcmp0(d->record->mounts[i].destination, path) == 0)
			return true;
	return false;
}

/* A line each, whatever the container called its files: JSON has the names as they are. */
static void show_line(char kind, const char *path)
{
	g_autofree char *clean = text_printable(path);

	printf("%c %s\n", kind, clean);
}

static int show(void *ctx, char kind, const char *path)
{
	struct diff *d = ctx;

	if (d->record && is_mount_point(d, path))
		return 0;
	if (!d->json)
		show_line(kind, path);
	else
		json_array_append_new(kind == 'A' ? d->added : kind == 'C' ? d->changed : d->deleted,
				      json_stringn_nocheck(path, strlen(path)));
	return 0;
}

static void show_json(struct diff *d)
{
	json_t *doc = json_object();

	if (json_array_size(d->changed))
		json_object_set(doc, "changed", d->changed);
	if (json_array_size(d->added))
		json_object_set(doc, "added", d->added);
	if (json_array_size(d->deleted))
		json_object_set(doc, "deleted", d->deleted);
	json_dumpf(doc, stdout, JSON_INDENT(5));
	putchar('\n');
	json_decref(doc);
}

/* The trees of an image's layers but for the `skip` topmost, top first. */
static int open_layers(struct context *c, const struct image *img, size_t skip, GArray *fds, struct err *e)
{
	for (size_t i = img->config.n_diff_ids; i-- > 0;) {
		int fd = layer_open_tree(c->store, img->config.diff_ids[i], e);

		if (fd < 0)
			return fd;
		if (i + skip < img->config.n_diff_ids)
			g_array_append_val(fds, fd);
		else
			(void)close(fd);
	}
	return 0;
}

static int compare(struct context *c, struct diff *d, const struct image *img, int upper, struct err *e)
{
	g_autoptr(GArray) fds = g_array_new(FALSE, FALSE, sizeof(int));
	int r = open_layers(c, img, d->record ? 0 : 1, fds, e);

	if (r == 0)
		r = tree_diff(upper, (const int *)(void *)fds->data, fds->len, show, d, e);
	for (guint i = 0; i < fds->len; i++)
		(void)close(g_array_index(fds, int, i));
	return r;
}

static int diff_container(struct context *c, struct diff *d, struct err *e)
{
	g_autofree char *upper = g_strconcat(d->record->id, "/upper", NULL), *whole = g_strconcat(d->record->id, "/root", NULL);
	autoimage *img = NULL;
	autofd fd = -1;
	int r;

	if (!d->record->image_id)
		return err_msg(e, EOPNOTSUPP, "a container of --rootfs has no image to compare it with");
	r = image_get(c, d->record->image_id, &img, e);
	if (r < 0)
		return r;
	if (img->host)
		return err_msg(e, EOPNOTSUPP, "a container of the image host has no layers to compare it with");
	fd = openat(c->store->containers_fd, upper, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT)
		return err_set(e, errno, "what the container changed");
	if (fd < 0 && faccessat(c->store->containers_fd, whole, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return err_msg(e, EOPNOTSUPP, "the vfs driver keeps no record of what a container changed");
	/* Without: it has never run. */
	return fd < 0 ? 0 : idmap_enter(idmap_store(), e) < 0 ? -e->code : compare(c, d, img, fd, e);
}

static int diff_image(struct context *c, struct diff *d, const struct image *img, struct err *e)
{
	size_t n = img->config.n_diff_ids;
	autofd top = -1;

	if (img->host)
		return err_msg(e, EOPNOTSUPP, "the built-in image host has no layers");
	if (n == 0)
		return 0;
	top = layer_open_tree(c->store, img->config.diff_ids[n - 1], e);
	if (top < 0 || idmap_enter(idmap_store(), e) < 0)
		return -e->code;
	return compare(c, d, img, top, e);
}

/* NAME: a container, where `containers`, else an image. */
static int diff_named(struct context *c, struct diff *d, const char *name, bool containers, struct err *e)
{
	autorecord *record = NULL;
	g_autofree char *id = NULL;
	autoimage *img = NULL;
	int r = containers ? container_find(&c->place, name, &id, e) : 0;

	if (r > 0)
		r = container_load(&c->place, id, &record, e);
	if (r < 0)
		return r;
	d->record = record;
	if (record)
		return diff_container(c, d, e);
	r = image_find(c->store, name, &img, e);
	if (r == 0)
		r = err_msg(e, ENOENT, containers ? "%s is no container and no image" : "%s: image not known", name);
	return r < 0 ? r : diff_image(c, d, img, e);
}

static int run_diff(struct context *c, const struct diff_options *o, const char *name, bool containers)
{
	struct diff d = { .json = o->format, .added = json_array(), .changed = json_array(), .deleted = json_array() };
	struct err e = ERR_INIT;
	int r = context_store(c, &e);

	if (r == 0)
		r = diff_named(c, &d, name, containers, &e);
	if (r == 0 && d.json)
		show_json(&d);
	json_decref(d.added);
	json_decref(d.changed);
	json_decref(d.deleted);
	return r < 0 ? fail(&e) : 0;
}

static int diff_run(struct context *c, void *values, int argc, char **argv)
{
	(void)argc;
	return run_diff(c, values, argv[0], true);
}

static int image_diff_run(struct context *c, void *values, int argc, char **argv)
{
	(void)argc;
	return run_diff(c, values, argv[0], false);
}

const struct command command_diff = {
	.name = "diff", .alias = "container diff", .summary = "Show what a container changed of its image",
	.usage = "[options] CONTAINER|IMAGE", .opts = diff_opts, .values_size = sizeof(struct diff_options),
	.run = diff_run, .min_args = 1, .max_args = 1, .complete = COMPLETE_CONTAINER,
};
const struct command command_image_diff = {
	.name = "image diff", .summary = "Show what an image's last layer changes of those below",
	.usage = "[options] IMAGE", .opts = diff_opts, .values_size = sizeof(struct diff_options),
	.run = image_diff_run, .min_args = 1, .max_args = 1, .complete = COMPLETE_IMAGE,
};
