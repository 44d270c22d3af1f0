/* image.h - images of the store: an OCI image layout in images/ plus layers/<diffid>.
 *
 * images/index.json lists one descriptor per (name, platform) with the annotation
 * org.opencontainers.image.ref.name = the full name, or an unnamed one ("<none>"). The image ID is the
 * digest of its config. An image is present when its manifest, config and all layers are.
 */
#ifndef CORACLE_STORAGE_IMAGE_H
#define CORACLE_STORAGE_IMAGE_H

#include <glib.h>

#include "core/oci/image_spec.h"
#include "storage/store.h"

struct image {
	char *id;               /* 64 hex digits: the config's digest without "sha256:" */
	char *digest;           /* the manifest's digest, with algorithm */
	char **names;           /* full names "docker.io/library/debian:12"; NULL-terminated, may be empty */
	char **repo_digests;    /* "docker.io/library/debian@sha256:..." */
	int64_t size;           /* bytes of its unpacked layers; set by image_list only, else -1: image_size() */
	struct manifest manifest;
	struct image_config config;
	bool host;              /* the built-in image `host`: no layers, see rootfs.h */
};

void image_free(struct image *img);
static inline void image_cleanup(struct image **i) { if (*i) image_free(*i); }
#define autoimage __attribute__((cleanup(image_cleanup))) struct image

/* Find by full or short name, name@digest, ID or unique ID prefix (>= 3 digits is podman's; any works).
 * 1 found, 0 not here, -errno (ambiguous prefix, damaged store). `host` is found when nothing of the
 * user's has that name. */
int image_find(struct store *s, const char *name, struct image **ret, struct err *e);

/* The same for a platform: where the name has images for several, that for `want` (NULL: this machine's), else as above.
 * Of a list (manifest_list.h) it is the image that the list has for the platform, which must be here. */
int image_find_for(struct store *s, const char *name, const struct platform *want, struct image **ret, struct err *e);

/* The same of an image whose manifest or config is missing or damaged: names, ID, digest and manifest.config.digest as
 * far as the index knows them, for image_remove. */
int image_find_damaged(struct store *s, const char *name, struct image **ret, struct err *e);

/* Bytes of its unpacked layers (reads each layer's info). */
int64_t image_size(struct store *s, const struct image *img);

/* The bytes of a manifest or config by digest. 0 or -errno: EBADMSG where s->check_documents and they are others. */
int image_read_blob(struct store *s, const char *digest, char **ret, size_t *ret_len, struct err *e);

/* All images, newest first, each once, NULL-terminated array (image_list_free). */
int image_list(struct store *s, struct image ***ret, struct err *e);
void image_list_free(struct image **list);

/* What a pull (coracle-image) calls, in this order; all files are verified by the caller.
 * image_put_blob: write manifest or config bytes under their digest. image_commit: name -> manifest, after
 * one syncfs; replaces the same name and platform atomically (the image that had it stays, without a name).
 * full_name NULL: an image without a name. The platform is taken from the config where `manifest` has none.
 * The caller holds store_lock_shared from before the first layer_exists() until after this. */
int image_put_blob(struct store *s, const char *digest, const void *data, size_t len, struct err *e);
int image_commit(struct store *s, const char *full_name, const struct descriptor *manifest, struct err *e);

/* names; image_untag with name NULL removes all. */
int image_tag(struct store *s, const struct image *img, const char *full_name, struct err *e);
int image_untag(struct store *s, const struct image *img, const char *full_name, struct err *e);

/* Remove names and, when it was the last, the image, its blobs and the layers that nobody else uses.
 * Does not look at containers: ask containers first. `removed` gets "Untagged: ..." and "Deleted: ..." lines. */
int image_remove(struct store *s, const struct image *img, GPtrArray *removed, struct err *e);

/* Say in the event log (core/base/event.h) what was done with it; image_tag, image_untag and image_remove do so. */
void image_event(struct store *s, const char *status, const char *id, const char *name);

/* Remove layers and blobs that no image uses. Does nothing while others make images or containers. */
int image_collect(struct store *s, struct err *e);

#endif
