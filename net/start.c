/* start.c - net_inside and net_outside: the two halves of giving a container its network. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/proc.h"
#include "net/addr.h"
#include "net/names.h"
#include "net/netlink.h"
#include "net/plan.h"
#include "net/ports.h"
#include "net/slirp.h"
#include "net/tap.h"

#define RESOLV_MAX (64 * 1024)

/* What init hands out; the last two only when ports are published. */
enum { FD_TAP, FD_NETNS, FD_USERNS, FD_COUNT };

/* The groups that may ping, as "FIRST LAST": from the id inside whose host id is the lowest to the one whose
 * is the highest, since the kernel compares those. */
static bool ping_range(const char *gid_map, char *ret, size_t size)
{
	unsigned inside, outside, count, first = 0, last = 0;
	uint64_t lowest = UINT64_MAX, highest = 0;
	int used;

	while (sscanf(gid_map, "%u %u %u%n", &inside, &outside, &count, &used) == 3) {
		gid_map += used;
		if (outside < lowest) {
			lowest = outside;
			first = inside;
		}
		if (count > 0 && (uint64_t)outside + count - 1 >= highest) {
			highest = (uint64_t)outside + count - 1;
			last = inside + count - 1;
		}
	}
	/* The kernel's own invalid gid, where everything is mapped. */
	if (last == UINT32_MAX)
		last--;
	snprintf(ret, size, "%u %u", first, last);
	return lowest != UINT64_MAX && first <= last;
}

/* ping and ports below 1024 for every user in the container. Where the kernel will not, nothing is lost that
 * was promised. */
static void loosen(void)
{
	g_autofree char *map = NULL;
	struct err ignored = ERR_INIT;
	char range[32];

	(void)file_poke(AT_FDCWD, "/proc/sys/net/ipv4/ip_unprivileged_port_start", "0");
	if (file_read(AT_FDCWD, "/proc/self/gid_map", 16384, &map, NULL, &ignored) == 0 &&
	    ping_range(map, range, sizeof range))
		(void)file_poke(AT_FDCWD, "/proc/sys/net/ipv4/ping_group_range", range);
}

/* Addresses are set by us: nothing is to be asked of a router, nor of neighbours who might have the same. */
static void quiet_ipv6(void)
{
	static const char dir[] = "/proc/sys/net/ipv6/conf/" NET_TAP_NAME;
	autofd fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)file_poke(fd, "accept_ra", "0");
	(void)file_poke(fd, "accept_dad", "0");
}

static int set_up(const struct net_plan *p, int tap, struct err *e)
{
	struct net_addrs a;
	struct nl_batch b;
	int index;

	nl_begin(&b);
	nl_link(&b, "bring up lo", LO_INDEX, 0);
	if (tap < 0)
		return nl_commit(&b, e);
	if (!net_addrs_from_cidr(p->cidr, &a))
		return err_msg(e, EINVAL, "network %s: no IPv4 network", p->cidr);
	index = (int)if_nametoindex(NET_TAP_NAME);
	if (index == 0)
		return err_set(e, errno, "find interface " NET_TAP_NAME);
	if (p->ipv6)
		quiet_ipv6();
	nl_link(&b, "bring up " NET_TAP_NAME, index, p->mtu);
	nl_address(&b, "give " NET_TAP_NAME " its address", index, AF_INET, &a.guest, a.prefix);
	nl_default_route(&b, "set the default route", index, AF_INET, &a.gateway);
	if (p->ipv6) {          /* a kernel without it is no reason to fail */
		nl_address(&b, NULL, index, AF_INET6, &a.guest6, a.prefix6);
		nl_default_route(&b, NULL, index, AF_INET6, &a.gateway6);
	}
	return nl_commit(&b, e);
}

/* The descriptors for the keeper: the tap, and for published ports the namespaces. The port process could not
 * reach them by init's pid while init changes its ids: it may not be looked at then. */
static int hand_out(const struct net_plan *p, int tap, int *fds, size_t *n_fds, struct err *e)
{
	autofd own_tap = tap, netns = -1, userns = -1;

	if (tap < 0)
		return 0;
	if (p->n_ports > 0) {
		netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		userns = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
		if (netns < 0 || userns < 0)
			return err_set(e, errno, "open the container's namespaces");
	}
	fds[FD_TAP] = take_fd(&own_tap);
	*n_fds = 1;
	if (netns < 0)
		return 0;
	fds[FD_NETNS] = take_fd(&netns);
	fds[FD_USERNS] = take_fd(&userns);
	*n_fds = FD_COUNT;
	return 0;
}

int net_inside(const struct net_plan *p, int *fds, size_t *n_fds, struct err *e)
{
	autofd tap = -1;
	int r;

	*n_fds = 0;
	if (p->mode == NET_SLIRP) {
		tap = tap_open(NET_TAP_NAME, e);
		if (tap < 0)
			return tap;
	}
	r = set_up(p, tap, e);
	if (r < 0)
		return r;
	loosen();
	return hand_out(p, take_fd(&tap), fds, n_fds, e);
}

static int fill_slirp(const struct net_plan *p, struct slirp_params *s, struct err *e)
{
	struct err ignored = ERR_INIT;

	s->mtu = p->mtu;
	s->ipv6 = p->ipv6;
	s->host_loopback = p->host_loopback;
	if (p->outbound_addr) {
		s->has_outbound = true;
		s->outbound.sin_family = AF_INET;
		if (!net_address_or_interface(p->outbound_addr, AF_INET, &s->outbound.sin_addr))
			return err_msg(e, EADDRNOTAVAIL, "outbound_addr=%s: no IPv4 address", p->outbound_addr);
	}
	if (p->outbound_addr6) {
		s->has_outbound6 = true;
		s->outbound6.sin6_family = AF_INET6;
		if (!net_address_or_interface(p->outbound_addr6, AF_INET6, &s->outbound6.sin6_addr))
			return err_msg(e, EADDRNOTAVAIL, "outbound_addr6=%s: no IPv6 address", p->outbound_addr6);
	}
	if (file_read(AT_FDCWD, "/etc/resolv.conf", RESOLV_MAX, &s->resolv_conf, NULL, &ignored) < 0)
		s->resolv_conf = g_strdup("");
	return 0;
}

static int start_slirp(const struct net_plan *p, const struct slirp_params *s, struct net_procs *procs,
		       struct err *e)
{
	(void)p;
	procs->net = fork();
	if (procs->net < 0)
		return err_set(e, errno, "fork the net process");
	if (procs->net == 0)
		slirp_process(s);
	procs->net_pidfd = (int)syscall(SYS_pidfd_open, procs->net, 0);
	return procs->net_pidfd < 0 ? err_set(e, errno, "pidfd of the net process") : 0;
}

static int start_ports(const struct net_plan *p, const struct ports_params *q, struct net_procs *procs,
		       struct err *e)
{
	if (p->n_ports == 0)
		return 0;
	procs->ports = fork();
	if (procs->ports < 0)
		return err_set(e, errno, "fork the port process");
	if (procs->ports == 0)
		ports_process(q);
	procs->ports_pidfd = (int)syscall(SYS_pidfd_open, procs->ports, 0);
	return procs->ports_pidfd < 0 ? err_set(e, errno, "pidfd of the port process") : 0;
}

/* The keeper has no use for the ports once their process has them. */
static void give_ports_away(struct net_plan *p)
{
	for (size_t i = 0; i < p->n_ports; i++)
		fd_close(&p->ports[i].listener);
}

static void undo(struct net_procs *procs)
{
	proc_kill_and_reap(&procs->net);
	proc_kill_and_reap(&procs->ports);
	fd_close(&procs->net_pidfd);
	fd_close(&procs->ports_pidfd);
}

int net_outside(struct net_plan *p, pid_t init, int init_pidfd, const int *fds, size_t n_fds,
		struct net_procs *ret, struct err *e)
{
	struct net_procs procs = { -1, -1, -1, -1 };
	autofd keeper = -1;
	struct slirp_params s = { .init_pidfd = init_pidfd };
	struct ports_params q = { .ports = p->ports, .n_ports = p->n_ports, .ipv6 = p->ipv6,
				  .init_pidfd = init_pidfd };
	int r;

	(void)init;
	if (p->mode != NET_SLIRP) {
		*ret = procs;
		return 0;
	}
	if (n_fds != (p->n_ports > 0 ? FD_COUNT : 1) || !net_addrs_from_cidr(p->cidr, &s.addrs))
		return err_msg(e, EPROTO, "network: wrong descriptors from the container's init");
	keeper = (int)syscall(SYS_pidfd_open, getpid(), 0);
	if (keeper < 0)
		return err_set(e, errno, "pidfd of the keeper");
	s.tap = q.tap = fds[FD_TAP];
	if (p->n_ports > 0) {
		q.netns = fds[FD_NETNS];
		q.userns = fds[FD_USERNS];
	}
	s.keeper_pidfd = q.keeper_pidfd = keeper;
	q.addrs = s.addrs;
	r = fill_slirp(p, &s, e);
	if (r == 0)
		r = start_slirp(p, &s, &procs, e);
	if (r == 0)
		r = start_ports(p, &q, &procs, e);
	g_free(s.resolv_conf);
	if (r < 0) {
		undo(&procs);
		return r;
	}
	give_ports_away(p);
	*ret = procs;
	return 0;
}
