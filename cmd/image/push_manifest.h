/* push_manifest.h - the manifest of an image as it is pushed. */
#ifndef CORACLE_CMD_IMAGE_PUSH_MANIFEST_H
#define CORACLE_CMD_IMAGE_PUSH_MANIFEST_H

#include "cmd/image/push_layer.h"

struct push_manifest {
	char *text;
	size_t len;
	char *media_type;
	char digest[DIGEST_MAX];
};

/* `text` is the stored manifest. It is kept byte for byte when `layers` (one result per layer of it) are what it names
 * and `format` ("oci", "v2s2", NULL: its own) is its own; otherwise it is written anew with the new descriptors, everything
 * else in it kept. 0 or -errno. */
int push_manifest_make(const char *text, size_t len, const char *format, const struct push_result *layers, size_t n,
		       struct push_manifest *ret, struct err *e);
void push_manifest_clear(struct push_manifest *m);

/* Is the stored manifest docker's? */
bool push_manifest_is_docker(const char *text, size_t len);

#endif
