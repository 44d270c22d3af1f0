/* stdio.h - the descriptors that a container's program begins with. */
#ifndef CORACLE_RUNTIME_STDIO_H
#define CORACLE_RUNTIME_STDIO_H

#include <stdbool.h>

#include "core/base/err.h"

/* In the process that becomes the program: lead a session (`same_session` without a terminal: a process group), and
 * have `stdio` (or the terminal, unless that is -1) as 0, 1 and 2. The `preserve` descriptors after them stay; everything else goes away at exec. *sock is moved out of
 * the way. A directory of the host is refused. 0 or -errno. */
int stdio_arrange(const int stdio[3], int tty_slave, unsigned preserve, bool same_session, int *sock, struct err *e);

#endif
