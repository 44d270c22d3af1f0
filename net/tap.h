/* tap.h - the container's end of a user-mode network: a tap interface. */
#ifndef CORACLE_NET_TAP_H
#define CORACLE_NET_TAP_H

#include "core/base/err.h"

/* Make tap interface `name` in this process's network namespace. Returns the descriptor that frames are
 * read from and written to (O_NONBLOCK, no packet information), or -errno with /dev/net/tun named.
 * The descriptor keeps the network namespace alive. See linux/if_tun.h. */
int tap_open(const char *name, struct err *e);

#endif
