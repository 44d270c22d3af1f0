/* launch_activation.c - what systemd gives to a service: descriptors that are the program's (socket activation,
 * sd_listen_fds(3)), and the socket that is told about readiness (sd_notify(3)). They are of this one start: config.json does
 * not know them.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/launch.h"
#include "core/base/text.h"
#include "core/container/notify.h"

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

const char *launch_notify(struct launch_job *job)
{
	static const char *const options[] = { "bind", "private", NULL };
	const char *to = getenv("NOTIFY_SOCKET"), *mode = job->record->sdnotify;
	struct rspec *spec = job->spec;

	if (!to || !*to || (mode && strcmp(mode, "ignore") == 0))
		return NULL;
	if (mode && strcmp(mode, "conmon") == 0)
		return to;
	rspec_add_env(spec, "NOTIFY_SOCKET=" NOTIFY_INSIDE);
	(void)rspec_add_mount(spec, NOTIFY_INSIDE, "bind", arena_printf(&spec->arena, "%s/containers/%s/" NOTIFY_SOCKET,
			      job->c->store->run, job->record->id), options);
	return to;
}
