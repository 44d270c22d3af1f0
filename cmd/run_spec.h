/* run_spec.h - from an image's configuration and a command line to an OCI spec and a container's record.
 *
 * run_plan_make() calls the parts below in order; each fills in what its file is named for. Nothing is made on
 * disk before all texts are known to be good.
 */
#ifndef CORACLE_CMD_RUN_SPEC_H
#define CORACLE_CMD_RUN_SPEC_H

#include "cmd/launch.h"
#include "cmd/run_mount_parse.h"
#include "cmd/run_options.h"
#include "core/runtime/idmap.h"

struct run_plan {
	struct context *c;
	const struct run_options *o;
	char *const *args;              /* after the image's name */
	struct image *img;              /* NULL for --rootfs */
	const char *rootfs;             /* --rootfs's directory, absolute, with ":O" */
	struct rspec *spec;
	struct container_record *rec;
	struct launch_extras x;
	struct idmap map;
	bool new_net;                   /* the network namespace is the container's own */
	struct run_mount *mounts; size_t n_mounts;      /* in rec's arena */
};

/* Everything but the parts that make something (volumes). 0 or -errno. */
int run_plan_make(struct run_plan *p, struct err *e);
/* Make the volumes that are named for the first time, and the mounts. Undone by launch_remove_volumes(p->x.anonymous)
 * as far as they are anonymous. */
int run_plan_volumes(struct run_plan *p, struct err *e);

int run_names_plan(struct run_plan *p, struct err *e);          /* namespaces and ids */
int run_auto_ids(struct run_plan *p, struct err *e);            /* --userns auto: which ids */
int run_env_plan(struct run_plan *p, struct err *e);            /* environment, command, directory */
int run_limits_plan(struct run_plan *p, struct err *e);         /* ulimits, control group, sysctls */
int run_limits_resources(const struct run_options *o, struct rspec *s, struct err *e);  /* of the control group */
/* What `from` has takes the place of what the spec has. */
void run_limits_merge(struct rspec *s, const struct rspec_resources *from);
int run_security_plan(struct run_plan *p, struct err *e);       /* capabilities, filter, masks */
int run_mounts_collect(struct run_plan *p, struct err *e);      /* -v, --mount ... -> p->mounts */
int run_devices_plan(struct run_plan *p, struct err *e);        /* --device, --privileged */
void run_default_mounts(struct run_plan *p);                    /* /proc, /dev, /sys ... */
void run_systemd_plan(struct run_plan *p);                      /* --systemd -> the record, environment, stop signal */
int run_health_plan(struct run_plan *p, struct err *e);         /* health checks -> the record */
int run_plan_secrets(struct run_plan *p, struct err *e);        /* --secret */
int run_network_plan(struct run_plan *p, struct err *e);        /* --network ... -> the record */

/* Parsers, tested by themselves. */

/* --ulimit: "name=soft[:hard]"; -1 is unlimited. Appends to the spec, replacing the same type. */
int run_ulimit_parse(struct rspec *s, const char *text, struct err *e);
/* --device "host[:path[:perms]]"; strings in the arena. */
struct run_device { char *host, *path, *perms; };
int run_device_parse(struct arena *a, const char *text, struct run_device *ret, struct err *e);
/* What a container has without options. */
uint64_t run_caps_default(void);
/* Bits of --cap-add and --cap-drop on top of `base`. */
int run_caps_merge(uint64_t base, char *const *add, char *const *drop, uint64_t *ret, struct err *e);
/* "TERM", "SIGTERM", "15" -> number, or -1. */
int run_signal_number(const char *name);
/* Lines of an --env-file added to the spec. */
int run_env_file(struct rspec *s, const char *path, struct err *e);
/* One -e: NAME=VALUE, NAME (copied when set), PRE* (all that begin with PRE are copied). */
int run_env_option(struct rspec *s, const char *text, struct err *e);
/* --entrypoint: a JSON array or one word; NULL-terminated in the arena, NULL for "". */
char **run_entrypoint(struct arena *a, const char *text);

/* Remove a name from the environment; "PRE*" too. */
void run_env_unset(struct rspec *s, const char *name);

#endif
