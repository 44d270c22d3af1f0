/* container_files.h - the files of a container, running or not, for a command that reads or writes them.
 *
 * Two steps, because no process has both sides' rights: the command opens (it may look at the container's processes, since
 * it owns their user namespace), and a process forked for the work enters. A running container's files are those that its
 * first process sees, with all that is mounted. One that does not run is locked, and gets the root that a start would
 * give it, in a mount namespace of the worker, with its volumes and bind mounts; what is in memory (tmpfs) is not there.
 */
#ifndef CORACLE_CMD_CONTAINER_FILES_H
#define CORACLE_CMD_CONTAINER_FILES_H

#include "cmd/command.h"

struct container_files;         /* opened; opaque */

/* The container that `name` means. NULL on failure, `e` filled. */
struct container_files *container_files_open(struct context *c, const char *name, struct err *e);

/* What a worker works with. */
struct container_root {
	int fd;                 /* the container's root: paths in it by path_*_in_root only */
	char *cwd;              /* the container's working directory */
	bool running;
	uint32_t uid, gid;      /* the container's user, by this process's ids */
	uint32_t uid_mounted, gid_mounted;      /* the same in what is mounted into the root */
};

/* In a process forked for this: become root of the container's ids. It must not execute anything afterwards. 0 or -errno. */
int container_files_enter(struct container_files *f, struct container_root *ret, struct err *e);

/* In the command, when the worker has ended: unlock. `filled`: it went well, so volumes that were new have content. */
void container_files_close(struct container_files *f, bool filled);

#endif
