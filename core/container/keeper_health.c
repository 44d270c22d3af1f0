/* keeper_health.c - health checks.
 *
 * At its time a child of the keeper becomes `coracle exec` of the check (keeper_hooks.inside): the keeper itself enters
 * nothing and waits for nothing. What the check prints (its first bytes) and how it ends makes the health, which is in
 * state.json for `ps` and, with the last results, in health.json for `inspect`. One check runs at a time; it is killed
 * when its time is over, or the program.
 *
 * Where there is a startup check, it takes the other's place, and the health is "starting", until it has passed.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/proc.h"
#include "core/base/text.h"
#include "core/container/keeper.h"
#include "core/container/record.h"

static const char *const health_names[HEALTH_COUNT] = {
	[HEALTH_NONE] = "", [HEALTH_STARTING] = "starting", [HEALTH_HEALTHY] = "healthy", [HEALTH_UNHEALTHY] = "unhealthy",
};

const char *container_health_name(enum container_health h)
{
	return health_names[h];
}

static json_t *result_json(const struct health_result *r)
{
	g_autofree char *start = text_time_rfc3339(r->start_ns), *end = text_time_rfc3339(r->end_ns);
	g_autofree char *output = g_utf8_make_valid(r->output, (gssize)r->len);

	return json_pack("{s:s, s:s, s:i, s:s}", "Start", start, "End", end, "ExitCode", r->code, "Output", output);
}

/* As `inspect` shows it. */
static void write_results(const struct keeper *k)
{
	const struct keeper_health *h = &k->health;
	struct err ignored = ERR_INIT;
	json_t *log = json_array(), *doc;
	char *text;

	for (unsigned n = h->n > HEALTH_RESULTS ? h->n - HEALTH_RESULTS : 0; n < h->n; n++)
		json_array_append_new(log, result_json(&h->results[n % HEALTH_RESULTS]));
	doc = json_pack("{s:s, s:i, s:o}", "Status", health_names[k->state.health], "FailingStreak", h->streak, "Log", log);
	text = json_dumps(doc, JSON_COMPACT);
	if (text)
		(void)file_replace(k->s->container_fd, HEALTH_FILE, text, strlen(text), 0600, false, &ignored);
	free(text);
	json_decref(doc);
}

/* From the end of a check to the begin of the next; 0: only by hand. */
static int64_t pause_ns(const struct keeper *k)
{
	const struct container_record *r = k->s->record;
	bool starting = k->state.health == HEALTH_STARTING && r->health_start_interval &&
			keeper_now() - k->began_at < r->health_start_period;

	if (!k->health.begun)
		return r->startup_interval;
	return starting && r->health_interval ? r->health_start_interval : r->health_interval;
}

static void plan_next(struct keeper *k)
{
	int64_t ns = pause_ns(k);

	k->health.next_at = ns > 0 ? keeper_now() + ns : 0;
}

void keeper_health_begin(struct keeper *k)
{
	if (k->state.health == HEALTH_NONE)
		return;
	k->health.begun = !k->s->record->startup_test;
	write_results(k);
	if (pause_ns(k) > 0)
		k->health.next_at = keeper_now();
}

static _Noreturn void become_check(struct keeper *k, int out)
{
	char **test = k->health.begun ? k->s->record->health_test : k->s->record->startup_test;
	char *shell[] = { (char *)"/bin/sh", (char *)"-c", test[1], NULL };

	(void)dup2(out, 1);
	(void)dup2(out, 2);
	proc_reset_signals();
	k->s->hooks.inside(k->s->hooks.ctx, strcmp(test[0], "CMD-SHELL") == 0 ? shell : test + 1);
	_exit(EXIT_OURS);
}

int keeper_health_start(struct keeper *k)
{
	struct keeper_health *h = &k->health;
	int64_t timeout = h->begun ? k->s->record->health_timeout : k->s->record->startup_timeout;
	pid_t parent = getpid();
	int p[2];

	if (k->state.health == HEALTH_NONE)
		return -ENOENT;
	if (h->pid > 0)
		return 0;
	h->next_at = 0;
	if (k->ended || k->state.status != CONTAINER_RUNNING || pipe2(p, O_CLOEXEC) < 0) {
		plan_next(k);
		return -ESRCH;
	}
	h->results[h->n % HEALTH_RESULTS] = (struct health_result){ .start_ns = text_now_ns() };
	h->pid = fork();
	if (h->pid == 0) {
		proc_die_with_parent(parent);
		become_check(k, p[1]);
	}
	(void)close(p[1]);
	(void)fd_set_nonblock(p[0], true);
	h->out = p[0];
	h->pidfd = h->pid > 0 ? (int)syscall(SYS_pidfd_open, h->pid, 0) : -1;
	h->timed_out = false;
	h->timeout_at = timeout > 0 ? keeper_now() + timeout : 0;
	if (h->pidfd < 0)
		keeper_health_ended(k);
	return 0;
}

/* The rest of what it says is read and forgotten: it must not wait for us. */
void keeper_health_read(struct keeper *k)
{
	struct health_result *r = &k->health.results[k->health.n % HEALTH_RESULTS];
	char rest[512];
	ssize_t n;

	do {
		size_t room = sizeof r->output - r->len;

		n = room ? read(k->health.out, r->output + r->len, room) : read(k->health.out, rest, sizeof rest);
		if (n > 0 && room)
			r->len += (size_t)n;
	} while (n > 0);
	if (n == 0 || errno != EAGAIN)
		fd_close(&k->health.out);
}

static void start_anew(struct keeper *k)
{
	k->restart_anyway = true;
	(void)keeper_stop(k, 0, k->s->record->stop_timeout_s);
}

static void act(struct keeper *k)
{
	const struct container_record *r = k->s->record;
	const char *what = r->health_on_failure ? r->health_on_failure : "none";

	if (strcmp(what, "kill") == 0)
		(void)keeper_signal(k, SIGKILL);
	if (strcmp(what, "stop") == 0) {
		k->told_to_stop = true;
		(void)keeper_stop(k, 0, r->stop_timeout_s);
	}
	if (strcmp(what, "restart") == 0)
		start_anew(k);
}

static void judge_startup(struct keeper *k, bool passed)
{
	const struct container_record *r = k->s->record;
	struct keeper_health *h = &k->health;

	if (passed)
		h->begun = ++h->startup_passed >= r->startup_success;
	else
		h->startup_failed++;
	write_results(k);
	if (!passed && r->startup_retries > 0 && h->startup_failed == r->startup_retries)
		start_anew(k);
}

static void judge(struct keeper *k, bool passed)
{
	const struct container_record *r = k->s->record;
	struct keeper_health *h = &k->health;
	struct event v = container_event_of(r, "health_status");

	if (passed) {
		h->streak = 0;
		k->state.health = HEALTH_HEALTHY;
	} else if (k->state.health != HEALTH_STARTING || keeper_now() - k->began_at >= r->health_start_period) {
		h->streak++;
		if (h->streak >= r->health_retries)
			k->state.health = HEALTH_UNHEALTHY;
	}
	write_results(k);
	keeper_write_state(k);
	v.health = health_names[k->state.health];
	event_write(k->s->place->root_fd, &v, 1);
	if (k->state.health == HEALTH_UNHEALTHY && !passed)
		act(k);
}

static void answer(struct keeper *k, int value)
{
	for (size_t i = 0; i < k->n_conns; i++) {
		if (k->conns[i].fd >= 0 && k->conns[i].asks_health)
			(void)ctl_send(k->conns[i].fd, CTL_DONE, value, 0, 0, NULL, 0);
		k->conns[i].asks_health = false;
	}
}

void keeper_health_ended(struct keeper *k)
{
	struct keeper_health *h = &k->health;
	struct health_result *r = &h->results[h->n % HEALTH_RESULTS];
	bool began;

	r->code = h->pid > 0 ? proc_wait(h->pid) : EXIT_OURS;
	r->end_ns = text_now_ns();
	if (h->out >= 0)
		keeper_health_read(k);
	fd_close(&h->out);
	fd_close(&h->pidfd);
	h->pid = 0;
	h->timeout_at = 0;
	if (h->timed_out) {
		r->code = -1;
		r->len = (size_t)snprintf(r->output, sizeof r->output, "the check took longer than its time");
	}
	h->n++;
	if (k->ended)
		return;
	began = h->begun;
	if (began)
		judge(k, r->code == 0);
	else
		judge_startup(k, r->code == 0);
	began = h->begun && !began;
	answer(k, r->code != 0);
	plan_next(k);
	if (began)
		h->next_at = pause_ns(k) > 0 ? keeper_now() : 0;
}

void keeper_health_deadlines(struct keeper *k, int64_t now)
{
	struct keeper_health *h = &k->health;

	if (h->next_at && now >= h->next_at)
		(void)keeper_health_start(k);
	if (h->timeout_at && now >= h->timeout_at) {
		h->timeout_at = 0;
		h->timed_out = true;
		(void)kill(h->pid, SIGKILL);    /* our child, not waited for yet */
	}
}

void keeper_health_stop(struct keeper *k)
{
	struct keeper_health *h = &k->health;

	h->next_at = 0;
	if (h->pid <= 0)
		return;
	(void)kill(h->pid, SIGKILL);
	keeper_health_ended(k);
}
