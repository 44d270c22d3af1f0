/* listen.c - net_plan_bind: the host's ports are taken before the container exists. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "core/base/fd.h"
#include "net/names.h"
#include "net/plan.h"

#define BACKLOG 4096            /* the kernel takes the less of this and net.core.somaxconn */

union any_address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* No address: one socket for both families where the host has IPv6. */
static socklen_t address_of(const struct net_port *port, bool ipv6, union any_address *ret)
{
	memset(ret, 0, sizeof *ret);
	if (port->host_ip ? inet_pton(AF_INET, port->host_ip, &ret->in.sin_addr) == 1 : !ipv6) {
		ret->in.sin_family = AF_INET;
		ret->in.sin_port = htons(port->host_port);
		return sizeof ret->in;
	}
	if (port->host_ip)
		(void)inet_pton(AF_INET6, port->host_ip, &ret->in6.sin6_addr);
	ret->in6.sin6_family = AF_INET6;
	ret->in6.sin6_port = htons(port->host_port);
	return sizeof ret->in6;
}

/* Replies to datagrams must leave from the address that was asked, so that has to be told. */
static void set_options(const struct net_port *port, int s, int family)
{
	const int on = 1, v6only = port->host_ip != NULL;

	if (family == AF_INET6)
		(void)setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &v6only, sizeof v6only);
	if (!port->udp) {
		(void)setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
		return;
	}
	(void)setsockopt(s, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
	if (family == AF_INET6)
		(void)setsockopt(s, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
}

/* 0, or -errno without a message. */
static int take(struct net_port *port, bool ipv6)
{
	union any_address a;
	socklen_t len = address_of(port, ipv6, &a);
	autofd s = socket(a.sa.sa_family, (port->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK,
			  0);

	if (s < 0)
		return -errno;
	set_options(port, s, a.sa.sa_family);
	if (bind(s, &a.sa, len) < 0 || (!port->udp && listen(s, BACKLOG) < 0))
		return -errno;
	len = sizeof a;
	if (getsockname(s, &a.sa, &len) < 0)
		return -errno;
	port->host_port = ntohs(a.sa.sa_family == AF_INET ? a.in.sin_port : a.in6.sin6_port);
	port->listener = take_fd(&s);
	return 0;
}

static int explain(const struct net_port *port, int code, struct err *e)
{
	bool v6 = port->host_ip && strchr(port->host_ip, ':');

	err_set(e, code, "publish %s%s%s:%d/%s", v6 ? "[" : "", port->host_ip ? port->host_ip : "0.0.0.0",
		v6 ? "]" : "", port->host_port, port->udp ? "udp" : "tcp");
	if (code == EACCES)
		return err_hint(e, "ports below the host's net.ipv4.ip_unprivileged_port_start need "
				   "privileges: choose a higher one");
	if (code == EADDRNOTAVAIL)
		return err_hint(e, "this host does not have that address");
	if (code == EADDRINUSE)
		return err_hint(e, "choose another host port, or leave it out for a free one");
	return -code;
}

static int take_all(struct net_plan *p, struct err *e)
{
	for (size_t i = 0; i < p->n_ports; i++) {
		struct net_port *port = &p->ports[i];
		int r;

		if (port->listener >= 0)
			continue;
		r = take(port, true);
		if ((r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL) && !port->host_ip)
			r = take(port, false);
		if (r < 0)
			return explain(port, -r, e);
	}
	return 0;
}

/* A long range needs more descriptors than the usual limit of 1024. The limit is put back, since the
 * container inherits it; descriptors above it stay valid. */
int net_plan_bind(struct net_plan *p, struct err *e)
{
	struct rlimit before, all;
	int r = net_names_check(p, e);

	if (r < 0 || p->n_ports == 0)
		return r;
	if (getrlimit(RLIMIT_NOFILE, &before) < 0)
		return err_set(e, errno, "getrlimit");
	all = (struct rlimit){ before.rlim_max, before.rlim_max };
	if (p->n_ports > 256)
		(void)setrlimit(RLIMIT_NOFILE, &all);
	r = take_all(p, e);
	if (p->n_ports > 256)
		(void)setrlimit(RLIMIT_NOFILE, &before);
	return r;
}
