/* run.h - start a container and, in the foreground, be its client until it ends.
 *
 * container_run() forks the keeper (keeper.h), which calls launch(), and then either returns (detach) or
 * forwards signals and relays the terminal until the program is over. The caller has planned everything:
 * record, spec, hooks, id map. Used by `run` (the record is committed when all is made) and by `start`.
 */
#ifndef CORACLE_CONTAINER_RUN_H
#define CORACLE_CONTAINER_RUN_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/container/container.h"
#include "core/runtime/launch.h"

#define KEEPER_HELPERS_MAX 16

/* What the keeper asks of the rooms above it. NULL members mean nothing to do. All run in the keeper. */
struct keeper_hooks {
	void *ctx;

	/* Before launch(): what the keeper itself must make (the cgroup, host ports), and what that changes of
	 * `p` (p->cgroup). 0 or -errno with `e` filled: the start fails. */
	int (*prepare)(void *ctx, struct launch_params *p, struct err *e);

	/* After a successful launch: pidfds of the processes that serve the container (net, ports, overlay).
	 * The keeper owns them from here on; when one ends before the container does, the container is
	 * killed with a message. Returns how many (at most `max`). */
	size_t (*helpers)(void *ctx, int *pidfds, size_t max);

	/* The container's processes are gone; its state is written, but it is not yet removed (--rm).
	 * For what was made outside it: cgroup directory, poststop hooks, volumes. Must not fail. */
	void (*stopped)(void *ctx, const struct container_state *state);

	/* For the restart policy, in a child of the keeper: become a process that starts the container once more, with
	 * the lock and the control socket in these descriptors. Returns on failure only. */
	void (*again)(void *ctx, int lock_fd, int listener);

	/* For health checks, in a child of the keeper: become `exec` of these words. Returns on failure only. */
	void (*inside)(void *ctx, char *const *words);

	/* Remove `name` in `dirfd` even where subordinate ids own files: store_remove(). NULL: only what the
	 * user may remove is removed. */
	container_tree_remover *remove_tree;

	/* After --rm removed the container (or a failed start of `run` did): anonymous volumes. */
	void (*removed)(void *ctx, const struct container_record *record);
};

/* How the program of a container in the foreground ended. */
struct container_end {
	int code;               /* as a shell gives it */
	int signal;             /* that killed it, or 0 */
	bool oom, timed_out;    /* out of memory; by its own --timeout */
};

/* Told in the client what happens, for --status-fd. NULL members are not called. */
struct container_watcher {
	void *ctx;
	void (*started)(void *ctx, int pid);
	void (*ended)(void *ctx, const struct container_end *end);
};

struct container_start {
	const struct container_place *place;
	struct container_record *record;        /* id, name, tty, interactive, log_*, auto_remove, pid_file,
						   stop_signal, stop_timeout_s, timeout_s are read here */
	/* `run`: the text of config.json. record.json and it are written when all is made and the program is
	 * about to be executed (after launch.hooks.created); a start that fails before or at exec leaves nothing.
	 * NULL (`start`): they are there; a failed start leaves the state "created" or "exited" with its error. */
	const char *config_json;

	/* All but `stdio` is the caller's; hooks.created is called before the record is written. */
	struct launch_params launch;
	struct keeper_hooks hooks;

	int container_fd;               /* containers/<id> */
	int lock_fd;                    /* its lock, held exclusively; the keeper goes on holding it */
	int listener;                   /* the control socket of the keeper before (restart policy), or 0 */
	int restarts, quick_restarts;   /* for the state */

	bool detach;                    /* return as soon as the program has started */
	bool attach_stdin, attach_stdout, attach_stderr;        /* -a; run's default: all three */
	bool sig_proxy;                 /* signals that this process gets go to the program */
	const char *detach_keys;        /* "ctrl-p,ctrl-q"; NULL: that; "": none */
	bool quiet;                     /* no warnings on stderr */
	const char *notify_to;          /* systemd's NOTIFY_SOCKET, or NULL; what is said to it is record->sdnotify's */
	const struct container_watcher *watcher;        /* or NULL */
};

/* The program's exit status (0 when detached, by -d or by the detach keys), or -errno with `e` filled (its
 * exit_status says 125, 126 or 127); then nothing of a `run` is left. In the caller lock_fd is closed: the
 * keeper alone holds it. stdin is given to the program only where record->interactive and attach_stdin. */
int container_run(struct container_start *s, struct err *e);

/* Is `keys` a valid --detach-keys value? 0 or -EINVAL with `e` filled. */
int container_check_detach_keys(const char *keys, struct err *e);

#endif
