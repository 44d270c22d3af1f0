/* run_systemd.c - --systemd: containers whose program is systemd. See podman-run(1) and systemd's CONTAINER_INTERFACE.
 *
 * It gets memory where it writes at run time (run_default_mounts), its control groups to write, a machine id, and a stop signal
 * that it understands.
 */
#include <glib.h>
#include <string.h>

#include "cmd/run_spec.h"

static bool is_systemd(const char *program)
{
	static const char *const inits[] = { "/sbin/init", "/usr/sbin/init", "/usr/local/sbin/init", NULL };
	const char *base = strrchr(program, '/');

	return g_strv_contains(inits, program) || !strcmp(base ? base + 1 : program, "systemd");
}

void run_systemd_plan(struct run_plan *p)
{
	const char *when = p->o->systemd ? p->o->systemd : "true";
	struct rspec *s = p->spec;

	p->rec->systemd = !strcmp(when, "always") || (!strcmp(when, "true") && is_systemd(s->process.args[0]));
	if (p->rec->systemd)
		rspec_add_env(s, arena_printf(&s->arena, "container_uuid=%.32s", p->rec->id));
}
