/* new_image.h - an image for the store from a config and layers that are there: load, import, commit. */
#ifndef CORACLE_CMD_IMAGE_NEW_IMAGE_H
#define CORACLE_CMD_IMAGE_NEW_IMAGE_H

#include <jansson.h>

#include "core/oci/image_spec.h"
#include "storage/store.h"

enum image_format { IMAGE_OCI, IMAGE_DOCKER, IMAGE_DOCKER_GZIP };

/* The manifest of an image whose layers are plain tars (or, IMAGE_DOCKER_GZIP, compressed): free() it. `digests` and
 * `sizes` are the layers', of plain tars the DiffIDs. */
char *new_manifest(enum image_format f, const char *config_digest, size_t config_size, char *const *digests,
		   const int64_t *sizes, size_t n);

/* Put the config's bytes and such a manifest into the store and give them the name (NULL: none). *ret_id is the image's ID
 * (g_free). The caller holds store_lock_shared. 0 or -errno. */
int new_image_commit(struct store *s, const char *name, enum image_format f, const char *config, size_t len,
		     const int64_t *sizes, char **ret_id, struct err *e);

/* A config document (json_t of the image specification) with one more layer and its history. */
void new_config_add_layer(json_t *config, const char *diff_id);
void new_config_add_history(json_t *config, int64_t created_ns, const char *created_by, const char *comment,
			    const char *author, bool empty);

/* SOURCE_DATE_EPOCH in ns where it is set and a number, else now. */
int64_t new_image_time(void);

#endif
