/* copy_list.h - the index of several images as it is written elsewhere. */
#ifndef CORACLE_CMD_IMAGE_COPY_LIST_H
#define CORACLE_CMD_IMAGE_COPY_LIST_H

#include "cmd/image/push_manifest.h"
#include "net/registry/registry.h"

/* The list `doc` in `format` ("oci", "v2s2", NULL: its own), each entry naming what was made of its image: `made` has one a
 * entry, NULL: as they are. Nothing to change: byte for byte. 0 or -errno. */
int copy_list_make(const struct document *doc, const char *format, const struct push_manifest *made,
		   struct push_manifest *ret, struct err *e);

#endif
