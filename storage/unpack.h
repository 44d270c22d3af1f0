/* unpack.h - a compressed layer stream becomes layers/<diffid>/ (part of coracle-image: libarchive).
 *
 * One call handles one layer and reads its compressed bytes from a descriptor (a pipe from the download, or a
 * file) exactly to their end. It runs in a process of its own that has given up what it does not need:
 * a thread reads and hashes the compressed bytes, one inflates and hashes the tar, one writes the tree. The
 * caller is already root of the store map's user namespace.
 */
#ifndef CORACLE_STORAGE_UNPACK_H
#define CORACLE_STORAGE_UNPACK_H

#include "core/oci/image_spec.h"
#include "storage/store.h"

struct unpack_result {
	int64_t files, bytes;           /* of the tree; its sizes, holes included */
	int64_t skipped_devices, unset_owners;  /* notes for the user */
	int64_t tar_size;
	char diff_id[DIGEST_MAX];       /* of the tar, as it was */
};

/* Unpack the layer `d` whose tar must have digest `diff_id` from `in_fd` into the staging directory
 * `stage_fd` (tree/, owners, info, tar as layer.h says), verifying size, compressed digest and DiffID at the
 * end. What is not known beforehand is not compared: diff_id NULL, d->digest NULL, d->size < 0. Nothing outside stage_fd is touched whatever the archive says. 0 or -errno: EBADMSG for a digest
 * mismatch or corrupt data; the staging directory is then garbage. Not synced: the pull does that once. */
int unpack_layer(int in_fd, int stage_fd, const struct descriptor *d, const char *diff_id,
		 struct unpack_result *ret, struct err *e);

/* How a plain tar is unpacked. */
struct unpack_options {
	bool keep_kinds;        /* a directory does not take the place of something else, nor the other way round: -EEXIST */
	bool give;              /* all to this user and group, whoever the tar says */
	uint32_t uid, gid;
};

/* The same for a plain tar, compressed or not, into the directory `dir_fd` that is there: no layer, so names with ".wh." are
 * files. What is there already is replaced or stays. */
int unpack_into(int in_fd, int dir_fd, const struct unpack_options *o, struct unpack_result *ret, struct err *e);

/* Give up everything unpack_layer does not need (network, exec, files outside stage_fd: landlock and
 * seccomp where the kernel has them). Called in the forked worker first. Never fails: logs what is missing. */
void unpack_confine(int stage_fd);

#endif
