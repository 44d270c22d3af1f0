/* copy.h - files into and out of containers: two processes, one on each side.
 *
 * The giver walks the source, the taker makes the target. Each is a process of its own with the rights and ids of its side
 * (for a container: root of the container's user namespace), because no process has the rights of both. Between them is
 * one SOCK_SEQPACKET pair on which the giver alone speaks, and files go over it as open descriptors, so that their bytes
 * are moved by the kernel from one to the other (copy_file_range: shared blocks where the file system can):
 *
 *   START             what is copied: a directory or one other thing, and its name
 *   XATTR...          of what comes next
 *   ENTER ... LEAVE   a directory: what is in it lies between the two
 *   FILE SYMLINK FIFO
 *   LINK              one more name of a file that came before, which comes again for where that cannot be linked to
 *   END               without it the source ended early: failure, always
 *   ERROR             in place of any of them
 *
 * Nothing is ever looked up by a path of several names once source and target have been found: both sides hold
 * descriptors of the directories they are in, and follow no links in them. Source and target themselves are found by
 * openat2(2) inside the container's root. So a container that exchanges directories for links meanwhile can only make the
 * copy fail, or go to another place of its own.
 *
 * A file is written beside its place and renamed: it is there whole or not at all, also when the copy is interrupted by
 * a signal (SIGINT, SIGTERM, SIGHUP: the taker removes what it was writing).
 */
#ifndef CORACLE_CONTAINER_COPY_H
#define CORACLE_CONTAINER_COPY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"

/* One side of a copy, as the process sees it that works there. */
struct copy_place {
	const char *container;  /* as the user named it; NULL: the host */
	int root;               /* the container's root; the host: -1 */
	const char *cwd;        /* where relative paths begin */
	bool lenient;           /* what may not be read is left out, with a warning */
};

/* A thing that was found, or where a missing one would be: `name` in directory `parent`. */
struct copy_found {
	int parent;             /* descriptor */
	char *name;             /* one component; "." for a directory that can only be named as itself */
	bool exists, directory;
	bool content;           /* the path ended in "." or "..": what is in it is meant */
	bool slash;             /* the path ended in "/" */
	uint64_t mount;         /* where it is, or would be: the kernel's number of the mount */
};

void copy_found_clear(struct copy_found *f);
#define autofound __attribute__((cleanup(copy_found_clear))) struct copy_found

/* Find `path`, through links at its end too. A missing last component (or a link to one) is no error: then `exists` is
 * false; a missing directory above it is -ENOENT. 0 or -errno, `e` not filled: the caller knows the words. */
int copy_find(const struct copy_place *p, const char *path, struct copy_found *ret);

/* Find the source: it must be there. 0 or -errno with podman's words. */
int copy_find_source(const struct copy_place *p, const char *path, struct copy_found *ret, struct err *e);

/* The giver: send `path` over `sock`. What fails is told there. */
void copy_give(const struct copy_place *p, const char *path, int sock);
/* The same where the giver cannot even begin. */
void copy_give_error(int sock, const struct err *why);

struct copy_take {
	struct copy_place place;
	const char *path;
	bool overwrite;         /* a directory may take the place of something else, and the other way round */
	bool give;              /* to uid and gid, whoever the source belongs to */
	uid_t uid;
	gid_t gid;
	/* For a root whose ids are not those of what is mounted in it: the same user on other mounts than root's. */
	uid_t uid_mounted;
	gid_t gid_mounted;
};

/* The taker: make what comes. 0 or -errno. */
int copy_take(const struct copy_take *t, int sock, struct err *e);

#endif
