/* netlink.h - interfaces, addresses and routes: a batch of rtnetlink(7) requests in one message.
 *
 * nl_begin, any of nl_link, nl_address, nl_default_route, then nl_commit.
 */
#ifndef CORACLE_NET_NETLINK_H
#define CORACLE_NET_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

#define NL_REQUESTS_MAX 16
#define LO_INDEX 1

struct nl_batch {
	size_t len;
	uint32_t n;
	/* What each request is for, in error messages; NULL where a failure is no error. */
	const char *what[NL_REQUESTS_MAX];
	_Alignas(4) char buf[2048];
};

void nl_begin(struct nl_batch *b);

/* Bring up interface `index`, with this MTU unless it is 0. */
void nl_link(struct nl_batch *b, const char *what, int index, unsigned mtu);

/* Give it an address (of 4 bytes for AF_INET, 16 for AF_INET6); usable at once (no duplicate detection). */
void nl_address(struct nl_batch *b, const char *what, int index, int family, const void *address,
		unsigned prefix);

void nl_default_route(struct nl_batch *b, const char *what, int index, int family, const void *gateway);

/* The routing table `table`, where every address is one of this machine's own, for packets with `mark`. */
void nl_all_is_local(struct nl_batch *b, const char *what, int family, uint32_t mark, uint32_t table);

/* Let the kernel do all of it. The first failed request that matters is the error. 0 or -errno. */
int nl_commit(struct nl_batch *b, struct err *e);

#endif
