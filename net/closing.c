/* closing.c - see closing.h. */
#include "net/closing.h"

#include <arpa/inet.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "net/libslirp.h"

#define LOOK_AFTER_MS 50        /* connections that finish within so long are looked at together */
#define LOOK_AT_ONCE 64         /* ... or as many */
#define FLOWS_MAX 65536         /* more than descriptors allow: a guest that plays with FINs */

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10
#define TCP_HEADER 20
#define IP4_HEADER 20
#define IP6_HEADER 40

struct flow_key {
	uint8_t guest[16], remote[16];  /* IPv4: the first four bytes */
	uint16_t guest_port, remote_port;
	uint16_t family, zero;
};

struct flow {
	struct flow_key key;
	bool slirp_fin, guest_fin;
	bool slirp_first;       /* slirp's FIN was the first: its end will be TIME_WAIT */
	bool slirp_acked, guest_acked, done;
	uint32_t slirp_end, guest_end;  /* sequence numbers after the FINs */
	uint8_t eth[ETH_HLEN];  /* of a frame of the guest's */
};

/* What matters of a TCP segment. */
struct segment {
	struct flow_key key;
	uint32_t seq, ack, len;
	uint8_t flags;
};

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

static guint flow_hash(gconstpointer key)
{
	const uint8_t *p = key;
	uint32_t h = 2166136261;

	for (size_t i = 0; i < sizeof(struct flow_key); i++)
		h = (h ^ p[i]) * 16777619;
	return h;
}

static gboolean flow_equal(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(struct flow_key)) == 0;
}

void closing_init(struct closing *c)
{
	*c = (struct closing){ .due_ms = -1 };
	c->flows = g_hash_table_new_full(flow_hash, flow_equal, NULL, g_free);
}

void closing_free(struct closing *c)
{
	g_hash_table_destroy(c->flows);
}

/* Find the TCP header of a frame and the addresses of both ends. NULL when it has none. *ret_len: bytes from
 * the TCP header to the end of the packet. */
static const uint8_t *tcp_header(const uint8_t *f, size_t len, const uint8_t **src, const uint8_t **dst,
				 struct segment *s, size_t *ret_len)
{
	const uint8_t *ip = f + ETH_HLEN;
	size_t header, total;

	if (get16(f + 12) == ETHERTYPE_IP && ip[0] >> 4 == 4) {
		header = (ip[0] & 15) * 4u;
		total = get16(ip + 2);
		if (ip[9] != IPPROTO_TCP || get16(ip + 6) & 0x1fff)
			return NULL;
		s->key.family = AF_INET;
		*src = ip + 12;
		*dst = ip + 16;
	} else if (len >= ETH_HLEN + IP6_HEADER && get16(f + 12) == ETHERTYPE_IPV6 && ip[6] == IPPROTO_TCP) {
		header = IP6_HEADER;
		total = IP6_HEADER + get16(ip + 4);
		s->key.family = AF_INET6;
		*src = ip + 8;
		*dst = ip + 24;
	} else {
		return NULL;
	}
	if (total > len - ETH_HLEN || header < IP4_HEADER || total < header + TCP_HEADER)
		return NULL;
	*ret_len = total - header;
	return ip + header;
}

static bool parse(const uint8_t *f, size_t len, bool from_guest, struct segment *s)
{
	const uint8_t *src, *dst, *tcp;
	size_t n, offset, size;

	if (len < ETH_HLEN + IP4_HEADER + TCP_HEADER)
		return false;
	memset(s, 0, sizeof *s);
	tcp = tcp_header(f, len, &src, &dst, s, &n);
	if (!tcp)
		return false;
	offset = (tcp[12] >> 4) * 4u;
	if (offset < TCP_HEADER || offset > n)
		return false;
	size = s->key.family == AF_INET ? 4 : 16;
	memcpy(s->key.guest, from_guest ? src : dst, size);
	memcpy(s->key.remote, from_guest ? dst : src, size);
	s->key.guest_port = get16(tcp + (from_guest ? 0 : 2));
	s->key.remote_port = get16(tcp + (from_guest ? 2 : 0));
	s->seq = get32(tcp + 4);
	s->ack = get32(tcp + 8);
	s->flags = tcp[13];
	s->len = (uint32_t)(n - offset);
	return true;
}

static bool reached(uint32_t ack, uint32_t end)
{
	return (int32_t)(ack - end) >= 0;
}

static void forget(struct closing *c, struct flow *f)
{
	if (f->done)
		c->done--;
	g_hash_table_remove(c->flows, &f->key);
}

/* The flow of a segment, made when there is none yet and the segment closes one side. NULL: nothing to watch.
 * A reset, or a new connection between the same ends, ends what was known. */
static struct flow *flow_of(struct closing *c, const struct segment *s)
{
	struct flow *f = NULL;

	if (g_hash_table_size(c->flows) > 0)
		f = g_hash_table_lookup(c->flows, &s->key);
	if (f && s->flags & (TCP_RST | TCP_SYN)) {
		forget(c, f);
		return NULL;
	}
	if (f || !(s->flags & TCP_FIN) || s->flags & (TCP_RST | TCP_SYN))
		return f;
	if (g_hash_table_size(c->flows) >= FLOWS_MAX) {
		g_hash_table_remove_all(c->flows);
		c->done = 0;
	}
	f = g_new0(struct flow, 1);
	f->key = s->key;
	g_hash_table_insert(c->flows, &f->key, f);
	return f;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

/* Both ends have closed and know it of each other? Where the guest closed first libslirp keeps nothing. */
static void check_done(struct closing *c, struct flow *f)
{
	if (f->done || !f->slirp_acked || !f->guest_acked)
		return;
	if (!f->slirp_first) {
		forget(c, f);
		return;
	}
	f->done = true;
	c->done++;
	if (c->due_ms < 0)
		c->due_ms = now_ms() + LOOK_AFTER_MS;
}

void closing_from_slirp(struct closing *c, const uint8_t *frame, size_t len)
{
	struct segment s;
	struct flow *f;

	if (!parse(frame, len, false, &s))
		return;
	f = flow_of(c, &s);
	if (!f)
		return;
	if (s.flags & TCP_FIN && !f->slirp_fin) {
		f->slirp_fin = true;
		f->slirp_first = !f->guest_fin;
		f->slirp_end = s.seq + s.len + 1;
	}
	if (s.flags & TCP_ACK && f->guest_fin && reached(s.ack, f->guest_end))
		f->guest_acked = true;
	check_done(c, f);
}

void closing_from_guest(struct closing *c, const uint8_t *frame, size_t len)
{
	struct segment s;
	struct flow *f;

	if (!parse(frame, len, true, &s))
		return;
	f = flow_of(c, &s);
	if (!f)
		return;
	memcpy(f->eth, frame, ETH_HLEN);
	if (s.flags & TCP_FIN && !f->guest_fin) {
		f->guest_fin = true;
		f->guest_end = s.seq + s.len + 1;
	}
	if (s.flags & TCP_ACK && f->slirp_fin && reached(s.ack, f->slirp_end))
		f->slirp_acked = true;
	check_done(c, f);
}

int64_t closing_due_ms(const struct closing *c)
{
	return c->due_ms;
}

static uint32_t sum(uint32_t s, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i + 1 < n; i += 2)
		s += get16(p + i);
	return s;
}

static uint32_t fold(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return ~s & 0xffff;
}

/* A reset as the guest would send it: in sequence, with the acknowledgement of slirp's FIN. */
static void feed_reset(const struct flow *f, Slirp *slirp)
{
	uint8_t frame[ETH_HLEN + IP6_HEADER + TCP_HEADER] = { 0 }, *ip = frame + ETH_HLEN, *tcp;
	bool v4 = f->key.family == AF_INET;
	size_t header = v4 ? IP4_HEADER : IP6_HEADER, addresses = v4 ? 8 : 32;

	memcpy(frame, f->eth, ETH_HLEN);
	if (v4) {
		ip[0] = 0x45;
		put16(ip + 2, IP4_HEADER + TCP_HEADER);
		ip[8] = 64;
		ip[9] = IPPROTO_TCP;
	} else {
		ip[0] = 0x60;
		put16(ip + 4, TCP_HEADER);
		ip[6] = IPPROTO_TCP;
		ip[7] = 64;
	}
	memcpy(ip + header - addresses, f->key.guest, addresses / 2);
	memcpy(ip + header - addresses / 2, f->key.remote, addresses / 2);
	if (v4)
		put16(ip + 10, fold(sum(0, ip, IP4_HEADER)));
	tcp = ip + header;
	put16(tcp, f->key.guest_port);
	put16(tcp + 2, f->key.remote_port);
	put32(tcp + 4, f->guest_end);
	put32(tcp + 8, f->slirp_end);
	tcp[12] = TCP_HEADER / 4 << 4;
	tcp[13] = TCP_RST | TCP_ACK;
	put16(tcp + 16, fold(sum(sum(IPPROTO_TCP + TCP_HEADER, ip + header - addresses, addresses), tcp,
				 TCP_HEADER)));
	libslirp.input(slirp, frame, (int)(ETH_HLEN + header + TCP_HEADER));
}

struct connection {
	char state[24];
	unsigned guest_port, remote_port, received, to_send;    /* queues: from the guest, to the guest */
};

/* One line of slirp_connection_info: "  TCP[STATE]  FD ADDRESS PORT ADDRESS PORT RECVQ SENDQ". The addresses
 * of IPv6 connections are not told. */
static bool parse_line(const char *line, struct connection *ret)
{
	char from[64], to[64];
	int fd;

	return sscanf(line, " TCP[%23[^]]] %d %63s %u %63s %u %u %u", ret->state, &fd, from, &ret->guest_port, to,
		      &ret->remote_port, &ret->received, &ret->to_send) == 8;
}

static gpointer ports_key(unsigned guest, unsigned remote)
{
	return GUINT_TO_POINTER((guest & 0xffff) << 16 | (remote & 0xffff));
}

/* Ports of the connections that libslirp keeps in TIME_WAIT -> 1 + what they hold for the host. */
static GHashTable *kept(Slirp *slirp)
{
	GHashTable *t = g_hash_table_new(NULL, NULL);
	g_autofree char *info = libslirp.connection_info(slirp);

	for (char *line = info, *end; line && *line; line = end ? end + 1 : NULL) {
		struct connection k;

		end = strchr(line, '\n');
		if (end)
			*end = '\0';
		if (!parse_line(line, &k) || strcmp(k.state, "TIME_WAIT") != 0)
			continue;
		gpointer key = ports_key(k.guest_port, k.remote_port);
		unsigned before = GPOINTER_TO_UINT(g_hash_table_lookup(t, key));

		g_hash_table_insert(t, key, GUINT_TO_POINTER(MAX(before, k.received + 1)));
	}
	return t;
}

void closing_turn(struct closing *c, Slirp *slirp, int64_t now)
{
	GHashTable *kept_now;
	GHashTableIter i;
	gpointer value;

	if (c->due_ms < 0 || (now < c->due_ms && c->done < LOOK_AT_ONCE))
		return;
	c->due_ms = -1;
	kept_now = kept(slirp);
	g_hash_table_iter_init(&i, c->flows);
	while (g_hash_table_iter_next(&i, NULL, &value)) {
		struct flow *f = value;
		unsigned held;

		if (!f->done)
			continue;
		held = GPOINTER_TO_UINT(g_hash_table_lookup(kept_now, ports_key(f->key.guest_port,
										f->key.remote_port)));
		if (held > 1) {
			c->due_ms = now + LOOK_AFTER_MS;        /* the host reads slowly: not yet */
			continue;
		}
		if (held == 1)
			feed_reset(f, slirp);
		c->done--;
		g_hash_table_iter_remove(&i);
	}
	g_hash_table_destroy(kept_now);
}

bool closing_in_flight(Slirp *slirp)
{
	static const char *const open_states[] = { "SYN_SENT", "SYN_RCVD", "ESTABLISHED", "FIN_WAIT_1",
		"FIN_WAIT_2" };
	g_autofree char *info = libslirp.connection_info(slirp);

	for (char *line = info, *end; line && *line; line = end ? end + 1 : NULL) {
		struct connection k;

		end = strchr(line, '\n');
		if (end)
			*end = '\0';
		if (!parse_line(line, &k))
			continue;
		if (k.received > 0)
			return true;
		for (size_t i = 0; i < G_N_ELEMENTS(open_states); i++)
			if (strcmp(k.state, open_states[i]) == 0)
				return true;
	}
	return false;
}
