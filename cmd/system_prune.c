/* system_prune.c - system prune: container prune, volume prune and image prune in one. See podman-system-prune(1). */
#include <stdio.h>
#include <stdlib.h>

#include "cmd/container_set.h"
#include "cmd/image_commands.h"
#include "cmd/image_use.h"
#include "cmd/tree_size.h"
#include "core/base/text.h"

struct system_prune_options {
	bool unused, all, force, volumes;
	char **filter;
};
#define AT(member) offsetof(struct system_prune_options, member)

static const struct opt system_prune_opts[] = {
	{ .name = "all", .letter = 'a', .type = OPT_FLAG, .offset = AT(all),
	  .help = "All images that no container uses, not only those without a name" },
	{ .name = "filter", .type = OPT_LIST, .offset = AT(filter), .arg = "key=value",
	  .help = "Only what matches: label, until" },
	{ .name = "force", .letter = 'f', .type = OPT_FLAG, .offset = AT(force), .help = "Do not ask" },
	{ .name = "volumes", .type = OPT_FLAG, .offset = AT(volumes), .help = "Volumes that no container uses as well" },
	OPT_END
};

/* What layers, containers and volumes take on the disk, as far as this user may look. */
static int64_t used_by_store(struct context *c)
{
	static const char *const parts[] = { "layers", "containers", "volumes" };
	int64_t sum = 0;

	for (unsigned i = 0; i < G_N_ELEMENTS(parts); i++) {
		g_autofree char *path = g_build_filename(c->store->root, parts[i], NULL);

		sum += tree_size(path, TREE_BLOCKS);
	}
	return sum;
}

/* Run a prune of its own, and show what it says under a heading when it says something. */
static int prune_part(struct context *c, const struct command *cmd, const char *heading,
		      const struct system_prune_options *o, bool all)
{
	g_autofree void *values = g_malloc0(cmd->values_size);
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	struct err e = ERR_INIT;
	FILE *saved = stdout;
	char *text = NULL;
	bool help = false;
	size_t len = 0;
	int argc, r;

	g_ptr_array_add(argv, (char *)"prune");
	g_ptr_array_add(argv, (char *)"--force");
	if (all)
		g_ptr_array_add(argv, (char *)"--all");
	for (char **f = o->filter; f && *f; f++) {
		g_ptr_array_add(argv, (char *)"--filter");
		g_ptr_array_add(argv, *f);
	}
	argc = (int)argv->len;
	g_ptr_array_add(argv, NULL);
	if (opt_parse(cmd->opts, values, &argc, (char **)argv->pdata, false, &help, &e) < 0)
		return fail(&e);
	stdout = open_memstream(&text, &len);
	r = cmd->run(c, values, 0, NULL);
	(void)fclose(stdout);
	stdout = saved;
	if (len > 0)
		printf("%s\n%s", heading, text);
	free(text);
	return r;
}

static int run_system_prune(struct context *c, void *values, int argc, char **argv)
{
	const struct system_prune_options *o = values;
	g_autofree char *what = g_strdup_printf("all stopped containers, %s%s", o->volumes ?
		"all volumes not used by at least one container, " : "", o->all ?
		"all images without at least one container associated to them" : "all dangling images");
	g_autofree char *freed = NULL;
	struct err e = ERR_INIT;
	int64_t before;
	int r;

	(void)argc;
	(void)argv;
	if (context_store(c, &e) < 0)
		return fail(&e);
	if (!o->force && !confirmed(what))
		return 0;
	before = used_by_store(c);
	r = prune_part(c, &command_container_prune, "Deleted Containers", o, false);
	if (r == 0 && o->volumes)
		r = prune_part(c, &command_volume_prune, "Deleted Volumes", o, false);
	if (r == 0)
		r = prune_part(c, &command_image_prune, "Deleted Images", o, o->all);
	freed = text_human_size(MAX(before - used_by_store(c), 0));
	if (r == 0)
		printf("Total reclaimed space: %s\n", freed);
	return r;
}

const struct command command_system_prune = {
	.name = "system prune", .summary = "Remove what is not used: containers, images, volumes",
	.usage = "[options]", .opts = system_prune_opts, .values_size = sizeof(struct system_prune_options),
	.run = run_system_prune,
};
