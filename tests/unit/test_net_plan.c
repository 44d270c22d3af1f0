/* test_net_plan.c - --network, -p and the text of /etc/hosts and /etc/resolv.conf. */
#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "net/addr.h"
#include "net/names.h"
#include "net/plan.h"
#include "net/publish.h"

static void test_networks(void)
{
	static const struct { const char *text; enum net_mode mode; const char *ref; } good[] = {
		{ NULL, NET_SLIRP, NULL }, { "", NET_SLIRP, NULL }, { "slirp", NET_SLIRP, NULL },
		{ "slirp4netns", NET_SLIRP, NULL }, { "private", NET_SLIRP, NULL }, { "host", NET_HOST, NULL },
		{ "none", NET_NONE, NULL }, { "container:web", NET_CONTAINER, "web" },
		{ "ns:/proc/self/ns/net", NET_NS_PATH, "/proc/self/ns/net" },
	};
	static const char *const bad[] = { "bridge", "pasta", "pasta:--x", "mynet", "host:x", "none:mtu=1500",
		"private:mtu=1500", "container:", "container", "ns:", "ns:relative", "ns:/nonexistent/x", ":", "slirp2",
		"slirp:mtu", "slirp:mtu=", "slirp:mtu=0", "slirp:mtu=1279", "slirp:mtu=65521", "slirp:mtu=1e3",
		"slirp:cidr=10.0.2.0", "slirp:cidr=10.0.2.0/26", "slirp:cidr=10.0.2.0/0", "slirp:cidr=fd00::/64",
		"slirp:cidr=10.0.2.0/-1", "slirp:enable_ipv6=maybe", "slirp:unknown=1", "slirp:mtu=1500,,",
		"slirp:port_handler=iptables", "slirp:outbound_addr=nonexistent0", "slirp:outbound_addr6=10.0.0.1",
		"slirp:cidr=1111111111111111111111111111111111111111.0.2.0/24", "SLIRP", " slirp" };

	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		struct err e = ERR_INIT;
		struct net_plan p;

		g_assert_cmpint(net_plan_parse(&p, good[i].text, NULL, false, NULL, &e), ==, 0);
		g_assert_cmpint(p.mode, ==, good[i].mode);
		g_assert_cmpstr(p.ref, ==, good[i].ref);
		net_plan_free(&p);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct err e = ERR_INIT;
		struct net_plan p;

		g_assert_cmpint(net_plan_parse(&p, bad[i], NULL, false, NULL, &e), <, 0);
		g_assert_cmpstr(e.msg, !=, "");
	}
}

static void test_options(void)
{
	struct err e = ERR_INIT;
	struct net_plan p;
	struct net_addrs a;
	char text[64];

	g_assert_cmpint(net_plan_parse(&p, "slirp4netns:mtu=1500,cidr=192.168.77.9/24,enable_ipv6=false,"
				       "allow_host_loopback=true,port_handler=slirp4netns,outbound_addr=127.0.0.1,"
				       "outbound_addr6=::1", NULL, false, NULL, &e), ==, 0);
	g_assert_cmpuint(p.mtu, ==, 1500);
	g_assert_false(p.ipv6);
	g_assert_true(p.host_loopback);
	g_assert_cmpstr(net_address(&p), ==, "192.168.77.100");
	g_assert_true(net_addrs_from_cidr(p.cidr, &a));
	g_assert_cmpstr(inet_ntop(AF_INET, &a.network, text, sizeof text), ==, "192.168.77.0");
	g_assert_cmpstr(inet_ntop(AF_INET, &a.dns, text, sizeof text), ==, "192.168.77.3");
	g_assert_cmpstr(inet_ntop(AF_INET6, &a.guest6, text, sizeof text), ==, "fd00::100");
	net_plan_free(&p);
	g_assert_cmpint(net_plan_parse(&p, NULL, NULL, false, NULL, &e), ==, 0);
	g_assert_cmpuint(p.mtu, ==, 65520);
	g_assert_true(p.ipv6);
	g_assert_false(p.host_loopback);
	g_assert_cmpstr(net_address(&p), ==, "10.0.2.100");
	net_plan_free(&p);
	g_assert_cmpint(net_plan_parse(&p, "none", NULL, false, NULL, &e), ==, 0);
	g_assert_cmpstr(net_address(&p), ==, "");
	net_plan_free(&p);
}

static char *ports_text(const struct net_plan *p)
{
	GString *s = g_string_new(NULL);

	for (size_t i = 0; i < p->n_ports; i++)
		g_string_append_printf(s, "%s%s:%u:%u%s", i ? " " : "", p->ports[i].host_ip ? p->ports[i].host_ip : "*",
				       p->ports[i].host_port, p->ports[i].container_port, p->ports[i].udp ? "u" : "");
	return g_string_free(s, FALSE);
}

static void test_publish(void)
{
	static const struct { const char *value, *ports; } good[] = {
		{ "80", "*:0:80" }, { "8080:80", "*:8080:80" }, { "0:80", "*:0:80" }, { ":80", "*:0:80" },
		{ "8080:80/tcp", "*:8080:80" }, { "53:53/udp", "*:53:53u" }, { "53:53/UDP", "*:53:53u" },
		{ "127.0.0.1:8080:80", "127.0.0.1:8080:80" }, { "127.0.0.1::80", "127.0.0.1:0:80" },
		{ "[::1]:8080:80", "::1:8080:80" }, { "[::1]::80", "::1:0:80" }, { "[::]:1:2/udp", ":::1:2u" },
		{ "8080-8082:80-82", "*:8080:80 *:8081:81 *:8082:82" }, { "80-81", "*:0:80 *:0:81" },
		{ "65535:65535", "*:65535:65535" }, { "65534-65535:1-2", "*:65534:1 *:65535:2" },
	};
	static const char *const bad[] = { "", ":", "::", "x", "80:", "0", "8080:0", "65536", "1:65536", "-1", "80-",
		"-80", "82-80", "8080-8081:80", "8080:80-81", "1:2:3", "1.2.3:1:2", "1.2.3.4:1:2:3", "[::1:1:2", "[::1]",
		"[::1]:80", "::1:80:80", "[]:1:2/x", "80/", "80/sctp", "80/tcp/udp", "80 ", " 80", "0x50", "1.5:3",
		"[::1]80:80", "[::g]:1:2", "host:1:2", "+1", "1:+1", "99999999999999999999" };

	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		struct err e = ERR_INIT;
		struct net_plan p = { .mode = NET_SLIRP };
		g_autofree char *text = NULL;

		g_assert_cmpint(publish_parse(&p, good[i].value, &e), ==, 0);
		text = ports_text(&p);
		g_assert_cmpstr(text, ==, good[i].ports);
		net_plan_free(&p);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct err e = ERR_INIT;
		struct net_plan p = { .mode = NET_SLIRP };

		if (publish_parse(&p, bad[i], &e) == 0)
			g_error("accepted: \"%s\"", bad[i]);
		g_assert_cmpstr(e.msg, !=, "");
		net_plan_free(&p);
	}
}

static void test_expose(void)
{
	static const char *const publish[] = { "8080:80", "8080:80", "127.0.0.1:8080:80", NULL };
	static const char *const exposed[] = { "80/tcp", "80/udp", "90-91", "91", NULL };
	static const char *const wrong[] = { "http", NULL };
	struct err e = ERR_INIT;
	struct net_plan p;
	g_autofree char *text = NULL, *none = NULL;

	g_assert_cmpint(net_plan_parse(&p, NULL, publish, true, exposed, &e), ==, 0);
	text = ports_text(&p);
	g_assert_cmpstr(text, ==, "*:8080:80 127.0.0.1:8080:80 *:0:80u *:0:90 *:0:91");
	net_plan_free(&p);
	g_assert_cmpint(net_plan_parse(&p, NULL, NULL, false, exposed, &e), ==, 0);
	none = ports_text(&p);
	g_assert_cmpstr(none, ==, "");
	net_plan_free(&p);
	g_assert_cmpint(net_plan_parse(&p, NULL, NULL, true, wrong, &e), <, 0);
	g_assert_cmpint(net_plan_parse(&p, "host", publish, false, NULL, &e), ==, 0);
	g_assert_cmpuint(p.n_ports, ==, 0);
	net_plan_free(&p);
}

static void test_bind(void)
{
	static const char *const any[] = { "127.0.0.1::80", "127.0.0.1::53/udp", NULL };
	struct err e = ERR_INIT;
	struct net_plan p, q;
	char again[64];
	const char *const taken[] = { again, NULL };

	g_assert_cmpint(net_plan_parse(&p, NULL, any, false, NULL, &e), ==, 0);
	g_assert_cmpint(net_plan_bind(&p, &e), ==, 0);
	g_assert_cmpuint(p.ports[0].host_port, >, 0);
	g_assert_cmpuint(p.ports[1].host_port, >, 0);
	g_snprintf(again, sizeof again, "127.0.0.1:%u:80", p.ports[0].host_port);
	g_assert_cmpint(net_plan_parse(&q, NULL, taken, false, NULL, &e), ==, 0);
	g_assert_cmpint(net_plan_bind(&q, &e), ==, -EADDRINUSE);
	g_assert_nonnull(strstr(e.msg, "127.0.0.1:"));
	net_plan_free(&q);
	net_plan_free(&p);
}

static void test_resolv(void)
{
	static const char host[] = "# made by x\nnameserver 127.0.0.53\nnameserver 1.1.1.1\nsearch a.example b.example\n"
				   "options edns0 trust-ad\n";
	char *dns[] = { (char[]){ "9.9.9.9" }, (char[]){ "fd00::1" }, NULL };
	char *search[] = { (char[]){ "c.example" }, NULL }, *no_search[] = { (char[]){ "." }, NULL };
	char *option[] = { (char[]){ "ndots:2" }, (char[]){ "rotate" }, NULL };
	struct net_plan p = { .mode = NET_SLIRP };
	char *s;

	s = net_resolv_from(&p, host);
	g_assert_cmpstr(s, ==, "search a.example b.example\nnameserver 10.0.2.3\noptions edns0 trust-ad\n");
	g_free(s);
	p.mode = NET_HOST;
	s = net_resolv_from(&p, host);
	g_assert_cmpstr(s, ==, "search a.example b.example\nnameserver 127.0.0.53\nnameserver 1.1.1.1\n"
			       "options edns0 trust-ad\n");
	g_free(s);
	p.mode = NET_SLIRP;
	p.dns = dns;
	p.dns_search = search;
	p.dns_option = option;
	s = net_resolv_from(&p, host);
	g_assert_cmpstr(s, ==, "search c.example\nnameserver 9.9.9.9\nnameserver fd00::1\noptions ndots:2 rotate\n");
	g_free(s);
	p.dns_search = no_search;
	s = net_resolv_from(&p, "");
	g_assert_cmpstr(s, ==, "nameserver 9.9.9.9\nnameserver fd00::1\noptions ndots:2 rotate\n");
	g_free(s);
	p = (struct net_plan){ .mode = NET_NONE };
	s = net_resolv_from(&p, host);
	g_assert_cmpstr(s, ==, "");
	g_free(s);
}

static void test_hosts(void)
{
	char *add[] = { (char[]){ "db:10.9.8.7" }, (char[]){ "v6:[fd00::9]" }, (char[]){ "a;b:1.2.3.4" },
		(char[]){ "me:host-gateway" }, NULL };
	struct net_plan p = { .mode = NET_SLIRP, .add_host = add, .hostname = (char[]){ "box" },
			      .host_address = (char[]){ "192.0.2.9" } };
	char *s;

	s = net_hosts_text(&p, "web", "127.0.0.1 localhost # me\n192.0.2.1 base");
	g_assert_nonnull(strstr(s, "10.9.8.7\tdb\n"));
	g_assert_nonnull(strstr(s, "fd00::9\tv6\n"));
	g_assert_nonnull(strstr(s, "1.2.3.4\ta b\n"));
	g_assert_nonnull(strstr(s, "\n192.0.2.1 base\n"));
	g_assert_nonnull(strstr(s, "10.0.2.100\tbox web\n"));
	g_assert_null(strstr(s, "localhost.localdomain"));
	g_assert_nonnull(strstr(s, "192.0.2.9\thost.containers.internal host.docker.internal\n"));
	g_assert_nonnull(strstr(s, "192.0.2.9\tme\n"));
	g_free(s);
	p = (struct net_plan){ .mode = NET_NONE, .hostname = (char[]){ "evil\n6.6.6.6 bank" } };
	s = net_hosts_text(&p, NULL, NULL);
	g_assert_null(strstr(s, "bank"));
	g_assert_null(strstr(s, "host.containers.internal"));
	g_assert_nonnull(strstr(s, "127.0.0.1\tlocalhost"));
	g_free(s);
}

static void test_names_check(void)
{
	static const char *const bad_hosts[] = { "", "x", ":1.2.3.4", "x:", "x:1.2.3", "x\ny:1.2.3.4", "x y:1.2.3.4",
		"x:[::1", "x:[::1]z", "x:host" };

	for (size_t i = 0; i < G_N_ELEMENTS(bad_hosts); i++) {
		g_autofree char *text = g_strdup(bad_hosts[i]);
		char *add[] = { text, NULL };
		struct net_plan p = { .mode = NET_SLIRP, .add_host = add };
		struct err e = ERR_INIT;

		g_assert_cmpint(net_names_check(&p, &e), ==, -EINVAL);
	}
	for (int i = 0; i < 3; i++) {
		char *word[] = { (char[]){ "a\nnameserver 6.6.6.6" }, NULL };
		struct net_plan p = { .mode = NET_SLIRP };
		struct err e = ERR_INIT;

		*(i == 0 ? &p.dns : i == 1 ? &p.dns_search : &p.dns_option) = word;
		g_assert_cmpint(net_names_check(&p, &e), ==, -EINVAL);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/net/networks", test_networks);
	g_test_add_func("/net/options", test_options);
	g_test_add_func("/net/publish", test_publish);
	g_test_add_func("/net/expose", test_expose);
	g_test_add_func("/net/bind", test_bind);
	g_test_add_func("/net/resolv", test_resolv);
	g_test_add_func("/net/hosts", test_hosts);
	g_test_add_func("/net/names-check", test_names_check);
	return g_test_run();
}
