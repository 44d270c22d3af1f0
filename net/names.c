/* names.c - see names.h. */
#include "net/names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/file.h"
#include "net/addr.h"

#define RESOLV_MAX (64 * 1024)
#define HOST_NAMES "host.containers.internal host.docker.internal"

static bool is_address(const char *s)
{
	unsigned char any[16];

	return inet_pton(AF_INET, s, any) == 1 || inet_pton(AF_INET6, s, any) == 1;
}

/* A word that can stand in one of these files: nothing that would end the word or the line. */
static bool is_word(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f || *s == '#')
			return false;
	return true;
}

/* Cut "name[;name...]:ip" in two, without brackets round the ip. */
static bool cut_host(char *text, char **ret_ip)
{
	char *colon = strchr(text, ':'), *ip, *end;

	if (!colon || colon == text)
		return false;
	*colon = '\0';
	ip = colon + 1;
	if (*ip == '[') {
		end = strchr(ip, ']');
		if (!end || end[1])
			return false;
		*end = '\0';
		ip++;
	}
	*ret_ip = ip;
	return is_word(text) && (strcmp(ip, "host-gateway") == 0 || is_address(ip));
}

int net_names_check(const struct net_plan *p, struct err *e)
{
	for (size_t i = 0; p->dns && p->dns[i]; i++)
		if (!is_address(p->dns[i]) && strcmp(p->dns[i], "none") != 0)
			return err_msg(e, EINVAL, "--dns %s: no IP address", p->dns[i]);
	for (size_t i = 0; p->dns_search && p->dns_search[i]; i++)
		if (!is_word(p->dns_search[i]))
			return err_msg(e, EINVAL, "--dns-search \"%s\": no domain name", p->dns_search[i]);
	for (size_t i = 0; p->dns_option && p->dns_option[i]; i++)
		if (!is_word(p->dns_option[i]))
			return err_msg(e, EINVAL, "--dns-option \"%s\": no resolver option", p->dns_option[i]);
	for (size_t i = 0; p->add_host && p->add_host[i]; i++) {
		g_autofree char *text = g_strdup(p->add_host[i]);
		char *ip;

		if (!cut_host(text, &ip))
			return err_msg(e, EINVAL, "--add-host %s: the form is NAME:IP or NAME:host-gateway",
				       p->add_host[i]);
	}
	return 0;
}

/* The address under which the container reaches this host, or NULL when there is none: an address of the
 * host, which works without a way to its loopback, where only the host's own programs should be. g_free. */
static char *host_gateway(const struct net_plan *p)
{
	char text[INET_ADDRSTRLEN];
	struct net_addrs a;

	if (p->host_address)
		return g_strdup(p->host_address);
	if (p->mode == NET_HOST)
		return g_strdup("127.0.0.1");
	if (p->mode == NET_SLIRP && p->host_loopback && net_addrs_from_cidr(p->cidr, &a))
		return g_strdup(inet_ntop(AF_INET, &a.gateway, text, sizeof text));
	return NULL;
}

static void add_hosts(const struct net_plan *p, const char *gateway, GString *s)
{
	for (size_t i = 0; p->add_host && p->add_host[i]; i++) {
		g_autofree char *text = g_strdup(p->add_host[i]);
		char *ip;

		if (!cut_host(text, &ip))
			continue;
		if (strcmp(ip, "host-gateway") == 0 && !gateway)
			continue;
		g_strdelimit(text, ";", ' ');
		g_string_append_printf(s, "%s\t%s\n", strcmp(ip, "host-gateway") == 0 ? gateway : ip, text);
	}
}

/* Does a line of the file give `name` an address? */
static bool has_name(const char *hosts, const char *name)
{
	g_auto(GStrv) lines = g_strsplit(hosts, "\n", -1);

	for (size_t i = 0; lines[i]; i++) {
		g_auto(GStrv) words = NULL;

		lines[i][strcspn(lines[i], "#")] = '\0';
		words = g_strsplit_set(g_strstrip(lines[i]), " \t", -1);
		for (size_t w = 1; words[0] && words[w]; w++)
			if (strcmp(words[w], name) == 0)
				return true;
	}
	return false;
}

/* The container's own address. The loopback ones are those that podman writes in these modes. */
static const char *own_address(const struct net_plan *p)
{
	if (p->mode == NET_SLIRP)
		return net_address(p);
	return p->mode == NET_HOST ? "127.0.1.1" : "127.0.0.1";
}

char *net_hosts_text(const struct net_plan *p, const char *container_name, const char *base_hosts)
{
	GString *s = g_string_new(NULL);
	g_autofree char *gateway = host_gateway(p);
	const char *hostname = p->hostname && is_word(p->hostname) ? p->hostname : NULL;

	add_hosts(p, gateway, s);
	if (base_hosts) {
		g_string_append(s, base_hosts);
		if (s->len && s->str[s->len - 1] != '\n')
			g_string_append_c(s, '\n');
	}
	if (!has_name(s->str, "localhost"))
		g_string_append(s, "127.0.0.1\tlocalhost localhost.localdomain localhost4 localhost4.localdomain4\n"
				   "::1\tlocalhost localhost.localdomain localhost6 localhost6.localdomain6\n");
	if (gateway && !has_name(s->str, "host.containers.internal"))
		g_string_append_printf(s, "%s\t" HOST_NAMES "\n", gateway);
	if (hostname && has_name(s->str, hostname))
		hostname = NULL;
	if (hostname && container_name && strcmp(hostname, container_name) != 0)
		g_string_append_printf(s, "%s\t%s %s\n", own_address(p), hostname, container_name);
	else if (hostname || container_name)
		g_string_append_printf(s, "%s\t%s\n", own_address(p), hostname ? hostname : container_name);
	return g_string_free(s, FALSE);
}

static void append_words(GString *s, const char *key, char **words)
{
	if (!words || !*words)
		return;
	g_string_append(s, key);
	for (; *words; words++)
		g_string_append_printf(s, " %s", *words);
	g_string_append_c(s, '\n');
}

/* Copy the lines of the host's file with this key; the number of them. */
static unsigned copy_lines(GString *s, const char *key, const char *host)
{
	g_auto(GStrv) lines = g_strsplit(host, "\n", -1);
	size_t len = strlen(key);
	unsigned n = 0;

	for (size_t i = 0; lines[i]; i++) {
		if (strncmp(lines[i], key, len) != 0 || (lines[i][len] != ' ' && lines[i][len] != '\t'))
			continue;
		g_string_append_printf(s, "%s\n", lines[i]);
		n++;
	}
	return n;
}

static void append_servers(GString *s, const struct net_plan *p, const char *host)
{
	char text[INET_ADDRSTRLEN];
	struct net_addrs a;

	if (p->dns && p->dns[0]) {
		for (size_t i = 0; p->dns[i]; i++)
			if (strcmp(p->dns[i], "none") != 0)
				g_string_append_printf(s, "nameserver %s\n", p->dns[i]);
	} else if (p->mode == NET_SLIRP && net_addrs_from_cidr(p->cidr, &a)) {
		g_string_append_printf(s, "nameserver %s\n", inet_ntop(AF_INET, &a.dns, text, sizeof text));
	} else if (p->mode != NET_NONE) {
		copy_lines(s, "nameserver", host);
	}
}

/* "--dns-search ." means no search list, not even the host's. */
static void append_search(GString *s, const struct net_plan *p, const char *host)
{
	if (p->dns_search && p->dns_search[0]) {
		if (strcmp(p->dns_search[0], ".") != 0)
			append_words(s, "search", p->dns_search);
	} else if (p->mode != NET_NONE && copy_lines(s, "search", host) == 0) {
		copy_lines(s, "domain", host);
	}
}

char *net_resolv_from(const struct net_plan *p, const char *host)
{
	GString *s = g_string_new(NULL);

	append_search(s, p, host);
	append_servers(s, p, host);
	if (p->dns_option && p->dns_option[0])
		append_words(s, "options", p->dns_option);
	else if (p->mode != NET_NONE)
		copy_lines(s, "options", host);
	return g_string_free(s, FALSE);
}

char *net_resolv_text(const struct net_plan *p)
{
	g_autofree char *host = NULL;
	struct err ignored = ERR_INIT;

	/* A host without the file has no name server to offer: an empty one is the truth. */
	if (file_read(AT_FDCWD, "/etc/resolv.conf", RESOLV_MAX, &host, NULL, &ignored) < 0)
		host = g_strdup("");
	return net_resolv_from(p, host);
}
