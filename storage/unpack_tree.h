/* unpack_tree.h - the entries of a layer's tar become files below one directory, and never anything else.
 *
 * Names are cleaned as text; a ".." that would leave the root is an error. Parents are opened by the kernel
 * below the tree (openat2), so that links made by the archive lead nowhere outside. An entry replaces an
 * earlier one of its name; directories are kept and get the later one's attributes.
 */
#ifndef CORACLE_STORAGE_UNPACK_TREE_H
#define CORACLE_STORAGE_UNPACK_TREE_H

#include "core/base/err.h"
#include "storage/unpack.h"

struct archive;
struct tar_record;
struct archive_entry;
struct unpack_tree;     /* opaque */

/* Make tree/ in `stage_fd`. Sets this process's umask to 0. `record` (the caller's, may be NULL) hears which bytes of
 * the tar are in files. NULL on failure, `e` filled. */
struct unpack_tree *unpack_tree_new(int stage_fd, struct tar_record *record, struct err *e);

/* The same for a plain tar into a directory that is there: whiteouts are files, and what cannot be is not recorded. */
struct unpack_tree *unpack_tree_into(int dir_fd, const struct unpack_options *o, struct err *e);

/* One entry, with its data read from `a`. -EBADMSG: the archive is to blame; else the disk. */
int unpack_tree_entry(struct unpack_tree *t, struct archive *a, struct archive_entry *ae, struct err *e);

/* Times of directories, the owners file; fills *ret. */
int unpack_tree_finish(struct unpack_tree *t, struct unpack_result *ret, struct err *e);

void unpack_tree_free(struct unpack_tree *t);

/* What the last component of a name means. The whited-out name is `base` + 4. */
enum whiteout { WHITEOUT_NONE, WHITEOUT_NAME, WHITEOUT_OPAQUE, WHITEOUT_IGNORED, WHITEOUT_BAD };
enum whiteout whiteout_kind(const char *base);

/* The clean form of an archive's name, relative to the root ("" is the root itself), or NULL when it leaves
 * the root or is no name. g_free it. */
char *unpack_clean_name(const char *name);

/* May an image set this extended attribute? */
bool unpack_xattr_allowed(const char *name);

#endif
