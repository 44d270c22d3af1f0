/* launch_inside.h - the part of a start that happens in the container's first process (launch_hooks "init"). */
#ifndef CORACLE_CMD_LAUNCH_INSIDE_H
#define CORACLE_CMD_LAUNCH_INSIDE_H

#include "cmd/launch.h"
#include "core/container/run.h"
#include "core/runtime/idmap.h"
#include "net/plan.h"
#include "storage/rootfs.h"

/* Everything that the hooks of one start know: filled by launch.c, read by launch_inside.c and launch_files.c. */
struct launch_ctx {
	struct launch_job *job;
	struct rootfs_plan *root;
	struct idmap map;
	struct net_plan net;
	struct net_procs procs;
	struct cgroup *cgroup;
	struct image **images;          /* per special: the image of SPECIAL_IMAGE, or NULL */
	struct rootfs_plan **overlays;  /* per special: the plan of SPECIAL_OVERLAY or SPECIAL_IMAGE, or NULL */
	int servers[KEEPER_HELPERS_MAX];        /* pidfds of what serves `root` and `overlays` */
	size_t n_servers;
	bool *fill;                     /* per special: a volume that was never mounted */
	int *secrets;                   /* per secret: its data, open for reading; read by init */
	bool secrets_apart;             /* init: the user has mounted something where they are shown */
	int shm_fd;                     /* /dev/shm of the container whose IPC namespace is joined, or -1 */
	struct host_user { char *name, *gecos, *home; } user;   /* the caller, for keep-id */
	int files_fd;                   /* init: the tmpfs with our files, attached at `files_path` */
	const char *files_path;         /* the store's tmp/, covered in init's mount namespace */
};

int launch_mount_root(void *ctx, struct err *e);
int launch_root_ready(void *ctx, int rootfd, struct rspec *spec, struct err *e);

/* Look `user` up in the container's files, and make it the process's user: ids, groups, capabilities, HOME. What of `x`
 * is read: job's record and extras, map. For `exec`, which adds no entries to those files. */
int launch_find_user(struct launch_ctx *x, int rootfd, struct rspec *spec, const char *user, struct err *e);

/* launch_volume.c: fill the volume whose data is at the host path `path`. */
int launch_volume_fill(int rootfd, const struct launch_special *s, const char *path, struct err *e);

/* launch_files.c */

/* Make the tmpfs that holds generated files. */
int launch_files_open(struct launch_ctx *x, struct err *e);
/* Put `text` at `destination` (a bind mount of a generated file) unless something is mounted there already. */
int launch_file_show(struct launch_ctx *x, struct rspec *spec, const char *destination, const char *text,
		     struct err *e);
/* /etc/hosts, /etc/hostname, /etc/resolv.conf, /run/.containerenv, /etc/localtime. */
int launch_files_make(struct launch_ctx *x, struct rspec *spec, struct err *e);

/* launch_secrets.c */

/* In the client: open what init is to read. 0 or -errno. */
int launch_secrets_open(struct launch_ctx *x, struct err *e);
void launch_secrets_close(const struct launch_ctx *x);
/* In init: files and variables. 0 or -errno. */
int launch_secrets_show(struct launch_ctx *x, struct rspec *spec, struct err *e);

#endif
