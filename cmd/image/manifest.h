/* manifest.h - the commands `coracle-image manifest ...`. */
#ifndef CORACLE_CMD_IMAGE_MANIFEST_H
#define CORACLE_CMD_IMAGE_MANIFEST_H

#include "cmd/manifest_options.h"
#include "net/registry/registry.h"
#include "storage/manifest_list.h"

extern const struct command image_command_manifest_add, image_command_manifest_annotate, image_command_manifest_create,
	image_command_manifest_exists, image_command_manifest_inspect, image_command_manifest_push,
	image_command_manifest_remove, image_command_manifest_rm;

/* The list, or an error with podman's words (exit status 125). 0 or -errno. */
int manifest_get(struct context *c, const char *name, struct manifest_list **ret, struct err *e);

/* `manifest push`; returns the exit status. */
int manifest_push(struct context *c, const char *list, const char *to, const struct manifest_push_options *o);

/* How a registry is asked. */
struct registry_options manifest_access(const struct access_options *o);

/* Add the image (of the store, of a registry, or TRANSPORT:DETAILS) to the list with that ID. 0 or -errno. */
int manifest_add_image(struct context *c, const char *list_id, const char *image, const struct manifest_add_options *o,
		       struct err *e);

/* Set what the options say in an entry. 0 or -errno. */
int manifest_entry_set(json_t *entry, const struct manifest_add_options *o, struct err *e);

#endif
