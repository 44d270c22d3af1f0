/* netlink.c - see netlink.h. */
#include "net/netlink.h"

#include <errno.h>
#include <glib.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/fd.h"

void nl_begin(struct nl_batch *b)
{
	b->len = 0;
	b->n = 0;
}

/* Start a request of `type` with a zeroed body of `size` bytes; returns the body. Its sequence number is
 * its place in the batch, from 1. */
static void *request(struct nl_batch *b, const char *what, int type, int flags, size_t size)
{
	struct nlmsghdr *h = (struct nlmsghdr *)(void *)(b->buf + b->len);

	g_assert(b->n < NL_REQUESTS_MAX && b->len + NLMSG_SPACE(size) <= sizeof b->buf);
	memset(h, 0, NLMSG_SPACE(size));
	h->nlmsg_len = NLMSG_LENGTH(size);
	h->nlmsg_type = (uint16_t)type;
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	b->what[b->n++] = what;
	h->nlmsg_seq = b->n;
	b->len += NLMSG_SPACE(size);
	return NLMSG_DATA(h);
}

/* Append an attribute to the request whose body is `body`, the last of the batch. */
static void attribute(struct nl_batch *b, void *body, int type, const void *data, size_t size)
{
	struct nlmsghdr *h = (struct nlmsghdr *)(void *)((char *)body - NLMSG_HDRLEN);
	struct rtattr *a = (struct rtattr *)(void *)(b->buf + b->len);

	g_assert(b->len + RTA_SPACE(size) <= sizeof b->buf);
	memset(a, 0, RTA_SPACE(size));
	a->rta_type = (uint16_t)type;
	a->rta_len = (uint16_t)RTA_LENGTH(size);
	memcpy(RTA_DATA(a), data, size);
	b->len += RTA_SPACE(size);
	h->nlmsg_len = (uint32_t)(b->buf + b->len - (char *)h);
}

static size_t address_size(int family)
{
	return family == AF_INET ? 4 : 16;
}

void nl_link(struct nl_batch *b, const char *what, int index, unsigned mtu)
{
	struct ifinfomsg *m = request(b, what, RTM_NEWLINK, 0, sizeof *m);

	m->ifi_family = AF_UNSPEC;
	m->ifi_index = index;
	m->ifi_flags = m->ifi_change = IFF_UP;
	if (mtu)
		attribute(b, m, IFLA_MTU, &mtu, sizeof mtu);
}

void nl_address(struct nl_batch *b, const char *what, int index, int family, const void *address,
		unsigned prefix)
{
	struct ifaddrmsg *m = request(b, what, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, sizeof *m);

	m->ifa_family = (uint8_t)family;
	m->ifa_prefixlen = (uint8_t)prefix;
	m->ifa_flags = family == AF_INET6 ? IFA_F_NODAD : 0;
	m->ifa_scope = RT_SCOPE_UNIVERSE;
	m->ifa_index = (uint32_t)index;
	attribute(b, m, IFA_LOCAL, address, address_size(family));
	attribute(b, m, IFA_ADDRESS, address, address_size(family));
}

void nl_default_route(struct nl_batch *b, const char *what, int index, int family, const void *gateway)
{
	struct rtmsg *m = request(b, what, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof *m);

	m->rtm_family = (uint8_t)family;
	m->rtm_table = RT_TABLE_MAIN;
	m->rtm_protocol = RTPROT_BOOT;
	m->rtm_scope = RT_SCOPE_UNIVERSE;
	m->rtm_type = RTN_UNICAST;
	attribute(b, m, RTA_GATEWAY, gateway, address_size(family));
	attribute(b, m, RTA_OIF, &index, sizeof index);
}

void nl_all_is_local(struct nl_batch *b, const char *what, int family, uint32_t mark, uint32_t table)
{
	const int lo = LO_INDEX;
	struct rtmsg *m = request(b, what, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, sizeof *m);
	struct fib_rule_hdr *rule;

	m->rtm_family = (uint8_t)family;
	m->rtm_table = RT_TABLE_UNSPEC;
	m->rtm_protocol = RTPROT_BOOT;
	m->rtm_scope = RT_SCOPE_HOST;
	m->rtm_type = RTN_LOCAL;
	attribute(b, m, RTA_TABLE, &table, sizeof table);
	attribute(b, m, RTA_OIF, &lo, sizeof lo);
	rule = request(b, what, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, sizeof *rule);
	rule->family = (uint8_t)family;
	rule->action = FR_ACT_TO_TBL;
	attribute(b, rule, FRA_TABLE, &table, sizeof table);
	attribute(b, rule, FRA_FWMARK, &mark, sizeof mark);
}

/* Failed requests are answered by an error each, and the last, which asks for it, in any case: read until
 * its answer. */
static int answers(const struct nl_batch *b, int s, struct err *e)
{
	_Alignas(4) char buf[4096];
	int first = 0;

	for (;;) {
		ssize_t n = recv(s, buf, sizeof buf, 0);
		struct nlmsghdr *h = (struct nlmsghdr *)(void *)buf;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_set(e, n < 0 ? errno : EPROTO, "netlink: receive");
		for (unsigned left = (unsigned)n; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
			const struct nlmsgerr *r = NLMSG_DATA(h);

			if (h->nlmsg_type != NLMSG_ERROR || h->nlmsg_seq == 0 || h->nlmsg_seq > b->n)
				continue;
			if (r->error && !first && b->what[h->nlmsg_seq - 1])
				first = err_set(e, -r->error, "network: %s", b->what[h->nlmsg_seq - 1]);
			if (h->nlmsg_seq == b->n)
				return first;
		}
	}
}

int nl_commit(struct nl_batch *b, struct err *e)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct nlmsghdr *h = (struct nlmsghdr *)(void *)b->buf;
	autofd s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (s < 0)
		return err_set(e, errno, "netlink socket");
	while (h->nlmsg_seq != b->n)
		h = (struct nlmsghdr *)(void *)((char *)h + NLMSG_ALIGN(h->nlmsg_len));
	h->nlmsg_flags |= NLM_F_ACK;
	if (sendto(s, b->buf, b->len, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0)
		return err_set(e, errno, "netlink: send");
	return answers(b, s, e);
}
