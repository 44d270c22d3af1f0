/* ports.c - the port process (see ports.h).
 *
 * Forked by: the keeper, when ports are published; nobody waits for it.
 * Holds: the listeners, bound in the host's network namespace before the container existed, and pidfds of the
 *   container's init and of the keeper. It is in the container's network and user namespaces, so what it
 *   connects to is the container: no packet passes through the user-mode stack. CAP_NET_ADMIN and CAP_NET_RAW there,
 *   to connect from the clients' addresses. The tap's descriptor, because
 *   the address that connections are made to lives as long as the interface, and the last bytes of a
 *   container may outlive the net process. Nothing else: an empty root, no other capabilities, a seccomp
 *   allow-list.
 * Ends: when the container's init or the keeper has ended, after the bytes on their way are delivered.
 * Must never happen here: a file of the host or of the container opened, a program run, memory or
 *   descriptors that outlive their connection.
 */
#include "net/ports.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "core/base/proc.h"
#include "net/relay.h"
#include "net/sandbox.h"

#define CLIENT_CAPS (UINT64_C(1) << CAP_NET_ADMIN | UINT64_C(1) << CAP_NET_RAW)
#define EVENTS_AT_ONCE 256
#define LINGER_IDLE_MS 2000     /* nothing moved for so long after the container's end: given up */
#define LINGER_MAX_MS 60000

int64_t ports_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

bool ports_watch(struct ports *ports, struct watch *w, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.ptr = w };

	if (w->in_set ? w->events == events : events == 0)
		return true;
	if (epoll_ctl(ports->epoll, w->in_set ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, w->fd, &ev) < 0)
		return false;
	w->in_set = true;
	w->events = events;
	return true;
}

void ports_listen(struct ports *ports, bool on)
{
	if (ports->listening == on)
		return;
	ports->listening = on;
	for (size_t i = 0; i < ports->n_listeners; i++)
		if (!ports->listeners[i].udp)
			(void)ports_watch(ports, &ports->listeners[i].w, on ? EPOLLIN : 0);
}

static int join(const struct ports_params *p, struct err *e)
{
	/* From now on the container's root could look into this process, where it sees it (--pid=host), and the
	 * host's files are still its root. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	/* EINVAL: it is the one that we are in, as for real root without a user namespace. */
	if (setns(p->userns, CLONE_NEWUSER) < 0 && errno != EINVAL)
		return err_set(e, errno, "enter the container's user namespace");
	if (setns(p->netns, CLONE_NEWNET) < 0)
		return err_set(e, errno, "enter the container's network namespace");
	(void)close(p->userns);
	(void)close(p->netns);
	return 0;
}

static struct ports *new_ports(const struct ports_params *p, struct err *e)
{
	struct ports *ports = g_new0(struct ports, 1);

	ports->p = p;
	ports->listening = true;
	ports->listeners = g_new0(struct listener, p->n_ports);
	ports->n_listeners = p->n_ports;
	ports->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (ports->epoll < 0) {
		err_set(e, errno, "epoll_create1");
		return NULL;
	}
	for (size_t i = 0; i < p->n_ports; i++) {
		struct listener *l = &ports->listeners[i];

		l->udp = p->ports[i].udp;
		l->container_port = p->ports[i].container_port;
		l->w = (struct watch){ .on_event = l->udp ? flow_receive : relay_accept,
				       .fd = p->ports[i].listener };
		if (!ports_watch(ports, &l->w, EPOLLIN)) {
			err_set(e, errno, "watch port %u", p->ports[i].host_port);
			return NULL;
		}
	}
	return ports;
}

/* The container has ended. No new connections; those that there are run out, since their sockets inside
 * are closed, and clients get the last bytes. */
static void end_listening(struct ports *ports)
{
	for (size_t i = 0; i < ports->n_listeners; i++)
		(void)close(ports->listeners[i].w.fd);
	ports->n_listeners = 0;
}

static void on_end_of_container(struct ports *ports, struct watch *w, uint32_t events)
{
	(void)events;
	(void)epoll_ctl(ports->epoll, EPOLL_CTL_DEL, w->fd, NULL);
	if (ports->n_listeners > 0) {
		end_listening(ports);
		ports->last_move = ports_now_ms();
	}
}

static void run(struct ports *ports)
{
	struct epoll_event ev[EVENTS_AT_ONCE];
	int64_t ended = 0;

	while (ports->n_listeners > 0 || ports->n_relays > 0) {
		int n = epoll_wait(ports->epoll, ev, EVENTS_AT_ONCE, ended ? LINGER_IDLE_MS : flow_expire(ports));

		for (int i = 0; i < n; i++) {
			struct watch *w = ev[i].data.ptr;

			if (w->fd >= 0)
				w->on_event(ports, w, ev[i].events);
		}
		relay_bury(ports);
		flow_bury(ports);
		if (ports->n_listeners == 0) {
			int64_t now = ports_now_ms();

			ended = ended ? ended : now;
			if (now - ended > LINGER_MAX_MS || now - ports->last_move >= LINGER_IDLE_MS)
				return;
		}
	}
}

static void ignore_signals(void)
{
	static const int ignored[] = { SIGPIPE, SIGINT, SIGQUIT, SIGHUP };

	proc_reset_signals();
	for (size_t i = 0; i < G_N_ELEMENTS(ignored); i++)
		(void)signal(ignored[i], SIG_IGN);
}

void ports_process(const struct ports_params *p)
{
	struct watch ends[] = {
		{ .on_event = on_end_of_container, .fd = p->init_pidfd },
		{ .on_event = on_end_of_container, .fd = p->keeper_pidfd },
	};
	int *keep = g_new(int, p->n_ports + 5), null;
	struct err e = ERR_INIT;
	struct ports *ports;
	bool show_clients;
	size_t n = 0;

	proc_set_name("coracle-ports");
	ignore_signals();
	for (size_t i = 0; i < p->n_ports; i++)
		keep[n++] = p->ports[i].listener;
	keep[n++] = p->init_pidfd;
	keep[n++] = p->keeper_pidfd;
	keep[n++] = p->tap;
	keep[n++] = p->netns;
	keep[n++] = p->userns;
	null = sandbox_close(keep, n);
	sandbox_raise_nofile();
	if (join(p, &e) < 0)
		sandbox_fail("published ports", &e);
	show_clients = client_prepare(p->ipv6);
	if (sandbox_enter(false, NULL, show_clients ? CLIENT_CAPS : 0, &e) < 0)
		sandbox_fail("published ports", &e);
	ports = new_ports(p, &e);
	if (!ports || sandbox_filter(&e) < 0)
		sandbox_fail("published ports", &e);
	ports->show_clients = show_clients;
	sandbox_mute(null);
	for (size_t i = 0; i < G_N_ELEMENTS(ends); i++)
		if (!ports_watch(ports, &ends[i], EPOLLIN))
			_exit(EXIT_OURS);
	run(ports);
	_exit(0);
}
