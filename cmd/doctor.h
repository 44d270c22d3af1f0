/* doctor.h - what `doctor` tries, and what a trial finds.
 *
 * Each trial runs in a process of its own, forked from the command, that is thrown away: it may change its
 * namespaces, rights and working directory, and a crash of it is a finding. It fills a struct that has no pointers and
 * is sent back as it is.
 */
#ifndef CORACLE_CMD_DOCTOR_H
#define CORACLE_CMD_DOCTOR_H

#include <stdint.h>

#include "cmd/command.h"

enum doctor_status {
	DOCTOR_OK,
	DOCTOR_LACKING,         /* containers run, something is worse or missing */
	DOCTOR_FAILED,          /* no container runs until it is mended */
	DOCTOR_STATUS_COUNT
};

enum doctor_who { DOCTOR_USER, DOCTOR_ADMINISTRATOR };

struct finding {
	enum doctor_status status;
	char found[640];        /* one clause: what was seen */
	char cost[240];         /* what the lack means for the user; "" when nothing lacks */
	char command[400];      /* the shell line that mends it; "" when none does */
	enum doctor_who who;    /* must run it */
};

/* Fill in. found: what works. */
void doctor_ok(struct finding *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What lacks and what that costs. The remedy follows by doctor_mend. */
void doctor_lacking(struct finding *f, enum doctor_status status, const char *cost, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void doctor_mend(struct finding *f, enum doctor_who who, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The remedy for a device that cannot be opened, by the code of errno. */
void doctor_mend_device(struct finding *f, int code, const char *device, const char *module);

/* The trials. A file's trials are listed in the order in which they are shown. */

/* doctor_ids.c */
void doctor_user_namespaces(struct context *c, struct finding *f);
void doctor_proc_mount(struct context *c, struct finding *f);
void doctor_subordinate_ids(struct context *c, struct finding *f);
void doctor_id_helpers(struct context *c, struct finding *f);

/* doctor_store.c */
void doctor_store(struct context *c, struct finding *f);
void doctor_file_system(struct context *c, struct finding *f);
void doctor_space(struct context *c, struct finding *f);
void doctor_overlay(struct context *c, struct finding *f);
void doctor_fuse(struct context *c, struct finding *f);

/* doctor_host.c */
void doctor_runtime_dir(struct context *c, struct finding *f);
void doctor_cgroups(struct context *c, struct finding *f);
void doctor_lingering(struct context *c, struct finding *f);
void doctor_seccomp(struct context *c, struct finding *f);
void doctor_landlock(struct context *c, struct finding *f);
void doctor_open_files(struct context *c, struct finding *f);

/* doctor_net.c */
void doctor_tun(struct context *c, struct finding *f);
void doctor_resolv_conf(struct context *c, struct finding *f);
void doctor_ping(struct context *c, struct finding *f);
void doctor_low_ports(struct context *c, struct finding *f);

#endif
