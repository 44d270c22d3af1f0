/* session.h - threads that answer the kernel until the mount is gone.
 *
 * libfuse parses and answers; this file does its input and output, so that each thread has a queue of its own
 * (FUSE_DEV_IOC_CLONE) and three things that libfuse 3.14 does not know are there: FUSE_HANDLE_KILLPRIV_V2 (without it
 * the kernel asks for an attribute at every write(2)), O_TMPFILE and FUSE_SETXATTR_EXT (whether an ACL takes S_ISGID).
 */
#ifndef CORACLE_STORAGE_OVERLAY_FUSE_SESSION_H
#define CORACLE_STORAGE_OVERLAY_FUSE_SESSION_H

#include "storage/overlay/fuse/ops.h"

#define SESSION_THREADS 4

struct session_options {
	bool no_acl;
	double lifetime;        /* of what the kernel is told, in seconds */
};

/* Prepare to serve the mount behind the descriptor devs[0] of /dev/fuse; the others of SESSION_THREADS are open and not
 * used yet. Taken over. `so`: NULL for a container's root. 0 or -errno. */
int session_new(struct ovl *o, const int *devs, const struct session_options *so, struct err *e);

/* One thread leads: it reads requests and answers them by itself, because waking another takes longer than most
 * answers. It lets another lead before what may take long, and while more requests wait. Harmless in a thread that
 * does not lead. */
void session_let_others(void);

/* Whoever sets the ACL that this thread's request is about may not keep a file set-group-id. */
bool session_acl_clears_sgid(void);

/* Serve with as many threads as there are descriptors, or as can be had. Returns when the mount is gone. */
void session_run(void);

#endif
