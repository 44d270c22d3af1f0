/* command.h - what a command is, and what every command is given.
 *
 * One file per command or small family: its options struct, its table, its `struct command` (listed in
 * commands.c), and a run function that parses nothing by hand, asks the rooms below, and shows. Only cmd/
 * prints. Results go to stdout; everything else to stderr.
 */
#ifndef CORACLE_CMD_COMMAND_H
#define CORACLE_CMD_COMMAND_H

#include <stdbool.h>

#include "cmd/opt.h"
#include "core/base/err.h"
#include "core/base/log.h"
#include "core/container/container.h"
#include "storage/store.h"

/* Values of the global options and of coracle.conf (see conf.h), and what was opened with them. */
struct context {
	struct store_options store_options;
	const char *other_runtime;      /* path of --runtime; NULL: the built-in one */
	const char *storage_opt, *log_level, *runtime, *cgroup_manager, *config, *tmpdir;
	const struct conf *conf;                /* never NULL */
	struct store *store;                    /* opened by context_store, closed by main */
	struct container_place place;           /* valid once the store is open */
	char *containers_path;
	bool check_documents;                   /* of the store, once it is open: coracle-image gives images away */
	char **argv;                            /* the whole command line, for create_command */
	bool docker;                            /* called as docker */
};

/* Open the store once; every command that needs it starts with this. 0 or -errno. */
int context_store(struct context *c, struct err *e);

enum command_flags {
	COMMAND_STOP_AT_FIRST = 1,      /* options end at the first argument */
	COMMAND_HIDDEN = 2,             /* not in help (docker aliases) */
	COMMAND_IMAGE_PROGRAM = 4,      /* executed by coracle-image: coracle only knows its table */
	COMMAND_NO_USERNS_NOTE = 8,
	COMMAND_FIRST_EXISTS = 16,      /* only its first argument names something that is there: completion */
};

struct command {
	const char *name;               /* "pull"; with a parent: "image exists" */
	const char *alias;              /* another full name ("image pull"), or NULL; '|' separates several */
	const char *summary;            /* one line for help */
	const char *usage;              /* after the name: "[options] IMAGE [COMMAND [ARG...]]" */
	const struct opt *opts;
	size_t values_size;             /* of the options struct */
	void (*defaults)(struct context *c, void *values);      /* or NULL (all zero) */
	int (*run)(struct context *c, void *values, int argc, char **argv);     /* exit status */
	int min_args, max_args;         /* max -1: any */
	enum opt_complete complete;     /* of its arguments */
	int flags;
	const char *words;              /* what an argument can be, "bash|zsh|fish", for completion */
};

/* All commands, NULL-terminated. */
extern const struct command *const commands[];

/* Print "Error: ..." to stderr; returns the exit status. */
int fail(const struct err *e);

/* The same where bytes went to standard output: when nobody reads them any more (EPIPE), this process dies of SIGPIPE,
 * as every filter does, and says nothing. */
int fail_writing(const struct err *e);

/* End the process with this status, here and now: freeing memory that a forked process shares would copy it page by
 * page. Returns where that cannot be (unwritten output), and under sanitizers, which look for leaks at the end. */
void command_leave(int status);

/* The same for one of several arguments: prints and keeps the worst status (125 > 2 > 1). */
void fail_one(const struct err *e, int status, int *worst);

/* Path of a program of ours ("coracle-image", "coracle-init"): beside our own executable, in ../libexec/coracle of
 * its directory, else in LIBEXECDIR. */
char *own_program(const char *name);

/* The `run` of commands whose work is done by coracle-image (COMMAND_IMAGE_PROGRAM). */
int run_image_program(struct context *c, char **argv);

/* Replace this process by coracle-image with the same arguments (argv[0] is ours). Returns only on error. */
int exec_image_program(struct context *c, char **argv, struct err *e);

/* `coracle-image pull` of a missing image as a child: progress on stderr unless quiet; the image ID is read back.
 * `extra` are more arguments ("--tls-verify=false"), NULL-terminated, or NULL. */
int pull_image(struct context *c, const char *reference, bool quiet, const char *const *extra, struct err *e);

#endif
