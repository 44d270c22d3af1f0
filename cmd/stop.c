/* stop.c - stop, kill, wait: what is done to running containers. See podman-stop(1), podman-kill(1), podman-wait(1). */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cmd/container_set.h"
#include "core/base/text.h"
#include "core/container/manage.h"

struct act_options {
	int64_t seconds;
	bool all, latest, ignore, seconds_set, any;
	char **cidfile, **filter, **condition;
	char *signal, *interval;
};
#define AT(member) offsetof(struct act_options, member)

#define ALL { .name = "all", .letter = 'a', .type = OPT_FLAG, .offset = AT(all), .help = "All running containers" }
#define LATEST { .name = "latest", .letter = 'l', .type = OPT_FLAG, .offset = AT(latest), \
	.help = "The container created last" }
#define IGNORE { .name = "ignore", .letter = 'i', .type = OPT_FLAG, .offset = AT(ignore), \
	.help = "Missing containers are no error" }
#define CIDFILE { .name = "cidfile", .type = OPT_LIST, .offset = AT(cidfile), .arg = "file", \
	.help = "Read the container's ID from this file", .complete = COMPLETE_FILE }
#define FILTER { .name = "filter", .letter = 'f', .type = OPT_LIST, .offset = AT(filter), .arg = "key=value", \
	  .choices = CONTAINER_FILTERS, \
	.help = "Containers that match, as for ps" }

static const struct opt stop_opts[] = {
	ALL, CIDFILE, FILTER, IGNORE, LATEST,
	{ .name = "time", .letter = 't', .type = OPT_INT, .offset = AT(seconds), .arg = "seconds",
	  .help = "Wait so long before SIGKILL; -1: for ever", .set_offset = AT(seconds_set), .alias = "timeout" },
	OPT_END
};
static const struct opt kill_opts[] = {
	ALL, CIDFILE, LATEST,
	{ .name = "signal", .letter = 's', .type = OPT_STRING, .offset = AT(signal), .arg = "signal",
	  .complete = COMPLETE_SIGNAL,
	  .help = "Signal to send (default: KILL)" },
	OPT_END
};
static const struct opt wait_opts[] = {
	{ .name = "condition", .type = OPT_CSV, .offset = AT(condition), .arg = "state",
	  .help = "Wait for one of these states (default: stopped)" },
	{ .name = "ignore", .type = OPT_FLAG, .offset = AT(ignore), .help = "Missing containers are no error" },
	{ .name = "interval", .letter = 'i', .type = OPT_STRING, .offset = AT(interval), .arg = "duration",
	  .help = "Accepted: waiting does not poll" },
	LATEST,
	OPT_END
};

/* "KILL", "SIGKILL", "sigkill", "9", "RTMIN+3" -> number, or 0. */
static int signal_number(const char *s)
{
	const char *name = g_ascii_strncasecmp(s, "SIG", 3) == 0 ? s + 3 : s;
	int64_t n;

	if (text_int(s, 1, SIGRTMAX, &n))
		return (int)n;
	if (g_ascii_strncasecmp(name, "RTMIN", 5) == 0)
		return text_int(name[5] == '+' ? name + 6 : "0", 0, SIGRTMAX - SIGRTMIN, &n) ? SIGRTMIN + (int)n : 0;
	for (int sig = 1; sig < SIGRTMIN; sig++) {
		const char *abbrev = sigabbrev_np(sig);

		if (abbrev && g_ascii_strcasecmp(abbrev, name) == 0)
			return sig;
	}
	return 0;
}

static bool is_running(const struct container_info *i)
{
	return CONTAINER_ALIVE & 1U << i->state.status;
}

static int choose(struct context *c, const struct act_options *o, bool running, int argc, char **argv,
		  GPtrArray **ret, int *worst, struct err *e)
{
	struct container_choice choice = { .all = o->all, .latest = o->latest, .ignore = o->ignore,
		.cidfiles = o->cidfile, .filters = o->filter };
	int r = context_store(c, e);

	if (running && o->all)
		choice.states = CONTAINER_ALIVE;
	return r < 0 ? r : container_choose(c, &choice, argc, argv, ret, worst, e);
}

static int run_stop(struct context *c, void *values, int argc, char **argv)
{
	struct act_options *o = values;
	g_autoptr(GPtrArray) set = NULL;
	struct err e = ERR_INIT;
	int worst = 0;

	if (choose(c, o, true, argc, argv, &set, &worst, &e) < 0)
		return fail(&e);
	for (guint n = 0; n < set->len; n++) {
		struct container_info *i = set->pdata[n];

		err_clear(&e);
		if (i->state.status == CONTAINER_PAUSED) {      /* it cannot act on a signal */
			(void)err_msg(&e, EINVAL, "can only stop created or running containers. %s is in state paused: "
				      "container state improper", i->record->id);
			fail_one(&e, EXIT_OURS, &worst);
		} else if (is_running(i) && stop_one(c, i, o->seconds_set ? &o->seconds : NULL, &e) < 0) {
			fail_one(&e, EXIT_OURS, &worst);
		} else {
			puts(i->given);
		}
	}
	return worst;
}

static int run_kill(struct context *c, void *values, int argc, char **argv)
{
	struct act_options *o = values;
	g_autoptr(GPtrArray) set = NULL;
	struct err e = ERR_INIT;
	int worst = 0, sig = o->signal ? signal_number(o->signal) : SIGKILL;

	if (!sig) {
		(void)err_msg(&e, EINVAL, "--signal \"%s\": no such signal", o->signal);
		return fail(&e);
	}
	if (choose(c, o, true, argc, argv, &set, &worst, &e) < 0)
		return fail(&e);
	for (guint n = 0; n < set->len; n++) {
		struct container_info *i = set->pdata[n];

		err_clear(&e);
		if (!is_running(i)) {
			(void)err_msg(&e, ESRCH, "can only kill running containers: %s is in state %s", i->given,
				      container_status_name(i->state.status));
			fail_one(&e, EXIT_OURS, &worst);
		} else if (container_signal(&c->place, i->record->id, sig, &e) < 0) {
			fail_one(&e, EXIT_OURS, &worst);
		} else {
			puts(i->given);
		}
	}
	return worst;
}

/* The bit of a name, or 0. */
static unsigned condition(const char *name)
{
	if (strcmp(name, "stopped") == 0)
		return CONTAINER_WAIT_STATUS(CONTAINER_EXITED);
	if (strcmp(name, "configured") == 0 || strcmp(name, "initialized") == 0)
		return CONTAINER_WAIT_STATUS(CONTAINER_CREATED);
	for (int s = 0; s < CONTAINER_STATUS_COUNT; s++)
		if (strcmp(container_status_name(s), name) == 0)
			return CONTAINER_WAIT_STATUS(s);
	for (int h = HEALTH_STARTING; h < HEALTH_COUNT; h++)
		if (strcmp(container_health_name(h), name) == 0)
			return CONTAINER_WAIT_HEALTH(h);
	return 0;
}

static int conditions(char *const *names, unsigned *ret, struct err *e)
{
	*ret = names && *names ? 0 : CONTAINER_WAIT_STATUS(CONTAINER_EXITED);
	for (; names && *names; names++) {
		unsigned bit = condition(*names);

		if (!bit)
			return err_msg(e, EINVAL, "--condition \"%s\": must be created, running, paused, stopping, "
				       "exited, stopped, healthy, unhealthy or starting", *names);
		*ret |= bit;
	}
	return 0;
}

/* Only its health was asked for, and it has none: that would be a wait for ever. */
static bool never_happens(const struct container_info *i, unsigned wanted)
{
	return !i->record->health_test && !(wanted & (CONTAINER_WAIT_HEALTH(HEALTH_NONE) - 1));
}

/* Milliseconds without a unit, as podman's. */
static int check_interval(const char *s, struct err *e)
{
	int64_t n;

	if (!s || text_duration(s, &n) || text_int(s, 0, INT64_MAX, &n))
		return 0;
	return err_msg(e, EINVAL, "--interval \"%s\": not a duration such as 250ms or 1s", s);
}

static int run_wait(struct context *c, void *values, int argc, char **argv)
{
	struct act_options *o = values;
	g_autoptr(GPtrArray) set = NULL;
	struct err e = ERR_INIT;
	unsigned wanted;
	int worst = 0;

	if (conditions(o->condition, &wanted, &e) < 0 || check_interval(o->interval, &e) < 0)
		return fail(&e);
	if (o->ignore && context_store(c, &e) == 0)     /* podman prints -1 for a missing one */
		for (int a = 0; a < argc; a++) {
			g_autofree char *id = NULL;

			if (container_find(&c->place, argv[a], &id, &e) == 0)
				puts("-1");
		}
	if (choose(c, o, false, argc, argv, &set, &worst, &e) < 0)
		return fail(&e);
	for (guint n = 0; n < set->len; n++) {
		struct container_info *i = set->pdata[n];
		int code;

		err_clear(&e);
		if (never_happens(i, wanted)) {
			(void)err_msg(&e, ENOENT, "container %s has no defined healthcheck", i->given);
			fail_one(&e, EXIT_OURS, &worst);
			continue;
		}
		if (container_wait(&c->place, i->record->id, wanted, &code, &e) < 0) {
			fail_one(&e, EXIT_OURS, &worst);
			continue;
		}
		printf("%d\n", code);
		(void)fflush(stdout);
	}
	return worst;
}

const struct command command_stop = {
	.name = "stop", .alias = "container stop", .summary = "Stop containers", .opts = stop_opts,
	.usage = "[options] CONTAINER [CONTAINER...]", .values_size = sizeof(struct act_options), .run = run_stop,
	.min_args = 0, .max_args = -1, .complete = COMPLETE_RUNNING,
};
const struct command command_kill = {
	.name = "kill", .alias = "container kill", .summary = "Send a signal to containers", .opts = kill_opts,
	.usage = "[options] CONTAINER [CONTAINER...]", .values_size = sizeof(struct act_options), .run = run_kill,
	.min_args = 0, .max_args = -1, .complete = COMPLETE_RUNNING,
};
const struct command command_wait = {
	.name = "wait", .alias = "container wait", .summary = "Wait for containers and print their exit codes",
	.usage = "[options] CONTAINER [CONTAINER...]", .opts = wait_opts, .values_size = sizeof(struct act_options),
	.run = run_wait, .min_args = 0, .max_args = -1, .complete = COMPLETE_CONTAINER,
};
