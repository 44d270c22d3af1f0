/* bundle_state.h - the containers of the OCI runtime command line: one directory each, which is all that is remembered.
 *
 * ROOT/ID/ holds `lock` (held exclusively by a command that changes the container), `config.json` (what it was made
 * from), `state.json` (below) and, until it is started, the socket `start` (gate.h). A directory without state.json is
 * one that is being made, or whose maker was killed: deleting it by force removes it.
 *
 * Nobody watches a container: what it is doing is asked of the kernel. Its process is known by pid and start time, so
 * that a pid that was used again is never taken for it.
 */
#ifndef CORACLE_RUNTIME_BUNDLE_STATE_H
#define CORACLE_RUNTIME_BUNDLE_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/oci/runtime_spec.h"

enum bundle_status { BUNDLE_CREATING, BUNDLE_CREATED, BUNDLE_RUNNING, BUNDLE_PAUSED, BUNDLE_STOPPED };

struct bundle_state {
	char *id, *bundle, *rootfs, *created, *owner;   /* g_malloc'd; created is RFC 3339 */
	pid_t pid;                                      /* 0: none yet */
	uint64_t start_time;                            /* of the process, as /proc/PID/stat has it */
	uint64_t below_root;                            /* shared_root.h; 0: it has its own mounts */
	char **cgroups;                                 /* directories that were made for it, or NULL */
	char **found_cgroups;                           /* those of them that were there before: they stay */
	char *freezer;                                  /* the directory among them that can freeze, or NULL */
};

struct bundle_container {
	int dir, lock;                  /* -1: not open, not held */
	int root;                       /* borrowed */
	struct bundle_state state;
	struct rspec *spec;
};

#define BUNDLE_CONTAINER_INIT { -1, -1, -1, { NULL, NULL, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, NULL }, NULL }

/* The directory of all containers, made when missing (0700). fd or -errno. */
int bundle_root_open(const char *path, struct err *e);

/* May this be a container's id? Letters, digits and _+-. with no dot alone. 0 or -EINVAL. */
int bundle_check_id(const char *id, struct err *e);

/* Claim `id`: -EEXIST when there is one. The lock is held; config.json is `text`. */
int bundle_make(int root, const char *id, const char *text, size_t len, struct bundle_container *ret, struct err *e);

/* Open an existing one, waiting for the lock when `exclusive`; -ENOENT "does not exist". spec is read. A half-made
 * one has state.pid 0 and perhaps no spec. */
int bundle_open(int root, const char *id, bool exclusive, struct bundle_container *ret, struct err *e);

void bundle_close(struct bundle_container *c);
#define autobundle __attribute__((cleanup(bundle_close))) struct bundle_container

/* Write state.json. */
int bundle_save(struct bundle_container *c, struct err *e);

/* Note the process, and save. */
int bundle_set_process(struct bundle_container *c, pid_t pid, struct err *e);

/* What it is doing now. */
enum bundle_status bundle_status(const struct bundle_container *c);
const char *bundle_status_name(enum bundle_status s);

/* A pidfd of its process, or -ESRCH. */
int bundle_pidfd(const struct bundle_container *c);

/* All its processes: of its cgroup, else of its pid namespace, else the one. How many; *ret g_free. */
int bundle_pids(const struct bundle_container *c, pid_t **ret);

/* Send a signal: to its process, or to all. 0, -ESRCH when it has ended. */
int bundle_kill(const struct bundle_container *c, int sig, bool all, struct err *e);

/* Kill all and wait until its process is gone. */
int bundle_end(const struct bundle_container *c, struct err *e);

/* Remove the directory; the container must have ended. */
int bundle_remove(struct bundle_container *c, struct err *e);

/* The ids of all, sorted; g_strfreev. NULL with `e` filled on error. */
char **bundle_list(int root, struct err *e);

#endif
