/* client.h - the program behind a published TCP port sees the client's own address.
 *
 * Rootless proxies usually show their own. Ours connects to the container from the client's address (IP_TRANSPARENT,
 * see ip(7)), and carries a mark, which the kernel passes on to the server's socket (tcp_fwmark_accept, see
 * Documentation/networking/ip-sysctl.rst): packets with it are routed back to this process, whatever their address.
 */
#ifndef CORACLE_NET_CLIENT_H
#define CORACLE_NET_CLIENT_H

#include <stdbool.h>

#include "net/addr.h"

union client_address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/* Set up what that needs in this process's network namespace, which CAP_NET_ADMIN is had in. False where the kernel has
 * no such thing: then clients are shown as the container's own address. */
bool client_prepare(bool ipv6);

/* Before connect(2): make the socket `fd` of `family` look like the client. One at the host's loopback address looks like
 * the gateway, for that address means something else inside. Needs CAP_NET_ADMIN or CAP_NET_RAW. False: it does not, and
 * can be used as it is. The port is the client's too where that is free, and `any_port` is not asked for. */
bool client_pretend(int fd, int family, const union client_address *client, const struct net_addrs *a, bool any_port);

#endif
