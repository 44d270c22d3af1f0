/* manifest_list.h - lists of images (OCI indexes) that the user makes: `manifest create`, `add`, `push`.
 *
 * A list is a blob like a manifest, named in images/index.json by an entry of the index's media type whose annotation
 * io.coracle.list is its ID (random: it stays while the content changes). An image of a list need not be in the store:
 * io.coracle.sources, a JSON object in a string, says by digest where those lie (docker://..., oci:...); the others are the
 * store's. Found as an image, a list means what it has for the platform (image_find).
 */
#ifndef CORACLE_STORAGE_MANIFEST_LIST_H
#define CORACLE_STORAGE_MANIFEST_LIST_H

#include <glib.h>
#include <jansson.h>

#include "storage/store.h"

#define ANNOTATION_LIST "io.coracle.list"
#define ANNOTATION_SOURCES "io.coracle.sources"
#define OCI_INDEX "application/vnd.oci.image.index.v1+json"

struct manifest_list {
	char *id, *digest;
	char **names;           /* full, NULL-terminated */
	char *text;             /* the document, `len` bytes */
	size_t len;
	json_t *sources;        /* digest -> where it lies */
};

void manifest_list_free(struct manifest_list *l);
static inline void manifest_list_cleanup(struct manifest_list **l) { if (*l) manifest_list_free(*l); }
#define autolist __attribute__((cleanup(manifest_list_cleanup))) struct manifest_list

/* By name (short ones are localhost's or docker.io's), ID, or the beginning of one. 1, 0, or -errno. */
int manifest_list_find(struct store *s, const char *name, struct manifest_list **ret, struct err *e);

/* All of them: struct manifest_list, an array that frees them. 0 or -errno. */
int manifest_list_all(struct store *s, GPtrArray **ret, struct err *e);

/* A new one without images. -EEXIST: an image or list has the name. 0 or -errno; *ret_id: g_free it. */
int manifest_list_create(struct store *s, const char *full_name, char **ret_id, struct err *e);

/* A change to its document and sources: 0 or -errno. */
typedef int manifest_list_edit(json_t *doc, json_t *sources, void *data, struct err *e);

/* Change the list with that ID, all or nothing, under the lock of the index. 0 or -errno. */
int manifest_list_change(struct store *s, const char *id, manifest_list_edit *edit, void *data, struct err *e);

/* One more name. 0 or -errno. */
int manifest_list_tag(struct store *s, const struct manifest_list *l, const char *full_name, struct err *e);

/* Take the name, or with NULL the list. `removed` gets "Untagged: ..." and "Deleted: ..." lines. 0 or -errno. */
int manifest_list_remove(struct store *s, const struct manifest_list *l, const char *name, GPtrArray *removed, struct err *e);

#endif
