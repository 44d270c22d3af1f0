/* rights.h - what init gives up before the program runs: limits, ids, groups, capabilities, system calls. */
#ifndef CORACLE_RUNTIME_RIGHTS_H
#define CORACLE_RUNTIME_RIGHTS_H

#include "core/base/err.h"
#include "core/runtime/launch.h"
#include "core/runtime/seccomp.h"

/* Be uid 0 and gid 0 of the user namespace where it has them, so that what is made belongs to its root.
 * Supplementary groups stay. */
int rights_become_root(const struct idmap *m, struct err *e);

/* Resource limits. */
int rights_rlimits(const struct rspec *spec, struct err *e);
/* The score of the out-of-memory killer: while /proc/self is the host's and still ours to write. */
int rights_oom_score(const struct rspec *spec, struct err *e);

/* The AppArmor profile or SELinux label of the program; `fd` is attr/exec of this process in the host's /proc, or -1. */
int rights_label(const struct rspec *spec, int fd, struct err *e);

/* Become the program's user: bounding set, groups, ids, umask. Capabilities stay for what is left to do. */
int rights_drop(const struct launch_params *p, const struct idmap *m, struct err *e);

/* Have the program's capabilities and no others; without no_new_privileges the filter of system calls is loaded on
 * the way, since that takes a right that is given up here. */
int rights_finish(const struct rspec *spec, const struct seccomp_program *filter, struct err *e);

/* The last thing before exec: no_new_privileges, and with it the filter. */
int rights_seal(const struct rspec *spec, const struct seccomp_program *filter, struct err *e);

#endif
