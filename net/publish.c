/* publish.c - see publish.h. */
#include "net/publish.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "core/base/text.h"

struct port_range { uint16_t first, last; };

/* A -p value in its parts, still as text. */
struct publish_parts {
	char *ip, *host, *container;    /* ip and host NULL or "" where missing */
	bool udp;
};

static bool parse_range(char *s, struct port_range *ret)
{
	char *dash = strchr(s, '-');
	int64_t first, last;

	if (dash)
		*dash++ = '\0';
	if (!g_ascii_isdigit(*s) || !text_int(s, 1, UINT16_MAX, &first))
		return false;
	last = first;
	if (dash && (!g_ascii_isdigit(*dash) || !text_int(dash, first, UINT16_MAX, &last)))
		return false;
	*ret = (struct port_range){ (uint16_t)first, (uint16_t)last };
	return true;
}

/* Cut "/tcp" or "/udp" off `s`. */
static int cut_protocol(char *s, const char *value, bool *ret_udp, struct err *e)
{
	char *slash = strchr(s, '/');

	*ret_udp = false;
	if (!slash)
		return 0;
	*slash++ = '\0';
	*ret_udp = g_ascii_strcasecmp(slash, "udp") == 0;
	if (*ret_udp || g_ascii_strcasecmp(slash, "tcp") == 0)
		return 0;
	return err_msg(e, EINVAL, "port \"%s\": unknown protocol \"%s\"; there are tcp and udp", value, slash);
}

/* Cut `s` at its colons. False when it has too many, or an open bracket. */
static bool cut_parts(char *s, struct publish_parts *ret)
{
	char *colon;

	ret->ip = ret->host = NULL;
	if (*s == '[') {
		char *end = strchr(s, ']');

		if (!end || end[1] != ':' || !strchr(end + 2, ':'))
			return false;
		*end = '\0';
		ret->ip = s + 1;
		s = end + 2;
	}
	colon = strrchr(s, ':');
	ret->container = colon ? colon + 1 : s;
	if (!colon)
		return ret->ip == NULL;
	*colon = '\0';
	ret->host = s;
	colon = strchr(s, ':');
	if (!colon)
		return true;
	if (ret->ip || strchr(colon + 1, ':'))
		return false;
	*colon = '\0';
	ret->ip = s;
	ret->host = colon + 1;
	return true;
}

static int check_ip(const char *ip, const char *value, struct err *e)
{
	unsigned char any[16];

	if (inet_pton(AF_INET, ip, any) == 1 || inet_pton(AF_INET6, ip, any) == 1)
		return 0;
	return err_msg(e, EINVAL, "port \"%s\": \"%s\" is no IP address", value, ip);
}

/* The host ports that are mapped already as `port` would map its own: same address, protocol and distance.
 * One look at all ports for a whole range, which may have 65535 of them. */
static bool *mapped_alike(const struct net_plan *p, const struct net_port *port)
{
	bool *ret = g_new0(bool, UINT16_MAX + 1);

	for (size_t i = 0; i < p->n_ports; i++) {
		const struct net_port *o = &p->ports[i];

		if (o->udp == port->udp && g_strcmp0(o->host_ip, port->host_ip) == 0 &&
		    o->container_port - o->host_port == port->container_port - port->host_port)
			ret[o->host_port] = true;
	}
	return ret;
}

/* The container's ports of that protocol that are published already. */
static bool *published(const struct net_plan *p, bool udp)
{
	bool *ret = g_new0(bool, UINT16_MAX + 1);

	for (size_t i = 0; i < p->n_ports; i++)
		if (p->ports[i].udp == udp)
			ret[p->ports[i].container_port] = true;
	return ret;
}

static void add(struct net_plan *p, const struct net_port *port)
{
	*ARENA_PUSH(&p->arena, p->ports, p->n_ports) = *port;
}

/* Add `n` ports from `port` on; a random host port is as good as another, and never a repetition. */
static void add_range(struct net_plan *p, struct net_port port, int n)
{
	g_autofree bool *there = mapped_alike(p, &port);

	for (int i = 0; i < n; i++) {
		if (port.host_port == 0 || !there[port.host_port])
			add(p, &port);
		port.host_port += port.host_port != 0;
		port.container_port++;
	}
}

static int bad(const char *value, struct err *e)
{
	err_msg(e, EINVAL, "invalid port \"%s\"", value);
	return err_hint(e, "the form is [IP:][HOST]:CONTAINER[/tcp|udp], where HOST and CONTAINER are 1-65535 "
			   "or FIRST-LAST");
}

int publish_parse(struct net_plan *p, const char *value, struct err *e)
{
	g_autofree char *text = g_strdup(value);
	struct port_range host = { 0, 0 }, inside;
	struct publish_parts parts;
	struct net_port port = { .listener = -1 };
	int r;

	r = cut_protocol(text, value, &port.udp, e);
	if (r < 0)
		return r;
	if (!cut_parts(text, &parts) || !parse_range(parts.container, &inside))
		return bad(value, e);
	if (parts.ip && *parts.ip) {
		r = check_ip(parts.ip, value, e);
		if (r < 0)
			return r;
		port.host_ip = arena_strdup(&p->arena, parts.ip);
	}
	if (parts.host && *parts.host && strcmp(parts.host, "0") != 0) {
		if (!parse_range(parts.host, &host))
			return bad(value, e);
		if (host.last - host.first != inside.last - inside.first)
			return err_msg(e, EINVAL, "port \"%s\": %d host ports for %d container ports", value,
				       host.last - host.first + 1, inside.last - inside.first + 1);
	}
	port.host_port = host.first;
	port.container_port = inside.first;
	add_range(p, port, inside.last - inside.first + 1);
	return 0;
}

int publish_exposed(struct net_plan *p, const char *value, struct err *e)
{
	g_autofree char *text = g_strdup(value);
	g_autofree bool *there = NULL;
	struct net_port port = { .listener = -1 };
	struct port_range inside;
	int r;

	r = cut_protocol(text, value, &port.udp, e);
	if (r < 0)
		return r;
	if (!parse_range(text, &inside))
		return err_msg(e, EINVAL, "invalid exposed port \"%s\"; the form is PORT[-LAST][/tcp|udp]", value);
	there = published(p, port.udp);
	for (unsigned n = inside.first; n <= inside.last; n++) {
		port.container_port = (uint16_t)n;
		if (!there[n])
			add(p, &port);
	}
	return 0;
}
