/* flow.c - published UDP ports: one socket inside for each client, so that replies find their way. See relay.h.
 *
 * A reply leaves from the address that the client had asked (IP_PKTINFO), or it would not take it for one.
 */
#include "net/relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define FLOW_IDLE_MS 90000
#define FLOWS_MAX 4096          /* then the one that was used least recently goes */
#define DATAGRAMS_AT_ONCE 32
#define DATAGRAM_MAX 65536

union udp_address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

struct flow_key {
	union udp_address client;
	int listener;
};

union packet_info {
	char space[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(struct in_pktinfo))];
	struct cmsghdr align;
};

struct flow {
	struct watch w;
	struct flow_key key;
	socklen_t client_len;
	union packet_info from;         /* as it came: as replies are sent */
	size_t from_len;
	int64_t last_use;
	bool dead;
	struct flow *older, *newer;     /* older: also the list of the dead */
};

static guint key_hash(gconstpointer key)
{
	const uint8_t *p = key;
	uint32_t h = 2166136261;

	for (size_t i = 0; i < sizeof(struct flow_key); i++)
		h = (h ^ p[i]) * 16777619;
	return h;
}

static gboolean key_equal(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(struct flow_key)) == 0;
}

static void unlink_flow(struct ports *ports, struct flow *f)
{
	*(f->older ? &f->older->newer : &ports->oldest) = f->newer;
	*(f->newer ? &f->newer->older : &ports->newest) = f->older;
	f->older = f->newer = NULL;
}

static void link_newest(struct ports *ports, struct flow *f)
{
	f->older = ports->newest;
	f->newer = NULL;
	*(ports->newest ? &ports->newest->newer : &ports->oldest) = f;
	ports->newest = f;
	f->last_use = ports_now_ms();
}

static void close_flow(struct ports *ports, struct flow *f)
{
	g_hash_table_remove(ports->flows, &f->key);
	unlink_flow(ports, f);
	(void)close(f->w.fd);
	f->w.fd = -1;
	f->dead = true;
	f->older = ports->dead_flows;
	ports->dead_flows = f;
}

void flow_bury(struct ports *ports)
{
	while (ports->dead_flows) {
		struct flow *f = ports->dead_flows;

		ports->dead_flows = f->older;
		g_free(f);
	}
}

int flow_expire(struct ports *ports)
{
	int64_t now = ports_now_ms();

	while (ports->oldest && ports->oldest->last_use + FLOW_IDLE_MS <= now)
		close_flow(ports, ports->oldest);
	return ports->oldest ? (int)(ports->oldest->last_use + FLOW_IDLE_MS - now) : -1;
}

/* Datagrams from the container: to the client. */
static void on_reply(struct ports *ports, struct watch *w, uint32_t events)
{
	struct flow *f = (struct flow *)w;

	(void)events;
	for (int i = 0; i < DATAGRAMS_AT_ONCE && !f->dead; i++) {
		ssize_t n = recv(w->fd, ports->scratch, DATAGRAM_MAX, 0);
		struct iovec iov = { .iov_base = ports->scratch, .iov_len = n > 0 ? (size_t)n : 0 };
		struct msghdr m = { .msg_name = &f->key.client, .msg_namelen = f->client_len, .msg_iov = &iov,
				    .msg_iovlen = 1, .msg_control = f->from_len ? &f->from : NULL,
				    .msg_controllen = f->from_len };

		if (n < 0)
			return;         /* nothing more, or nobody listens there (yet) */
		(void)sendmsg(f->key.listener, &m, MSG_NOSIGNAL);
		unlink_flow(ports, f);
		link_newest(ports, f);
	}
}

static struct flow *new_flow(struct ports *ports, const struct listener *l, const struct flow_key *key,
			     const struct msghdr *m)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(l->container_port),
				  .sin_addr = ports->p->addrs.guest };
	struct flow *f;
	int fd;

	if (g_hash_table_size(ports->flows) >= FLOWS_MAX)
		close_flow(ports, ports->oldest);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return NULL;
	f = g_new0(struct flow, 1);
	f->w = (struct watch){ .on_event = on_reply, .fd = fd };
	f->key = *key;
	f->client_len = m->msg_namelen;
	if (m->msg_controllen <= sizeof f->from) {
		memcpy(&f->from, m->msg_control, m->msg_controllen);
		f->from_len = m->msg_controllen;
	}
	if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0 || !ports_watch(ports, &f->w, EPOLLIN)) {
		(void)close(fd);
		g_free(f);
		return NULL;
	}
	g_hash_table_insert(ports->flows, &f->key, f);
	link_newest(ports, f);
	return f;
}

/* What came with the datagram names the interface that it came by; replies may take another. */
static void any_interface(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
			((struct in_pktinfo *)(void *)CMSG_DATA(c))->ipi_ifindex = 0;
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO &&
		    !IN6_IS_ADDR_LINKLOCAL(&((struct in6_pktinfo *)(void *)CMSG_DATA(c))->ipi6_addr))
			((struct in6_pktinfo *)(void *)CMSG_DATA(c))->ipi6_ifindex = 0;
	}
}

void flow_receive(struct ports *ports, struct watch *w, uint32_t events)
{
	const struct listener *l = (struct listener *)w;

	(void)events;
	if (!ports->flows)
		ports->flows = g_hash_table_new(key_hash, key_equal);
	for (int i = 0; i < DATAGRAMS_AT_ONCE; i++) {
		struct iovec iov = { .iov_base = ports->scratch, .iov_len = DATAGRAM_MAX };
		union packet_info info;
		struct flow_key key;
		struct msghdr m = { .msg_name = &key.client, .msg_namelen = sizeof key.client, .msg_iov = &iov,
				    .msg_iovlen = 1, .msg_control = &info, .msg_controllen = sizeof info };
		struct flow *f;
		ssize_t n;

		memset(&key, 0, sizeof key);
		memset(&info, 0, sizeof info);
		key.listener = w->fd;
		n = recvmsg(w->fd, &m, 0);
		if (n < 0)
			return;
		any_interface(&m);
		f = g_hash_table_lookup(ports->flows, &key);
		if (f) {
			unlink_flow(ports, f);
			link_newest(ports, f);
		} else {
			f = new_flow(ports, l, &key, &m);
		}
		/* A refusal of an earlier datagram is told once: the next try sends. */
		if (f && send(f->w.fd, ports->scratch, (size_t)n, MSG_NOSIGNAL) < 0 && errno == ECONNREFUSED)
			(void)send(f->w.fd, ports->scratch, (size_t)n, MSG_NOSIGNAL);
	}
}
