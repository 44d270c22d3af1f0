/* opt.h - one declarative table of options per command.
 *
 * The table feeds parsing, --help, completion and the check of the man pages, so they cannot differ. Values are
 * written into the command's own struct at `offset`; defaults are what the struct holds before.
 * Accepted forms, as podman's (pflag): --name=value, --name value, --flag, --flag=false, -n value, -nvalue,
 * -abc clusters, -- ends options.
 */
#ifndef CORACLE_CMD_OPT_H
#define CORACLE_CMD_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

enum opt_type {
	OPT_FLAG,       /* bool */
	OPT_STRING,     /* char *, g_malloc'd; the last one wins (defaults must be g_strdup'ed or NULL) */
	OPT_LIST,       /* char ** NULL-terminated; every use appends */
	OPT_CSV,        /* char **; every use appends its comma-separated parts */
	OPT_INT,        /* int64_t */
	OPT_SIZE,       /* int64_t bytes, text_size() */
	OPT_DURATION,   /* int64_t ns, text_duration() */
	OPT_IGNORED,    /* podman's option that asks for what is always so: accepted, help says so; takes `arg` or not */
};

/* What completes a value or an argument. */
enum opt_complete { COMPLETE_NONE, COMPLETE_FILE, COMPLETE_IMAGE, COMPLETE_CONTAINER, COMPLETE_RUNNING,
	COMPLETE_VOLUME, COMPLETE_SECRET, COMPLETE_CHOICES,
	COMPLETE_SOURCE,        /* a volume or a file */
	COMPLETE_SIGNAL, COMPLETE_CAPABILITY,
	COMPLETE_ANY,           /* a container, an image or a volume */
};

struct opt {
	const char *name;               /* without "--"; NULL ends the table */
	char letter;                    /* 0: none */
	enum opt_type type;
	size_t offset;                  /* offsetof(struct ..., member) */
	const char *arg;                /* placeholder in help: "name", "bytes"; NULL for flags */
	const char *help;               /* one clause, starts with a capital, no full stop */
	const char *choices;            /* "always|missing|never": checked; NULL: anything. With '~' in front, what is
					   often meant, for completion only: behind "container:" follows a name */
	enum opt_complete complete;
	size_t set_offset;              /* offsetof a bool that becomes true when given; 0: none (so never the
					   first member) */
	const char *alias;              /* another long name for the same option, or NULL */
};
#define OPT_END { .name = NULL }

/* A table inside another: common groups (pull options, run options) are shared by several commands. */
#define OPT_GROUP(table) { .name = "", .help = (const char *)(table) }

/* Parse argv[1...]: options are written into `values`, the rest is moved to the front of argv and counted.
 * `stop_at_first`: the first argument that is not an option ends options (run, exec, create). `help` is set by
 * --help or -h where -h is no option of the table. 0 or -EINVAL, e says which option and what to do. */
int opt_parse(const struct opt *table, void *values, int *argc, char **argv, bool stop_at_first, bool *help,
	      struct err *e);

/* Walk a table with its groups in order: f is called for each option. */
void opt_each(const struct opt *table, void (*f)(const struct opt *o, void *data), void *data);

/* The option called `name` (its first `len` bytes) or whose alias that is, or NULL. */
const struct opt *opt_find(const struct opt *table, const char *name, size_t len);

/* The option of a letter, or NULL. */
const struct opt *opt_find_letter(const struct opt *table, char letter);

/* Is something expected behind its name? */
bool opt_takes_value(const struct opt *o);

/* Write one value, as if given on the command line but without marking the option as given: for defaults from
 * coracle.conf. 0 or -EINVAL; e names the option and what it takes. */
int opt_store(const struct opt *o, void *values, const char *value, struct err *e);

/* Append a copy to a NULL-terminated g_malloc'd vector. */
void opt_list_add(char ***list, const char *s);

#endif
