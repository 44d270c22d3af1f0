/* relay.c - one published TCP connection: two sockets, the bytes between them. See relay.h.
 *
 * Each direction ends by itself: end of file on one socket shuts the other down for writing once everything
 * before it is written. What a socket does not take is kept (at most one read), and its peer is not read
 * meanwhile, so a slow receiver slows its sender. An error on one side is a reset on the other.
 */
#include "net/relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPT_AT_ONCE 64
#define READS_AT_ONCE 4

struct end {
	struct watch w;
	struct relay *relay;
	char *pending;          /* to be written to this end */
	size_t at, left;
	bool eof;               /* read from this end */
	bool shut;              /* written to this end: its end of file */
};

struct relay {
	struct end host, inside;
	bool connecting, second_try, dead;
	uint16_t port;
	union client_address client;
	struct relay *next_dead;
};

static struct end *peer_of(struct end *x)
{
	return x == &x->relay->host ? &x->relay->inside : &x->relay->host;
}

static void close_end(struct end *x, bool reset)
{
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };

	if (x->w.fd >= 0) {
		if (reset)
			(void)setsockopt(x->w.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
		(void)close(x->w.fd);
	}
	x->w.fd = -1;
	g_free(x->pending);
	x->pending = NULL;
}

static void close_relay(struct ports *ports, struct relay *r, bool reset)
{
	if (r->dead)
		return;
	close_end(&r->host, reset);
	close_end(&r->inside, reset);
	r->dead = true;
	r->next_dead = ports->dead;
	ports->dead = r;
	ports->n_relays--;
	ports_listen(ports, true);
}

void relay_bury(struct ports *ports)
{
	while (ports->dead) {
		struct relay *r = ports->dead;

		ports->dead = r->next_dead;
		g_free(r);
	}
}

/* Ask for what each end can do now, or close what has nothing left to do. */
static void settle(struct ports *ports, struct relay *r)
{
	struct end *ends[] = { &r->host, &r->inside };

	if (r->dead)
		return;
	for (int i = 0; i < 2; i++) {
		struct end *x = ends[i];

		if (!x->shut && !x->left && peer_of(x)->eof) {
			(void)shutdown(x->w.fd, SHUT_WR);
			x->shut = true;
		}
	}
	if (r->host.shut && r->inside.shut) {
		close_relay(ports, r, false);
		return;
	}
	for (int i = 0; i < 2; i++) {
		struct end *x = ends[i];
		uint32_t want = (!x->eof && !peer_of(x)->left ? EPOLLIN : 0) | (x->left ? EPOLLOUT : 0);

		if (!ports_watch(ports, &x->w, want)) {
			close_relay(ports, r, true);
			return;
		}
	}
}

/* Write `n` bytes to `x`, keeping what it does not take. False on an error. */
static bool give(struct end *x, const char *buf, size_t n)
{
	ssize_t done = send(x->w.fd, buf, n, MSG_NOSIGNAL);

	if (done < 0 && errno != EAGAIN && errno != EINTR)
		return false;
	if (done < 0)
		done = 0;
	x->left = n - (size_t)done;
	x->at = 0;
	if (x->left)
		x->pending = g_memdup2(buf + done, x->left);
	return true;
}

/* Write more of what is kept for `x`. False on an error. */
static bool give_pending(struct end *x)
{
	ssize_t done = send(x->w.fd, x->pending + x->at, x->left, MSG_NOSIGNAL);

	if (done < 0)
		return errno == EAGAIN || errno == EINTR;
	x->at += (size_t)done;
	x->left -= (size_t)done;
	if (x->left == 0) {
		g_free(x->pending);
		x->pending = NULL;
	}
	return true;
}

/* Move what `x` has to its peer, as far as that takes it. False on an error. */
static bool pump(struct ports *ports, struct end *x)
{
	struct end *to = peer_of(x);

	for (int i = 0; i < READS_AT_ONCE && !x->eof && !to->left; i++) {
		ssize_t n = recv(x->w.fd, ports->scratch, SCRATCH_SIZE, 0);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		if (n == 0)
			x->eof = true;
		else if (!give(to, ports->scratch, (size_t)n))
			return false;
		if (n < SCRATCH_SIZE)
			break;          /* most likely all there was: the next round asks anyway */
	}
	return true;
}

static void on_end(struct ports *ports, struct watch *w, uint32_t events)
{
	struct end *x = (struct end *)w;
	struct relay *r = x->relay;
	bool ok = !(events & EPOLLERR);

	if (r->dead)
		return;
	ports->last_move = ports_now_ms();
	if (ok && events & EPOLLOUT && x->left)
		ok = give_pending(x);
	if (ok && events & (EPOLLIN | EPOLLHUP))
		ok = pump(ports, x);
	if (!ok) {
		close_relay(ports, r, true);
		return;
	}
	/* A hang-up is told again and again, also while nothing is asked for: not until we ask again. */
	if (events & EPOLLHUP && x->w.in_set) {
		(void)epoll_ctl(ports->epoll, EPOLL_CTL_DEL, x->w.fd, NULL);
		x->w.in_set = false;
	}
	settle(ports, r);
}

/* The family of the try: the client's first, where the container has it, then the other one. */
static int family_of(const struct ports *ports, const struct relay *r)
{
	bool six = ports->p->ipv6 && r->client.sa.sa_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&r->client.in6.sin6_addr);

	return six != r->second_try ? AF_INET6 : AF_INET;
}

/* A socket that connects from the client's address to the container's own. 0 when it is connected, -EINPROGRESS, or
 * another -errno. */
static int connect_inside(struct ports *ports, struct relay *r, bool any_port)
{
	const struct net_addrs *a = &ports->p->addrs;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(r->port), .sin_addr = a->guest };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = htons(r->port), .sin6_addr = a->guest6 };
	const int on = 1, family = family_of(ports, r);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	close_end(&r->inside, false);
	r->inside.w.fd = fd;
	r->inside.w.in_set = false;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (ports->show_clients)
		(void)client_pretend(fd, family, &r->client, a, any_port);
	if (connect(fd, family == AF_INET6 ? (struct sockaddr *)&to6 : (struct sockaddr *)&to,
		    family == AF_INET6 ? sizeof to6 : sizeof to) < 0)
		return -errno;
	return 0;
}

/* Begin the connection. A client's port may be one that the kernel still remembers: then another. */
static int begin(struct ports *ports, struct relay *r)
{
	int code = connect_inside(ports, r, false);

	return code == -EADDRNOTAVAIL || code == -EADDRINUSE ? connect_inside(ports, r, true) : code;
}

/* One step on: `code` is what the last attempt came to. */
static void connected(struct ports *ports, struct relay *r, int code)
{
	if (code < 0 && code != -EINPROGRESS && !r->second_try && ports->p->ipv6) {
		r->second_try = true;
		code = begin(ports, r);
	}
	r->connecting = code == -EINPROGRESS;
	if (r->connecting) {
		if (!ports_watch(ports, &r->inside.w, EPOLLOUT))
			close_relay(ports, r, true);
	} else if (code < 0) {
		close_relay(ports, r, true);
	} else {
		settle(ports, r);
	}
}

static void on_inside(struct ports *ports, struct watch *w, uint32_t events)
{
	struct relay *r = ((struct end *)w)->relay;
	int code = 0;
	socklen_t len = sizeof code;

	if (r->dead)
		return;
	if (!r->connecting) {
		on_end(ports, w, events);
		return;
	}
	if (w->fd < 0 || !w->in_set)
		return;
	if (getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0)
		code = errno;
	connected(ports, r, -code);
}

static void start(struct ports *ports, int client, const union client_address *address, uint16_t port)
{
	struct relay *r = g_new0(struct relay, 1);
	const int on = 1;

	(void)setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	r->port = port;
	r->client = *address;
	r->host = (struct end){ .w = { .on_event = on_end, .fd = client }, .relay = r };
	r->inside = (struct end){ .w = { .on_event = on_inside, .fd = -1 }, .relay = r };
	ports->n_relays++;
	connected(ports, r, begin(ports, r));
}

void relay_accept(struct ports *ports, struct watch *w, uint32_t events)
{
	struct listener *l = (struct listener *)w;

	(void)events;
	ports->last_move = ports_now_ms();
	for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
		union client_address address = { .sa.sa_family = AF_UNSPEC };
		socklen_t len = sizeof address;
		int client = accept4(w->fd, &address.sa, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (client >= 0) {
			start(ports, client, &address, l->container_port);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			ports_listen(ports, ports->n_relays == 0);
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}
