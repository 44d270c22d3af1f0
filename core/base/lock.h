/* lock.h - locks that die with their holder.
 *
 * Open-file-description locks (fcntl(2), F_OFD_SETLK): they work on local disks and NFSv4, belong to
 * the open file and so survive fork (child and parent share them), and vanish when the last copy of the
 * descriptor is closed, however the holder ended. "Is it running?" is a lock test, never a pid.
 */
#ifndef CORACLE_BASE_LOCK_H
#define CORACLE_BASE_LOCK_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/err.h"

enum lock_mode { LOCK_SHARED, LOCK_EXCLUSIVE };

/* Open (creating, 0600) the lock file `name` in `dirfd`; holds nothing yet. fd or -errno. */
int lock_open(int dirfd, const char *name);

/* Take the lock without waiting: 0, -EAGAIN when somebody else holds it, or -errno. */
int lock_try(int fd, enum lock_mode mode);

/* Wait for the lock. 0 or -errno. */
int lock_wait(int fd, enum lock_mode mode);

/* Take `len` bytes from `first` on exclusively without waiting; no byte need be there. 0, or -EAGAIN with the end of a
 * range that somebody else holds in the way in `ret_end`, or -errno. */
int lock_try_range(int fd, off_t first, off_t len, off_t *ret_end);

/* Give it back (closing the descriptor does so too). */
void lock_release(int fd);

/* Does somebody hold `name` in `dirfd` exclusively? 1, 0 (also when the file is missing), or -errno. */
int lock_is_held(int dirfd, const char *name);

#endif
