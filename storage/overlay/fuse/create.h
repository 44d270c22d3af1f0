/* create.h - new names: files, directories, links. The tree lock is held. */
#ifndef CORACLE_STORAGE_OVERLAY_FUSE_CREATE_H
#define CORACLE_STORAGE_OVERLAY_FUSE_CREATE_H

#include "storage/overlay/fuse/node.h"

/* Who asks for what. */
struct request {
	uid_t uid;
	gid_t gid;
	mode_t umask;
	mode_t mode;            /* with the type */
	dev_t rdev;
	const char *target;     /* of a symbolic link */
};

/* Make a file of any type. The node has one more lookup. 0 or -errno. */
int create_node(struct ovl *o, struct node *parent, const char *name, const struct request *q, struct node **ret,
	   struct stat *st);

/* A regular file without a name, for a program that may give it one. */
int create_unnamed(struct ovl *o, struct node *parent, const struct request *q, struct node **ret, struct stat *st);

/* A further name of `n`. */
int create_link(struct ovl *o, struct node *n, struct node *parent, const char *name, struct stat *st);

#endif
