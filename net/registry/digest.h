/* digest.h - "sha256:..." of bytes in memory. */
#ifndef CORACLE_NET_REGISTRY_DIGEST_H
#define CORACLE_NET_REGISTRY_DIGEST_H

#include <stddef.h>

#include "core/oci/image_spec.h"

/* The digest of `len` bytes by the algorithm in front of the colon of `like` (sha256 or sha512), with it. */
void digest_of(const char *like, const void *data, size_t len, char ret[static DIGEST_MAX]);

#endif
