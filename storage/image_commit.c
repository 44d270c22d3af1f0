/* image_commit.c - see image.h: images come, get names, lose them, and go. */
#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/event.h"
#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "storage/image.h"
#include "storage/image_index.h"
#include "storage/layer.h"
#include "storage/manifest_list.h"

int image_put_blob(struct store *s, const char *digest, const void *data, size_t len, struct err *e)
{
	const char *hex = layer_name(digest);
	char algorithm[16], dir_name[32];
	struct err ignored = ERR_INIT;
	g_autofree char *there = NULL;
	autofd dir = -1;
	struct stat st;

	if (!hex)
		return err_msg(e, EINVAL, "\"%.100s\" is not a digest", digest);
	snprintf(algorithm, sizeof algorithm, "%.*s", (int)(hex - 1 - digest), digest);
	snprintf(dir_name, sizeof dir_name, "blobs/%s", algorithm);
	dir = openat(s->images_fd, dir_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0 && errno == ENOENT && mkdirat(s->images_fd, dir_name, 0700) == 0)
		dir = openat(s->images_fd, dir_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_set(e, errno, "open %s/images/%s", s->root, dir_name);
	/* There and durable: it was put by the same way. What somebody has changed since is put again. */
	if (fstatat(dir, hex, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) && st.st_size == (off_t)len &&
	    file_read(dir, hex, len, &there, NULL, &ignored) == 0 && memcmp(there, data, len) == 0)
		return 0;
	return file_replace(dir, hex, data, len, 0600, true, e);
}

struct commit {
	const char *name;               /* NULL: an image without a name */
	const struct descriptor *d;
	const char *config;             /* digest */
	struct platform platform;
};

static const char *platform_field(json_t *entry, const char *key)
{
	const char *s = json_string_value(json_object_get(json_object_get(entry, "platform"), key));

	return s ? s : "";
}

static bool same_platform(json_t *entry, const struct platform *p)
{
	return strcmp(platform_field(entry, "os"), p->os ? p->os : "") == 0 &&
	       strcmp(platform_field(entry, "architecture"), p->architecture ? p->architecture : "") == 0 &&
	       strcmp(platform_field(entry, "variant"), p->variant ? p->variant : "") == 0;
}

static bool has_digest(json_t *entry, const char *digest)
{
	return g_strcmp0(json_string_value(json_object_get(entry, "digest")), digest) == 0;
}

/* Does another entry than number `but` have this manifest? */
static bool listed_elsewhere(json_t *manifests, const char *digest, size_t but)
{
	json_t *entry;
	size_t i;

	json_array_foreach(manifests, i, entry)
		if (i != but && has_digest(entry, digest))
			return true;
	return false;
}

/* Entry `i` loses its name: it goes where the image has another, else it stays as one without a name. */
static bool drop_name(json_t *manifests, size_t i)
{
	json_t *entry = json_array_get(manifests, i);

	if (listed_elsewhere(manifests, json_string_value(json_object_get(entry, "digest")), i)) {
		json_array_remove(manifests, i);
		return true;
	}
	index_entry_annotate(entry, ANNOTATION_NAME, NULL);
	return false;
}

static json_t *new_entry(const struct commit *c)
{
	json_t *entry = json_pack("{s:s,s:s,s:I}", "mediaType", c->d->media_type, "digest", c->d->digest,
				  "size", (json_int_t)c->d->size);
	json_t *platform = json_object();

	if (c->platform.os)
		json_object_set_new(platform, "os", json_string(c->platform.os));
	if (c->platform.architecture)
		json_object_set_new(platform, "architecture", json_string(c->platform.architecture));
	if (c->platform.variant && *c->platform.variant)
		json_object_set_new(platform, "variant", json_string(c->platform.variant));
	json_object_set_new(entry, "platform", platform);
	index_entry_annotate(entry, ANNOTATION_CONFIG, c->config);
	if (c->name)
		index_entry_annotate(entry, ANNOTATION_NAME, c->name);
	return entry;
}

static int change_commit(json_t *manifests, void *data, struct err *e)
{
	const struct commit *c = data;

	(void)e;
	for (size_t i = 0; i < json_array_size(manifests);) {
		json_t *entry = json_array_get(manifests, i);
		const char *name = index_entry_annotation(entry, ANNOTATION_NAME);
		bool same = has_digest(entry, c->d->digest);
		/* A list of that name would hide the image, or be hidden. */
		bool list = index_entry_annotation(entry, ANNOTATION_LIST) != NULL;

		if (!name && same) {
			json_array_remove(manifests, i);
			continue;
		}
		if (name && c->name && strcmp(name, c->name) == 0 &&
		    (list || same_platform(entry, &c->platform))) {
			if (same)
				json_array_remove(manifests, i);
			else if (!drop_name(manifests, i))
				i++;
			continue;
		}
		i++;
	}
	json_array_append_new(manifests, new_entry(c));
	return 1;
}

int image_commit(struct store *s, const char *full_name, const struct descriptor *manifest, struct err *e)
{
	g_autofree char *text = NULL, *config_text = NULL;
	struct commit c = { .name = full_name, .d = manifest, .platform = manifest->platform };
	struct image_config config;
	struct manifest m;
	size_t len;
	int r = image_read_blob(s, manifest->digest, &text, &len, e);

	if (r < 0 || (r = manifest_parse(text, len, &m, e)) < 0)
		return err_wrap(e, "%s", full_name ? full_name : manifest->digest);
	r = image_read_blob(s, m.config.digest, &config_text, &len, e);
	if (r == 0)
		r = image_config_parse(config_text, len, &config, e);
	if (r < 0) {
		arena_free(&m.arena);
		return err_wrap(e, "%s", full_name ? full_name : manifest->digest);
	}
	for (size_t i = 0; r == 0 && i < config.n_diff_ids; i++)
		if (layer_exists(s, config.diff_ids[i]) <= 0)
			r = err_msg(e, ENOENT, "%s: layer %s is missing from the store", full_name ? full_name :
				    manifest->digest, config.diff_ids[i]);
	c.config = m.config.digest;
	if (!c.platform.os || !c.platform.architecture)
		c.platform = (struct platform){ config.os, config.architecture, config.variant };
	/* The layers' names must be on the disk before the image's. */
	if (r == 0 && fsync(s->layers_fd) < 0)
		r = err_set(e, errno, "fsync of %s/layers", s->root);
	if (r == 0)
		r = image_index_update(s, change_commit, &c, e);
	arena_free(&m.arena);
	arena_free(&config.arena);
	return r;
}

void image_event(struct store *s, const char *status, const char *id, const char *name)
{
	const struct event v = { .type = "image", .status = status, .id = id, .name = name ? name : "" };

	event_write(s->root_fd, &v, 1);
}

int image_tag(struct store *s, const struct image *img, const char *full_name, struct err *e)
{
	struct descriptor d = {
		.media_type = img->manifest.media_type ? img->manifest.media_type :
			(char *)"application/vnd.oci.image.manifest.v1+json",
		.digest = img->digest,
	};
	g_autofree char *text = NULL;
	size_t len;
	int r;

	if (img->host)
		return err_msg(e, EINVAL, "the built-in image host cannot be given a name");
	r = image_read_blob(s, img->digest, &text, &len, e);
	if (r < 0)
		return r;
	d.size = (int64_t)len;
	r = image_commit(s, full_name, &d, e);
	if (r == 0)
		image_event(s, "tag", img->id, full_name);
	return r;
}

struct untag {
	const char *config, *digest;    /* which image: its config, or its manifest where no config is noted */
	const char *name;               /* NULL: all */
	bool forget;                    /* the image, not only its names */
	GPtrArray *removed;             /* names, or NULL */
	size_t n;
};

static bool is_image(json_t *entry, const struct untag *u)
{
	const char *config = index_entry_annotation(entry, ANNOTATION_CONFIG);

	return config ? strcmp(config, u->config) == 0 : has_digest(entry, u->digest);
}

static int change_untag(json_t *manifests, void *data, struct err *e)
{
	struct untag *u = data;
	int changed = 0;

	(void)e;
	for (size_t i = 0; i < json_array_size(manifests);) {
		json_t *entry = json_array_get(manifests, i);
		const char *name = index_entry_annotation(entry, ANNOTATION_NAME);

		if (!is_image(entry, u) ||
		    (u->name && g_strcmp0(name, u->name) != 0) || (!name && !u->forget)) {
			i++;
			continue;
		}
		if (name && u->removed)
			g_ptr_array_add(u->removed, g_strdup_printf("Untagged: %s", name));
		u->n++;
		changed = 1;
		if (u->forget)
			json_array_remove(manifests, i);
		else if (!drop_name(manifests, i))
			i++;
	}
	return changed;
}

/* `only`: one name, NULL: all that it had. */
static void note_untagged(struct store *s, const struct image *img, const char *only)
{
	for (char **name = img->names; *name; name++)
		if (!only || strcmp(*name, only) == 0)
			image_event(s, "untag", img->id, *name);
}

int image_untag(struct store *s, const struct image *img, const char *full_name, struct err *e)
{
	struct untag u = { .config = img->manifest.config.digest, .digest = img->digest, .name = full_name };
	int r;

	if (img->host)
		return err_msg(e, EINVAL, "the built-in image host cannot be changed");
	r = image_index_update(s, change_untag, &u, e);
	if (r == 0 && full_name && u.n == 0)
		return err_msg(e, ENOENT, "%s: tag not known", full_name);
	if (r == 0)
		note_untagged(s, img, full_name);
	return r;
}

int image_remove(struct store *s, const struct image *img, GPtrArray *removed, struct err *e)
{
	struct untag u = { .config = img->manifest.config.digest, .digest = img->digest,
		.forget = true, .removed = removed };
	int r;

	if (img->host)
		return err_msg(e, EINVAL, "the built-in image host cannot be removed");
	r = image_index_update(s, change_untag, &u, e);
	if (r < 0)
		return r;
	if (removed)
		g_ptr_array_add(removed, g_strdup_printf("Deleted: %s", img->id));
	note_untagged(s, img, NULL);
	image_event(s, "remove", img->id, img->names[0]);
	return image_collect(s, e);
}
