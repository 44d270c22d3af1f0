/* addr.h - the addresses of a slirp network: gateway .2, name server .3, container .100. */
#ifndef CORACLE_NET_ADDR_H
#define CORACLE_NET_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>

#define NET_CIDR_DEFAULT "10.0.2.0/24"
#define NET_MTU_DEFAULT 65520
#define NET_TAP_NAME "tap0"

struct net_addrs {
	struct in_addr network, mask, gateway, dns, guest;
	unsigned prefix;
	struct in6_addr network6, gateway6, dns6, guest6;       /* fd00::/64, ::2, ::3, ::100 */
	unsigned prefix6;
};

/* Fill from "a.b.c.d/prefix" (NULL: the default). False when it is no IPv4 network, or one too small
 * to hold .100. */
bool net_addrs_from_cidr(const char *cidr, struct net_addrs *ret);

/* A non-loopback IPv4 address of this host: the one that it uses to reach the world, else the first of an
 * interface that is up. False when there is none. */
bool net_host_address(struct in_addr *ret);

/* An address of `family` from `text`: the address itself or an interface's name. `ret` has room for a
 * struct in_addr or in6_addr. */
bool net_address_or_interface(const char *text, int family, void *ret);

#endif
