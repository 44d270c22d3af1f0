/* inspect.c - inspect: whatever has the name, a container, an image or a volume. See podman-inspect(1). */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/container_set.h"
#include "cmd/docker.h"
#include "cmd/image_commands.h"
#include "cmd/image_inspect.h"
#include "cmd/image_use.h"
#include "cmd/template.h"
#include "storage/volume.h"

struct inspect_values {
	char *format, *type;
	bool latest, size;
};
#define AT(member) offsetof(struct inspect_values, member)

static const struct opt opts[] = {
	{ .name = "format", .letter = 'f', .type = OPT_STRING, .offset = AT(format), .arg = "template", .choices = "~json",
	  .help = "json or a Go template" },
	{ .name = "latest", .letter = 'l', .type = OPT_FLAG, .offset = AT(latest), .help = "The container created last" },
	{ .name = "size", .letter = 's', .type = OPT_FLAG, .offset = AT(size), .help = "Show the sizes of a container's files" },
	{ .name = "type", .letter = 't', .type = OPT_STRING, .offset = AT(type), .arg = "type",
	  .help = "Look only among these (default: all, in this order)", .choices = "container|image|volume|all",
	  .complete = COMPLETE_CHOICES },
	OPT_END
};

/* 1 and the object, 0: nobody has that name, or -errno. */
static int find_container(struct context *c, const char *name, bool size, json_t **ret, struct err *e)
{
	struct container_info i = { 0 };
	g_autofree char *id = NULL;
	int r = container_find(&c->place, name, &id, e);

	if (r <= 0)
		return r;
	r = container_load(&c->place, id, &i.record, e);
	if (r == 0)
		r = container_read_state(&c->place, id, &i.state, e);
	if (r == 0)
		*ret = container_object(c, &i);
	if (r == 0 && size)
		container_object_add_size(c, i.record, *ret);
	if (i.record)
		container_record_free(i.record);
	return r < 0 ? r : 1;
}

static int find_image(struct context *c, const char *name, bool size, json_t **ret, struct err *e)
{
	struct err ignored = ERR_INIT;
	autoimage *img = NULL;
	int r = image_find(c->store, name, &img, &ignored);

	(void)size;
	(void)e;        /* what cannot be an image name may be a volume's */
	if (r > 0)
		*ret = image_inspect_json(c->store, img);
	if (r > 0 && c->docker)
		docker_image(*ret);
	return r > 0;
}

static int find_volume(struct context *c, const char *name, bool size, json_t **ret, struct err *e)
{
	autovolume *v = NULL;
	int r = volume_find(c->store, name, &v, e);

	(void)size;
	if (r > 0)
		*ret = volume_object(v);
	if (r > 0 && c->docker)
		docker_volume(*ret);
	return r;
}

static const struct kind {
	const char *name;
	int (*find)(struct context *c, const char *name, bool size, json_t **ret, struct err *e);
} kinds[] = {
	{ "container", find_container },
	{ "image", find_image },
	{ "volume", find_volume },
};

static int no_such(const char *type, const char *name, struct err *e)
{
	if (!strcmp(type, "container"))
		err_msg(e, ENOENT, "inspecting object: no such container %s", name);
	else if (!strcmp(type, "image"))
		err_msg(e, ENOENT, "inspecting object: %s: image not known", name);
	else if (!strcmp(type, "volume"))
		err_msg(e, ENOENT, "inspecting object: no such volume %s", name);
	else
		err_msg(e, ENOENT, "inspecting object: no such object: \"%s\"", name);
	return -ENOENT;
}

static int find(struct context *c, const struct inspect_values *v, const char *name, json_t **ret, struct err *e)
{
	const char *type = v->type ? v->type : "all";

	for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++) {
		int r;

		if (strcmp(type, "all") != 0 && strcmp(type, kinds[k].name) != 0)
			continue;
		r = kinds[k].find(c, name, v->size, ret, e);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	return no_such(type, name, e);
}

static int find_latest(struct context *c, bool size, json_t *objects, struct err *e)
{
	g_autoptr(GPtrArray) set = NULL;
	const struct container_info *latest;
	json_t *object;
	int r = container_load_all(c, 0, &set, e);

	if (r < 0)
		return r;
	if (set->len == 0)
		return err_msg(e, ENOENT, "inspecting object: no containers to inspect: no such container");
	latest = set->pdata[set->len - 1];
	object = container_object(c, latest);
	if (size)
		container_object_add_size(c, latest->record, object);
	json_array_append_new(objects, object);
	return 0;
}

static int check(const struct inspect_values *v, int argc, struct err *e)
{
	if (v->latest && argc > 0)
		return err_msg(e, EINVAL, "--latest and names or IDs exclude each other");
	if (!v->latest && argc == 0)
		return err_msg(e, EINVAL, "no names or ids specified");
	return 0;
}

/* What was found is shown, also when something else was not; an empty list is shown where nothing was. */
static int run(struct context *c, void *values, int argc, char **argv)
{
	const struct inspect_values *v = values;
	json_t *objects = json_array();
	struct err e = ERR_INIT;
	int worst = 0, r = check(v, argc, &e);

	if (r == 0)
		r = context_store(c, &e);
	if (r == 0 && image_inspect_is_elsewhere(c, argc, argv)) {
		json_decref(objects);
		return image_inspect_elsewhere(c, argc, argv, v->format);
	}
	if (r == 0)
		r = store_choose_driver(c->store, &e);
	if (r == 0 && v->latest)
		r = find_latest(c, v->size, objects, &e);
	for (int i = 0; r == 0 && i < argc; i++) {
		struct err one = ERR_INIT;
		json_t *object = NULL;

		if (find(c, v, argv[i], &object, &one) < 0)
			fail_one(&one, EXIT_OURS, &worst);
		else
			json_array_append_new(objects, object);
	}
	if (r == 0 && (json_array_size(objects) > 0 || !v->format))
		r = show_objects(objects, v->format, &e);
	json_decref(objects);
	return r < 0 ? fail(&e) : worst;
}

const struct command command_inspect = {
	.name = "inspect", .summary = "Show containers, images or volumes as JSON",
	.usage = "[options] NAME [NAME...]", .opts = opts, .values_size = sizeof(struct inspect_values), .run = run,
	.max_args = -1, .complete = COMPLETE_ANY,
};
