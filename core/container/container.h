/* container.h - a container as files: containers/<id>/ in the store, names/<name>, run/containers/<id>/.
 *
 *   record.json    what `create` decided; written once, replaced whole by rename or update
 *   config.json    the OCI runtime spec
 *   lock           held exclusively by the keeper as long as it lives: "running" is a lock test
 *   state.json     what the keeper said last: pid, started, finished, exit code (replaced whole)
 *   upper/ work/   the rootfs driver's
 *   health.json    the last results of the health check, as `inspect` shows them
 *   log            --log-driver k8s-file, json-file
 *
 * A container directory without record.json is half-made: garbage once its lock is free. The state is
 * derived: no state.json -> created; lock held -> running (or what state.json says while it is held:
 * stopping, paused; restarting: the keeper waits for the next start); lock free -> exited with state.json's code, or 137 when the keeper was killed
 * before it could say, or the machine was cut off (boot_id differs).
 */
#ifndef CORACLE_CONTAINER_CONTAINER_H
#define CORACLE_CONTAINER_CONTAINER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/base/event.h"

/* Where containers live; cmd/ fills it from the store. `root_fd`: where the event log is (event.h); 0: there is none. */
struct container_place { int containers_fd, names_fd, run_fd; const char *containers_path, *run_path; int root_fd; };

enum container_status { CONTAINER_CREATED, CONTAINER_RUNNING, CONTAINER_PAUSED, CONTAINER_STOPPING,
	CONTAINER_EXITED, CONTAINER_RESTARTING, CONTAINER_STATUS_COUNT };
enum container_health { HEALTH_NONE, HEALTH_STARTING, HEALTH_HEALTHY, HEALTH_UNHEALTHY, HEALTH_COUNT };
const char *container_health_name(enum container_health h);     /* "" for none */
const char *container_status_name(enum container_status s);     /* "created" "running" ... */

struct port_mapping { char *host_ip; uint16_t host_port, container_port; char *protocol; };
struct container_mount {        /* for inspect and for volume reference counts */
	char *type, *name, *source, *destination, *options;
	bool rw;
};

/* What `create` decided. Everything that a later start needs which is not in the OCI config. */
struct container_record {
	struct arena arena;
	char *id, *name;
	int64_t created_ns;
	char *image_id, *image_name, *image_digest;     /* NULL for --rootfs */
	char *rootfs;                   /* --rootfs DIR[:O], NULL for images */
	char **command;                 /* entrypoint + arguments as asked */
	int entrypoint_words;           /* how many of them are the entrypoint */
	char **create_command;          /* the whole argv */
	char **labels;                  /* "key=value" */
	char *user;                     /* -u as given, or the image's; resolved in the root at start */
	char *network;                  /* --network as given after defaults */
	char **network_options;         /* everything else net/ needs, as text: see net/plan.h */
	struct port_mapping *ports; size_t n_ports;
	struct container_mount *mounts; size_t n_mounts;
	char *userns;                   /* as given */
	char **uid_maps, **gid_maps, **group_add;
	char *log_driver, *log_path;
	int64_t log_max_size;           /* bytes; 0: no bound */
	int log_files;                  /* at most so many; 0: the default */
	int stop_signal; int64_t stop_timeout_s, timeout_s;
	bool auto_remove, tty, interactive, init, keep_groups, privileged, read_only, oci_cgroup, systemd;
	char *restart;                  /* policy: "no", "on-failure", "always", "unless-stopped"; NULL: no */
	int restart_max;                /* on-failure: at most so often; 0: no bound */
	/* Health check: {"CMD", words...} or {"CMD-SHELL", line}; NULL: none. Times in ns; interval 0: only by hand. */
	char **health_test;
	int64_t health_interval, health_timeout, health_start_period, health_start_interval;
	int health_retries;
	char *health_on_failure;        /* "none", "kill", "restart", "stop" */
	/* The check before it, until that has passed so often: as above, NULL: none. After so many failures the container is
	 * started again; 0: never. */
	char **startup_test;
	int64_t startup_interval, startup_timeout;
	int startup_success, startup_retries;
	char *pid_file, *conmon_pid_file, *cid_file;    /* absolute paths: of the program, of the keeper; its ID */
	char *sdnotify;                 /* "container" (NULL), "conmon", "ignore" */
	char *hostname;
	char *limits_note;              /* cgroup decision, as text for cmd/ */
	char *extra_json;               /* anything cmd/ wants back at start or in inspect, one JSON object */
};

struct container_state {
	enum container_status status;
	pid_t pid, keeper_pid;          /* 0 when not running */
	int64_t started_ns, finished_ns;
	int exit_code;
	bool oom_killed, timed_out;
	enum container_health health;
	int restarts;                   /* by its restart policy, since it was last started by hand */
	int quick_restarts;             /* of those, the latest whose program did not live long: for the back-off */
	char error[256];                /* why it did not start, "" */
};

/* Claim the name (exclusive creation) and make the directory with its lock held: *ret_lock. Name NULL: a
 * random "adjective_noun". -EEXIST with a message that names the holder. *ret_fd: containers/<id>. */
int container_reserve(const struct container_place *p, struct container_record *r, int *ret_fd, int *ret_lock,
		      struct err *e);
/* Write record.json and config.json: from here on it exists. `durable` false for --rm. */
int container_commit(int container_fd, const struct container_record *r, const char *config_json, bool durable,
		     struct err *e);

/* By ID, unique prefix of it, or name. 1, 0 (none), -errno (ambiguous). *ret_id: g_free. */
int container_find(const struct container_place *p, const char *name_or_id, char **ret_id, struct err *e);
int container_load(const struct container_place *p, const char *id, struct container_record **ret, struct err *e);
int container_read_state(const struct container_place *p, const char *id, struct container_state *ret,
			 struct err *e);
void container_record_free(struct container_record *r);
static inline void container_record_cleanup(struct container_record **r) { if (*r) container_record_free(*r); }
#define autorecord __attribute__((cleanup(container_record_cleanup))) struct container_record
/* A record to fill in: zeroed, strings go into its arena. */
struct container_record *container_record_new(void);

/* Say in the event log what happened to it ("pause"); names as in event.h. */
void container_event(const struct container_place *p, const struct container_record *r, const char *status);
/* The same as one of several events, to be completed and written with event_write. Points into `r`. */
struct event container_event_of(const struct container_record *r, const char *status);

/* IDs of all containers, newest first, NULL-terminated (g_strfreev). Takes no lock. */
int container_list_ids(const struct container_place *p, char ***ret, struct err *e);
/* The same faster, in no order, and half-made ones are among them: for who loads each, and so learns that. */
int container_list_directories(const struct container_place *p, char ***ret, struct err *e);

/* Open containers/<id>. fd or -errno. */
int container_open(const struct container_place *p, const char *id, struct err *e);
/* Take the run lock of an existing container without waiting. fd, -EBUSY when it is running (or being started
 * or removed), -ENOENT when it is gone meanwhile, or -errno. */
int container_lock(const struct container_place *p, const char *id, struct err *e);
/* What the keeper says, replaced whole. Not made durable: what a power cut loses is seen by boot_id. */
int container_write_state(int container_fd, const struct container_state *st, struct err *e);

/* How a tree whose files may belong to subordinate ids is removed (store_remove); ctx is the hooks'. */
typedef int container_tree_remover(void *ctx, int dirfd, const char *name, struct err *e);
/* Remove a container whose lock the caller holds (or whose keeper is gone): name, run directory, then
 * containers/<id>. `remove` NULL: path_remove_tree. 0, also when it is gone already, or -errno. */
int container_remove(const struct container_place *p, const char *id, const char *name,
		     container_tree_remover *remove, void *ctx, struct err *e);
/* Is containers/<id> garbage: half-made by somebody who is gone, or --rm'ed and its keeper was killed?
 * 1, 0 or -errno. Whoever removes it takes its lock (container_lock) and asks again with container_is_left, which does
 * not look at the lock. */
int container_is_garbage(const struct container_place *p, const char *id);
int container_is_left(const struct container_place *p, const char *id);

#endif
