/* launch.h - one way to start a container, for `run` and for `start`.
 *
 * What a start needs is the record, the OCI spec and `struct launch_extras`; `create` keeps all three on disk, and
 * `run` hands them on without reading them back. From them the plans of the rooms below are made (ids, root,
 * network, control group) and launch_hooks are filled in.
 */
#ifndef CORACLE_CMD_LAUNCH_H
#define CORACLE_CMD_LAUNCH_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/command.h"
#include "core/container/run.h"
#include "core/oci/runtime_spec.h"
#include "storage/image.h"

/* Mounts that a config.json cannot say. They are prepared in init, before the spec's mounts are made. */
enum launch_special_kind {
	SPECIAL_OVERLAY,        /* :O: a host directory below a throw-away layer */
	SPECIAL_IMAGE,          /* the files of an image */
	SPECIAL_VOLUME,         /* a named volume: filled from the image at its first use */
	SPECIAL_CHOWN,          /* :U: owned by the container's user, whatever it is */
	SPECIAL_KIND_COUNT
};

struct launch_special {
	enum launch_special_kind kind;
	char *source;           /* host directory, image ID, volume's name; chown: host path */
	char *destination;
	char **options;         /* of the bind mount that shows it (overlay, image) */
	bool rw, nocopy;
};

/* --secret: which one, and where it is in the container. */
struct launch_secret {
	char *id, *name, *target;       /* a variable's name, a file's below /run/secrets, or an absolute path */
	bool env;
	uint32_t uid, gid, mode;
};

/* Kept in container_record.extra_json. All strings live in the record's arena. */
struct launch_extras {
	struct launch_special *specials; size_t n_specials;
	struct launch_secret *secrets; size_t n_secrets;
	char *join[RSPEC_NS_COUNT];     /* IDs of containers whose namespace is joined */
	uint64_t added_caps;            /* what a user other than root gets: --cap-add */
	bool workdir_given;             /* -w: must exist */
	bool passwd;                    /* give the user an entry in /etc/passwd */
	char *passwd_entry;             /* this line, with $USERNAME ... in it; NULL: ours */
	char **host_users;              /* lines of the host's passwd that /etc/passwd gets, too */
	bool keep_id;                   /* the user is the caller, if nobody else was named */
	bool env_file_full;             /* .containerenv has content */
	char *tz, *init_path;
	char *runtime;                  /* --runtime: the program, or NULL: the built-in one */
	char *subuid_name, *subgid_name;
	uint32_t auto_first, auto_size; /* --userns auto: the range that is this container's until it is removed */
	char *cgroups;                  /* --cgroups */
	char **anonymous;               /* volumes that go with the container */
};

char *launch_extras_to_json(const struct launch_extras *x);     /* g_free */
int launch_extras_from_json(struct container_record *r, struct launch_extras *ret, struct err *e);

struct start_options {
	bool detach, attach_stdin, attach_stdout, attach_stderr, sig_proxy, quiet;
	const char *detach_keys;
	unsigned preserve_fds;
	const struct container_watcher *watcher;        /* or NULL */
	bool leave;                     /* nothing follows in the foreground: command_leave() with the status */
	int lock_fd, listener;          /* start_container: of the keeper before, for the restart policy; 0: none */
};

/* Everything of one start. The launcher borrows it all until it returns. */
struct launch_job {
	struct context *c;
	struct container_record *record;
	struct rspec *spec;
	const struct launch_extras *extras;
	const struct image *img;        /* NULL for --rootfs */
	const char *config_json;        /* `run`: written when all is made; NULL: it is there */
	int container_fd, lock_fd;      /* taken over */
	struct container_state state;   /* of a restart: what is counted on; else zero */
};

/* Start it. The program's exit status (0 when detached), or -errno with `e` filled; then a `run` has left nothing. */
int launch_container(struct launch_job *job, const struct start_options *o, struct err *e);

/* Start an existing container: what `start` calls with an ID. */
int start_container(struct context *c, const char *id, const struct start_options *o, struct err *e);

/* Socket activation: the descriptors from 3 on that were handed to this command (LISTEN_FDS) go to the program, which is
 * told by its environment. How many. */
unsigned launch_listen_fds(struct rspec *spec, bool init);

/* --sdnotify: where systemd wants to hear of this start (NOTIFY_SOCKET), or NULL; where the program shall speak for itself,
 * it gets its socket. */
const char *launch_notify(struct launch_job *job);

/* config.json of a container. 0 or -errno. */
int launch_read_config(int container_fd, struct rspec **ret, struct err *e);

/* The id map of a container as its record says. 0 or -errno. */
struct idmap;
int launch_idmap(struct context *c, const struct container_record *r, const struct launch_extras *x,
		 struct idmap *ret, struct err *e);

/* "keep-id:uid=5" and the other words of --userns, but for container:NAME. 0 or -errno. */
struct userns_request;
int launch_userns_parse(const char *mode, struct userns_request *req, struct err *e);

/* The ids that --userns keep-id keeps, as the container sees them. */
void launch_keep_ids(const struct container_record *r, uint32_t *uid, uint32_t *gid);

/* Where owners that the store cannot have are written down (core/runtime/pretend.h), or -1. */
int launch_owners_dir(const struct launch_job *job);

/* The network's options as text for the record, and the plan made from them. */
struct net_plan;
int launch_net_plan(const struct container_record *r, struct net_plan *ret, struct err *e);

/* Remove anonymous volumes; errors are logged. */
void launch_remove_volumes(struct context *c, char *const *names);

#endif
