/* work.h - the work directory: on the file system of the upper one, never seen by anybody.
 *
 * What is made there under a name of its own is then renamed into place. What a killed server has left is removed
 * at the next start.
 */
#ifndef CORACLE_STORAGE_OVERLAY_FUSE_WORK_H
#define CORACLE_STORAGE_OVERLAY_FUSE_WORK_H

#include "storage/overlay/fuse/ovl.h"

#define WORK_NAME 16

/* Open workdir/coracle and workdir/links below `fd` into `o`, the first one emptied. 0 or -errno. */
int work_open(struct ovl *o, int fd, struct err *e);

/* A name that nothing has. Its number, never 0. */
unsigned work_name(struct ovl *o, char ret[WORK_NAME]);
void work_name_of(unsigned number, char ret[WORK_NAME]);

/* Remove a tree from there: cannot fail where it matters. */
void work_remove(struct ovl *o, const char *name);

/* The name in links/ of a file with several links: by the number that it is shown with, in the lower layer and after. */
#define LINK_NAME 20
void work_link_name(uint64_t ino, char ret[LINK_NAME]);

#endif
