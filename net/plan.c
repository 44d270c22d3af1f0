/* plan.c - see plan.h: --network and what belongs to it, checked. */
#include "net/plan.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/text.h"
#include "net/addr.h"
#include "net/publish.h"

#define MTU_LEAST 1280          /* what IPv6 asks of a link */

static const struct { const char *name; enum net_mode mode; bool options; } modes[] = {
	{ "slirp", NET_SLIRP, true },
	{ "slirp4netns", NET_SLIRP, true },
	{ "private", NET_SLIRP, false },
	{ "host", NET_HOST, false },
	{ "none", NET_NONE, false },
};

static int opt_bool(const char *value, bool *ret)
{
	if (g_ascii_strcasecmp(value, "true") == 0 || strcmp(value, "1") == 0)
		*ret = true;
	else if (g_ascii_strcasecmp(value, "false") == 0 || strcmp(value, "0") == 0)
		*ret = false;
	else
		return -EINVAL;
	return 0;
}

static int opt_mtu(struct net_plan *p, const char *value)
{
	int64_t mtu;

	if (!text_int(value, MTU_LEAST, NET_MTU_DEFAULT, &mtu))
		return -EINVAL;
	p->mtu = (unsigned)mtu;
	return 0;
}

static int opt_cidr(struct net_plan *p, const char *value)
{
	struct net_addrs a;

	if (!net_addrs_from_cidr(value, &a))
		return -EINVAL;
	p->cidr = arena_strdup(&p->arena, value);
	return 0;
}

static int opt_ipv6(struct net_plan *p, const char *value)
{
	return opt_bool(value, &p->ipv6);
}

static int opt_host_loopback(struct net_plan *p, const char *value)
{
	return opt_bool(value, &p->host_loopback);
}

/* Both of podman's handlers name the one that there is: connections, never packets, and never through slirp. */
static int opt_port_handler(struct net_plan *p, const char *value)
{
	(void)p;
	return strcmp(value, "rootlesskit") == 0 || strcmp(value, "slirp4netns") == 0 ? 0 : -EINVAL;
}

static int opt_outbound(struct net_plan *p, const char *value)
{
	struct in_addr a;

	if (!net_address_or_interface(value, AF_INET, &a))
		return -EINVAL;
	p->outbound_addr = arena_strdup(&p->arena, value);
	return 0;
}

static int opt_outbound6(struct net_plan *p, const char *value)
{
	struct in6_addr a;

	if (!net_address_or_interface(value, AF_INET6, &a))
		return -EINVAL;
	p->outbound_addr6 = arena_strdup(&p->arena, value);
	return 0;
}

static const struct {
	const char *name;
	int (*set)(struct net_plan *p, const char *value);
	const char *wants;
} options[] = {
	{ "mtu", opt_mtu, "1280 to 65520" },
	{ "cidr", opt_cidr, "an IPv4 network such as 10.0.2.0/24, at most /25" },
	{ "enable_ipv6", opt_ipv6, "true or false" },
	{ "allow_host_loopback", opt_host_loopback, "true or false" },
	{ "port_handler", opt_port_handler, "rootlesskit or slirp4netns" },
	{ "outbound_addr", opt_outbound, "an IPv4 address of this host, or an interface that has one" },
	{ "outbound_addr6", opt_outbound6, "an IPv6 address of this host, or an interface that has one" },
};

static int parse_option(struct net_plan *p, char *text, struct err *e)
{
	char *value = strchr(text, '=');

	if (!value)
		return err_msg(e, EINVAL, "network option \"%s\" has no value; the form is NAME=VALUE", text);
	*value++ = '\0';
	for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
		if (strcmp(options[i].name, text) != 0)
			continue;
		if (options[i].set(p, value) < 0)
			return err_msg(e, EINVAL, "network option %s=%s: wanted %s", text, value,
				       options[i].wants);
		return 0;
	}
	err_msg(e, EINVAL, "unknown network option \"%s\"", text);
	return err_hint(e, "there are mtu, cidr, enable_ipv6, allow_host_loopback, port_handler, outbound_addr "
			   "and outbound_addr6");
}

static int parse_options(struct net_plan *p, const char *text, struct err *e)
{
	g_auto(GStrv) each = g_strsplit(text, ",", -1);
	int r = 0;

	for (size_t i = 0; each[i] && r == 0; i++)
		r = parse_option(p, each[i], e);
	return r;
}

/* container:ID and ns:PATH. 1 when it was one of them, 0, or -errno. */
static int parse_reference(struct net_plan *p, const char *network, struct err *e)
{
	if (g_str_has_prefix(network, "container:")) {
		p->mode = NET_CONTAINER;
		network += strlen("container:");
		if (!*network)
			return err_msg(e, EINVAL, "--network container: needs the name or ID of a container");
	} else if (g_str_has_prefix(network, "ns:")) {
		p->mode = NET_NS_PATH;
		network += strlen("ns:");
		if (*network != '/')
			return err_msg(e, EINVAL, "--network ns:%s: the path of a network namespace must be absolute",
				       network);
		if (access(network, F_OK) < 0)
			return err_set(e, errno, "--network ns:%s", network);
	} else {
		return 0;
	}
	p->ref = arena_strdup(&p->arena, network);
	return 1;
}

static int parse_network(struct net_plan *p, const char *network, struct err *e)
{
	const char *colon = strchr(network, ':');
	size_t len = colon ? (size_t)(colon - network) : strlen(network);
	int r = parse_reference(p, network, e);

	if (r != 0)
		return r < 0 ? r : 0;
	for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
		if (strlen(modes[i].name) != len || memcmp(modes[i].name, network, len) != 0)
			continue;
		p->mode = modes[i].mode;
		if (!colon)
			return 0;
		if (!modes[i].options)
			return err_msg(e, EINVAL, "--network %s: \"%s\" takes no options", network, modes[i].name);
		return parse_options(p, colon + 1, e);
	}
	err_msg(e, EINVAL, "network \"%.*s\" is not available", (int)MIN(len, 128), network);
	return err_hint(e, "there are slirp (the default), host, none, container:NAME and ns:PATH");
}

/* Only a network of the container's own has ports to publish; as podman, the others say so and go on. Said once,
 * also when the keeper, a fork of the client, asks again. */
static void discard_ports(struct net_plan *p)
{
	static bool said;

	if (p->mode == NET_SLIRP || p->n_ports == 0)
		return;
	if (!said)
		log_warn("published ports are discarded: the container has no network of its own to publish them from");
	said = true;
	p->n_ports = 0;
}

/* Asked for here since the texts for the container may be made inside its network. */
static void note_host_address(struct net_plan *p)
{
	char text[INET_ADDRSTRLEN];
	struct in_addr a;

	if (p->mode != NET_NONE && net_host_address(&a))
		p->host_address = arena_strdup(&p->arena, inet_ntop(AF_INET, &a, text, sizeof text));
}

int net_plan_parse(struct net_plan *p, const char *network, const char *const *publish, bool expose_all,
		   const char *const *exposed, struct err *e)
{
	int r;

	*p = (struct net_plan){ .mode = NET_SLIRP, .mtu = NET_MTU_DEFAULT, .ipv6 = true };
	r = parse_network(p, network && *network ? network : "slirp", e);
	for (size_t i = 0; r == 0 && publish && publish[i]; i++)
		r = publish_parse(p, publish[i], e);
	for (size_t i = 0; r == 0 && expose_all && exposed && exposed[i]; i++)
		r = publish_exposed(p, exposed[i], e);
	if (r < 0) {
		net_plan_free(p);
		return r;
	}
	discard_ports(p);
	note_host_address(p);
	return 0;
}

void net_plan_free(struct net_plan *p)
{
	for (size_t i = 0; i < p->n_ports; i++)
		if (p->ports[i].listener >= 0)
			(void)close(p->ports[i].listener);
	arena_free(&p->arena);
	*p = (struct net_plan){ .mode = NET_NONE };
}

const char *net_address(const struct net_plan *p)
{
	static char text[INET_ADDRSTRLEN];
	struct net_addrs a;

	if (p->mode != NET_SLIRP || !net_addrs_from_cidr(p->cidr, &a))
		return "";
	return inet_ntop(AF_INET, &a.guest, text, sizeof text);
}
