/* launch_activation.c - socket activation: descriptors that systemd handed to this command are the program's.
 * See sd_listen_fds(3). They are of this one start: config.json does not know them.
 */
#include <stdlib.h>
#include <unistd.h>

#include "cmd/launch.h"
#include "core/base/text.h"

#define FDS_MAX 1000

unsigned launch_listen_fds(struct rspec *spec, bool init)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS"), *names = getenv("LISTEN_FDNAMES");
	int64_t for_pid, n;

	if (!pid || !fds || !text_int(pid, 1, INT32_MAX, &for_pid) || for_pid != getpid() || !text_int(fds, 1, FDS_MAX, &n))
		return 0;
	if (!spec->namespaces[RSPEC_NS_PID].listed || spec->namespaces[RSPEC_NS_PID].path) {
		log_warn("LISTEN_FDS is not passed on: the program's number is not known before it runs; it needs a pid "
			 "namespace of its own");
		return 0;
	}
	rspec_add_env(spec, arena_printf(&spec->arena, "LISTEN_FDS=%d", (int)n));
	/* coracle-init is 1, and its first child the program. */
	rspec_add_env(spec, init ? "LISTEN_PID=2" : "LISTEN_PID=1");
	if (names)
		rspec_add_env(spec, arena_printf(&spec->arena, "LISTEN_FDNAMES=%s", names));
	return (unsigned)n;
}
