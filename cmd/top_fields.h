/* top_fields.h - what `top` can say about a process: podman's descriptors, each a name, a heading and a text. */
#ifndef CORACLE_CMD_TOP_FIELDS_H
#define CORACLE_CMD_TOP_FIELDS_H

#include <glib.h>

#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/container/processes.h"
#include "core/runtime/idmap.h"

/* The container that is looked at: how its ids and names are to be read. */
struct top_view {
	struct arena arena;
	pid_t init;
	GArray *processes;      /* struct process; not owned */
	unsigned depth;         /* which of the pids in a "NSpid:" line is the one inside */
	char *passwd, *group;   /* texts of the container's files, or NULL */
	struct id_range uids[IDMAP_MAX], gids[IDMAP_MAX];
	size_t n_uids, n_gids;
	int64_t boot_ns;        /* wall clock at boot */
	int64_t now_ns;
	long ticks;             /* a second */
};

/* Fill it (the caller frees the arena, and the texts with g_free). 0 or -errno. */
int top_view_init(struct top_view *v, pid_t init, GArray *processes, struct err *e);

struct top_field {
	const char *name, *code, *heading;      /* "pid", "%p" (or NULL), "PID" */
	/* A text in the arena; `status` is the process's /proc/PID/status. */
	char *(*text)(struct top_view *v, const struct process *p, const char *status);
};

/* By name or code, or NULL. */
const struct top_field *top_field_find(const char *name);
/* All names, separated by commas, for messages; g_free. */
char *top_field_names(void);

#endif
