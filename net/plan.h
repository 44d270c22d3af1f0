/* plan.h - a container's network as asked for (--network, -p, --dns ...), checked before anything starts.
 *
 * The order in a start: net_plan_parse (client) -> net_plan_bind (keeper, host ports are taken, before the
 * container exists) -> net_inside (init) -> net_outside (keeper: forks the net and port processes).
 */
#ifndef CORACLE_NET_PLAN_H
#define CORACLE_NET_PLAN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/arena.h"
#include "core/base/err.h"

enum net_mode { NET_SLIRP, NET_HOST, NET_NONE, NET_CONTAINER, NET_NS_PATH };

struct net_port {
	char *host_ip;                  /* NULL: all addresses */
	uint16_t host_port;             /* 0: any; filled in by net_plan_bind */
	uint16_t container_port;
	bool udp;
	int listener;                   /* -1 until bound */
};

struct net_plan {
	struct arena arena;
	enum net_mode mode;
	char *ref;                      /* container ID or namespace path */
	unsigned mtu;
	char *cidr, *outbound_addr, *outbound_addr6;
	bool ipv6, host_loopback;
	struct net_port *ports; size_t n_ports;
	/* names */
	char **dns, **dns_search, **dns_option, **add_host;     /* --add-host "name:ip" */
	char *hostname;
	bool no_hosts, no_resolv;
	char *host_address;             /* of this host, not a loopback one, for host.containers.internal; NULL */
};

/* Called in the host's network namespace. `network` is --network's value (NULL: slirp); publish: -p values. expose_all + exposed ("80/tcp"): -P.
 * 0 or -errno; e names the option's value. */
int net_plan_parse(struct net_plan *p, const char *network, const char *const *publish, bool expose_all,
		   const char *const *exposed, struct err *e);
void net_plan_free(struct net_plan *p);

/* Take the host ports. A taken one is "address already in use" with the port's name. */
int net_plan_bind(struct net_plan *p, struct err *e);

/* In init, in the new network namespace. */
int net_inside(const struct net_plan *p, int *fds, size_t *n_fds, struct err *e);

struct net_procs { pid_t net, ports; int net_pidfd, ports_pidfd; };     /* -1 where there is none */

/* In the keeper: start what serves the container's network. They end by themselves when the network namespace
 * or the keeper does. */
int net_outside(struct net_plan *p, pid_t init, int init_pidfd, const int *fds, size_t n_fds,
		struct net_procs *ret, struct err *e);

/* Text of the files for the container; g_free. /etc/hosts contains host.containers.internal. They may be made in
 * any network namespace, net_resolv_text where /etc is still the host's. */
char *net_hosts_text(const struct net_plan *p, const char *container_name, const char *base_hosts);
char *net_resolv_text(const struct net_plan *p);
/* The container's address as shown by inspect ("10.0.2.100"), or "". */
const char *net_address(const struct net_plan *p);

#endif
