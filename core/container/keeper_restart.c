/* keeper_restart.c - the restart policy.
 *
 * The program has ended, and all that belonged to it is gone. The keeper waits: a tenth of a second at first, twice as
 * long each time, a minute at most; a program that lived for ten seconds makes it begin anew. Then a child of it becomes the
 * next start, with the run lock and the control socket in its hands, so that nobody comes between and no client
 * finds nobody to talk to; and the keeper ends. A stop by the user, also while it waits, ends all of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/proc.h"
#include "core/container/keeper.h"

#define FIRST_WAIT_NS INT64_C(100000000)
#define LAST_WAIT_NS INT64_C(60000000000)
#define LIVED_NS INT64_C(10000000000)

bool keeper_wants_restart(const struct keeper *k)
{
	const struct container_record *r = k->s->record;

	if (k->told_to_stop || !k->s->hooks.again || r->auto_remove)
		return false;
	if (k->restart_anyway || !r->restart)
		return k->restart_anyway;
	if (strcmp(r->restart, "on-failure") == 0)
		return k->state.exit_code != 0 && (r->restart_max == 0 || k->state.restarts < r->restart_max);
	return strcmp(r->restart, "always") == 0 || strcmp(r->restart, "unless-stopped") == 0;
}

static int64_t wait_ns(int quick)
{
	int64_t ns = FIRST_WAIT_NS;

	while (quick-- > 0 && ns < LAST_WAIT_NS)
		ns *= 2;
	return ns < LAST_WAIT_NS ? ns : LAST_WAIT_NS;
}

static _Noreturn void start_again(struct keeper *k)
{
	struct container_start *s = k->s;

	proc_reset_signals();
	(void)fd_set_cloexec(s->lock_fd, false);
	(void)fd_set_cloexec(k->listener, false);
	s->hooks.again(s->hooks.ctx, s->lock_fd, k->listener);
	_exit(EXIT_OURS);       /* the lock is free then, and the state says that it waited */
}

void keeper_restart(struct keeper *k)
{
	int64_t at;
	pid_t pid;

	if (k->ended_at - k->began_at >= LIVED_NS)
		k->state.quick_restarts = 0;
	at = keeper_now() + wait_ns(k->state.quick_restarts);
	k->state.quick_restarts++;
	keeper_write_state(k);
	for (k->restart_at = at; k->restart_at && keeper_now() < at;)
		keeper_turn(k);
	pid = k->restart_at ? fork() : -1;
	if (pid == 0)
		start_again(k);
	if (pid > 0)
		_exit(0);
	if (k->restart_at)
		snprintf(k->state.error, sizeof k->state.error, "it could not be started again: no more processes");
	k->restart_at = 0;
	k->state.status = CONTAINER_EXITED;
	keeper_write_state(k);
}
