/* run_network.c - the network's options as text in the record, checked by making the plan that `start` will make. */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "cmd/run_spec.h"
#include "net/plan.h"

static void put(struct container_record *r, const char *key, const char *value)
{
	arena_strv_push(&r->arena, &r->network_options, arena_printf(&r->arena, "%s=%s", key, value));
}

static void put_all(struct container_record *r, const char *key, char *const *values)
{
	for (; values && *values; values++)
		put(r, key, *values);
}

static void note_ports(struct container_record *r, const struct net_plan *net)
{
	for (size_t i = 0; i < net->n_ports; i++) {
		struct port_mapping *m = ARENA_PUSH(&r->arena, r->ports, r->n_ports);

		m->host_ip = arena_strdup(&r->arena, net->ports[i].host_ip);
		m->host_port = net->ports[i].host_port;
		m->container_port = net->ports[i].container_port;
		m->protocol = arena_strdup(&r->arena, net->ports[i].udp ? "udp" : "tcp");
	}
}

static int apply_mode(struct run_plan *p, const struct net_plan *net, struct err *e)
{
	struct rspec_namespace *ns = &p->spec->namespaces[RSPEC_NS_NETWORK];
	g_autofree char *id = NULL;
	int r;

	ns->listed = net->mode != NET_HOST;
	p->new_net = net->mode == NET_SLIRP || net->mode == NET_NONE;
	if (net->mode == NET_NS_PATH)
		ns->path = arena_strdup(&p->spec->arena, net->ref);
	if (net->mode != NET_CONTAINER)
		return 0;
	r = container_find(&p->c->place, net->ref, &id, e);
	if (r < 0)
		return err_wrap(e, "--network %s", p->o->network);
	if (r == 0)
		return err_msg(e, ENOENT, "--network %s: no such container", p->o->network);
	p->x.join[RSPEC_NS_NETWORK] = arena_strdup(&p->rec->arena, id);
	return 0;
}

int run_network_plan(struct run_plan *p, struct err *e)
{
	const struct run_options *o = p->o;
	struct container_record *r = p->rec;
	struct net_plan net = { 0 };
	int ret;

	r->network = arena_strdup(&r->arena, o->network && *o->network ? o->network : "slirp");
	put_all(r, "publish", o->publish);
	if (o->publish_all)
		put(r, "publish-all", "true");
	put_all(r, "expose", o->expose);
	if (p->img)
		put_all(r, "expose", p->img->config.exposed_ports);
	put_all(r, "dns", o->dns);
	put_all(r, "dns-search", o->dns_search);
	put_all(r, "dns-option", o->dns_option);
	put_all(r, "add-host", o->add_host);
	if (o->no_hosts)
		put(r, "no-hosts", "true");
	if (launch_net_plan(r, &net, e) < 0)
		return -e->code;
	note_ports(r, &net);
	ret = apply_mode(p, &net, e);
	net_plan_free(&net);
	return ret;
}
