/* path.h - walking paths that somebody else may control.
 *
 * A path inside a container's root is resolved by the kernel with
 * openat2(RESOLVE_IN_ROOT), never by us name by name, and what is then done is
 * done to the descriptor. See openat2(2).
 */
#ifndef CORACLE_BASE_PATH_H
#define CORACLE_BASE_PATH_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/err.h"

/* Open `path` as if `rootfd` were "/" (links and ".." stay inside). O_CLOEXEC is added. fd or -errno. */
int path_open_in_root(int rootfd, const char *path, int flags, mode_t mode);

/* Open `path` beneath `dirfd`; any link, magic link or ".." that would leave it is -EXDEV or -ELOOP.
 * Symbolic links are not followed at all. O_CLOEXEC is added. fd or -errno. */
int path_open_beneath(int dirfd, const char *path, int flags, mode_t mode);

/* Make directory `path` inside the root `rootfd` with its missing parents (mode each), following the
 * root's own links safely. Returns an O_PATH|O_DIRECTORY descriptor of it or -errno. */
int path_mkdirs_in_root(int rootfd, const char *path, mode_t mode);

/* Make file `path` (empty, mode) inside the root with its missing parents unless it is there (any kind
 * but a directory). Returns an O_PATH descriptor of it or -errno. */
int path_mkfile_in_root(int rootfd, const char *path, mode_t mode);

/* mkdir -p of a host path with `mode`. 0 or -errno. */
int path_mkdirs(const char *path, mode_t mode);

/* Remove `name` in `dirfd` and everything below it, never following a link and never leaving the
 * file system of `name`. Missing is fine. Directories without permissions are opened up first when
 * they are ours. 0 or -errno of the first thing that could not be removed. */
int path_remove_tree(int dirfd, const char *name);

/* Is something mounted on `name` in `dirfd`? In another mount namespace than its own the kernel would let it be replaced or
 * removed, and the mount with it. */
bool path_is_mount_point(int dirfd, const char *name);

/* "/proc/self/fd/N" into buf (at least 32 bytes); returns buf. */
char *path_of_fd(int fd, char *buf);

/* The clean absolute form of `path` seen from `cwd`: no ".", "..", "//". Text only, g_free it. */
char *path_normalize(const char *cwd, const char *path);

/* Does `path` name something (not following a last link)? */
bool path_exists_at(int dirfd, const char *path);

#endif
