/* run_health.c - health checks: what the image says, and --health-... on top of it. */
#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <string.h>

#include "cmd/run_spec.h"
#include "core/base/text.h"

#define SECOND INT64_C(1000000000)

/* A JSON array (of the image's form, or just the words), or a line for the shell. */
static char **parse_command(struct arena *a, const char *text)
{
	char **words = *text == '[' ? run_entrypoint(a, text) : NULL, **test = NULL;

	if (!words) {
		arena_strv_push(a, &test, arena_strdup(a, "CMD-SHELL"));
		arena_strv_push(a, &test, arena_strdup(a, text));
		return test;
	}
	if (strcmp(words[0], "CMD") && strcmp(words[0], "CMD-SHELL") && strcmp(words[0], "NONE"))
		arena_strv_push(a, &test, arena_strdup(a, "CMD"));
	for (; *words; words++)
		arena_strv_push(a, &test, *words);
	return test;
}

static int duration(const char *name, const char *given, int64_t image, int64_t none, int64_t *ret, struct err *e)
{
	*ret = image > 0 ? image : none;
	if (!given || text_duration(given, ret))
		return 0;
	return err_msg(e, EINVAL, "--health-%s \"%s\": not a duration such as 30s or 1m30s", name, given);
}

static int times(struct run_plan *p, const struct healthcheck *img, struct err *e)
{
	const struct run_options *o = p->o;
	struct container_record *r = p->rec;
	bool disabled = !g_strcmp0(o->health_interval, "disable");

	if (duration("interval", disabled ? "0s" : o->health_interval, img->interval, 30 * SECOND, &r->health_interval, e) < 0 ||
	    duration("timeout", o->health_timeout, img->timeout, 30 * SECOND, &r->health_timeout, e) < 0 ||
	    duration("start-period", o->health_start_period, img->start_period, 0, &r->health_start_period, e) < 0 ||
	    duration("start-interval", o->health_start_interval, img->start_interval, 0, &r->health_start_interval, e) < 0)
		return -e->code;
	if (r->health_timeout < SECOND)
		return err_msg(e, EINVAL, "--health-timeout must be at least 1 second");
	if (!disabled && r->health_interval <= 0)
		return err_msg(e, EINVAL, "--health-interval must be longer than 0, or \"disable\"");
	r->health_retries = o->health_retries_set ? (int)MIN(o->health_retries, INT32_MAX) : img->retries > 0 ? img->retries : 3;
	if (r->health_retries < 1)
		return err_msg(e, EINVAL, "--health-retries must be greater than 0");
	return 0;
}

/* --health-startup-..., which only means something with a health check. */
static int startup(struct run_plan *p, struct err *e)
{
	const struct run_options *o = p->o;
	struct container_record *r = p->rec;
	bool disabled = !g_strcmp0(o->health_startup_interval, "disable");

	if (!o->health_startup_cmd) {
		if (o->health_startup_interval || o->health_startup_timeout || o->health_startup_retries || o->health_startup_success)
			return err_msg(e, EINVAL, "--health-startup-...: there is no --health-startup-cmd");
		return 0;
	}
	if (!*o->health_startup_cmd)
		return err_msg(e, EINVAL, "--health-startup-cmd: it is empty");
	if (!r->health_test)
		return err_msg(e, EINVAL, "--health-startup-cmd: there is no health check that it could come before");
	r->startup_test = parse_command(&r->arena, o->health_startup_cmd);
	if (!r->startup_test[0] || !r->startup_test[1])
		return err_msg(e, EINVAL, "--health-startup-cmd \"%s\": it is no command", o->health_startup_cmd);
	if (duration("startup-interval", disabled ? "0s" : o->health_startup_interval, 0, 30 * SECOND, &r->startup_interval, e) < 0 ||
	    duration("startup-timeout", o->health_startup_timeout, 0, 30 * SECOND, &r->startup_timeout, e) < 0)
		return -e->code;
	if (r->startup_timeout < SECOND)
		return err_msg(e, EINVAL, "--health-startup-timeout must be at least 1 second");
	if (!disabled && r->startup_interval <= 0)
		return err_msg(e, EINVAL, "--health-startup-interval must be longer than 0, or \"disable\"");
	if (o->health_startup_retries < 0 || o->health_startup_retries > INT32_MAX || o->health_startup_success < 0 ||
	    o->health_startup_success > INT32_MAX)
		return err_msg(e, EINVAL, "--health-startup-retries and --health-startup-success must not be negative");
	if (r->auto_remove && o->health_startup_retries)
		return err_msg(e, EINVAL, "--rm and --health-startup-retries exclude each other");
	r->startup_retries = (int)o->health_startup_retries;
	r->startup_success = (int)o->health_startup_success;
	return 0;
}

int run_health_plan(struct run_plan *p, struct err *e)
{
	static const struct healthcheck none = { NULL };
	const struct healthcheck *img = p->img ? &p->img->config.healthcheck : &none;
	const struct run_options *o = p->o;
	struct container_record *r = p->rec;
	const char *action = o->health_on_failure ? o->health_on_failure : "none";

	if (o->health_cmd && (o->no_healthcheck || !*o->health_cmd))
		return err_msg(e, EINVAL, "--health-cmd: %s", *o->health_cmd ? "--no-healthcheck excludes it" : "it is empty");
	if (o->health_cmd)
		r->health_test = strcmp(o->health_cmd, "none") ? parse_command(&r->arena, o->health_cmd) : NULL;
	else if (!o->no_healthcheck && img->test)
		r->health_test = arena_strv_dup(&r->arena, (const char *const *)img->test);
	if (r->health_test && (!r->health_test[0] || !r->health_test[1] || !strcmp(r->health_test[0], "NONE")))
		r->health_test = NULL;
	if (!r->health_test && strcmp(action, "none"))
		return err_msg(e, EINVAL, "--health-on-failure %s: there is no health check", action);
	if (r->auto_remove && !strcmp(action, "restart"))
		return err_msg(e, EINVAL, "--rm and --health-on-failure restart exclude each other");
	r->health_on_failure = arena_strdup(&r->arena, action);
	if (r->health_test && times(p, img, e) < 0)
		return -e->code;
	return startup(p, e);
}
