/* oci.h - what the commands of the OCI runtime share: global options, the state directory, errors as engines read them. */
#ifndef CORACLE_CMD_OCI_H
#define CORACLE_CMD_OCI_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/runtime/bundle_state.h"
#include "core/runtime/cgroup_oci.h"

#define OCI_FAILED 1            /* exit status of an error, as runc's and crun's */

struct oci_globals {
	char *root, *log, *log_format, *log_level, *cgroup_manager, *rootless;
	bool systemd_cgroup, debug, version;
};

const struct oci_globals *oci_globals(void);

/* The state directory, opened once. fd or -errno. */
int oci_root(struct err *e);
const char *oci_root_path(void);

enum cgroup_oci_manager oci_cgroup_manager(void);

/* No real root here: an ordinary user, or root of a user namespace that an engine has made. */
bool oci_is_rootless(void);

/* Say an error on standard error and in the log (as JSON where asked for). The status to exit with. */
int oci_fail(const struct err *e);

/* HOME, where the spec does not set it, as the passwd file in `rootfd` has it for the process's user; else "/". A hook
 * of launch() and enter(). */
int oci_set_home(void *ctx, int rootfd, struct rspec *spec, struct err *e);

/* Open a container for a command; exclusive ones wait for the lock. */
int oci_open(const char *id, bool exclusive, struct bundle_container *ret, struct err *e);

/* Has it a cgroup, which limits and numbers need? 0 or -ENOENT. */
int oci_need_cgroup(const struct bundle_container *c, struct err *e);

/* Write a pid to a file, as --pid-file wants it. */
int oci_write_pid(const char *file, pid_t pid, struct err *e);

/* Has the caller opened the descriptors 3 to 2+n, which --preserve-fds passes on? To be asked before any is opened here. 0
 * or -EBADF. */
int oci_check_fds(int64_t n, struct err *e);

/* Send a descriptor to the socket that an option names, with its name as the message, as runc does: the terminal's master
 * ("/dev/ptmx") to --console-socket, the process ("pidfd") to --pidfd-socket. */
int oci_send_fd(const char *option, const char *path, const char *name, int fd, struct err *e);

#endif
