/* doctor_net.c - doctor's trials of the network. See doctor.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cmd/doctor.h"
#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/runtime/idmap.h"
#include "net/slirp.h"

#define LOW_PORT 80

void doctor_tun(struct context *c, struct finding *f)
{
	struct err e = ERR_INIT;

	(void)c;
	if (idmap_enter(idmap_store(), &e) == 0 && unshare(CLONE_NEWNET) < 0)
		(void)err_set(&e, errno, "make a network namespace");
	if (!e.code && slirp_trial(&e) == 0) {
		doctor_ok(f, "a container's interface can be made, and libslirp is there");
		return;
	}
	doctor_lacking(f, DOCTOR_LACKING, "no network of their own: containers run with --network host or none", "%s", e.msg);
	if (strstr(e.msg, "libslirp"))
		doctor_mend(f, DOCTOR_ADMINISTRATOR, "apt-get install libslirp0");
	else
		doctor_mend_device(f, e.code, "/dev/net/tun", "tun");
}

void doctor_resolv_conf(struct context *c, struct finding *f)
{
	static const char cost[] = "names are not found in containers but with --dns";
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	struct err e = ERR_INIT;
	unsigned servers = 0;

	(void)c;
	if (file_read(AT_FDCWD, "/etc/resolv.conf", 1024 * 1024, &text, NULL, &e) < 0) {
		doctor_lacking(f, DOCTOR_LACKING, cost, "%s", e.msg);
		doctor_mend(f, DOCTOR_USER, "coracle run --dns 9.9.9.9 ...");
		return;
	}
	lines = g_strsplit(text, "\n", -1);
	for (char **l = lines; *l; l++)
		servers += g_str_has_prefix(*l, "nameserver ") || g_str_has_prefix(*l, "nameserver\t");
	if (servers) {
		doctor_ok(f, "%u name server%s", servers, servers == 1 ? "" : "s");
		return;
	}
	doctor_lacking(f, DOCTOR_LACKING, cost, "/etc/resolv.conf names no server");
	doctor_mend(f, DOCTOR_USER, "coracle run --dns 9.9.9.9 ...");
}

/* libslirp sends a container's pings from such a socket. */
void doctor_ping(struct context *c, struct finding *f)
{
	autofd fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);

	(void)c;
	if (fd >= 0) {
		doctor_ok(f, "pings can be sent");
		return;
	}
	doctor_lacking(f, DOCTOR_LACKING, "ping gets no answer in containers with a network of their own",
		       "a socket for pings: %s", strerror(errno));
	doctor_mend(f, DOCTOR_ADMINISTRATOR, "sysctl -w 'net.ipv4.ping_group_range=0 2147483647'");
}

void doctor_low_ports(struct context *c, struct finding *f)
{
	const struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(LOW_PORT),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	autofd fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)c;
	if (fd >= 0 && (bind(fd, (const struct sockaddr *)&a, sizeof a) == 0 || errno == EADDRINUSE)) {
		doctor_ok(f, "ports below 1024 can be published");
		return;
	}
	doctor_lacking(f, DOCTOR_LACKING, "-p 80:80 does not work, -p 8080:80 does", "port %d: %s", LOW_PORT, strerror(errno));
	doctor_mend(f, DOCTOR_ADMINISTRATOR, "sysctl -w net.ipv4.ip_unprivileged_port_start=%d", LOW_PORT);
}
