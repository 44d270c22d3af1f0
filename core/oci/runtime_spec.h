/* runtime_spec.h - config.json of the OCI runtime specification as C structs.
 *
 * Names are the specification's. All memory lives in `arena`; optional numbers that may be absent have
 * a `has_` flag or are -1 where said. Reading accepts every valid document, ignores unknown keys (as the
 * specification says) and names the path of what is wrong ("process.user.uid: not a number").
 */
#ifndef CORACLE_OCI_RUNTIME_SPEC_H
#define CORACLE_OCI_RUNTIME_SPEC_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/arena.h"
#include "core/base/err.h"

enum rspec_ns {
	RSPEC_NS_USER, RSPEC_NS_MOUNT, RSPEC_NS_PID, RSPEC_NS_NETWORK, RSPEC_NS_IPC, RSPEC_NS_UTS,
	RSPEC_NS_CGROUP, RSPEC_NS_TIME, RSPEC_NS_COUNT
};

/* A namespace is new (listed without a path), joined (with a path), or the caller's (not listed). */
struct rspec_namespace {
	bool listed;
	char *path;             /* NULL: make a new one */
};

struct rspec_id_mapping { uint32_t container_id, host_id, size; };

struct rspec_rlimit { char *type; uint64_t hard, soft; };           /* type "RLIMIT_NOFILE" */

enum rspec_cap_set { CAP_SET_BOUNDING, CAP_SET_EFFECTIVE, CAP_SET_INHERITABLE, CAP_SET_PERMITTED,
	CAP_SET_AMBIENT, CAP_SET_COUNT };

struct rspec_user {
	uint32_t uid, gid;
	bool has_umask;
	mode_t umask;
	uint32_t *additional_gids;
	size_t n_additional_gids;
};

struct rspec_scheduler {
	char *policy;           /* "SCHED_BATCH"; NULL: none was given */
	int nice, priority;
	char **flags;           /* "SCHED_FLAG_RESET_ON_FORK" */
	uint64_t runtime, deadline, period;     /* nanoseconds, of SCHED_DEADLINE */
};

struct rspec_process {
	bool terminal;
	unsigned short console_rows, console_cols;      /* 0: not set */
	struct rspec_user user;
	char *cwd;
	char **env, **args;                             /* NULL-terminated */
	struct rspec_rlimit *rlimits;
	size_t n_rlimits;
	bool has_capabilities;
	uint64_t capabilities[CAP_SET_COUNT];           /* bit n: capability number n of capabilities(7) */
	char *unknown_capability;                       /* that was asked for, and has no number; NULL */
	bool no_new_privileges;
	bool has_oom_score_adj;
	int oom_score_adj;
	char *apparmor_profile, *selinux_label;
	struct rspec_scheduler scheduler;
	char *io_class;                                 /* "IOPRIO_CLASS_BE", or NULL */
	int io_priority;
	char *cpus_initial, *cpus_final;                /* execCPUAffinity: "0-3,7", or NULL */
};

struct rspec_mount {
	char *destination, *type, *source;              /* type NULL: from the options (bind) */
	char **options;
	struct rspec_id_mapping *uid_mappings, *gid_mappings;   /* idmapped mount; none: 0 of them */
	size_t n_uid_mappings, n_gid_mappings;
};

struct rspec_device {
	char *path;
	char type;                                      /* 'c', 'b', 'p' */
	int64_t major, minor;
	bool has_mode;
	mode_t mode;
	uint32_t uid, gid;
};

struct rspec_kv { char *key, *value; };

struct rspec_hook { char *path; char **args, **env; int timeout; /* seconds, 0: none */ };
enum rspec_hook_kind { HOOK_PRESTART, HOOK_CREATE_RUNTIME, HOOK_CREATE_CONTAINER, HOOK_START_CONTAINER,
	HOOK_POSTSTART, HOOK_POSTSTOP, HOOK_KIND_COUNT };

#define RSPEC_ACCESS_MKNOD 1
#define RSPEC_ACCESS_READ 2
#define RSPEC_ACCESS_WRITE 4

/* Rule of the device cgroup; the last that matches counts. */
struct rspec_device_rule {
	bool allow;
	char type;                      /* 'a', 'b', 'c' */
	int64_t major, minor;           /* -1: any */
	unsigned access;                /* RSPEC_ACCESS_* */
};

/* `kind` is the specification's key ("throttleReadBpsDevice", "weight"); `device` "8:0", NULL where there is none. */
struct rspec_io_limit { char *kind, *device; uint64_t value; };
struct rspec_hugepage { char *page_size; uint64_t limit; };

/* Cgroup limits; each value counts only with its flag. -1 means unlimited where cgroups know that. */
struct rspec_resources {
	bool has_memory_limit, has_memory_swap, has_memory_reservation, has_pids_limit;
	bool has_cpu_shares, has_cpu_quota, has_cpu_period;
	int64_t memory_limit, memory_swap, memory_reservation, pids_limit;      /* bytes; count */
	uint64_t cpu_shares, cpu_period;
	int64_t cpu_quota;                                                      /* microseconds */
	char *cpuset_cpus, *cpuset_mems;
	bool has_memory_kernel, has_memory_kernel_tcp, has_memory_swappiness, disable_oom_killer, check_before_update;
	int64_t memory_kernel, memory_kernel_tcp, memory_swappiness;
	bool has_cpu_burst, has_cpu_rt_runtime, has_cpu_rt_period, has_cpu_idle;
	uint64_t cpu_burst, cpu_rt_period;
	int64_t cpu_rt_runtime, cpu_idle;
	struct rspec_device_rule *devices;
	struct rspec_io_limit *io;
	struct rspec_hugepage *hugepages;
	struct rspec_kv *priorities, *rdma;             /* interface -> number; device -> "hca_handle=1 ..." */
	size_t n_devices, n_io, n_hugepages, n_priorities, n_rdma;
	bool has_class_id;
	uint32_t class_id;
	struct rspec_kv *unified;
	size_t n_unified;
};

struct rspec_memory_policy {
	char *mode;             /* "MPOL_INTERLEAVE"; NULL: none was given */
	char *nodes, **flags;   /* "0-3,7"; "MPOL_F_STATIC_NODES" */
};

enum rspec_clock { RSPEC_CLOCK_MONOTONIC, RSPEC_CLOCK_BOOTTIME, RSPEC_CLOCK_COUNT };
struct rspec_time_offset { bool given; int64_t secs; uint32_t nanosecs; };

/* Where the system call filter comes from. */
enum rspec_seccomp_kind { SECCOMP_NONE, SECCOMP_DEFAULT, SECCOMP_DOCUMENT };

struct rspec {
	struct arena arena;
	char *oci_version;
	struct rspec_process process;
	char *root_path;
	bool root_readonly;
	char *hostname, *domainname;
	struct rspec_mount *mounts;
	size_t n_mounts;
	struct rspec_hook *hooks[HOOK_KIND_COUNT];
	size_t n_hooks[HOOK_KIND_COUNT];
	struct rspec_kv *annotations;
	size_t n_annotations;
	/* linux */
	struct rspec_namespace namespaces[RSPEC_NS_COUNT];
	struct rspec_id_mapping *uid_mappings, *gid_mappings;
	size_t n_uid_mappings, n_gid_mappings;
	struct rspec_device *devices;
	size_t n_devices;
	char *cgroups_path;
	struct rspec_resources resources;
	struct rspec_kv *sysctl;
	size_t n_sysctl;
	char **masked_paths, **readonly_paths;
	char *rootfs_propagation, *mount_label;
	struct rspec_memory_policy memory_policy;
	struct rspec_time_offset time_offsets[RSPEC_CLOCK_COUNT];
	char *personality;              /* "LINUX32", or NULL */
	char *refused;                  /* "linux.intelRdt": asked for, and not to be had from this runtime; NULL */
	char *seccomp_listener, *seccomp_listener_metadata;
	/* SECCOMP_DEFAULT: the profile built into coracle, already compiled; config.json has an annotation
	 * for it (its full text: seccomp_default_document). SECCOMP_DOCUMENT: `seccomp_json`, in the arena,
	 * is a linux.seccomp object of the specification as text. */
	enum rspec_seccomp_kind seccomp;
	char *seccomp_json;
};

struct rspec *rspec_new(void);
void rspec_free(struct rspec *spec);
static inline void rspec_cleanup(struct rspec **s) { if (*s) rspec_free(*s); }
#define autorspec __attribute__((cleanup(rspec_cleanup))) struct rspec

/* Builders: strings are copied. */
struct rspec_mount *rspec_add_mount(struct rspec *s, const char *destination, const char *type,
				    const char *source, const char *const *options);
void rspec_add_env(struct rspec *s, const char *key_value);     /* replaces the same key */
const char *rspec_get_env(const struct rspec *s, const char *key);
void rspec_add_kv(struct rspec *s, struct rspec_kv **kv, size_t *n, const char *key, const char *value);

/* Document to struct. 0 or -errno; `e` names the path of the mistake. */
int rspec_from_json(json_t *doc, struct rspec **ret, struct err *e);

/* The same from text, also with numbers that only 64 unsigned bits hold ("hard": 18446744073709551615). */
int rspec_parse(const char *text, size_t len, struct rspec **ret, struct err *e);

/* Only a `process` object (exec --process) or a `linux.resources` one (update): a spec with that part alone. */
int rspec_parse_process(const char *text, size_t len, struct rspec **ret, struct err *e);
int rspec_parse_resources(const char *text, size_t len, struct rspec **ret, struct err *e);

/* Struct to document; never fails. json_decref it. SECCOMP_DEFAULT is an annotation in it. */
json_t *rspec_to_json(const struct rspec *s);

/* The text of config.json: numbers above 63 bits, strings in the document, are numbers in it. g_free it. */
char *rspec_to_text(const struct rspec *s);

#endif
