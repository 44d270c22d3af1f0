/* linger.h - what logging out does to containers in the background. See loginctl(1), logind.conf(5). */
#ifndef CORACLE_CMD_LINGER_H
#define CORACLE_CMD_LINGER_H

#include <stdbool.h>
#include <sys/types.h>

#include "cmd/command.h"

/* Is this process part of a login of `uid` (called `name`) whose end systemd takes as the end of all its processes?
 * `root` is "" but for tests. */
bool logout_ends_us(const char *root, uid_t uid, const char *name);

/* Warn when it is so, once for each login: what is remembered is in the run directory, which goes with it. */
void warn_of_logout(struct context *c);

#endif
