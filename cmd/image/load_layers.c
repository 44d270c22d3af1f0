/* load_layers.c - see load_layers.h. */
#include "cmd/image/load_layers.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <unistd.h>

#include "cmd/image/new_layer.h"
#include "core/base/fd.h"
#include "core/base/proc.h"
#include "storage/layer.h"
#include "storage/layer_tar.h"

#define AT_ONCE_MAX 4

/* One layer on its way. */
struct loading {
	struct wanted_layer *w;         /* NULL: none */
	struct new_layer layer;
	pid_t feeder;
	int feeder_fd;                  /* its error, in one piece; end of file: none */
};

static void __attribute__((noreturn)) feed(struct archive_in *in, const char *name, int out_fd, int error_fd, pid_t parent)
{
	struct err e = ERR_INIT;
	int r;

	proc_die_with_parent(parent);
	r = archive_in_send(in, name, out_fd, &e);
	/* When nobody reads any more, the worker says why. */
	if (r < 0 && r != -EPIPE)
		(void)fd_write_all(error_fd, &e, sizeof e);
	_exit(r < 0);
}

static int start(struct store *s, struct archive_in *in, struct wanted_layer *w, struct loading *ret, struct err *e)
{
	pid_t parent = getpid();
	int p[2];

	*ret = (struct loading){ .w = w, .feeder = -1, .feeder_fd = -1 };
	if (new_layer_begin(s, w->digest, w->diff_id, &ret->layer, e) < 0)
		return -e->code;
	if (pipe2(p, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	ret->feeder_fd = p[0];
	ret->feeder = fork();
	if (ret->feeder == 0)
		feed(in, w->name, ret->layer.in, p[1], parent);
	(void)close(p[1]);
	/* The feeder's is the only end that is written to. */
	fd_close(&ret->layer.in);
	return ret->feeder < 0 ? err_set(e, errno, "fork") : 0;
}

static void drop(struct loading *l)
{
	if (!l->w)
		return;
	proc_kill_and_reap(&l->feeder);
	fd_close(&l->feeder_fd);
	new_layer_end(&l->layer);
	l->w = NULL;
}

static int finish(struct loading *l, struct err *e)
{
	struct err sent = ERR_INIT;
	int r;

	if (!l->w)
		return 0;
	r = new_layer_finish(&l->layer, e);
	/* It could not read the archive: what the worker missed is only a consequence. */
	if (fd_read_full(l->feeder_fd, &sent, sizeof sent) == (ssize_t)sizeof sent) {
		*e = sent;
		r = -e->code;
	}
	if (r < 0)
		err_wrap(e, "layer %s", l->w->name);
	l->w->size = l->layer.result.tar_size;
	drop(l);
	return r;
}

/* 1: it is there, and its size is known. */
static int is_here(struct store *s, struct progress *p, struct wanted_layer *w, struct err *e)
{
	int r = layer_exists(s, w->diff_id);

	if (r < 0)
		return err_set(e, -r, "layer %s", w->diff_id);
	progress_say(p, r ? "Copying blob %s skipped: already exists" : "Copying blob %s", w->diff_id);
	if (r > 0)
		r = layer_tar_size(s, w->diff_id, &w->size, e) < 0 ? -e->code : 1;
	return r;
}

int load_layers(struct store *s, struct archive_in *in, struct progress *p, struct wanted_layer *list, size_t n,
		struct err *e)
{
	const size_t at_once = (size_t)CLAMP(sysconf(_SC_NPROCESSORS_ONLN) + 1, 2, AT_ONCE_MAX);
	struct loading slots[AT_ONCE_MAX] = { 0 };
	int r = 0;

	/* Each takes the place of the one that came `at_once` before. */
	for (size_t i = 0; i < n && r == 0; i++) {
		struct loading *l = &slots[i % at_once];

		r = finish(l, e);
		if (r == 0)
			r = is_here(s, p, &list[i], e);
		if (r == 0)
			r = start(s, in, &list[i], l, e);
		r = MIN(r, 0);
	}
	for (size_t i = 0; i < at_once && r == 0; i++)
		r = finish(&slots[(n + i) % at_once], e);
	for (size_t i = 0; i < at_once; i++)
		drop(&slots[i]);
	return r;
}
