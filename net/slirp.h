/* slirp.h - the net process: a container's packets become sockets of the host. */
#ifndef CORACLE_NET_SLIRP_H
#define CORACLE_NET_SLIRP_H

#include <netinet/in.h>
#include <stdbool.h>

#include "core/base/err.h"
#include "net/addr.h"

struct slirp_params {
	struct net_addrs addrs;
	unsigned mtu;
	bool ipv6, host_loopback;
	bool has_outbound, has_outbound6;
	struct sockaddr_in outbound;
	struct sockaddr_in6 outbound6;
	char *resolv_conf;      /* text of the host's, for its name servers */
	int tap;                /* frames of the container */
	int init_pidfd, keeper_pidfd;
};

/* The whole life of the process, from the fork on. Never returns. */
_Noreturn void slirp_process(const struct slirp_params *p);

/* Can it be used here? Root of a user namespace and in a network namespace of its own; what is made goes with the
 * process. 0, or -errno with the reason. */
int slirp_trial(struct err *e);

#endif
