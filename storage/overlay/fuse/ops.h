/* ops.h - the kernel's requests, answered. */
#ifndef CORACLE_STORAGE_OVERLAY_FUSE_OPS_H
#define CORACLE_STORAGE_OVERLAY_FUSE_OPS_H

#include "storage/overlay/fuse/libfuse.h"
#include "storage/overlay/fuse/ovl.h"

#define OPS_MAX_IO (512 * 1024)
#define OPS_HEADER 4096 /* what a request may have before its data */
#define OPS_FOR_EVER 1e9

struct ops {
	struct ovl *o;
	struct fuse_session *se;
	bool no_acl;
	double lifetime;        /* of names and attributes in the kernel, in seconds */
	_Atomic bool flushing;  /* somebody has the kernel write its pages: one at a time */
};

/* What a session is made with; its user data is a struct ops. */
extern const struct fuse_lowlevel_ops ops_table;

struct node *ops_node(struct ops *s, fuse_ino_t ino);

void ops_lock(struct ovl *o);
void ops_lock_alone(struct ovl *o);
void ops_unlock(struct ovl *o);

/* Fill what is told of a node. */
void ops_entry(const struct ops *s, struct node *n, const struct stat *st, struct fuse_entry_param *ret);

/* O_TMPFILE, which libfuse 3.14 does not know: the answer to it, made from the request's fields. 0 or -errno. */
struct request;
int ops_tmpfile(struct ops *s, fuse_ino_t parent, const struct request *q, struct fuse_entry_param *ret);

#endif
