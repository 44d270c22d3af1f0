/* schedule.h - when and where a process runs: scheduler, i/o priority, processors. sched_setattr(2), ioprio_set(2). */
#ifndef CORACLE_RUNTIME_SCHEDULE_H
#define CORACLE_RUNTIME_SCHEDULE_H

#include "core/base/err.h"
#include "core/oci/runtime_spec.h"

/* Apply process.scheduler and process.ioPriority to this process. What the caller may not is an error. */
int schedule_set(const struct rspec_process *p, struct err *e);

/* Whatever processors the caller was bound to, run on all that the control group has: a container's are its own. */
void schedule_all_cpus(void);

/* Run on these processors only ("0-3,7"; NULL: no change). */
int schedule_cpus(const char *list, struct err *e);

#endif
