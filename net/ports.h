/* ports.h - the port process: published ports, connection by connection. */
#ifndef CORACLE_NET_PORTS_H
#define CORACLE_NET_PORTS_H

#include "net/addr.h"
#include "net/plan.h"

struct ports_params {
	const struct net_port *ports;   /* with their listeners */
	size_t n_ports;
	struct net_addrs addrs;
	bool ipv6;
	int netns, userns;              /* the container's network namespace, and the user namespace that owns it */
	int tap;                        /* held, never read: see ports.c */
	int init_pidfd, keeper_pidfd;
};

/* The whole life of the process, from the fork on. Never returns. */
_Noreturn void ports_process(const struct ports_params *p);

#endif
