/* run_mount_parse.h - the texts of -v, --mount and --tmpfs as structs. Text only: nothing is looked up. */
#ifndef CORACLE_CMD_RUN_MOUNT_PARSE_H
#define CORACLE_CMD_RUN_MOUNT_PARSE_H

#include <stdbool.h>

#include "core/base/arena.h"
#include "core/base/err.h"

enum run_mount_kind { RUN_MOUNT_BIND, RUN_MOUNT_VOLUME, RUN_MOUNT_TMPFS, RUN_MOUNT_IMAGE, RUN_MOUNT_DEVPTS,
	RUN_MOUNT_RAMFS, RUN_MOUNT_COUNT };
extern const char *const run_mount_names[RUN_MOUNT_COUNT];      /* "bind", "volume" ... */

struct run_mount {
	enum run_mount_kind kind;
	char *source;           /* bind: host path as given; volume: name, NULL: anonymous; image: its name */
	char *destination;      /* clean and absolute */
	char **options;         /* of mount(8) and the file system, without ro and rw; NULL: none */
	char *propagation;      /* "rprivate" ...; NULL: default */
	bool ro, ro_given;
	bool nocopy;            /* volume: not filled from the image; tmpfs: not either */
	bool chown;             /* U */
	bool overlay;           /* O: changes are thrown away */
	bool nonrecursive;
};

/* -v [source:]destination[:options]. 0 or -EINVAL; e quotes the text. All strings go into the arena. */
int run_volume_parse(struct arena *a, const char *text, struct run_mount *ret, struct err *e);

/* --mount type=...,src=...,dst=... (podman-run(1)). */
int run_mount_parse(struct arena *a, const char *text, struct run_mount *ret, struct err *e);

/* --tmpfs destination[:options]. */
int run_tmpfs_parse(struct arena *a, const char *text, struct run_mount *ret, struct err *e);

/* Comma-separated options of -v and --volumes-from into `m`. */
int run_volume_options(struct arena *a, const char *options, struct run_mount *m, struct err *e);

#endif
