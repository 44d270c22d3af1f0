/* hooks.h - programs that a spec wants run at points of a container's life. "Hooks" of the specification's config.md.
 *
 * Each gets the container's state as JSON on its standard input. In order; the first that fails (status, signal,
 * timeout) ends the list with an error that quotes what it wrote to standard error.
 */
#ifndef CORACLE_RUNTIME_HOOKS_H
#define CORACLE_RUNTIME_HOOKS_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/oci/runtime_spec.h"

struct seccomp_program;

struct hook_state {
	const char *id, *bundle, *status;       /* bundle NULL: "/" */
	pid_t pid;                              /* 0: none any more */
	const struct seccomp_program *filter;   /* of system calls, that the hooks shall have as the program has; NULL */
};

/* Are there hooks that run after the root is made and before it is entered? */
bool hooks_before_pivot(const struct rspec *spec);

/* Run those of `kind` in this process's namespaces and root. 0 or -errno. */
int hooks_run(const struct rspec *spec, enum rspec_hook_kind kind, const struct hook_state *state, struct err *e);

/* The state as the specification's JSON, for hooks and for `state`; json_decref it. */
json_t *hooks_state_json(const struct rspec *spec, const struct hook_state *state);

#endif
