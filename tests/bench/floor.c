/* floor.c - the least that a container costs: the kernel calls of `coracle run --rm IMAGE true`, and nothing else.
 *
 *   floor [--one-id] [--net none|host] [--rootfs LOWER[:LOWER...]] [--times N] PROGRAM [ARGUMENT...]
 *
 * No options are checked, no file is parsed but /etc/subuid's line of this user, nothing is written down: what
 * this takes, every runtime takes, and what coracle takes above it is coracle's own. --rootfs names the layers as
 * overlayfs wants them, the uppermost first; --times starts N containers one after another in this process.
 *
 *   floor --exec PID PROGRAM [ARGUMENT...]
 *
 * is the least that `exec` costs: join all namespaces of PID, which has a user namespace of its own, fork, exec.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <glib.h>
#include <linux/filter.h>

#include "core/runtime/seccomp_default.inc"

/* podman's default capabilities. */
#define CAPS ((1U << CAP_CHOWN) | (1U << CAP_DAC_OVERRIDE) | (1U << CAP_FOWNER) | (1U << CAP_FSETID) |        \
	      (1U << CAP_KILL) | (1U << CAP_NET_BIND_SERVICE) | (1U << CAP_SETGID) | (1U << CAP_SETUID) |     \
	      (1U << CAP_SETPCAP) | (1U << CAP_SYS_CHROOT))
#define CAPS_HIGH (1ULL << CAP_SETFCAP)

struct options { bool one_id, host_net; const char *lower; char **argv; int times; };

static void die(const char *what)
{
	fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
	_exit(125);
}

static void check(int r, const char *what)
{
	if (r < 0)
		die(what);
}

static void do_mount(const char *src, const char *dst, const char *type, unsigned long flags, const char *data)
{
	check(mount(src, dst, type, flags, data), dst);
}

static void touch(const char *path)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0666);

	check(fd, path);
	close(fd);
}

static void mount_dev(bool one_id)
{
	static const char *const nodes[] = { "null", "zero", "full", "random", "urandom", "tty" };

	(void)mkdir("dev", 0755);
	do_mount("tmpfs", "dev", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=65536k");
	for (size_t i = 0; i < G_N_ELEMENTS(nodes); i++) {
		char src[32], dst[32];

		snprintf(src, sizeof src, "/dev/%s", nodes[i]);
		snprintf(dst, sizeof dst, "dev/%s", nodes[i]);
		touch(dst);
		do_mount(src, dst, NULL, MS_BIND, NULL);
	}
	(void)mkdir("dev/pts", 0755);
	do_mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		 one_id ? "newinstance,ptmxmode=0666,mode=0620" : "newinstance,ptmxmode=0666,mode=0620,gid=5");
	(void)mkdir("dev/mqueue", 0755);
	do_mount("mqueue", "dev/mqueue", "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	(void)mkdir("dev/shm", 01777);
	do_mount("shm", "dev/shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=1777,size=65536k");
	(void)!symlink("/proc/self/fd", "dev/fd");
	(void)!symlink("/proc/self/fd/0", "dev/stdin");
	(void)!symlink("/proc/self/fd/1", "dev/stdout");
	(void)!symlink("/proc/self/fd/2", "dev/stderr");
	(void)!symlink("pts/ptmx", "dev/ptmx");
}

static void cover(void)
{
	static const char *const files[] = { "proc/kcore", "proc/keys", "proc/latency_stats", "proc/timer_list",
		"proc/sched_debug" };
	static const char *const dirs[] = { "proc/acpi", "proc/scsi", "sys/firmware" };
	static const char *const ro[] = { "proc/asound", "proc/bus", "proc/fs", "proc/irq", "proc/sys",
		"proc/sysrq-trigger" };

	for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
		if (mount("/dev/null", files[i], NULL, MS_BIND, NULL) < 0 && errno != ENOENT)
			die(files[i]);
	for (size_t i = 0; i < G_N_ELEMENTS(dirs); i++)
		if (mount("tmpfs", dirs[i], "tmpfs", MS_RDONLY, "size=0k") < 0 && errno != ENOENT)
			die(dirs[i]);
	for (size_t i = 0; i < G_N_ELEMENTS(ro); i++) {
		if (mount(ro[i], ro[i], NULL, MS_BIND | MS_REC, NULL) < 0) {
			if (errno != ENOENT)
				die(ro[i]);
			continue;
		}
		do_mount(NULL, ro[i], NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	}
}

static void mount_root(const struct options *o, const char *scratch)
{
	char root[512], data[8192];

	do_mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
	snprintf(root, sizeof root, "%s/merged", scratch);
	snprintf(data, sizeof data, "userxattr,volatile,lowerdir=%s,upperdir=%s/upper,workdir=%s/work", o->lower, scratch,
		 scratch);
	do_mount("overlay", root, "overlay", 0, data);
	check(chdir(root), root);
	(void)mkdir("proc", 0755);
	do_mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
	mount_dev(o->one_id);
	(void)mkdir("sys", 0755);
	if (o->host_net)
		do_mount("/sys", "sys", NULL, MS_BIND | MS_REC, NULL);
	else
		do_mount("sysfs", "sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL);
	cover();
	check((int)syscall(SYS_pivot_root, ".", "."), "pivot_root");
	check(umount2(".", MNT_DETACH), "detach the old root");
	check(chdir("/"), "/");
}

static void drop_rights(void)
{
	struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct d[2] = { { CAPS, CAPS, 0 }, { CAPS_HIGH >> 32, CAPS_HIGH >> 32, 0 } };
	struct sock_fprog p = { .len = default_variants[0].n };

	memcpy(&p.filter, &default_variants[0].insns, sizeof p.filter);
	for (int c = 0; c <= CAP_LAST_CAP; c++)
		if (!((CAPS | CAPS_HIGH) >> c & 1))
			(void)prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
	check((int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &p), "seccomp");
	check((int)syscall(SYS_capset, &h, d), "capset");
}

/* A network namespace without its loopback interface is none that a container is given: --network none has it. */
static void loopback_up(void)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	check(fd, "socket");
	check(ioctl(fd, SIOCSIFFLAGS, &r), "lo");
	close(fd);
}

/* The container's process: waits for the maps, then makes its world. */
static void container(const struct options *o, const char *scratch, int wait_fd)
{
	char c;

	if (read(wait_fd, &c, 1) != 1)
		_exit(125);
	check(setresgid(0, 0, 0), "setresgid");
	check(setresuid(0, 0, 0), "setresuid");
	(void)setsid();
	check(sethostname("floor", 5), "sethostname");
	if (!o->host_net)
		loopback_up();
	mount_root(o, scratch);
	drop_rights();
	(void)close_range(3, ~0U, 0);
	execvp(o->argv[0], o->argv);
	_exit(127);
}

static pid_t map_tool(const char *tool, pid_t pid, unsigned own, const char *start, const char *count)
{
	char p[16], id[16];
	pid_t child;

	snprintf(p, sizeof p, "%d", (int)pid);
	snprintf(id, sizeof id, "%u", own);
	child = vfork();
	if (child == 0) {
		execlp(tool, tool, p, "0", id, "1", "1", start, count, (char *)NULL);
		_exit(127);
	}
	return child;
}

static void poke(pid_t pid, const char *file, const char *text)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(path);
	close(fd);
}

/* The first range of this user in /etc/subuid (which usually equals that of /etc/subgid). */
static bool range(char start[16], char count[16])
{
	struct passwd *pw = getpwuid(getuid());
	char line[256], name[64];
	FILE *f = fopen("/etc/subuid", "re");
	bool found = false;

	while (f && !found && fgets(line, sizeof line, f))
		found = sscanf(line, "%63[^:]:%15[0-9]:%15[0-9]", name, start, count) == 3 && pw &&
			strcmp(name, pw->pw_name) == 0;
	if (f)
		fclose(f);
	return found;
}

static void write_maps(const struct options *o, pid_t pid, const char *start, const char *count)
{
	char text[64];
	int status = 0, other = 0;

	if (o->one_id) {
		poke(pid, "setgroups", "deny");
		snprintf(text, sizeof text, "0 %u 1", (unsigned)getuid());
		poke(pid, "uid_map", text);
		snprintf(text, sizeof text, "0 %u 1", (unsigned)getgid());
		poke(pid, "gid_map", text);
		return;
	}
	pid_t u = map_tool("newuidmap", pid, getuid(), start, count);
	pid_t g = map_tool("newgidmap", pid, getgid(), start, count);

	waitpid(u, &status, 0);
	waitpid(g, &other, 0);
	if (status || other) {
		fprintf(stderr, "floor: newuidmap or newgidmap failed\n");
		exit(125);
	}
}

static int start(const struct options *o, const char *scratch, const char *first, const char *count)
{
	struct clone_args a = { .flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS |
					 CLONE_NEWCGROUP | CLONE_PIDFD, .exit_signal = SIGCHLD };
	int pidfd = -1, p[2], status;
	pid_t pid;

	if (!o->host_net)
		a.flags |= CLONE_NEWNET;
	a.pidfd = (uint64_t)(uintptr_t)&pidfd;
	check(pipe2(p, O_CLOEXEC), "pipe");
	pid = (pid_t)syscall(SYS_clone3, &a, sizeof a);
	check(pid, "clone3");
	if (pid == 0) {
		close(p[1]);
		container(o, scratch, p[0]);
	}
	close(p[0]);
	write_maps(o, pid, first, count);
	check((int)write(p[1], "", 1), "write");
	close(p[1]);
	waitpid(pid, &status, 0);
	close(pidfd);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* A container's directory is made and, empty as it is, taken away again, as --rm does. */
static int with_scratch(const struct options *o, const char *first, const char *count)
{
	static const char *const dirs[] = { "work/work/incompat/volatile", "work/work/incompat", "work/work", "upper/proc",
		"upper/dev", "upper/sys", "upper", "work", "merged" };
	const char *base = getenv("FLOOR_DIR") ? getenv("FLOOR_DIR") : "/tmp";
	enum { FIRST_MADE = 6 };
	char scratch[256], path[300];
	int r;

	snprintf(scratch, sizeof scratch, "%s/floor.XXXXXX", base);
	if (!mkdtemp(scratch))
		die(scratch);
	check(chmod(scratch, 0711), scratch);
	for (size_t i = FIRST_MADE; i < G_N_ELEMENTS(dirs); i++) {
		snprintf(path, sizeof path, "%s/%s", scratch, dirs[i]);
		check(mkdir(path, 0755), path);
	}
	r = start(o, scratch, first, count);
	/* The kernel's own work directories, which it makes with mode 0, and its mark of a volatile mount. */
	for (size_t i = 3; i-- > 0;) {
		snprintf(path, sizeof path, "%s/%s", scratch, dirs[i]);
		(void)chmod(path, 0700);
	}
	snprintf(path, sizeof path, "%s/%s/dirty", scratch, dirs[0]);
	(void)unlink(path);
	for (size_t i = 0; i < G_N_ELEMENTS(dirs); i++) {
		snprintf(path, sizeof path, "%s/%s", scratch, dirs[i]);
		(void)rmdir(path);
	}
	(void)rmdir(scratch);
	return r;
}

static int exec_inside(pid_t container_pid, char **argv)
{
	const int all = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
	int pidfd = (int)syscall(SYS_pidfd_open, container_pid, 0), st;
	pid_t pid;

	check(pidfd, "pidfd_open");
	check(setns(pidfd, all), "setns");
	pid = fork();
	check(pid, "fork");
	if (pid == 0) {
		check(setresgid(0, 0, 0), "setresgid");
		check(setresuid(0, 0, 0), "setresuid");
		(void)setsid();
		drop_rights();
		(void)close_range(3, ~0U, 0);
		execvp(argv[0], argv);
		_exit(127);
	}
	check((int)waitpid(pid, &st, 0), "waitpid");
	return WIFEXITED(st) ? WEXITSTATUS(st) : 128 + WTERMSIG(st);
}

int main(int argc, char **argv)
{
	struct options o = { .lower = getenv("FLOOR_ROOTFS"), .times = 1 };
	char first[16] = "", count[16] = "";
	int i = 1, r = 0;

	if (argc > 3 && strcmp(argv[1], "--exec") == 0)
		return exec_inside(atoi(argv[2]), argv + 3);
	for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
		if (strcmp(argv[i], "--one-id") == 0)
			o.one_id = true;
		else if (strcmp(argv[i], "--net") == 0 && i + 1 < argc)
			o.host_net = strcmp(argv[++i], "host") == 0;
		else if (strcmp(argv[i], "--rootfs") == 0 && i + 1 < argc)
			o.lower = argv[++i];
		else if (strcmp(argv[i], "--times") == 0 && i + 1 < argc)
			o.times = atoi(argv[++i]);
		else
			i = argc;
	}
	if (i >= argc || !o.lower) {
		fprintf(stderr, "usage: floor [--one-id] [--net none|host] [--times N] --rootfs LOWER[:LOWER...] PROGRAM "
				"[ARGUMENT...]\n");
		return 125;
	}
	o.argv = argv + i;
	o.one_id |= !range(first, count);
	while (o.times-- > 0)
		r = with_scratch(&o, first, count);
	return r;
}
