/* run_options.h - the options of `run` and `create`: one table for both, and what it is written into. */
#ifndef CORACLE_CMD_RUN_OPTIONS_H
#define CORACLE_CMD_RUN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/command.h"
#include "cmd/opt.h"

struct run_options {
	char *name;                     /* first: never has a set_offset */

	/* process */
	bool interactive, tty, init, env_host, unsetenv_all, http_proxy, rootfs, passwd;
	char *entrypoint, *workdir, *user, *umask, *tz, *init_path, *hostname, *stop_signal;
	bool entrypoint_set;            /* --entrypoint "" forgets the image's */
	char **env, **env_file, **env_merge, **unsetenv, **ulimit, **group_add, **hostuser;
	char *passwd_entry, *systemd, *personality;
	char *restart;
	char *health_cmd, *health_interval, *health_timeout, *health_start_period, *health_start_interval, *health_on_failure;
	char *health_startup_cmd, *health_startup_interval, *health_startup_timeout;
	int64_t health_retries, health_startup_retries, health_startup_success;
	bool health_retries_set, no_healthcheck;
	int64_t stop_timeout, timeout, oom_score_adj, preserve_fds, status_fd;
	bool oom_score_adj_set, hostname_set;

	/* files */
	char **volume, **mount, **tmpfs, **volumes_from, **device, **secret;
	bool read_only, read_only_tmpfs;
	char *image_volume;
	int64_t shm_size;

	/* isolation */
	bool privileged;
	char **cap_add, **cap_drop, **security_opt, **sysctl;
	char *pid, *ipc, *uts, *cgroupns, *userns, *subuidname, *subgidname;
	char **uidmap, **gidmap;

	/* network */
	char *network;
	bool no_hosts, publish_all;
	char **dns, **dns_search, **dns_option, **add_host, **publish, **expose;

	/* limits */
	char *cgroups, *cpus, *cpuset_cpus, *cpuset_mems, *memory_swap;
	int64_t memory, memory_reservation, cpu_shares, cpu_quota, cpu_period, pids_limit;
	bool pids_limit_set, memory_set, memory_reservation_set, cpu_shares_set, cpu_quota_set, cpu_period_set;
	int64_t blkio_weight;
	char **read_bps, **write_bps, **read_iops, **write_iops, **cgroup_conf;

	/* image */
	char *pull, *platform, *arch, *os, *variant, *authfile, *creds, *cert_dir, *retry, *retry_delay;
	bool quiet, tls_verify, tls_verify_set;

	/* the container as a thing */
	bool detach, rm, rmi, replace, sig_proxy;
	char *cidfile, *pidfile, *conmon_pidfile, *log_driver, *detach_keys, *sdnotify;
	bool detach_keys_set;
	char **label, **label_file, **annotation, **log_opt, **attach;
};

/* What `run` has and `create` has not; and what both have. */
extern const struct opt run_only_options[], run_common_options[];
/* Of those: the limits that `update` can change. */
extern const struct opt run_limit_options[];

/* podman's defaults. For struct command.defaults. */
void run_options_defaults(struct context *c, void *values);

/* What contradicts what, checked before anything is looked up. 0 or -EINVAL. */
int run_options_check(const struct run_options *o, struct err *e);

#endif
