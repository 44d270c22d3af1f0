/* system_reset.c - system reset: no store any more. See podman-system-reset(1). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/container_set.h"
#include "cmd/image_use.h"
#include "core/base/fd.h"
#include "core/base/path.h"

struct reset_options { bool force; };

static const struct opt reset_opts[] = {
	{ .name = "force", .letter = 'f', .type = OPT_FLAG, .offset = offsetof(struct reset_options, force),
	  .help = "Do not ask" },
	OPT_END
};

/* These are needed to remove the others, and what is left of a store with them is still one. */
static bool is_last(const char *name)
{
	return !strcmp(name, "tmp") || !strcmp(name, "locks") || !strcmp(name, "version");
}

static int remove_containers(struct context *c, struct err *e)
{
	g_autoptr(GPtrArray) set = NULL;
	int r = container_load_all(c, 0, &set, e);

	for (guint n = 0; r == 0 && n < set->len; n++)
		r = remove_container(c, ((struct container_info *)set->pdata[n])->record->id, e);
	return r;
}

static int remove_entries(struct store *s, struct err *e)
{
	int fd = openat(s->root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!d) {
		r = err_set(e, errno, "open %s", s->root);
		fd_close(&fd);
		return r;
	}
	while (r == 0 && (entry = readdir(d)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && !is_last(entry->d_name))
			r = store_remove(s, s->root_fd, entry->d_name, e);
	(void)closedir(d);
	return r;
}

/* Nobody makes anything meanwhile: the caller holds the locks. */
static int remove_store(struct store *s, struct err *e)
{
	static const char *const last[] = { "tmp", "version", "locks" };
	int r = remove_entries(s, e);

	if (r == 0)
		(void)store_collect(s, e);
	for (size_t i = 0; r == 0 && i < G_N_ELEMENTS(last); i++) {
		r = path_remove_tree(s->root_fd, last[i]);
		if (r < 0 && r != -ENOENT)
			return err_set(e, -r, "remove %s/%s", s->root, last[i]);
		r = 0;
	}
	/* A mount point cannot be removed, and need not be. The run directory may be other stores' too. */
	(void)rmdir(s->root);
	return r;
}

static bool confirmed_reset(const struct store *s)
{
	g_autofree char *what = g_strdup_printf(":\n        - all containers\n        - all images\n        - all volumes\n"
		"        - all secrets\n        - the directory of the store: \"%s\"", s->root);

	return confirmed(what);
}

static int run_reset(struct context *c, void *values, int argc, char **argv)
{
	const struct reset_options *o = values;
	struct err e = ERR_INIT;
	autofd lock = -1;
	int r = context_store(c, &e);

	(void)argc;
	(void)argv;
	if (r == 0 && !o->force && !confirmed_reset(c->store))
		return 0;
	if (r == 0)
		r = MIN(lock = store_lock_exclusive(c->store, &e), 0);
	/* Whoever makes a container now has written its record before we go on, or waits and fails. */
	if (r == 0)
		r = store_use_alone(c->store, &e);
	if (r == 0)
		r = remove_containers(c, &e);
	if (r == 0)
		r = remove_store(c->store, &e);
	if (c->store)
		store_use_end(c->store);
	return r < 0 ? fail(&e) : 0;
}

const struct command command_system_reset = {
	.name = "system reset", .summary = "Remove the whole store: containers, images, volumes, secrets",
	.usage = "[options]", .opts = reset_opts, .values_size = sizeof(struct reset_options), .run = run_reset,
};
