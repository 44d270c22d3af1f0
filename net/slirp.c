/* slirp.c - the net process (see slirp.h).
 *
 * Forked by: the keeper, once the container's init has made the tap interface; nobody waits for it.
 * Holds: the tap's descriptor, pidfds of the container's init and of the keeper, and libslirp's sockets in
 *   the host's network namespace. Nothing else: an empty root, no capabilities, a seccomp allow-list.
 * Ends: when the container's init or the keeper has ended, after the data that the container had already
 *   sent are delivered (slirp_linger); when the tap fails. No parent-death signal, which would cut those.
 *   Its status says nothing; the container goes on without a network if it dies before.
 * Must never happen here: a file of the host opened, a program run, a descriptor kept that is not listed,
 *   memory that grows with the number of past connections (see closing.h).
 */
#include "net/slirp.h"

#include <errno.h>
#include <glib.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/proc.h"
#include "net/closing.h"
#include "net/libslirp.h"
#include "net/sandbox.h"
#include "net/tap.h"

#define FRAME_MAX (65536 + 64)
#define FRAMES_AT_ONCE 64       /* so that sockets get their turn under a flood of frames */
#define TIMERS_MAX 4            /* libslirp makes one, for router advertisements */
#define MMAP_THRESHOLD 65536    /* socket buffers are larger: freed, they go back to the kernel */
#define LINGER_IDLE_MS 2000     /* nothing moved for so long after the container's end: given up */
#define LINGER_STEP_MS 10
#define LINGER_MAX_MS 60000

enum { POLL_TAP, POLL_INIT, POLL_KEEPER, POLL_OWN_COUNT };

struct timer {
	bool used;
	SlirpTimerId id;
	void *cb_opaque;
	int64_t due_ms;         /* -1: not set */
};

struct net {
	Slirp *slirp;
	const struct slirp_params *p;
	struct pollfd *fds;
	size_t n_fds, room;
	struct timer timers[TIMERS_MAX];
	struct closing closing;
	bool ending;
	int64_t ending_since, last_move;
	uint8_t frame[FRAME_MAX];
};

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int64_t now_ms(void)
{
	return now_ns() / 1000000;
}

/* A frame that the tap cannot take is lost, as on any wire. */
static ssize_t on_send_packet(const void *buf, size_t len, void *opaque)
{
	struct net *n = opaque;

	closing_from_slirp(&n->closing, buf, len);
	if (write(n->p->tap, buf, len) < 0)
		return 0;
	return (ssize_t)len;
}

static void on_guest_error(const char *msg, void *opaque)
{
	(void)msg;
	(void)opaque;
}

static int64_t on_clock(void *opaque)
{
	(void)opaque;
	return now_ns();
}

static void *on_timer_new(SlirpTimerId id, void *cb_opaque, void *opaque)
{
	struct net *n = opaque;

	for (size_t i = 0; i < TIMERS_MAX; i++) {
		if (n->timers[i].used)
			continue;
		n->timers[i] = (struct timer){ true, id, cb_opaque, -1 };
		return &n->timers[i];
	}
	return NULL;
}

static void on_timer_free(void *timer, void *opaque)
{
	(void)opaque;
	((struct timer *)timer)->used = false;
}

static void on_timer_mod(void *timer, int64_t due_ms, void *opaque)
{
	(void)opaque;
	((struct timer *)timer)->due_ms = due_ms;
}

/* Descriptors are asked for anew in each round, and nothing else wakes this process. */
static void on_poll_fd(int fd, void *opaque)
{
	(void)fd;
	(void)opaque;
}

static void on_notify(void *opaque)
{
	(void)opaque;
}

static const SlirpCb callbacks = {
	.send_packet = on_send_packet,
	.guest_error = on_guest_error,
	.clock_get_ns = on_clock,
	.timer_new_opaque = on_timer_new,
	.timer_free = on_timer_free,
	.timer_mod = on_timer_mod,
	.register_poll_fd = on_poll_fd,
	.unregister_poll_fd = on_poll_fd,
	.notify = on_notify,
};

static Slirp *new_slirp(struct net *n)
{
	const struct slirp_params *p = n->p;
	struct sockaddr_in outbound = p->outbound;
	struct sockaddr_in6 outbound6 = p->outbound6;
	SlirpConfig c = {
		.version = 4,
		.in_enabled = true,
		.vnetwork = p->addrs.network,
		.vnetmask = p->addrs.mask,
		.vhost = p->addrs.gateway,
		.vdhcp_start = p->addrs.guest,
		.vnameserver = p->addrs.dns,
		.in6_enabled = p->ipv6,
		.vprefix_addr6 = p->addrs.network6,
		.vprefix_len = (uint8_t)p->addrs.prefix6,
		.vhost6 = p->addrs.gateway6,
		.vnameserver6 = p->addrs.dns6,
		.if_mtu = p->mtu,
		.if_mru = p->mtu,
		.disable_host_loopback = !p->host_loopback,
		.disable_dhcp = true,
		.outbound_addr = p->has_outbound ? &outbound : NULL,
		.outbound_addr6 = p->has_outbound6 ? &outbound6 : NULL,
	};

	return libslirp.new(&c, &callbacks, n);
}

static int add_poll(int fd, int events, void *opaque)
{
	struct net *n = opaque;
	short want = 0;

	if (n->n_fds == n->room) {
		n->room *= 2;
		n->fds = g_realloc_n(n->fds, n->room, sizeof *n->fds);
	}
	if (events & SLIRP_POLL_IN)
		want |= POLLIN;
	if (events & SLIRP_POLL_OUT)
		want |= POLLOUT;
	if (events & SLIRP_POLL_PRI)
		want |= POLLPRI;
	n->fds[n->n_fds] = (struct pollfd){ .fd = fd, .events = want };
	return (int)n->n_fds++;
}

static int get_revents(int idx, void *opaque)
{
	const struct net *n = opaque;
	int got = n->fds[idx].revents, r = 0;

	if (got & POLLIN)
		r |= SLIRP_POLL_IN;
	if (got & POLLOUT)
		r |= SLIRP_POLL_OUT;
	if (got & POLLPRI)
		r |= SLIRP_POLL_PRI;
	if (got & (POLLERR | POLLNVAL))
		r |= SLIRP_POLL_ERR;
	if (got & POLLHUP)
		r |= SLIRP_POLL_HUP;
	return r;
}

/* How long this round may sleep, in milliseconds (-1: for ever). */
static int round_timeout(struct net *n, uint32_t slirp_ms)
{
	int64_t least = slirp_ms == UINT32_MAX ? INT64_MAX : slirp_ms, now = now_ms(), due;

	for (size_t i = 0; i < TIMERS_MAX; i++)
		if (n->timers[i].used && n->timers[i].due_ms >= 0)
			least = MIN(least, MAX(n->timers[i].due_ms - now, 0));
	due = closing_due_ms(&n->closing);
	if (due >= 0)
		least = MIN(least, MAX(due - now, 0));
	if (n->ending)
		least = MIN(least, LINGER_STEP_MS);
	return least > INT32_MAX ? -1 : (int)least;
}

static void run_timers(struct net *n)
{
	int64_t now = now_ms();

	for (size_t i = 0; i < TIMERS_MAX; i++) {
		struct timer *t = &n->timers[i];

		if (!t->used || t->due_ms < 0 || t->due_ms > now)
			continue;
		t->due_ms = -1;
		libslirp.handle_timer(n->slirp, t->id, t->cb_opaque);
	}
}

/* False when the interface is gone. */
static bool read_tap(struct net *n)
{
	for (int i = 0; i < FRAMES_AT_ONCE; i++) {
		ssize_t len = read(n->p->tap, n->frame, sizeof n->frame);

		if (len < 0)
			return errno == EAGAIN || errno == EINTR;
		if (len == 0)
			return true;
		n->last_move = now_ms();
		closing_from_guest(&n->closing, n->frame, (size_t)len);
		libslirp.input(n->slirp, n->frame, (int)len);
	}
	return true;
}

/* The container has ended, and its kernel goes on sending what its programs had written, as long as the
 * tap is read: stay until no connection has anything left to deliver, or nothing moves any more. */
static bool linger(struct net *n)
{
	int64_t now = now_ms();

	if (!n->ending) {
		n->ending = true;
		n->ending_since = n->last_move = now;
	}
	if (now - n->ending_since > LINGER_MAX_MS || now - n->last_move > LINGER_IDLE_MS)
		return false;
	return closing_in_flight(n->slirp);
}

/* One round of the loop. False: the end. */
static bool turn(struct net *n)
{
	uint32_t timeout = UINT32_MAX;
	int rc, keep;

	n->n_fds = 0;
	add_poll(n->p->tap, SLIRP_POLL_IN, n);
	add_poll(n->ending ? -1 : n->p->init_pidfd, SLIRP_POLL_IN, n);
	add_poll(n->ending ? -1 : n->p->keeper_pidfd, SLIRP_POLL_IN, n);
	libslirp.pollfds_fill(n->slirp, &timeout, add_poll, n);
	rc = poll(n->fds, n->n_fds, round_timeout(n, timeout));
	if (rc < 0 && errno != EINTR && errno != EAGAIN && errno != ENOMEM)
		return false;
	libslirp.pollfds_poll(n->slirp, rc < 0, get_revents, n);
	if (rc > 0 && n->ending)
		n->last_move = now_ms();
	keep = rc < 0 || !(n->fds[POLL_TAP].revents & (POLLERR | POLLHUP | POLLNVAL));
	if (rc > 0 && keep && (n->fds[POLL_TAP].revents & POLLIN))
		keep = read_tap(n);
	run_timers(n);
	closing_turn(&n->closing, n->slirp, now_ms());
	if (n->ending || (rc > 0 && (n->fds[POLL_INIT].revents || n->fds[POLL_KEEPER].revents)))
		keep = keep && linger(n);
	return keep;
}

_Noreturn void slirp_process(const struct slirp_params *p)
{
	const int keep[] = { p->tap, p->init_pidfd, p->keeper_pidfd };
	struct err e = ERR_INIT;
	struct net *n;
	int null;

	proc_set_name("coracle-net");
	proc_reset_signals();
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);          /* the terminal's; the container decides what it means */
	(void)signal(SIGQUIT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	null = sandbox_close(keep, G_N_ELEMENTS(keep));
	sandbox_raise_nofile();
	(void)mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
	(void)mallopt(M_ARENA_MAX, 1);
	/* While its file can still be opened. */
	if (libslirp_load(&e) < 0 || sandbox_enter(true, p->resolv_conf, 0, &e) < 0 || sandbox_filter(&e) < 0)
		sandbox_fail("network", &e);
	sandbox_mute(null);
	n = g_new0(struct net, 1);
	n->p = p;
	n->room = 64;
	n->fds = g_new(struct pollfd, n->room);
	closing_init(&n->closing);
	n->slirp = new_slirp(n);
	while (n->slirp && turn(n))
		;
	_exit(0);
}

int slirp_trial(struct err *e)
{
	autofd tap = tap_open("tap0", e);

	return tap < 0 ? tap : libslirp_load(e);
}
