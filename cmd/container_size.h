/* container_size.h - how much a container's files are, as ps --size and inspect --size show it. */
#ifndef CORACLE_CMD_CONTAINER_SIZE_H
#define CORACLE_CMD_CONTAINER_SIZE_H

#include <stdint.h>

#include "cmd/command.h"

/* Bytes of the files that the container has written, as far as this user may look. */
int64_t container_size_rw(struct context *c, const char *id);

/* Those and its image's; an image that is gone has none. */
int64_t container_size_root(struct context *c, const struct container_record *r, int64_t rw);

/* "12B (virtual 1.98MB)", as podman has it. g_free it. */
char *container_size_text(int64_t rw, int64_t root);

#endif
