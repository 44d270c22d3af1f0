/* container_set.h - which containers a command means, and what is known about each. */
#ifndef CORACLE_CMD_CONTAINER_SET_H
#define CORACLE_CMD_CONTAINER_SET_H

#include <glib.h>
#include <jansson.h>

#include "cmd/command.h"

struct container_info {
	char *given;                    /* as the user named it, or the ID */
	struct container_record *record;
	struct container_state state;
};
void container_info_free(struct container_info *i);

/* What --filter takes, for completion (see `choices` in opt.h). */
#define CONTAINER_FILTERS "~status=created|status=exited|status=paused|status=running|name=|id=|label=|ancestor=|" \
	"health=healthy|health=unhealthy|health=starting|exited=|volume=|network=|until=|since=|before="

/* The states of containers that have a keeper. */
#define CONTAINER_ALIVE (1U << CONTAINER_RUNNING | 1U << CONTAINER_PAUSED | 1U << CONTAINER_STOPPING | \
			 1U << CONTAINER_RESTARTING)

struct container_choice {
	bool all, latest, ignore;       /* ignore: missing ones are no error */
	char **cidfiles, **filters;
	unsigned states;                /* with `all` and filters: only these (bit per status); 0: any */
	int missing_status;             /* exit status for a missing one: 125, or 1 for rm */
};

/* The containers of a command line, in order. Names that nobody has are printed as errors and counted in *worst;
 * -errno only when nothing can be chosen at all. The array frees its elements. */
int container_choose(struct context *c, const struct container_choice *o, int argc, char **argv, GPtrArray **ret,
		     int *worst, struct err *e);

/* All containers, oldest first; those that vanish meanwhile are left out. `states`: only those in one of these states (a
 * bit per status; 0: any), so that the records of the others need not be read. */
int container_load_all(struct context *c, unsigned states, GPtrArray **ret, struct err *e);

/* Does it pass the --filter values (key=value; one key twice: either, but labels: all)? 1, 0 or -EINVAL. */
int container_passes(struct context *c, const struct container_info *i, char *const *filters, struct err *e);

/* Stop a running container: its signal, then SIGKILL after *seconds (NULL: its own timeout; 0: at once). A warning says
 * when it had to be killed, and what helps. 0, also when it is gone, or -errno. */
int stop_one(struct context *c, const struct container_info *i, const int64_t *seconds, struct err *e);

/* store_remove() as the container room calls it; ctx is the store. */
int remove_tree_of_store(void *ctx, int dirfd, const char *name, struct err *e);

/* The object that `inspect` shows. */
json_t *container_object(struct context *c, const struct container_info *i);
/* Add SizeRw and SizeRootFs to it, for inspect --size. */
void container_object_add_size(struct context *c, const struct container_record *r, json_t *object);

/* Parts of it (container_host_config.c): HostConfig, the ports, and capabilities as sorted names, of a set of
 * config.json ("bounding") or of bits. */
json_t *container_host_config(struct context *c, const struct container_record *r, json_t *config);
/* Set the members of the JSON object `constants` that `o` has not. */
void container_set_missing(json_t *o, const char *constants);
json_t *container_ports_object(const struct container_record *r);
json_t *container_caps(json_t *config, const char *set);
json_t *container_cap_names(uint64_t set);

/* "0.0.0.0:8080->80/tcp, ..."; g_free. */
char *container_ports_text(const struct container_record *r);

extern const struct command command_ps, command_rm, command_stop, command_kill, command_wait, command_start,
	command_logs, command_exec, command_restart, command_healthcheck_run, command_again, command_check, command_attach, command_container_exists, command_container_inspect;
extern const struct command command_pause, command_port, command_rename, command_top, command_unpause,
	command_container_prune, command_container_clone, command_stats, command_system_prune, command_system_df, command_system_reset, command_update, command_events;

#endif
