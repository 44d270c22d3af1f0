/* unpack_ids.h - which ids this process can give files: the inner side of its user namespace's maps. */
#ifndef CORACLE_STORAGE_UNPACK_IDS_H
#define CORACLE_STORAGE_UNPACK_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/runtime/idmap.h"

/* Read /proc/self/uid_map or gid_map into ranges[IDMAP_MAX]; how many there are (0 when it can't be read). */
size_t unpack_read_map(const char *file, struct id_range *ranges);

bool unpack_is_mapped(const struct id_range *r, size_t n, uint32_t id);

#endif
