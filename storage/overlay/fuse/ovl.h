/* ovl.h - the FUSE overlay file system: what all its parts share.
 *
 * Layers: index 0 is the upper directory (fd -1 when the mount can only be read), 1... the lower ones, top first.
 * Two invariants make everything else simple:
 *   - a node that is in a layer has the same path there as in the merged tree. (A directory of a lower layer is
 *     copied up whole before it is renamed; the kernel's driver can go on with such a tree, and with no other.)
 *   - lower layers never change, and the upper one only through us. So what the kernel has cached stays true, and
 *     every lifetime that we give it is infinite.
 *
 * Locks, in this order: `tree` (shared by everything that uses paths, exclusive for what changes the path of
 * others, or whether it is a directory's: rename, rmdir), a copy-up stripe, `table`, `handles`, `lists`. None is
 * held while a reply is sent.
 * No memory, descriptors or room are errors of one request: no allocation here ends the process.
 */
#ifndef CORACLE_STORAGE_OVERLAY_FUSE_OVL_H
#define CORACLE_STORAGE_OVERLAY_FUSE_OVL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "core/base/err.h"

#define OVL_NONE 0xffff         /* no layer */
#define OVL_LAYERS_MAX 501      /* the upper one, and as many as the kernel takes */
#define OVL_STRIPES 32
#define OVL_DEVICES 64

struct ovl_layer { int fd; dev_t dev; };

struct ids;
struct name;
struct node;
struct handle;
struct listing;

struct ovl {
	struct ovl_layer *layers;
	unsigned n_layers;
	bool writable;
	bool durable;           /* what is copied up reaches the disk before it is visible */
	bool foreign;           /* layers of other tools: whiteouts may be files called .wh.NAME */
	bool link_whiteouts;    /* one whiteout is made and linked */
	bool static_links;      /* directories are shown with one link */
	const struct ids *ids;  /* of owners, or NULL */
	int work_fd;            /* workdir/coracle: things in the making */
	int links_fd;           /* workdir/links: hard links of lower files that were copied up */
	_Atomic bool has_links;
	_Atomic unsigned counter;       /* of names in the work directory */

	dev_t devices[OVL_DEVICES];
	unsigned n_devices;

	pthread_rwlock_t tree;
	pthread_mutex_t stripes[OVL_STRIPES];
	pthread_mutex_t table;
	struct node *root;
	struct name **names;    /* hash of (parent, name) */
	size_t n_names, names_size;
	struct node **inodes;   /* hash of (device, inode) of files with several names */
	size_t n_inodes, inodes_size;

	pthread_mutex_t handles;
	struct handle *oldest, *newest;
	unsigned n_handles, max_handles;

	pthread_mutex_t lists;
	struct listing *first_list;
	size_t lists_size;
};

/* What the directories are. Descriptors are taken over; upper_fd and work_fd -1: read-only. */
struct ovl_config {
	const int *lower_fds;   /* top first */
	size_t n_lowers;
	int upper_fd, work_fd;
	bool durable, foreign;
	bool static_links;
	const struct ids *ids;          /* NULL: owners are shown as they are stored. Lives as long as the process. */
};

/* Make the file system. 0 or -errno. It lives as long as the process. */
int ovl_new(const struct ovl_config *c, struct ovl **ret, struct err *e);

/* The number by which a file is known outside: that of its own file system, made different between several. */
uint64_t ovl_ino(struct ovl *o, const struct stat *st);

#endif
