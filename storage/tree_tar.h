/* tree_tar.h - a directory tree becomes a tar, the same bytes for the same tree.
 *
 * Entries are sorted by name, a directory before what is in it; the format is ustar with PAX headers where they are needed;
 * the first name of a file with several holds its content, the others are hard links. No names of users, no times but of
 * modification, no inode numbers: nothing of the machine gets in.
 */
#ifndef CORACLE_STORAGE_TREE_TAR_H
#define CORACLE_STORAGE_TREE_TAR_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "storage/remembered.h"
#include "storage/sink.h"

struct tree_tar_options {
	bool layer;             /* overlayfs form: 0:0 devices and opaque directories become ".wh." entries */
	bool whole_seconds;     /* leave the fractions of times out, as other tools do */
	bool no_root;           /* without an entry for the tree itself */
	int owners_dir;         /* directory with an `owners` file that holds for the tree; -1: none */
	const struct remembered *remembered;    /* what the files' own attributes and a container's record say; NULL: nothing */
	int64_t latest;         /* no time is later than this (SOURCE_DATE_EPOCH); < 0: as they are */
	bool part;              /* it is not a container's root: what is remembered by path is not known */
	bool live;              /* what vanishes while it is read is left out */
	const char *const *without;     /* clean paths that are left out with all below; NULL: none */
};
#define TREE_TAR_OPTIONS { .owners_dir = -1, .latest = -1 }

/* Pack what is below `root_fd`. Never follows a link and never leaves the file system's tree by one. 0 or -errno. */
int tree_tar_write(int root_fd, const struct tree_tar_options *o, sink_function *sink, void *ctx, struct err *e);

/* The same of one thing, `name` in `dir_fd`, directory or not, which is called `as` in the tar. 0 or -errno. */
int tree_tar_write_one(int dir_fd, const char *name, const char *as, const struct tree_tar_options *o, sink_function *sink,
		       void *ctx, struct err *e);

#endif
