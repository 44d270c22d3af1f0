/* unpack_tree_private.h - what unpack_tree.c (names, directories, order) and unpack_put.c (files) share. */
#ifndef CORACLE_STORAGE_UNPACK_TREE_PRIVATE_H
#define CORACLE_STORAGE_UNPACK_TREE_PRIVATE_H

#include <archive.h>
#include <archive_entry.h>
#include <glib.h>
#include <sys/stat.h>

#include "storage/below.h"
#include "storage/owners.h"
#include "storage/tar_record.h"
#include "storage/unpack_ids.h"
#include "storage/unpack_tree.h"

#define UNPACK_PARENTS 8        /* open directories kept: tars go through a tree depth first */

/* `real`: where `path` led, without links of the archive. */
struct unpack_parent { char *path, *real; int fd; unsigned used; };

struct unpack_tree {
	int stage, root;
	struct unpack_parent parents[UNPACK_PARENTS];
	unsigned clock;
	GArray *dir_times;
	GHashTable *devices;            /* path -> struct owner: what has a record instead of a file */
	struct owners_writer *owners;
	struct below *below;            /* its devices are filled in at the end */
	struct tar_record *record;      /* belongs to the caller; NULL: none is kept */
	struct id_range uids[IDMAP_MAX], gids[IDMAP_MAX];
	size_t n_uids, n_gids;
	bool one_id;
	bool plain;                     /* no layer: names mean themselves, and there are: */
	struct unpack_options options;
	bool any_setgid;                /* a directory gives its group to what is made in it, */
	bool any_default_acl;           /* or its access control list */
	struct unpack_result result;
};

/* The entry at hand: where, and what it should be. */
struct item {
	const char *path;       /* clean, and without links of the archive */
	const char *name;       /* its last component */
	int parent;             /* belongs to the cache */
	struct archive_entry *ae;
	struct archive *a;
	mode_t mode;            /* as the archive says, with the type */
	uint32_t uid, gid;
};

/* unpack_tree.c */
/* Open directory `path` below the tree, or -errno. Where the archive made a link of a component, the kernel resolves
 * it as inside a root that is the tree. */
int unpack_open_dir(struct unpack_tree *t, const char *path);
/* Take what has the item's name away so that something else can have it. Content that the tar's record needs is kept. */
int unpack_make_room(struct unpack_tree *t, const struct item *it);
/* Make the item's directory; what was there and is none goes away. A directory where this layer had something
 * else, a whiteout as well, hides what the layers below have there. */
int unpack_make_dir(struct unpack_tree *t, const struct item *it, mode_t mode);
int unpack_set_opaque(int fd);
/* Note something of `table` (one of t->below); `target` may be NULL. 0 or -errno: too many links. */
int unpack_note_below(struct unpack_tree *t, GHashTable *table, const char *path, const char *target);
/* Record that directory `path` gets this time at the end. */
void unpack_time_later(struct unpack_tree *t, const char *path, struct timespec mtime);

static inline bool unpack_is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

/* unpack_put.c */
/* Make the item whatever it is. */
int unpack_put(struct unpack_tree *t, struct item *it, struct err *e);

#endif
