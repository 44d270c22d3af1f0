/* image_gc.c - layers and blobs that no image of the index uses any more.
 *
 * Nothing is counted: what is used is read from the index, alone in the store. Who is about to use something that
 * no name leads to yet (a pull, a create) holds the shared lock, and then the work is left to a later command.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "storage/image.h"
#include "storage/image_index.h"
#include "storage/layer.h"

/* The names in layers/ and blobs/<algorithm>/ that must stay. */
struct used { GHashTable *layers, *blobs; };

static void use(GHashTable *set, const char *digest)
{
	const char *name = layer_name(digest);

	if (name)
		g_hash_table_add(set, g_strdup(name));
}

/* Of a document that is missing or damaged nobody can tell what it named, and a pull that repairs it brings it all
 * again. Where the disk did not answer nothing is thrown away on a guess. */
static bool is_damage(int r)
{
	return r == -ENOENT || r == -EBADMSG || r == -EINVAL;
}

static int use_image(struct store *s, const char *digest, struct used *u, struct err *e)
{
	g_autofree char *text = NULL, *config_text = NULL;
	struct image_config config;
	struct manifest m;
	size_t len;
	int r;

	use(u->blobs, digest);
	r = image_read_blob(s, digest, &text, &len, e);
	if (r < 0 || (r = manifest_parse(text, len, &m, e)) < 0)
		return r;
	use(u->blobs, m.config.digest);
	/* Its patch, where it has one: image_patch.h. */
	use(u->layers, m.config.digest);
	for (size_t i = 0; i < m.n_layers; i++)
		use(u->blobs, m.layers[i].digest);
	r = image_read_blob(s, m.config.digest, &config_text, &len, e);
	if (r == 0)
		r = image_config_parse(config_text, len, &config, e);
	arena_free(&m.arena);
	if (r < 0)
		return r;
	for (size_t i = 0; i < config.n_diff_ids; i++)
		use(u->layers, config.diff_ids[i]);
	arena_free(&config.arena);
	return 0;
}

static int use_entry(struct store *s, const struct descriptor *d, struct used *u, struct err *e)
{
	const char *config = descriptor_annotation(d, ANNOTATION_CONFIG);
	int r = use_image(s, d->digest, u, e);

	if (config)
		use(u->blobs, config);
	if (r < 0 && is_damage(r)) {
		log_debug("image with manifest %s: %s", d->digest, e->msg);
		err_clear(e);
		r = 0;
	}
	return r;
}

/* The names in `dirfd` that are not in `set`. */
static GPtrArray *unused_names(int dirfd, const char *sub, GHashTable *set)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	int fd = openat(dirfd, sub, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (!d) {
		fd_close(&fd);
		return names;
	}
	while ((entry = readdir(d)))
		if ((text_is_hex(entry->d_name, 64) || text_is_hex(entry->d_name, 128)) &&
		    !g_hash_table_contains(set, entry->d_name))
			g_ptr_array_add(names, g_strdup(entry->d_name));
	(void)closedir(d);
	return names;
}

static int remove_unused(struct store *s, const struct used *u, GPtrArray *garbage, struct err *e)
{
	static const char *const algorithms[] = { "blobs/sha256", "blobs/sha512" };
	g_autoptr(GPtrArray) layers = unused_names(s->layers_fd, ".", u->layers);

	for (guint i = 0; i < layers->len; i++) {
		char *name;
		int r = store_discard(s, s->layers_fd, layers->pdata[i], &name, e);

		if (r < 0)
			return r;
		if (name)
			g_ptr_array_add(garbage, name);
	}
	for (size_t a = 0; a < G_N_ELEMENTS(algorithms); a++) {
		autofd dir = openat(s->images_fd, algorithms[a], O_PATH | O_DIRECTORY | O_CLOEXEC);
		g_autoptr(GPtrArray) blobs = unused_names(s->images_fd, algorithms[a], u->blobs);

		for (guint i = 0; i < blobs->len; i++)
			if (unlinkat(dir, blobs->pdata[i], 0) < 0 && errno != ENOENT)
				return err_set(e, errno, "remove %s/images/%s/%s", s->root, algorithms[a],
					       (char *)blobs->pdata[i]);
	}
	return 0;
}

int image_collect(struct store *s, struct err *e)
{
	g_autoptr(GPtrArray) garbage = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GHashTable) layers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) blobs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct used u = { layers, blobs };
	autofd alone = store_lock_exclusive(s, e);
	struct image_index idx;
	int r;

	if (alone == -EAGAIN) {
		err_clear(e);
		return 0;
	}
	if (alone < 0)
		return alone;
	r = image_index_read(s, &idx, e);
	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < idx.n_manifests; i++)
		r = use_entry(s, &idx.manifests[i], &u, e);
	arena_free(&idx.arena);
	if (r == 0)
		r = remove_unused(s, &u, garbage, e);
	/* The slow part keeps nobody waiting. */
	store_use_end(s);
	fd_close(&alone);
	for (guint i = 0; r == 0 && i < garbage->len; i++)
		r = store_remove(s, s->tmp_fd, garbage->pdata[i], e);
	return r;
}
