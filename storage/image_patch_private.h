/* image_patch_private.h - what image_patch.c (the patch, attributes, links) and image_patch_through.c (names that lead
 * through links of the layers below) share. */
#ifndef CORACLE_STORAGE_IMAGE_PATCH_PRIVATE_H
#define CORACLE_STORAGE_IMAGE_PATCH_PRIVATE_H

#include <glib.h>

#include "storage/image_patch.h"

#define LINKS_MAX 40            /* symbolic links on the way to a hard link's file, or to a directory */

struct patch {
	struct store *s;
	struct stack *x;
	char *stage;                    /* name in tmp/, NULL: nothing was needed so far */
	int stage_fd, stage_lock, tree;
	GHashTable *seen;               /* paths that have been looked at: many layers have them */
	GHashTable *dirs;               /* path -> the layer whose attributes it has */
	GHashTable *linked;             /* path of a made link -> its file, "LAYER PATH" */
	GPtrArray *moved;               /* of the layer at hand: "PATH", "TO": what it has below PATH is below TO */
	GHashTable *links;              /* PATH of that -> the layer with the link */
	GHashTable *looked;             /* path -> the layers before that one are known not to change it */
	GHashTable *kept, *gone;        /* of the layer at hand: directories that stay, that do not */
};

/* image_patch.c */
char *patch_parent(const char *path);
int patch_open_dir(const struct patch *p, int layer, const char *path);
int patch_copy_attributes(int from, int to);
/* There is a patch to put something into. 0 or -errno. */
int patch_begin(struct patch *p, struct err *e);
/* Have the directory in the patch, with those above it. 1, 0 (the image shows no such directory), -errno. */
int patch_need_dir(struct patch *p, const char *path, struct err *e);
/* The place in the patch for what layer `k` has at `path` is ready: 1; something else is seen there: 0; -errno. */
int patch_place(struct patch *p, size_t k, const char *path, struct err *e);
/* `path`, whose part before `*rest` is a symbolic link of layer `k`, with that replaced by where it leads; NULL: it is no
 * link. */
char *patch_through_link(const struct patch *p, int k, const char *path, const char *rest);

/* image_patch_through.c */
/* Put what layer `k` has below directories that it did not name, and that are symbolic links in the layers below, to where
 * those lead; `implied` is sorted. Fills p->moved. 0 or -errno. */
int patch_through(struct patch *p, size_t k, const GPtrArray *implied, struct err *e);
/* At the end: the links themselves. */
int patch_show_links(struct patch *p, struct err *e);
/* Where `path` of the layer at hand is: g_free. */
char *patch_moved(const struct patch *p, const char *path);
/* Before the next for a layer. */
void patch_vanish_begin(struct patch *p, size_t k);
/* A directory of layer `k` that was made for its whiteouts only, in a place where nothing below has one, is not there:
 * 1; it is: 0; -errno. */
int patch_vanish(struct patch *p, size_t k, const char *path, struct err *e);

#endif
