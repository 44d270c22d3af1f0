/* state.c - state.json, and the state as it is derived from it and from the run lock (container.h). */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/file.h"
#include "core/base/lock.h"
#include "core/container/container.h"
#include "core/container/record.h"

/* This boot's name into buf[40]; "" when the kernel does not say. */
static void read_boot_id(char *buf)
{
	autofd fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, 36);

	buf[n == 36 ? 36 : 0] = '\0';
}

int container_write_state(int container_fd, const struct container_state *st, struct err *e)
{
	char boot_id[40];
	char *text;
	int r;

	read_boot_id(boot_id);
	text = state_to_json(st, boot_id);
	r = file_replace(container_fd, STATE_FILE, text, strlen(text), 0600, false, e);
	free(text);
	return r < 0 ? err_wrap(e, "what is known of the container") : 0;
}

/* 1 and *st, 0 when there is no state.json, or -errno. */
static int read_file(const struct container_place *p, const char *id, struct container_state *st, char *boot_id,
		     struct err *e)
{
	g_autofree char *text = NULL;
	char path[96];
	size_t len;
	int r;

	memset(st, 0, sizeof *st);
	snprintf(path, sizeof path, "%.64s/" STATE_FILE, id);
	r = file_read(p->containers_fd, path, STATE_MAX, &text, &len, e);
	if (r == -ENOENT) {
		err_clear(e);
		return 0;
	}
	if (r == 0)
		r = state_from_json(text, len, st, boot_id, e);
	return r < 0 ? err_wrap(e, "container %.12s: " STATE_FILE, id) : 1;
}

static bool is_over(enum container_status s)
{
	return s == CONTAINER_CREATED || s == CONTAINER_EXITED;
}

/* The keeper was killed before it could say how the container ended; launch() made the program die with it. */
static void derive_killed(const struct container_place *p, const char *id, struct container_state *st)
{
	struct stat sb;
	char path[96];

	snprintf(path, sizeof path, "%.64s/" STATE_FILE, id);
	if (fstatat(p->containers_fd, path, &sb, 0) == 0)       /* no better time is known */
		st->finished_ns = sb.st_mtim.tv_sec * INT64_C(1000000000) + sb.st_mtim.tv_nsec;
	if (st->status != CONTAINER_RESTARTING)         /* else it had ended by itself, and said how */
		st->exit_code = 137;
	st->status = CONTAINER_EXITED;
	st->pid = st->keeper_pid = 0;
}

int container_read_state(const struct container_place *p, const char *id, struct container_state *ret, struct err *e)
{
	char lock[96], boot_id[40] = "", now[40];
	int r = read_file(p, id, ret, boot_id, e), held;

	if (r < 0)
		return r;
	if (r == 0 || is_over(ret->status)) {
		ret->pid = ret->keeper_pid = 0;
		return 0;
	}
	snprintf(lock, sizeof lock, "%.64s/" LOCK_FILE, id);
	held = lock_is_held(p->containers_fd, lock);
	if (held < 0)
		return err_set(e, -held, "container %.12s: look at its lock", id);
	if (held) {
		/* Kept on another machine that shares the store: its pids mean nothing here. */
		read_boot_id(now);
		if (strcmp(boot_id, now) != 0)
			ret->pid = ret->keeper_pid = 0;
		return 0;
	}
	/* The lock may have been given back between the two looks: then the file has the end of the story. */
	r = read_file(p, id, ret, boot_id, e);
	if (r < 0)
		return r;
	if (r == 1 && !is_over(ret->status))
		derive_killed(p, id, ret);
	return 0;
}
