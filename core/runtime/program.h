/* program.h - find the program in the container and become it. */
#ifndef CORACLE_RUNTIME_PROGRAM_H
#define CORACLE_RUNTIME_PROGRAM_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/oci/runtime_spec.h"

/* The path of args[0] by the PATH of the process's environment, seen from inside (root and cwd are the
 * container's). g_free it. 0, or -errno with exit_status 127 (not found) or 126 (cannot be executed).
 * `guard`: refuse programs and interpreters that are links of /proc: "#!/proc/self/exe" would be coracle itself,
 * run with the container's libraries and able to write its own file (CVE-2019-5736). */
int program_find(const struct rspec_process *p, bool guard, char **ret, struct err *e);

/* Could the container's ids write to coracle's own file, or give themselves the right to? Its root is this user in
 * most maps, and is root where there is no map. Asked outside the container; the answer is `guard` above. */
bool program_exe_in_reach(void);

/* Would execve(2) find something to execute? For a program that is executed later. 0 or as program_find. */
int program_check(const char *path, struct err *e);

/* execve(2); returns only on failure, as program_find does. */
int program_exec(const struct rspec_process *p, const char *path, struct err *e);

#endif
