/* image_use.h - what the commands on images and volumes share: which containers use them, filters, shown forms. */
#ifndef CORACLE_CMD_IMAGE_USE_H
#define CORACLE_CMD_IMAGE_USE_H

#include <glib.h>
#include <jansson.h>

#include "cmd/command.h"
#include "storage/image.h"

/* IDs of the containers of an image (g_ptr_array_unref). A record that can't be read is passed over. */
GPtrArray *containers_of_image(struct context *c, const char *image_id);

/* Remove it unless a container has it. 1 removed, 0 in use, -errno. */
int image_remove_unused(struct context *c, const struct image *img, struct err *e);

/* IDs of the containers that mount a named volume. */
GPtrArray *containers_of_volume(struct context *c, const char *volume);

/* Remove a container by force, by the command that does so. 0 or -errno. */
int remove_container(struct context *c, const char *id, struct err *e);

/* Ask on the terminal (or wherever stdin and stderr are) whether "all ..." may be removed. */
bool confirmed(const char *what);

/* image_find for a command: -ENOENT with podman's words and exit status 1 where it is not known. */
int image_get(struct context *c, const char *name, struct image **ret, struct err *e);

/* The one of the image's names that `text` means, or NULL (it is an ID). */
const char *image_name_meant(const struct image *img, const char *text);

/* "reference=alpine" ... all must hold. 1, 0, or -errno for a filter that does not exist. */
int image_matches(struct context *c, const struct image *img, char *const *filters, struct err *e);

/* "docker.io/library/debian" and "12"; "<none>" for what there is not, and for both where name is NULL. */
void image_name_split(const char *name, char **ret_repo, char **ret_tag);

/* Does a glob or plain name mean this name ("alpine" means docker.io/library/alpine:latest)? */
bool image_name_matches(const char *name, const char *pattern);

/* Unix nanoseconds of the config's creation, 0 where it does not say. */
int64_t image_created(const struct image *img);

struct volume;
/* The object that `inspect` shows of a volume. */
json_t *volume_object(const struct volume *v);

/* "key=value" vectors as an object. */
json_t *json_of_pairs(char *const *pairs);
json_t *json_of_strings(char *const *list);

/* Does "key" or "key=value" hold in a "key=value" vector? */
bool pairs_match(char *const *pairs, const char *wanted);

#endif
