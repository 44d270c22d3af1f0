/* keeper.h - the process that keeps one container.
 *
 * Forked by the client (run.c); with a session of its own, or in the foreground without a terminal, so that neither
 * the terminal's Ctrl-C nor its end reaches it or the program. Holds: the run lock, the program's pidfd, the pty's master or the pipes of its output, the log, the
 * control socket. Ends when the program has ended and everything it said is delivered. A SIGTERM to it stops the
 * container as `coracle stop` does. It must never wait for one client while others wait for it, never read a path
 * that the container controls, and never need memory to end in order.
 *
 * When it is killed with SIGKILL the program dies too (launch() sets PDEATHSIG; guard.h) and the free lock tells.
 */
#ifndef CORACLE_CONTAINER_KEEPER_H
#define CORACLE_CONTAINER_KEEPER_H

#include <poll.h>
#include <stdbool.h>
#include <sys/types.h>

#include "core/container/ctl.h"
#include "core/container/journal.h"
#include "core/container/logfile.h"
#include "core/container/notify.h"
#include "core/container/run.h"

#define NAME_ROOM 256
#define KEEPER_CONNS 16         /* at first; more clients, more room */

#define HEALTH_RESULTS 5
#define HEALTH_OUTPUT 500       /* bytes that are kept of what a check prints */

struct health_result { int64_t start_ns, end_ns; int code; size_t len; char output[HEALTH_OUTPUT]; };

struct keeper_health {
	pid_t pid;              /* of the check that runs, or 0 */
	int pidfd, out;
	bool timed_out;
	int64_t next_at, timeout_at;    /* as below */
	int streak;             /* failures, one after another */
	bool begun;             /* the startup check has passed, or there is none */
	int startup_passed, startup_failed;
	unsigned n;             /* results so far; the latest are in the ring, and the next is being made */
	struct health_result results[HEALTH_RESULTS];
};

struct keeper_conn {
	int fd;                 /* -1: free */
	bool attached;          /* gets output */
	int deaf_to;            /* but not this stream (-a); 0: all of it */
	bool feeds;             /* its input goes to the program; it is told to wait while that is full */
	bool owed;              /* the chunk at hand has not been sent to it yet */
	bool asks_health;       /* waits for the result of the check */
	bool owner;             /* the client that started the container in the foreground: output waits for it */
	bool late;              /* it had its time once, and is waited for no more until it has caught up */
	uint64_t missed;        /* bytes of output that it was too slow for, not yet told */
};

struct keeper {
	struct container_start *s;
	struct container_state state;
	struct launched program;
	int listener, signals;
	int helpers[KEEPER_HELPERS_MAX];
	size_t n_helpers;
	struct keeper_conn *conns;      /* 0: the client that forked us */
	struct pollfd *polled;
	size_t n_conns;

	int out[2];             /* read ends of the program's stdout and stderr; -1 */
	int in;                 /* write end of its stdin (the pty's master, or -d -i), or -1 */
	int tty;                /* master: read as stream 1, or -1 */
	struct logfile log;     /* one of both, or none */
	struct journal journal;
	struct keeper_health health;
	struct notify notify;

	char input[CTL_DATA_MAX];       /* not yet taken by the program */
	size_t input_at, input_len;
	bool input_ending, last_newline;
	char chunk[CTL_DATA_MAX];       /* output not yet sent to every attached client */
	size_t chunk_len;
	int chunk_stream;
	char *bulk;             /* while the program says much and nobody but the log listens; NULL else */

	char name[NAME_ROOM];   /* of the container, after it was renamed */
	int killed_by;          /* signal, or 0 */
	bool restart_anyway;    /* --health-on-failure restart */
	bool told_to_stop;      /* by the user: the restart policy does not apply */
	int64_t began_at, ended_at;     /* the program, by keeper_now() */
	bool ended;             /* the program is over; what it left in the pipes is being delivered */
	int64_t timeout_at, kill_at, settle_at, late_at, restart_at, bulk_until;
				/* CLOCK_MONOTONIC ns; 0: never */
};

/* The keeper's whole life; `client` is its end of the socket pair. */
_Noreturn void keeper_main(struct container_start *s, int client);

/* The program runs on: prepare for a long wait, as small as can be, and guarded (guard.h). */
void keeper_settle(struct keeper *k);

/* keeper_loop.c: until the program is over and all is delivered. */
void keeper_loop(struct keeper *k);
/* Serve once what there is to serve, waiting for it. */
void keeper_turn(struct keeper *k);

/* Send a signal to the program: 0, -ESRCH, or -errno. With SIGKILL after `seconds` (0: at once). */
int keeper_signal(struct keeper *k, int sig);
int keeper_stop(struct keeper *k, int sig, int64_t seconds);

/* keeper_health.c: health checks. */
void keeper_health_begin(struct keeper *k);
/* Run one now, unless one runs. 0, -ENOENT: there is none; -ESRCH: the container cannot be asked now. */
int keeper_health_start(struct keeper *k);
void keeper_health_read(struct keeper *k);
void keeper_health_ended(struct keeper *k);
void keeper_health_deadlines(struct keeper *k, int64_t now);
void keeper_health_stop(struct keeper *k);

/* keeper_restart.c: the restart policy. */
/* Does it want another start after this end? */
bool keeper_wants_restart(const struct keeper *k);
/* Wait (serving the control socket) and start the next keeper, which takes over lock and socket: then this process is
 * gone. Returns when told to stop meanwhile, or when that fails. */
void keeper_restart(struct keeper *k);

/* Send `type` to every client (CTL_NOTE, CTL_EXIT). */
void keeper_tell_all(struct keeper *k, enum ctl_type type, int value, uint32_t a, const char *text);
/* Room for `n` connections. False without memory: then there are no more than now. */
bool keeper_make_room(struct keeper *k, size_t n);
/* Take the connections that are waiting. */
void keeper_accept(struct keeper *k);
void keeper_write_state(struct keeper *k);
/* Say it in the event log. */
void keeper_event(struct keeper *k, const char *status);
int64_t keeper_now(void);

/* keeper_io.c: input and output of the program. */
void keeper_read_output(struct keeper *k, int *fd, int stream);
void keeper_send_chunk(struct keeper *k);
/* The program says less now: give back what much output took. */
void keeper_end_bulk(struct keeper *k);
/* Tell a client how much it has missed, if anything. As ctl_send. */
int keeper_tell_missed(struct keeper_conn *c);
/* The clients that still owe a read have had their time. */
void keeper_be_late(struct keeper *k);
void keeper_push_input(struct keeper *k);
void keeper_take_input(struct keeper *k, const char *data, size_t len);
void keeper_end_input(struct keeper *k);
void keeper_close_output(struct keeper *k, int stream);
void keeper_hang_up(struct keeper *k, struct keeper_conn *c);

#endif
