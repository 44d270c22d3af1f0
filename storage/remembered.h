/* remembered.h - the owners, modes and devices that a container's files have, where they could not be stored.
 *
 * Two sources: what the container's programs gave files (core/base/override.h; written by core/runtime/remember.h), and what
 * the image's layers have in their `owners` (owners.h), of files that the container has not replaced.
 */
#ifndef CORACLE_STORAGE_REMEMBERED_H
#define CORACLE_STORAGE_REMEMBERED_H

#include <glib.h>
#include <sys/stat.h>

#include "storage/image.h"
#include "storage/store.h"

struct remembered;      /* opaque */

/* Of container `id` of `img` (NULL: only what its programs did); `s` NULL: only what is with the files themselves. Never fails:
 * what cannot be read is not known. */
struct remembered *remembered_open(struct store *s, const char *id, const struct image *img);
void remembered_free(struct remembered *r);

/* Let `st`, of `name` in `dirfd`, say what is remembered. `path`: from the container's root, "" for that, NULL where it is not known:
 * then only what the file itself has counts. `r` may be NULL, as where all could be stored. */
void remembered_show(const struct remembered *r, int dirfd, const char *name, const char *path, struct stat *st);

/* Paths of devices that the image has and nothing in the tree stands for, sorted; g_ptr_array_unref it. */
GPtrArray *remembered_devices(const struct remembered *r, int root_fd);
/* Such a one. */
void remembered_show_device(const struct remembered *r, const char *path, struct stat *ret);

#endif
