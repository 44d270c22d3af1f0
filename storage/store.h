/* store.h - the place where images, layers, containers and volumes are: DESIGN.md section 4.
 *
 * root/   version images/ layers/ containers/ names/ volumes/ events/ tmp/ locks/   (durable)
 * run/    containers/<id>/ sockets and pid files                                 (tmpfs, per boot)
 *
 * Opening makes what is missing and refuses a newer format. Nothing is repaired by hand: what a killed
 * command left is in tmp/ with a free lock, or a container directory without a record, and goes away by
 * store_collect(), which every writing command calls when it is cheap.
 *
 * Power cuts: a pull unpacks all layers into staging directories, calls syncfs(2) once, then publishes the layers
 * (rename), puts manifest and config (image_put_blob: fsync of file and directory) and commits the name
 * (image_commit: fsync of layers/, then of the new index). So whatever the index names is on the disk whole;
 * a cut before leaves layers without a name at most, which the next collection removes.
 */
#ifndef CORACLE_STORAGE_STORE_H
#define CORACLE_STORAGE_STORE_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/runtime/idmap.h"

#define STORE_FORMAT 1

struct store {
	char *root, *run;               /* absolute paths */
	char *root_from;                /* what decided the root, for `info`: "--root", "CORACLE_ROOT" ... */
	int root_fd, images_fd, layers_fd, containers_fd, names_fd, volumes_fd, tmp_fd, run_fd;
	int use_fd;                     /* what holds the use lock, -1 */
	bool check_documents;           /* manifests and configs that are read must have their digest: not on the way to a
					 * start, where it would be the dearest part of finding the image */
	char *driver;                   /* recorded choice: "overlay", "vfs"; NULL until first needed */
	char *driver_why;               /* one clause: why that one */
};

struct store_options {
	const char *root, *run_root;    /* NULL: DESIGN.md's defaults */
	const char *driver;             /* --storage-driver, NULL: the recorded or best one */
};

/* 0 or -errno. The store is closed by store_close. */
int store_open(const struct store_options *o, struct store **ret, struct err *e);
void store_close(struct store *s);
static inline void store_cleanup(struct store **s) { if (*s) store_close(*s); }
#define autostore __attribute__((cleanup(store_cleanup))) struct store

/* Decide s->driver (trial mount, once per store, recorded in root/driver). 0 or -errno. */
int store_choose_driver(struct store *s, struct err *e);
/* The trial: does the kernel's overlay work on the store's file system? 0, or -errno with the reason. */
int store_try_overlay(struct store *s, struct err *e);

/* The layer below every image that has the usual mount points (mountpoints.c), made when it is missing. 0 or -errno. */
#define STORE_MOUNTPOINTS "mountpoints"
int store_mountpoints(struct store *s, struct err *e);

/* The shared store lock of everything that makes references (pull, create), exclusive for collection.
 * Returns the descriptor that holds it, or -errno. */
int store_lock_shared(struct store *s, struct err *e);
/* The same alone, without waiting: -EAGAIN when others are at work (then leave it to a later command). */
int store_lock_exclusive(struct store *s, struct err *e);

/* The use lock: who makes a container holds it shared from finding the image until the record is written, who removes
 * images has it alone from looking for containers until the image is gone. Both are short, so it is waited for.
 * store_use_end() releases it also for the processes that were forked meanwhile. 0 or -errno. */
int store_use_shared(struct store *s, struct err *e);
int store_use_alone(struct store *s, struct err *e);
void store_use_end(struct store *s);

/* A staging directory in tmp/, its lock held by *ret_lock as long as that is open. `ret_name` (g_free)
 * is its name in s->tmp_fd. Returns a descriptor of the directory or -errno. */
int store_stage(struct store *s, char **ret_name, int *ret_lock, struct err *e);

/* Remove the lock file of a staging directory that has been moved away or removed; then close the lock. */
void store_unstage(struct store *s, const char *name);

/* Remove staging directories and half-made containers whose owners are gone. Cheap when there are none;
 * enters a user namespace in a child where files of subordinate ids are in the way. */
int store_collect(struct store *s, struct err *e);

/* Remove `name` in `dirfd` even when files below it belong to subordinate ids (renamed into tmp/ first:
 * gone at once for everybody). 0 or -errno. */
int store_remove(struct store *s, int dirfd, const char *name, struct err *e);

/* Only the rename: gone for everybody, the space is freed by store_remove(s, s->tmp_fd, *ret_garbage, e) or a
 * later collection. `ret_garbage` (g_free) is NULL when nothing of that name was there. */
int store_discard(struct store *s, int dirfd, const char *name, char **ret_garbage, struct err *e);

#endif
