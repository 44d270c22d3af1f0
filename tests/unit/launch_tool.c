/* launch_tool.c - start a program in a directory by launch() alone, without images, store or command line.
 *
 *   launch_tool [options] ROOT PROGRAM [ARG...]
 *
 * The spec is made by hand here, much as `run` makes it. Used by test_launch and by people who look into a start
 * with strace. The exit status is the program's.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "core/base/proc.h"
#include "core/runtime/caps.h"
#include "core/runtime/launch.h"

static const char *const env[] = { "PATH=/usr/bin:/bin:/opt/dir", "HOME=/root", "TERM=xterm", NULL };

#define OPTIONS(...) (const char *const[]){ __VA_ARGS__, NULL }

static void add_mounts(struct rspec *s)
{
	rspec_add_mount(s, "/proc", "proc", "proc", OPTIONS("nosuid", "noexec", "nodev"));
	rspec_add_mount(s, "/dev", "tmpfs", "tmpfs", OPTIONS("nosuid", "strictatime", "mode=755", "size=65536k"));
	rspec_add_mount(s, "/dev/pts", "devpts", "devpts",
			OPTIONS("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"));
	rspec_add_mount(s, "/dev/shm", "tmpfs", "shm", OPTIONS("nosuid", "noexec", "nodev", "mode=1777", "size=65536k"));
	rspec_add_mount(s, "/dev/mqueue", "mqueue", "mqueue", OPTIONS("nosuid", "noexec", "nodev"));
	rspec_add_mount(s, "/sys", "sysfs", "sysfs", OPTIONS("nosuid", "noexec", "nodev", "ro"));
	rspec_add_mount(s, "/sys/fs/cgroup", "cgroup", "cgroup",
			OPTIONS("rprivate", "nosuid", "noexec", "nodev", "relatime", "ro"));
}

static void fill(struct rspec *s, char **args)
{
	static const char *const masked[] = { "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
		"/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
		"/sys/fs/selinux", "/sys/dev/block", NULL };
	static const char *const readonly[] = { "/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
		"/proc/sysrq-trigger", NULL };
	const uint64_t caps = 0xa80425fb;       /* podman's and docker's default */

	s->process.args = arena_strv_dup(&s->arena, (const char *const *)args);
	s->process.env = arena_strv_dup(&s->arena, env);
	s->process.cwd = arena_strdup(&s->arena, "/");
	s->process.has_capabilities = true;
	for (int i = 0; i < CAP_SET_COUNT; i++)
		s->process.capabilities[i] = i == CAP_SET_INHERITABLE || i == CAP_SET_AMBIENT ? 0 : caps;
	s->hostname = arena_strdup(&s->arena, "box");
	s->masked_paths = arena_strv_dup(&s->arena, masked);
	s->readonly_paths = arena_strv_dup(&s->arena, readonly);
	s->seccomp = SECCOMP_DEFAULT;
	for (int i = 0; i < RSPEC_NS_TIME; i++)
		s->namespaces[i].listed = true;
	add_mounts(s);
}

static void say(enum log_level level, const char *line)
{
	struct timespec t;

	(void)level;
	clock_gettime(CLOCK_MONOTONIC, &t);
	fprintf(stderr, "%3ld.%03ld ms %d %s\n", t.tv_nsec / 1000000, t.tv_nsec / 1000 % 1000, getpid(), line);
}

/* Copy the terminal's output until the program is gone. */
static void relay(int tty)
{
	char buf[4096];
	ssize_t n;

	while ((n = read(tty, buf, sizeof buf)) > 0)
		(void)fd_write_all(1, buf, (size_t)n);
}

static int usage(void)
{
	fputs("usage: launch_tool [-1rtHNPU] [-k UID:GID] [-m UIDMAP] [-u UID:GID] [-w DIR] [-v SRC:DST[:OPTS]]\n"
	      "                   [-T DST:OPTS] [-s KEY=VALUE] [-j PID] [-l N] [-d] ROOT PROGRAM [ARG...]\n", stderr);
	return 2;
}

static void add_volume(struct rspec *s, char *text, const char *type)
{
	char **part = g_strsplit(text, ":", 3);
	bool bind = !strcmp(type, "bind");
	char *opts = bind ? (part[1] ? part[2] : NULL) : part[1];
	char **v = g_strsplit(opts ? opts : bind ? "rbind" : "mode=1777", ",", -1);

	rspec_add_mount(s, bind ? part[1] : part[0], type, bind ? part[0] : "tmpfs", (const char *const *)v);
	g_strfreev(v);
	g_strfreev(part);
}

static void join_all(struct rspec *s, const char *pid)
{
	static const enum rspec_ns kinds[] = { RSPEC_NS_USER, RSPEC_NS_NETWORK, RSPEC_NS_PID, RSPEC_NS_IPC };
	static const char *const files[] = { "user", "net", "pid", "ipc" };

	for (int i = 0; i < 4; i++)
		s->namespaces[kinds[i]].path = arena_printf(&s->arena, "/proc/%s/ns/%s", pid, files[i]);
}

static void one_id(struct idmap *m)
{
	memset(m, 0, sizeof *m);
	m->one_id = true;
	m->n_uid = m->n_gid = 1;
	m->uid[0] = (struct id_range){ 0, geteuid(), 1 };
	m->gid[0] = (struct id_range){ 0, getegid(), 1 };
}

int main(int argc, char **argv)
{
	struct userns_request req = { .mode = USERNS_HOST };
	const char *maps[2] = { NULL, NULL };
	struct launch_params p = { .id = "tool", .stdio = { 0, 1, 2 } };
	autorspec *s = rspec_new();
	struct launched l;
	struct idmap map;
	struct err e = ERR_INIT;
	bool single = false;
	int c, status;
	char *eq;

	fill(s, argv);
	while ((c = getopt(argc, argv, "+1rtHNPUdk:m:u:w:v:T:s:j:l:i:c:")) >= 0) {
		switch (c) {
		case '1': single = true; break;
		case 'r': s->root_readonly = true; break;
		case 't': s->process.terminal = true; s->process.console_rows = 33; s->process.console_cols = 99; break;
		case 'H': s->namespaces[RSPEC_NS_NETWORK].listed = false; break;
		case 'P': s->namespaces[RSPEC_NS_PID].listed = false; break;
		case 'U': req.mode = USERNS_NOMAP; break;
		case 'N': s->process.no_new_privileges = true; break;
		case 'd': log_set(LOG_LEVEL_TRACE, say); break;
		case 'k': req.mode = USERNS_KEEP_ID; sscanf(optarg, "%u:%u", &req.keep_uid, &req.keep_gid); break;
		case 'm': req.mode = USERNS_MAPS; maps[0] = optarg; req.uid_maps = req.gid_maps = maps; break;
		case 'u': sscanf(optarg, "%u:%u", &s->process.user.uid, &s->process.user.gid); break;
		case 'w': s->process.cwd = arena_strdup(&s->arena, optarg); break;
		case 'v': add_volume(s, optarg, "bind"); break;
		case 'T': add_volume(s, optarg, "tmpfs"); break;
		case 's':
			eq = strchr(optarg, '=');
			*eq = '\0';
			rspec_add_kv(s, &s->sysctl, &s->n_sysctl, optarg, eq + 1);
			break;
		case 'j': join_all(s, optarg); break;
		case 'l': p.preserve_fds = (unsigned)atoi(optarg); break;
		case 'i': p.init_path = optarg; break;
		case 'c': p.cgroup = optarg; break;
		default: return usage();
		}
	}
	if (argc - optind < 2)
		return usage();
	s->root_path = arena_strdup(&s->arena, argv[optind]);
	s->process.args = arena_strv_dup(&s->arena, (const char *const *)argv + optind + 1);
	if (single)
		one_id(&map);
	else if (idmap_plan(&req, &map, &e) < 0)
		goto failed;
	p.spec = s;
	p.idmap = &map;
	if (s->process.user.uid != 0)
		s->process.capabilities[CAP_SET_EFFECTIVE] = s->process.capabilities[CAP_SET_PERMITTED] = 0;
	log_trace("launch");
	if (launch(&p, &l, &e) < 0)
		goto failed;
	log_trace("launched");
	if (l.tty >= 0)
		relay(l.tty);
	status = proc_wait(l.pid);
	log_trace("status %d", status);
	return status;
failed:
	fprintf(stderr, "Error: %s\n", e.msg);
	return err_status(&e);
}
