/* pretend_ids.h - the ids that processes of a container with a single id believe to have: see pretend.h.
 *
 * What setuid(2) and its relatives would have done is kept for a process until it is undone or the process is gone, so that a
 * program that looks whether it has dropped its rights (apt, for one) finds that, and so do its children.
 */
#ifndef CORACLE_RUNTIME_PRETEND_IDS_H
#define CORACLE_RUNTIME_PRETEND_IDS_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>

#define PRETEND_PROCESSES_MAX 128       /* at once; more see their real ids */

enum { ID_REAL, ID_EFFECTIVE, ID_SAVED, ID_COUNT };

/* Times in the ticks of /proc/PID/stat. */
struct pretended { uint32_t pid; uint64_t started, since; uint32_t uid[ID_COUNT], gid[ID_COUNT]; };

struct pretend_ids {
	int proc;               /* the host's /proc */
	uint32_t uid, gid;      /* the container's single ids */
	unsigned n;
	struct pretended all[PRETEND_PROCESSES_MAX];
};

/* Is this call one that is answered here? */
bool pretend_ids_call(int nr);

/* Is it one that changes nothing? */
bool pretend_ids_only_looks(int nr);

/* What `pid` believes to be, or NULL: what it is. */
const struct pretended *pretend_ids_find(struct pretend_ids *t, uint32_t pid);

/* Answer it, but for getresuid and getresgid, for process `pid`: *val is what it returns. 1, 0 for the kernel's own answer, or
 * -errno. */
int pretend_ids_answer(struct pretend_ids *t, uint32_t pid, const struct seccomp_data *d, int64_t *val);

#endif
