/* fd.h - file descriptors that close themselves, and bytes and descriptors through them.
 *
 * Every descriptor of ours is O_CLOEXEC and is -1 when it holds nothing.
 */
#ifndef CORACLE_BASE_FD_H
#define CORACLE_BASE_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/err.h"

/* Close *fd if it is open and set it to -1; errno is kept. */
void fd_close(int *fd);

/* autofd fd = open(...): closed when it leaves scope. */
#define autofd __attribute__((cleanup(fd_close))) int

/* Give the descriptor away: `return take_fd(&fd);` */
static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* Write all `len` bytes, through short writes and EINTR. 0 or -errno. */
int fd_write_all(int fd, const void *buf, size_t len);

/* Read up to `len` bytes, through EINTR, until end of file. Bytes read or -errno. */
ssize_t fd_read_full(int fd, void *buf, size_t len);

/* Read `fd` to its end into a terminated g_malloc'd buffer; more than `max` bytes is -EFBIG. */
int fd_read_all(int fd, size_t max, char **ret, size_t *ret_len);

/* Set or clear FD_CLOEXEC. 0 or -errno. */
int fd_set_cloexec(int fd, bool on);

/* Set or clear O_NONBLOCK. 0 or -errno. */
int fd_set_nonblock(int fd, bool on);

/* Move `fd` to a number >= `min` (O_CLOEXEC kept), closing the old one. New number or -errno. */
int fd_move_above(int fd, int min);

/* Close every descriptor >= 3 but the `n` in `keep` (any order; -1 entries are ignored). */
void fd_close_all_but(const int *keep, size_t n);

/* Close every descriptor above 2 that is not O_CLOEXEC: it is not ours, it came with the caller. */
void fd_close_foreign(void);

/* Send one record of `len` bytes with up to 8 descriptors over a SEQPACKET or STREAM socket. 0 or -errno. */
int fd_send(int sock, const void *buf, size_t len, const int *fds, size_t nfds);

/* Receive one record; up to *nfds descriptors (O_CLOEXEC) into fds, *nfds set to how many came.
 * Bytes received (0: end of file) or -errno. nfds may be NULL: descriptors that come are closed. */
ssize_t fd_recv(int sock, void *buf, size_t len, int *fds, size_t *nfds);

#endif
