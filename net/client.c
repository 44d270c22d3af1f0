/* client.c - see client.h. */
#include "net/client.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/file.h"
#include "net/netlink.h"

/* "Cor": a mark and a table that nobody else takes. */
#define MARK 0x436f72u
#define TABLE 0x436f72u

bool client_prepare(bool ipv6)
{
	struct nl_batch b;
	struct err ignored = ERR_INIT;

	if (file_poke(AT_FDCWD, "/proc/sys/net/ipv4/tcp_fwmark_accept", "1") < 0)
		return false;
	nl_begin(&b);
	nl_all_is_local(&b, "route replies", AF_INET, MARK, TABLE);
	if (ipv6)
		nl_all_is_local(&b, "route replies", AF_INET6, MARK, TABLE);
	return nl_commit(&b, &ignored) == 0;
}

/* As the container shall see it: of its own family, or none. */
static socklen_t seen_as(int family, const union client_address *client, const struct net_addrs *a,
			 union client_address *ret)
{
	memset(ret, 0, sizeof *ret);
	if (client->sa.sa_family == AF_INET) {
		ret->in = client->in;
	} else if (IN6_IS_ADDR_V4MAPPED(&client->in6.sin6_addr)) {
		ret->in.sin_family = AF_INET;
		ret->in.sin_port = client->in6.sin6_port;
		memcpy(&ret->in.sin_addr, &client->in6.sin6_addr.s6_addr[12], sizeof ret->in.sin_addr);
	} else {
		ret->in6.sin6_family = AF_INET6;
		ret->in6.sin6_port = client->in6.sin6_port;
		ret->in6.sin6_addr = client->in6.sin6_addr;
		if (IN6_IS_ADDR_LOOPBACK(&ret->in6.sin6_addr) || IN6_IS_ADDR_LINKLOCAL(&ret->in6.sin6_addr))
			ret->in6.sin6_addr = a->gateway6;
	}
	if (ret->sa.sa_family == AF_INET && ntohl(ret->in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET)
		ret->in.sin_addr = a->gateway;
	if (ret->sa.sa_family != family)
		return 0;
	return family == AF_INET ? sizeof ret->in : sizeof ret->in6;
}

bool client_pretend(int fd, int family, const union client_address *client, const struct net_addrs *a, bool any_port)
{
	const int on = 1, level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	const int transparent = family == AF_INET ? IP_TRANSPARENT : IPV6_TRANSPARENT;
	const uint32_t mark = MARK;
	union client_address from;
	socklen_t len = seen_as(family, client, a, &from);

	if (!len || setsockopt(fd, level, transparent, &on, sizeof on) < 0)
		return false;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof mark) < 0)
		return false;
	if (!any_port && bind(fd, &from.sa, len) == 0)
		return true;
	*(family == AF_INET ? &from.in.sin_port : &from.in6.sin6_port) = 0;
	return bind(fd, &from.sa, len) == 0;
}
