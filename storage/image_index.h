/* image_index.h - images/index.json: read by anybody at any time, changed under a lock, replaced whole. */
#ifndef CORACLE_STORAGE_IMAGE_INDEX_H
#define CORACLE_STORAGE_IMAGE_INDEX_H

#include <jansson.h>

#include "core/oci/image_spec.h"
#include "storage/store.h"

#define ANNOTATION_NAME "org.opencontainers.image.ref.name"
#define ANNOTATION_CONFIG "io.coracle.config"   /* the config's digest: an ID is found without its manifest */

/* Empty when there is none yet. 0 or -errno; free the arena. */
int image_index_read(struct store *s, struct image_index *ret, struct err *e);

/* The annotation's value, or NULL. */
const char *descriptor_annotation(const struct descriptor *d, const char *key);

/* A change to the array of descriptors: 1 changed, 0 nothing to do, or -errno. */
typedef int image_index_change(json_t *manifests, void *data, struct err *e);

/* Read, change, replace (durable) under the index's lock. 0 or -errno. */
int image_index_update(struct store *s, image_index_change *change, void *data, struct err *e);

/* The same fields of an entry of the array. */
const char *index_entry_annotation(json_t *entry, const char *key);
void index_entry_annotate(json_t *entry, const char *key, const char *value);   /* NULL: remove */

#endif
