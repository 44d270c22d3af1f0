/* cgroup_oci.h - control groups as a spec asks for them: linux.cgroupsPath and linux.resources, on cgroup v2, v1 and
 * both at once (hybrid).
 *
 * With cgroupfs the path is one below each hierarchy's mount; without a path it is the container's id there. With
 * systemd it is SLICE:PREFIX:NAME, and the user's systemd makes the scope PREFIX-NAME.scope. Who may not make cgroups (an
 * ordinary user on v1, or on v2 without a delegated one; or no systemd answers) gets none: that is an error only when the spec sets limits. The rules of the device
 * cgroup are no limits in this sense: without rights to them there are no rights to devices either.
 */
#ifndef CORACLE_RUNTIME_CGROUP_OCI_H
#define CORACLE_RUNTIME_CGROUP_OCI_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/oci/runtime_spec.h"

enum cgroup_oci_manager { CGROUP_OCI_CGROUPFS, CGROUP_OCI_SYSTEMD, CGROUP_OCI_DISABLED };

struct cgroup_oci_request {
	const char *id;
	const struct rspec *spec;
	enum cgroup_oci_manager manager;
	bool rootless;                  /* what cannot be made is no error, see above */
};

/* The directories that would be made (absolute, g_strfreev; empty: none), the first being the one whose list of
 * processes counts. To be written down before they are made. 0 or -errno. */
int cgroup_oci_plan(const struct cgroup_oci_request *req, char ***ret, struct err *e);

/* Those that are there already (g_strfreev): not ours to remove. */
char **cgroup_oci_existing(char *const *dirs);

/* Make them and set the limits. Directories that could not be had are taken off the list. 0 or -errno. */
int cgroup_oci_make(const struct cgroup_oci_request *req, char **dirs, struct err *e);

/* Will systemd be asked for a scope? Then that is done once there is a process to put into it: */
bool cgroup_oci_by_systemd(const struct cgroup_oci_request *req);

/* Ask for the scope that linux.cgroupsPath names, with process `pid` in a cgroup of its own inside it, where the limits
 * are set: what is inside a scope is ours (Delegate=yes), the scope itself is systemd's. *ret as cgroup_oci_plan(). */
int cgroup_oci_scope(const struct cgroup_oci_request *req, pid_t pid, char ***ret, struct err *e);

/* Put a process into all of them. */
int cgroup_oci_enter(char *const *dirs, pid_t pid, struct err *e);

/* Change limits of those directories (`update`). 0 or -errno. */
int cgroup_oci_apply(char *const *dirs, const struct rspec_resources *r, struct err *e);

/* The directory among them that can freeze, or NULL. */
const char *cgroup_oci_freezer(char *const *dirs);
bool cgroup_oci_is_frozen(const char *dir);
int cgroup_oci_freeze(const char *dir, bool frozen, struct err *e);

/* The cgroup v2 directory among them, or NULL. */
const char *cgroup_oci_unified(char *const *dirs);

/* Kill what is left and remove a directory with what is below; missing is fine. */
int cgroup_oci_remove(const char *dir, struct err *e);

#endif
