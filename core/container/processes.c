/* processes.c - see processes.h. */
#include "core/container/processes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/fd.h"

#define ROUNDS_MAX 2000         /* about ten seconds */
#define NESTING_MAX 32          /* the kernel's limit of pid namespaces in each other */

static int read_small(const char *path, char *buf, size_t size)
{
	autofd fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, size - 1);

	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return (int)n;
}

int process_read(pid_t pid, struct process *p)
{
	char path[64], text[1024], *open_paren, *close_paren;
	unsigned long long utime, stime, start, vsz;
	long long rss;
	int r;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	r = read_small(path, text, sizeof text);
	if (r < 0)
		return r;
	/* The name may hold anything, also ") S 1": the last parenthesis closes it. */
	open_paren = strchr(text, '(');
	close_paren = strrchr(text, ')');
	if (!open_paren || !close_paren || close_paren[1] != ' ')
		return -EBADMSG;
	*close_paren = '\0';
	*p = (struct process){ .pid = pid };
	g_strlcpy(p->comm, open_paren + 1, sizeof p->comm);
	if (sscanf(close_paren + 2, "%c %d %d %*d %d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %d %d %*d %llu %llu "
		   "%lld", &p->state, &p->ppid, &p->pgid, &p->tty, &utime, &stime, &p->nice, &p->threads, &start, &vsz,
		   &rss) != 11)
		return -EBADMSG;
	p->utime = utime;
	p->stime = stime;
	p->start = start;
	p->vsz = vsz;
	p->rss = (uint64_t)rss * (uint64_t)sysconf(_SC_PAGESIZE);
	return 0;
}

static int open_pid_ns(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/ns/pid", (int)pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Is the namespace behind `fd` (closed here) the one called `ino`, or inside it? */
static bool is_within(int fd, ino_t ino)
{
	struct stat st;

	for (int depth = 0; fd >= 0 && depth < NESTING_MAX; depth++) {
		int up;

		if (fstat(fd, &st) == 0 && st.st_ino == ino) {
			fd_close(&fd);
			return true;
		}
		up = ioctl(fd, NS_GET_PARENT);
		fd_close(&fd);
		fd = up;
	}
	fd_close(&fd);
	return false;
}

/* The namespace of `init`, which must be its process 1. */
static int find_namespace(pid_t init, ino_t *ret, struct err *e)
{
	autofd theirs = open_pid_ns(init), ours = open_pid_ns(getpid());
	struct stat a, b;

	if (theirs < 0)
		return err_set(e, errno == ENOENT ? ESRCH : errno, "look at the pid namespace of process %d", (int)init);
	if (ours < 0 || fstat(theirs, &a) < 0 || fstat(ours, &b) < 0)
		return err_set(e, errno, "compare pid namespaces");
	if (a.st_ino == b.st_ino)
		return err_msg(e, EOPNOTSUPP, "it shares the host's process ids (--pid host) and has no cgroup of its own: "
			       "its processes cannot be told from others");
	*ret = a.st_ino;
	return 0;
}

static gint by_age(gconstpointer a, gconstpointer b)
{
	const struct process *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

int container_processes(pid_t init, GArray **ret, struct err *e)
{
	ino_t ino = 0;
	DIR *d;
	const struct dirent *de;
	int r = find_namespace(init, &ino, e);

	if (r < 0)
		return r;
	d = opendir("/proc");
	if (!d)
		return err_set(e, errno, "open /proc");
	*ret = g_array_new(FALSE, FALSE, sizeof(struct process));
	while ((de = readdir(d))) {
		pid_t pid = (pid_t)atoi(de->d_name);
		struct process p;

		/* Others' processes cannot be looked at, and are none of ours. */
		if (pid > 0 && is_within(open_pid_ns(pid), ino) && process_read(pid, &p) == 0)
			g_array_append_val(*ret, p);
	}
	(void)closedir(d);
	g_array_sort(*ret, by_age);
	return 0;
}

/* Signal the process that is still the one that was listed. */
static int signal_process(const struct process *p, int sig)
{
	autofd pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	struct process now;

	if (pidfd < 0 || process_read(p->pid, &now) < 0 || now.start != p->start)
		return -ESRCH;
	return syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0) < 0 ? -errno : 0;
}

/* Can none of its threads run user code any more? One that waits in the kernel and has the signal pending (a parent in
 * vfork(2) waits for its stopped child) stops before it leaves the kernel, and cannot fork there. */
static bool is_quiet(pid_t pid)
{
	char path[64];
	const struct dirent *de;
	bool quiet = true;
	DIR *d;

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	d = opendir(path);
	while (d && quiet && (de = readdir(d))) {
		char stat_path[384], text[1024];
		const char *end;

		snprintf(stat_path, sizeof stat_path, "%s/%s/stat", path, de->d_name);
		if (de->d_name[0] == '.' || read_small(stat_path, text, sizeof text) < 0)
			continue;
		end = strrchr(text, ')');
		quiet = end && end[1] == ' ' && strchr("TtZXD", end[2]);
	}
	if (d)
		(void)closedir(d);
	return quiet;
}

/* One look at all: signal who runs. 1 when nobody was left to be signalled or waited for, 0, or -errno. */
static int stop_round(pid_t init, GHashTable *signalled, struct err *e)
{
	g_autoptr(GArray) all = NULL;
	bool still = true;
	int r = container_processes(init, &all, e);

	for (guint i = 0; r == 0 && i < all->len; i++) {
		const struct process *p = &g_array_index(all, struct process, i);

		if (p->state == 'Z' || p->state == 'X')
			continue;
		if (g_hash_table_add(signalled, GINT_TO_POINTER(p->pid))) {
			still = false;
			r = signal_process(p, SIGSTOP);
			if (r == -ESRCH)
				r = 0;
			if (r < 0)
				return err_set(e, -r, "stop process %d", (int)p->pid);
		} else if (!is_quiet(p->pid)) {
			still = false;
			/* A SIGCONT from within ends a stop: again. */
			(void)signal_process(p, SIGSTOP);
		}
	}
	return r < 0 ? r : still;
}

int processes_stop(pid_t init, struct err *e)
{
	g_autoptr(GHashTable) signalled = g_hash_table_new(NULL, NULL);

	for (int round = 0; round < ROUNDS_MAX; round++) {
		int r = stop_round(init, signalled, e);

		if (r < 0)
			return r;
		if (r > 0)
			return 0;
		/* The kernel tells only the parent when a process has stopped. */
		if (round > 2)
			(void)poll(NULL, 0, 5);
	}
	return err_msg(e, ETIMEDOUT, "its processes do not stop");
}

int processes_continue(pid_t init, struct err *e)
{
	g_autoptr(GArray) all = NULL;
	int r = container_processes(init, &all, e);

	for (guint i = r < 0 ? 0 : all->len; i > 0; i--) {
		r = signal_process(&g_array_index(all, struct process, i - 1), SIGCONT);
		if (r < 0 && r != -ESRCH)
			return err_set(e, -r, "continue a process");
		r = 0;
	}
	return r;
}
