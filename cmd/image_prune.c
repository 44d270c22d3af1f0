/* image_prune.c - image prune, image tree. See podman-image-prune(1), podman-image-tree(1). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/image_commands.h"
#include "cmd/image_use.h"
#include "core/base/text.h"
#include "storage/layer.h"

struct prune_options { bool all, force; char **filters; };
struct tree_options { bool none, whatrequires; };

static const struct opt prune_opts[] = {
	{ "all", 'a', OPT_FLAG, offsetof(struct prune_options, all),
	  .help = "All images that no container uses, not only those without a name" },
	{ "external", 0, OPT_IGNORED, .help = "Accepted: other tools' containers are not in this store" },
	{ "filter", 0, OPT_LIST, offsetof(struct prune_options, filters), "key=value",
	  .help = "Remove only images for which this holds" },
	{ "force", 'f', OPT_FLAG, offsetof(struct prune_options, force), .help = "Do not ask" },
	OPT_END
};

static int prune(struct context *c, const struct prune_options *o, struct err *e)
{
	struct image **list = NULL;
	int r = image_list(c->store, &list, e);

	for (struct image **i = list; i && *i && r >= 0; i++) {
		if ((*i)->host || (!o->all && (*i)->names[0]))
			continue;
		r = image_matches(c, *i, o->filters, e);
		if (r > 0)
			r = image_remove_unused(c, *i, e);
		if (r > 0)
			printf("%s\n", (*i)->id);
	}
	image_list_free(list);
	return MIN(r, 0);
}

static int prune_run(struct context *c, void *values, int argc, char **argv)
{
	const struct prune_options *o = values;
	struct err e = ERR_INIT;
	int r = context_store(c, &e);

	(void)argc;
	(void)argv;
	if (r == 0 && !o->force &&
	    !confirmed(o->all ? "all images without at least one container associated to them" : "all dangling images"))
		return 0;
	if (r == 0)
		r = prune(c, o, &e);
	return r < 0 ? fail(&e) : 0;
}

static const struct opt tree_opts[] = {
	{ "whatrequires", 0, OPT_FLAG, offsetof(struct tree_options, whatrequires),
	  .help = "Show the images that are made of this one instead" },
	OPT_END
};

/* Are the layers of `base` the lowest of `img`? */
static bool is_made_of(const struct image *img, const struct image *base)
{
	if (img->config.n_diff_ids <= base->config.n_diff_ids)
		return false;
	for (size_t i = 0; i < base->config.n_diff_ids; i++)
		if (strcmp(img->config.diff_ids[i], base->config.diff_ids[i]) != 0)
			return false;
	return true;
}

static void print_layer(struct context *c, const struct image *img, size_t i, bool last)
{
	g_autofree char *size = text_human_size(layer_size(c->store, img->config.diff_ids[i]));
	g_autofree char *names = last ? g_strjoinv(" ", img->names) : NULL;

	printf("%s ID: %.12s Size: %7s", last ? "└──" : "├──", layer_name(img->config.diff_ids[i]), size);
	if (last)
		printf(" Top Layer of: [%s]", names);
	putchar('\n');
}

static int print_tree(struct context *c, const struct tree_options *o, const struct image *img, struct err *e)
{
	g_autofree char *size = text_human_size(image_size(c->store, img)), *names = g_strjoinv(" ", img->names);
	struct image **list = NULL;
	int r;

	printf("Image ID: %.12s\nTags:     [%s]\nSize:     %s\nImage Layers\n", img->id, names, size);
	if (!o->whatrequires) {
		for (size_t i = 0; i < img->config.n_diff_ids; i++)
			print_layer(c, img, i, i + 1 == img->config.n_diff_ids);
		return 0;
	}
	r = image_list(c->store, &list, e);
	for (struct image **i = list; i && *i; i++)
		if (!(*i)->host && is_made_of(*i, img))
			print_layer(c, *i, (*i)->config.n_diff_ids - 1, true);
	image_list_free(list);
	return r;
}

static int tree_run(struct context *c, void *values, int argc, char **argv)
{
	autoimage *img = NULL;
	struct err e = ERR_INIT;
	int r = context_store(c, &e);

	(void)argc;
	if (r == 0 && (r = image_get(c, argv[0], &img, &e)) < 0)
		err_exit(&e, EXIT_OURS);
	if (r == 0)
		r = print_tree(c, values, img, &e);
	return r < 0 ? fail(&e) : 0;
}

const struct command command_image_prune = {
	.name = "image prune", .summary = "Remove images that nobody needs", .usage = "[options]", .opts = prune_opts,
	.values_size = sizeof(struct prune_options), .run = prune_run,
};
const struct command command_image_tree = {
	.name = "image tree", .summary = "Show the layers of an image", .usage = "[options] IMAGE", .opts = tree_opts,
	.values_size = sizeof(struct tree_options), .run = tree_run, .min_args = 1, .max_args = 1,
	.complete = COMPLETE_IMAGE,
};
