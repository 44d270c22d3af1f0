/* image_names.c - coracle rmi, tag, untag, image exists. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/image_commands.h"
#include "cmd/image_use.h"
#include "core/oci/reference.h"
#include "storage/manifest_list.h"

struct rmi_values { bool all, force, ignore, no_prune; };

static const struct opt rmi_opts[] = {
	{ "all", 'a', OPT_FLAG, offsetof(struct rmi_values, all), .help = "Remove all images" },
	{ "force", 'f', OPT_FLAG, offsetof(struct rmi_values, force),
	  .help = "Remove containers that use the image, and all its names" },
	{ "ignore", 'i', OPT_FLAG, offsetof(struct rmi_values, ignore), .help = "A missing image is no error" },
	{ "no-prune", 0, OPT_IGNORED, .help = "Keep parents without names (there are none)" },
	OPT_END
};

static void print_removed(GPtrArray *removed)
{
	for (guint i = 0; i < removed->len; i++)
		printf("%s\n", (char *)removed->pdata[i]);
}

/* Nobody may lose the image of a container: exit status 2, or with force the containers go first. With the use lock
 * held there are no others when it has been done. */
static int release(struct context *c, const struct image *img, bool force, struct err *e)
{
	g_autoptr(GPtrArray) users = containers_of_image(c, img->id);

	for (guint i = 0; i < users->len; i++) {
		const char *id = users->pdata[i];
		int r;

		if (!force) {
			err_msg(e, EBUSY, "image used by %s: image is in use by a container: consider listing external "
				"containers and force-removing image", id);
			return err_exit(e, 2);
		}
		r = remove_container(c, id, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Also an image whose documents cannot be read any more. */
static int find_removable(struct context *c, const char *arg, struct image **ret, struct err *e)
{
	struct err ignored = ERR_INIT;
	int r = image_get(c, arg, ret, e);

	if (r < 0 && err_status(e) != 1 && image_find_damaged(c->store, arg, ret, &ignored) > 0) {
		err_clear(e);
		r = 0;
	}
	return r;
}

/* A list: 1 done, 0 it is none. One of several names goes alone. */
static int remove_list(struct context *c, const char *arg, struct err *e)
{
	g_autoptr(GPtrArray) removed = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *name = NULL;
	autolist *l = NULL;
	struct err ignored = ERR_INIT;
	struct reference ref;
	int r = manifest_list_find(c->store, arg, &l, e);

	if (r <= 0)
		return r;
	if (l->names[0] && l->names[1] && reference_parse_local(arg, &ref, &ignored) == 0)
		name = reference_name(&ref);
	r = manifest_list_remove(c->store, l, name && g_strv_contains((const char *const *)l->names, name) ? name : NULL,
				 removed, e);
	print_removed(removed);
	return r < 0 ? r : 1;
}

static int remove_one(struct context *c, const char *arg, const struct rmi_values *v, struct err *e);

/* The name is gone when no other platform's image has it any more. */
static int remove_others(struct context *c, const char *name, const struct rmi_values *v, struct err *e)
{
	autoimage *other = NULL;
	int r = image_find(c->store, name, &other, e);

	return r > 0 && !other->host ? remove_one(c, name, v, e) : MIN(r, 0);
}

static int remove_one(struct context *c, const char *arg, const struct rmi_values *v, struct err *e)
{
	g_autoptr(GPtrArray) removed = g_ptr_array_new_with_free_func(g_free);
	autoimage *img = NULL;
	const char *name;
	int r = remove_list(c, arg, e);

	if (r != 0)
		return MIN(r, 0);
	r = find_removable(c, arg, &img, e);

	if (r == -ENOENT && err_status(e) == 1 && (v->ignore || v->force)) {
		err_clear(e);
		return 0;
	}
	if (r < 0)
		return r;
	name = image_name_meant(img, arg);
	if (name && img->names[1] && !v->all) {
		r = image_untag(c->store, img, name, e);
		if (r == 0)
			printf("Untagged: %s\n", name);
		return r < 0 ? r : remove_others(c, name, v, e);
	}
	if (!name && img->names[0] && img->names[1] && !v->force && !v->all)
		return err_msg(e, EINVAL, "unable to delete image \"%s\" by ID with more than one tag: please force "
			       "removal", img->id);
	/* Stopping takes its time: not while others wait for the lock. */
	r = v->force ? release(c, img, true, e) : 0;
	if (r == 0)
		r = store_use_alone(c->store, e);
	if (r == 0)
		r = release(c, img, false, e);
	if (r == 0)
		r = image_remove(c->store, img, removed, e);
	store_use_end(c->store);
	print_removed(removed);
	return r == 0 && name ? remove_others(c, name, v, e) : r;
}

static int remove_all(struct context *c, const struct rmi_values *v, int *worst, struct err *e)
{
	g_autoptr(GPtrArray) lists = NULL;
	struct image **list;
	int r = manifest_list_all(c->store, &lists, e);

	for (guint i = 0; r == 0 && i < lists->len; i++)
		r = MIN(remove_list(c, ((struct manifest_list *)lists->pdata[i])->id, e), 0);
	if (r == 0)
		r = image_list(c->store, &list, e);
	if (r < 0)
		return r;
	for (struct image **i = list; *i; i++) {
		struct err one = ERR_INIT;

		if (remove_one(c, (*i)->id, v, &one) < 0)
			fail_one(&one, err_status(&one), worst);
	}
	image_list_free(list);
	return 0;
}

static int run_rmi(struct context *c, void *values, int argc, char **argv)
{
	const struct rmi_values *v = values;
	struct err e = ERR_INIT, later = ERR_INIT;
	int worst = 0, r;

	if (argc == 0 && !v->all)
		err_msg(&e, EINVAL, "image name or ID must be specified");
	else if (argc > 0 && v->all)
		err_msg(&e, EINVAL, "when using the --all switch, you may not pass any images names or IDs");
	if (e.code || context_store(c, &e) < 0)
		return fail(&e);
	r = v->all ? remove_all(c, v, &worst, &e) : 0;
	if (r < 0)
		return fail(&e);
	for (int i = 0; i < argc; i++) {
		struct err one = ERR_INIT;

		if (remove_one(c, argv[i], v, &one) < 0)
			fail_one(&one, err_status(&one), &worst);
	}
	(void)store_collect(c->store, &later);
	return worst;
}

/* Where a missing image is no question that was asked: podman's 1 is rmi's alone. */
static int get_named(struct context *c, const char *name, struct image **ret, struct err *e)
{
	return image_get(c, name, ret, e) < 0 ? err_exit(e, EXIT_OURS) : 0;
}

static int run_tag(struct context *c, void *values, int argc, char **argv)
{
	autoimage *img = NULL;
	autolist *l = NULL;
	struct err e = ERR_INIT;
	int r = context_store(c, &e);

	(void)values;
	if (r == 0)
		r = MIN(manifest_list_find(c->store, argv[0], &l, &e), 0);
	if (r == 0 && !l)
		r = get_named(c, argv[0], &img, &e);
	for (int i = 1; r == 0 && i < argc; i++) {
		g_autofree char *name = NULL;
		struct reference ref;

		r = reference_parse_local(argv[i], &ref, &e);
		if (r == 0 && *ref.digest)
			r = err_msg(&e, EINVAL, "%s: a name with a digest cannot be given to an image", argv[i]);
		if (r < 0)
			break;
		name = reference_name(&ref);
		r = l ? manifest_list_tag(c->store, l, name, &e) : image_tag(c->store, img, name, &e);
	}
	return r < 0 ? fail(&e) : 0;
}

static int run_untag(struct context *c, void *values, int argc, char **argv)
{
	autoimage *img = NULL;
	struct err e = ERR_INIT;
	int r = context_store(c, &e);

	(void)values;
	if (r == 0)
		r = get_named(c, argv[0], &img, &e);
	if (r == 0 && argc == 1)
		r = image_untag(c->store, img, NULL, &e);
	for (int i = 1; r == 0 && i < argc; i++) {
		const char *name = image_name_meant(img, argv[i]);

		r = name ? image_untag(c->store, img, name, &e) :
			err_msg(&e, ENOENT, "%s: tag not known", argv[i]);
	}
	return r < 0 ? fail(&e) : 0;
}

static int run_exists(struct context *c, void *values, int argc, char **argv)
{
	autoimage *img = NULL;
	autolist *l = NULL;
	struct err e = ERR_INIT;
	int r = context_store(c, &e);

	(void)values;
	(void)argc;
	if (r == 0)
		r = manifest_list_find(c->store, argv[0], &l, &e);
	if (r == 0)
		r = image_find(c->store, argv[0], &img, &e);
	return r < 0 ? fail(&e) : r > 0 ? 0 : 1;
}

static const struct opt no_opts[] = { OPT_END };

const struct command command_rmi = {
	.name = "rmi", .alias = "image rm|image remove", .summary = "Remove images",
	.usage = "[options] IMAGE [IMAGE...]", .opts = rmi_opts, .values_size = sizeof(struct rmi_values),
	.run = run_rmi, .max_args = -1, .complete = COMPLETE_IMAGE,
};
const struct command command_tag = {
	.name = "tag", .alias = "image tag", .summary = "Give an image another name",
	.usage = "IMAGE NAME [NAME...]", .opts = no_opts, .run = run_tag, .min_args = 2, .max_args = -1,
	.complete = COMPLETE_IMAGE, .flags = COMMAND_FIRST_EXISTS,
};
const struct command command_untag = {
	.name = "untag", .alias = "image untag", .summary = "Take names from an image",
	.usage = "IMAGE [NAME...]", .opts = no_opts, .run = run_untag, .min_args = 1, .max_args = -1,
	.complete = COMPLETE_IMAGE,
};
const struct command command_image_exists = {
	.name = "image exists", .summary = "Is an image here? Exit status 0 or 1",
	.usage = "IMAGE", .opts = no_opts, .run = run_exists, .min_args = 1, .max_args = 1,
	.complete = COMPLETE_IMAGE,
};
