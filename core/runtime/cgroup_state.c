/* cgroup_state.c - a running container's cgroup: kill, freeze, count. See cgroup.h. */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/text.h"
#include "core/runtime/cgroup.h"

#define FILE_MAX (1024 * 1024)
#define PATIENCE_MS 10000               /* a process in uninterruptible sleep may take as long as it likes */

static int open_dir(const char *path, struct err *e)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_set(e, errno, "cgroup %s", path) : fd;
}

/* The number behind "key " in a flat keyed text, or -ENODATA. */
static int64_t keyed(const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *s = text; s; s = strchr(s, '\n') ? strchr(s, '\n') + 1 : NULL)
		if (strncmp(s, key, n) == 0 && s[n] == ' ')
			return strtoll(s + n + 1, NULL, 10);
	return -ENODATA;
}

int64_t cgroup_read_key(const char *path, const char *file, const char *key)
{
	g_autofree char *name = g_build_filename(path, file, NULL), *text = NULL;
	struct err e = ERR_INIT;
	int r = file_read(AT_FDCWD, name, FILE_MAX, &text, NULL, &e);

	return r < 0 ? r : keyed(text, key);
}

int64_t cgroup_read_number(const char *path, const char *file)
{
	g_autofree char *name = g_build_filename(path, file, NULL), *text = NULL;
	struct err e = ERR_INIT;
	int r = file_read(AT_FDCWD, name, FILE_MAX, &text, NULL, &e);
	int64_t v;

	if (r < 0)
		return r;
	g_strchomp(text);
	if (strcmp(text, "max") == 0)
		return INT64_MAX;
	return text_int(text, 0, INT64_MAX, &v) ? v : -EINVAL;
}

uint64_t cgroup_oom_kills(const char *path)
{
	int64_t v = cgroup_read_key(path, "memory.events", "oom_kill");

	return v > 0 ? (uint64_t)v : 0;
}

int cgroup_pids(const char *path, pid_t **ret)
{
	g_autofree char *name = g_build_filename(path, "cgroup.procs", NULL), *text = NULL;
	g_autoptr(GArray) pids = g_array_new(FALSE, FALSE, sizeof(pid_t));
	struct err e = ERR_INIT;
	int r = file_read(AT_FDCWD, name, 64 * FILE_MAX, &text, NULL, &e);

	if (r < 0)
		return r;
	for (char *s = text; *s;) {
		pid_t pid = (pid_t)strtol(s, &s, 10);

		/* 0: a process of an outer pid namespace. */
		if (pid > 0)
			g_array_append_val(pids, pid);
		s += *s == '\n';
	}
	r = (int)pids->len;
	if (ret)
		*ret = (pid_t *)(void *)g_array_free(g_steal_pointer(&pids), FALSE);
	return r;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Wait until cgroup.events says `key want`; the kernel wakes poll(2) at each change of that file. */
static int wait_event(int dirfd, const char *key, int64_t want)
{
	autofd fd = openat(dirfd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	int64_t until = now_ms() + PATIENCE_MS;
	char text[256];

	if (fd < 0)
		return -errno;
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLPRI };
		ssize_t n = pread(fd, text, sizeof text - 1, 0);
		int64_t left = until - now_ms();

		if (n < 0)
			return -errno;
		text[n] = '\0';
		if (keyed(text, key) == want)
			return 0;
		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&p, 1, (int)left) < 0 && errno != EINTR)
			return -errno;
	}
}

int cgroup_freeze(const char *path, bool frozen, struct err *e)
{
	autofd dirfd = open_dir(path, e);
	int r;

	if (dirfd < 0)
		return -e->code;
	r = file_poke(dirfd, "cgroup.freeze", frozen ? "1" : "0");
	if (r == 0)
		r = wait_event(dirfd, "frozen", frozen);
	return r < 0 ? err_set(e, -r, "%s cgroup %s", frozen ? "freeze" : "thaw", path) : 0;
}

/* Before Linux 5.14: nobody can fork while frozen, and a signal that kills ends a frozen process too. */
static int kill_each(int dirfd, const char *path)
{
	g_autofree pid_t *pids = NULL;
	int n;

	(void)file_poke(dirfd, "cgroup.freeze", "1");
	(void)wait_event(dirfd, "frozen", 1);
	n = cgroup_pids(path, &pids);
	for (int i = 0; i < n; i++)
		(void)kill(pids[i], SIGKILL);
	(void)file_poke(dirfd, "cgroup.freeze", "0");
	return n < 0 ? n : 0;
}

int cgroup_kill(const char *path, struct err *e)
{
	autofd dirfd = open_dir(path, e);
	int r;

	if (dirfd < 0)
		return -e->code;
	r = file_poke(dirfd, "cgroup.kill", "1");
	if (r == -ENOENT)
		r = kill_each(dirfd, path);
	return r < 0 ? err_set(e, -r, "kill the processes of cgroup %s", path) : 0;
}

/* The directories below and then `path` itself: what a container made in its own cgroup namespace. */
static int remove_dirs(const char *path, unsigned depth)
{
	g_autoptr(GDir) d = g_dir_open(path, 0, NULL);
	const char *name;

	while (d && depth > 0 && (name = g_dir_read_name(d))) {
		g_autofree char *sub = g_build_filename(path, name, NULL);

		/* Everything that is not a directory here belongs to the kernel, and goes with its directory. */
		if (g_file_test(sub, G_FILE_TEST_IS_DIR) && !g_file_test(sub, G_FILE_TEST_IS_SYMLINK))
			(void)remove_dirs(sub, depth - 1);
	}
	return rmdir(path) < 0 && errno != ENOENT ? -errno : 0;
}

int cgroup_destroy(struct cgroup *c, struct err *e)
{
	autofd dirfd = -1;
	int r;

	if (!c->path)
		return 0;
	dirfd = open(c->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "cgroup %s", c->path);
	if (cgroup_read_key(c->path, "cgroup.events", "populated") != 0) {
		if (cgroup_kill(c->path, e) < 0)
			return -e->code;
		r = wait_event(dirfd, "populated", 0);
		if (r < 0)
			return err_set(e, -r, "wait for the end of cgroup %s", c->path);
	}
	r = remove_dirs(c->path, 64);
	return r < 0 ? err_set(e, -r, "remove cgroup %s", c->path) : 0;
}
