/* mount_options.h - the options of a mount in config.json, sorted by what they mean to the kernel. */
#ifndef CORACLE_RUNTIME_MOUNT_OPTIONS_H
#define CORACLE_RUNTIME_MOUNT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"

#define MOUNT_DATA_MAX 32

struct mount_options {
	uint64_t set, clear;            /* MOUNT_ATTR_* of the mount itself */
	uint64_t set_all, clear_all;    /* of it and all mounts below it (rro, ...) */
	uint64_t propagation;           /* MS_SHARED ...; 0: none said */
	bool propagation_all;
	bool bind, recursive, remount, copy_up, idmap;  /* idmap: see idmapped.h */
	const char *data[MOUNT_DATA_MAX];       /* for the file system, as given: "size=64m" */
	unsigned n_data;
};

/* Sort `options` (NULL-terminated or NULL; the strings stay referenced). An option that nobody knows is taken
 * for the file system's; with bind it is an error. 0 or -errno. */
int mount_options_parse(const char *const *options, struct mount_options *ret, struct err *e);

/* Every word that is no file system's own, sorted; g_strfreev. */
char **mount_options_known(void);

#endif
