/* guard.h - the process that ends a container whose keeper was killed.
 *
 * PDEATHSIG takes the program along when its keeper dies, but the kernel clears it when process 1 changes its ids, as
 * the entry points of databases do (prctl(2), PR_SET_PDEATHSIG). The guard does not depend on what the program does:
 * a fork of the keeper with the program's pidfd and a pipe, whose other end only the keeper holds.
 */
#ifndef CORACLE_CONTAINER_GUARD_H
#define CORACLE_CONTAINER_GUARD_H

/* Start the guard of the process behind `pidfd`; it ends with this process. All signals must be blocked. Without
 * memory or processes for it the container goes on with PDEATHSIG alone. Returns the end of the pipe, which only the
 * end of this process should close, or -1. */
int guard_start(int pidfd);

#endif
