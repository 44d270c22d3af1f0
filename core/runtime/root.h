/* root.h - the container's root directory: attached, covered where it must be, and made "/". pivot_root(2). */
#ifndef CORACLE_RUNTIME_ROOT_H
#define CORACLE_RUNTIME_ROOT_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/oci/runtime_spec.h"

/* A detached copy of the directory spec->root_path: for containers without a hook that mounts. fd or -errno. */
int root_open_path(const struct rspec *spec, struct err *e);

/* Attach the detached mount `rootfd` where it can be built on and pivoted to, without hiding anything that
 * names of the host are looked up by. `on`: the directory that it lies on in a mount namespace that others use
 * (shared_root.h), NULL in one of our own. */
int root_attach(int rootfd, const char *on, struct err *e);

#define ROOT_MOUNTS_MAX 64

/* Mounts that the root consists of besides its own: the top-level directories of the image `host`, for one. */
struct root_mounts { int fds[ROOT_MOUNTS_MAX]; size_t n; };

/* Find those of a root that will be read-only, before anything else is mounted in it. 0 or -errno. */
int root_find_mounts(const struct rspec *spec, int rootfd, struct root_mounts *ret, struct err *e);

/* Cover spec's masked paths and make its read-only paths so; missing ones are skipped. */
int root_mask(const struct rspec *spec, int rootfd, struct err *e);

/* Make `rootfd` the root of this mount namespace and let go of the old one, for good. `with`, the mounts that
 * belong to it, become read-only with it. `no_pivot`: only chroot(2), where there is no mount to pivot from. */
int root_enter(const struct rspec *spec, int rootfd, const struct root_mounts *with, bool no_pivot, struct err *e);

#endif
