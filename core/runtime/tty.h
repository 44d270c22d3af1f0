/* tty.h - the container's terminal: a pty of its own devpts, whose master goes to the keeper. pty(7). */
#ifndef CORACLE_RUNTIME_TTY_H
#define CORACLE_RUNTIME_TTY_H

#include "core/base/err.h"
#include "core/oci/runtime_spec.h"

/* Make a pty in /dev/pts of the root, owned by the process's user. 0 or -errno. */
int tty_open(const struct rspec *spec, int rootfd, int *ret_master, int *ret_slave, struct err *e);

/* The same in a root that is being made: it is also shown as /dev/console. */
int tty_make(const struct rspec *spec, int rootfd, int *ret_master, int *ret_slave, struct err *e);

/* Make `slave` the controlling terminal (the caller leads a session) and descriptors 0, 1 and 2. */
int tty_take(int slave, struct err *e);

#endif
