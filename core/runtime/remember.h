/* remember.h - write down the owners that files of a container's root were given: see core/base/override.h.
 *
 * Only of the root: the files of volumes and binds are the user's own. Allocates nothing.
 */
#ifndef CORACLE_RUNTIME_REMEMBER_H
#define CORACLE_RUNTIME_REMEMBER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define REMEMBER_FILE "overrides"       /* in the container's directory, where files cannot have attributes */

struct remember {
	uint32_t uid, gid;      /* what needs no writing down */
	int proc;               /* the host's /proc */
	int dir;                /* the container's directory, -1: nothing is written down */
	int tree;               /* upper/ or root/ in it, once needed, else -1 */
	int file;               /* REMEMBER_FILE, once needed, else -1 */
	uint64_t mount;         /* of the root */
};

/* The caller has `root` as its root whenever the others are called, and may change its working directory. */
void remember_init(struct remember *m, int proc, int root, int dir);

/* File `fd` (O_PATH will do) was given these ids; UINT32_MAX: as it was. What cannot be written down is forgotten. */
void remember_owner(struct remember *m, int fd, uint32_t uid, uint32_t gid);

/* Would a file in directory `fd` be written down? */
bool remember_can(const struct remember *m, int fd);

/* The empty file `fd` is to be device `dev`; `mode` has the type. 0 or -errno. */
int remember_device(struct remember *m, int fd, mode_t mode, uint32_t dev);

#endif
