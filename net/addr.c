/* addr.c - see addr.h. */
#include "net/addr.h"

#include <arpa/inet.h>
#include <glib.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "core/base/fd.h"
#include "core/base/text.h"

#define HOST_DNS 3
#define HOST_GATEWAY 2
#define HOST_GUEST 100
#define HOST_GUEST_6 0x100
#define PREFIX_LONGEST 25       /* a smaller network has no .100 */

static struct in_addr host_of(struct in_addr network, uint32_t host)
{
	return (struct in_addr){ .s_addr = htonl(ntohl(network.s_addr) + host) };
}

static struct in6_addr host6(uint16_t host)
{
	struct in6_addr a = { .s6_addr = { 0xfd } };

	a.s6_addr[14] = (uint8_t)(host >> 8);
	a.s6_addr[15] = (uint8_t)host;
	return a;
}

bool net_addrs_from_cidr(const char *cidr, struct net_addrs *ret)
{
	struct net_addrs a = { .prefix6 = 64 };
	char ip[INET_ADDRSTRLEN];
	const char *slash;
	int64_t prefix;

	if (!cidr)
		cidr = NET_CIDR_DEFAULT;
	slash = strchr(cidr, '/');
	if (!slash || (size_t)(slash - cidr) >= sizeof ip || !text_int(slash + 1, 1, PREFIX_LONGEST, &prefix))
		return false;
	memcpy(ip, cidr, (size_t)(slash - cidr));
	ip[slash - cidr] = '\0';
	if (inet_pton(AF_INET, ip, &a.network) != 1)
		return false;
	a.prefix = (unsigned)prefix;
	a.mask.s_addr = htonl(UINT32_MAX << (32 - prefix));
	a.network.s_addr &= a.mask.s_addr;
	a.gateway = host_of(a.network, HOST_GATEWAY);
	a.dns = host_of(a.network, HOST_DNS);
	a.guest = host_of(a.network, HOST_GUEST);
	a.network6 = host6(0);
	a.gateway6 = host6(HOST_GATEWAY);
	a.dns6 = host6(HOST_DNS);
	a.guest6 = host6(HOST_GUEST_6);
	*ret = a;
	return true;
}

/* Connecting a datagram socket sends nothing: the kernel picks the source address by its routes. */
static bool source_towards_world(struct in_addr *ret)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(53) }, from;
	socklen_t len = sizeof from;
	autofd s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(0xc6336401); /* 198.51.100.1, reserved for documentation */
	if (s < 0 || connect(s, (struct sockaddr *)&to, sizeof to) < 0 ||
	    getsockname(s, (struct sockaddr *)&from, &len) < 0)
		return false;
	*ret = from.sin_addr;
	return ntohl(from.sin_addr.s_addr) >> 24 != IN_LOOPBACKNET;
}

static bool usable(const struct ifaddrs *i, const char *name, int family)
{
	if (!i->ifa_addr || i->ifa_addr->sa_family != family || !(i->ifa_flags & IFF_UP))
		return false;
	if (name ? strcmp(name, i->ifa_name) != 0 : (i->ifa_flags & IFF_LOOPBACK) != 0)
		return false;
	return family == AF_INET || !IN6_IS_ADDR_LINKLOCAL(&((struct sockaddr_in6 *)i->ifa_addr)->sin6_addr);
}

/* The first address of interface `name`, or of any but the loopback one. */
static bool interface_address(const char *name, int family, void *ret)
{
	struct ifaddrs *all, *i;

	if (getifaddrs(&all) < 0)
		return false;
	for (i = all; i && !usable(i, name, family); i = i->ifa_next)
		;
	if (i && family == AF_INET)
		memcpy(ret, &((struct sockaddr_in *)i->ifa_addr)->sin_addr, sizeof(struct in_addr));
	else if (i)
		memcpy(ret, &((struct sockaddr_in6 *)i->ifa_addr)->sin6_addr, sizeof(struct in6_addr));
	freeifaddrs(all);
	return i != NULL;
}

bool net_host_address(struct in_addr *ret)
{
	return source_towards_world(ret) || interface_address(NULL, AF_INET, ret);
}

bool net_address_or_interface(const char *text, int family, void *ret)
{
	return inet_pton(family, text, ret) == 1 || interface_address(text, family, ret);
}
