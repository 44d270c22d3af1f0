/* net_tool.c - a container's network without a container: what the keeper and init do, around a shell.
 *
 *   net_tool NETWORK [-p PUBLISH]... [--] COMMAND...
 *
 * runs COMMAND with new user, network, pid and mount namespaces of its own, and exits with its status. For tests. */
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "net/names.h"
#include "net/plan.h"

static struct err e = ERR_INIT;

static _Noreturn void fail(void)
{
	fprintf(stderr, "net_tool: %s\n", e.msg);
	_exit(EXIT_OURS);
}

static void show(enum log_level level, const char *line)
{
	(void)level;
	fprintf(stderr, "net_tool: %s\n", line);
}

static void inside(const struct net_plan *p, int sock, char **argv)
{
	int fds[4];
	size_t n;
	char go;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(sock, &go, 1) != 1)
		_exit(1);
	if (net_inside(p, fds, &n, &e) < 0)
		fail();
	if (fd_send(sock, &go, 1, fds, n) < 0)
		_exit(1);
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
	if (getenv("NET_TOOL_RESOLV"))
		(void)mount(getenv("NET_TOOL_RESOLV"), "/etc/resolv.conf", NULL, MS_BIND, NULL);
	(void)mount("proc", "/proc", "proc", 0, NULL);
	execvp(argv[0], argv);
	_exit(EXIT_NOT_FOUND);
}

static void write_maps(pid_t pid)
{
	char path[64], map[64];

	snprintf(path, sizeof path, "/proc/%d/setgroups", pid);
	(void)file_poke(AT_FDCWD, path, "deny");
	snprintf(path, sizeof path, "/proc/%d/uid_map", pid);
	snprintf(map, sizeof map, "0 %u 1", getuid());
	(void)file_poke(AT_FDCWD, path, map);
	snprintf(path, sizeof path, "/proc/%d/gid_map", pid);
	snprintf(map, sizeof map, "0 %u 1", getgid());
	(void)file_poke(AT_FDCWD, path, map);
}

int main(int argc, char **argv)
{
	const char *publish[256] = { NULL };
	struct net_procs procs;
	struct net_plan p;
	size_t n_publish = 0, n = 4;
	int at = 2, sock[2], fds[4], pidfd = -1;
	pid_t pid;
	char byte = 0;

	log_set(LOG_LEVEL_WARN, show);
	if (argc < 3)
		return EXIT_OURS;
	for (; at + 1 < argc && strcmp(argv[at], "-p") == 0 && n_publish < 255; at += 2)
		publish[n_publish++] = argv[at + 1];
	if (at < argc && strcmp(argv[at], "--") == 0)
		at++;
	if (net_plan_parse(&p, argv[1], publish, false, NULL, &e) < 0 || net_plan_bind(&p, &e) < 0)
		fail();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sock) < 0)
		return EXIT_OURS;
	for (size_t i = 0; i < p.n_ports; i++)
		if (getenv("NET_TOOL_PORTS"))
			fprintf(stderr, "%u -> %u\n", p.ports[i].host_port, p.ports[i].container_port);
	struct clone_args c = { .flags = CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWNS | CLONE_PIDFD,
				.pidfd = (uint64_t)(uintptr_t)&pidfd, .exit_signal = SIGCHLD };
	pid = (pid_t)syscall(SYS_clone3, &c, sizeof c);
	if (pid < 0)
		return EXIT_OURS;
	if (pid == 0)
		inside(&p, sock[1], argv + at);
	close(sock[1]);
	write_maps(pid);
	if (write(sock[0], &byte, 1) != 1 || fd_recv(sock[0], &byte, 1, fds, &n) != 1)
		return EXIT_OURS;
	if (net_outside(&p, pid, pidfd, fds, n, &procs, &e) < 0)
		fail();
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
	if (getenv("NET_TOOL_PIDS"))
		fprintf(stderr, "net %d ports %d\n", procs.net, procs.ports);
	return proc_wait(pid);
}
