/* idmap_private.h - shared by idmap.c and idmap_write.c alone. */
#ifndef CORACLE_RUNTIME_IDMAP_PRIVATE_H
#define CORACLE_RUNTIME_IDMAP_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>

/* Absolute path of newuidmap or newgidmap where distributions put them; false when it is missing. */
bool idmap_find_helper(const char *name, char *path, size_t size);

#endif
