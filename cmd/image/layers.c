/* layers.c - missing layers, fetched and unpacked. */
#include "cmd/image/layers.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cmd/image/worker.h"
#include "core/base/fd.h"
#include "core/base/log.h"
#include "net/registry/transfer.h"
#include "storage/layer.h"
#include "storage/partial.h"

#define AT_ONCE_MIN 4
#define AT_ONCE_MAX 6

enum job_state { JOB_WAITING, JOB_RUNNING, JOB_COMPLETE };

struct job {
	const struct descriptor *d;
	const char *diff_id;
	enum job_state state;
	int lock;                       /* of the layer */
	char *stage;                    /* name in tmp/, NULL: none */
	int stage_fd, stage_lock;
	struct worker worker;
	struct transfer *transfer;
	struct partial partial;
	bool resumed;                   /* began with bytes of an earlier pull */
	unsigned shown;                 /* its number in the progress */
};

struct fetch {
	struct store *s;
	struct registry *g;
	struct progress *p;
	struct job *jobs;
	size_t n, active, at_once;
};

/* --- staging ---------------------------------------------------------------------------------------------- */

static void job_unstage(struct fetch *f, struct job *j)
{
	struct err ignored = ERR_INIT;

	fd_close(&j->stage_fd);
	/* What cannot be removed now has a free lock soon and is collected by the next command. */
	if (j->stage && store_remove(f->s, f->s->tmp_fd, j->stage, &ignored) == 0)
		store_unstage(f->s, j->stage);
	g_clear_pointer(&j->stage, g_free);
	fd_close(&j->stage_lock);
}

/* Stop whatever runs. `keep`: its beginning is good for a later pull. */
static void job_stop(struct fetch *f, struct job *j, bool keep)
{
	if (j->state == JOB_RUNNING)
		f->active--;
	g_clear_pointer(&j->transfer, transfer_free);
	worker_kill(&j->worker);
	partial_close(&j->partial, keep);
	if (j->state == JOB_RUNNING)
		job_unstage(f, j);
	if (j->state == JOB_RUNNING)
		j->state = JOB_WAITING;
}

static int job_start(struct fetch *f, struct job *j, struct err *e)
{
	int64_t have;
	int in, spool, r;

	j->stage_fd = store_stage(f->s, &j->stage, &j->stage_lock, e);
	if (j->stage_fd < 0)
		return -e->code;
	j->state = JOB_RUNNING;
	f->active++;
	partial_open(f->s, j->d, &j->partial, &have);
	r = worker_start(j->stage_fd, j->d, j->diff_id, &j->worker, &in, e);
	if (r < 0)
		return err_wrap(e, "unpacking layer %s", j->d->digest);
	spool = j->partial.fd >= 0 ? dup(j->partial.fd) : -1;
	if (spool >= 0)
		(void)fd_set_cloexec(spool, true);
	else
		have = 0;
	j->resumed = have > 0;
	j->transfer = transfer_new(f->g, j->d, in, spool, have);
	j->shown = progress_begin(f->p, j->d->digest, j->d->size, have);
	return 0;
}

/* --- one turn ----------------------------------------------------------------------------------------------- */

static void note(const struct job *j, const struct unpack_result *u)
{
	if (u->skipped_devices)
		log_info("layer %s: %lld device nodes could not be made and are recorded", j->diff_id,
			 (long long)u->skipped_devices);
	if (u->unset_owners)
		log_info("layer %s: the owners of %lld files could not be set and are recorded", j->diff_id,
			 (long long)u->unset_owners);
}

/* The worker has ended. */
static int job_unpacked(struct fetch *f, struct job *j, struct err *e)
{
	struct unpack_result u = { 0 };
	int r = worker_finish(&j->worker, &u, e);

	progress_finish(f->p, j->shown, r == 0 ? "done" : NULL);
	if (r == -EBADMSG && j->resumed) {
		log_info("layer %s: what an earlier pull left is damaged: once more from the start", j->d->digest);
		err_clear(e);
		job_stop(f, j, false);
		return 0;
	}
	if (r < 0) {
		job_stop(f, j, false);
		return err_wrap(e, "layer %s", j->d->digest);
	}
	note(j, &u);
	g_clear_pointer(&j->transfer, transfer_free);
	partial_close(&j->partial, false);
	fd_close(&j->stage_fd);
	j->state = JOB_COMPLETE;
	f->active--;
	return 0;
}

static int job_turn(struct fetch *f, struct job *j, struct err *e)
{
	struct pollfd ended = { .fd = j->worker.result_fd, .events = POLLIN };
	int r;

	if (poll(&ended, 1, 0) > 0)
		return job_unpacked(f, j, e);
	r = transfer_advance(j->transfer, e);
	progress_update(f->p, j->shown, transfer_bytes(j->transfer, NULL));
	/* The reader is gone: it is about to say why. */
	if (r == -EPIPE) {
		err_clear(e);
		return job_unpacked(f, j, e);
	}
	/* Bytes that cannot be the layer's are no beginning to keep. */
	if (r == -EBADMSG)
		job_stop(f, j, false);
	return MIN(r, 0);
}

static int start_more(struct fetch *f, struct err *e)
{
	for (size_t i = 0; i < f->n && f->active < f->at_once; i++) {
		int r = f->jobs[i].state == JOB_WAITING ? job_start(f, &f->jobs[i], e) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

/* Wait until something is to be done. */
static int turn(struct fetch *f, struct err *e)
{
	struct pollfd fds[2 * AT_ONCE_MAX];
	int timeout = 60000, interval = progress_interval(f->p);
	unsigned n = 0;

	for (size_t i = 0; i < f->n; i++) {
		struct job *j = &f->jobs[i];
		int wait;

		if (j->state != JOB_RUNNING)
			continue;
		fds[n++] = (struct pollfd){ .fd = j->worker.result_fd, .events = POLLIN };
		wait = transfer_waits(j->transfer, &fds[n]);
		n += fds[n].fd >= 0;
		if (wait >= 0)
			timeout = MIN(timeout, wait);
	}
	if (interval >= 0)
		timeout = MIN(timeout, interval);
	return registry_step(f->g, fds, n, timeout, e);
}

static int run(struct fetch *f, struct err *e)
{
	int r = start_more(f, e);

	while (r == 0 && f->active) {
		for (size_t i = 0; i < f->n && r == 0; i++)
			if (f->jobs[i].state == JOB_RUNNING)
				r = job_turn(f, &f->jobs[i], e);
		if (r == 0)
			r = start_more(f, e);
		progress_draw(f->p);
		if (r == 0 && f->active)
			r = turn(f, e);
	}
	progress_wipe(f->p);
	return r;
}

/* --- before and after ----------------------------------------------------------------------------------------- */

static int by_diff_id(const void *a, const void *b)
{
	return strcmp(((const struct job *)a)->diff_id, ((const struct job *)b)->diff_id);
}

static int by_size(const void *a, const void *b)
{
	const struct job *x = a, *y = b;

	return x->d->size < y->d->size ? 1 : x->d->size > y->d->size ? -1 : 0;
}

/* Every missing layer once, locked. */
static int collect_jobs(struct fetch *f, const struct remote_image *img, struct err *e)
{
	size_t n = 0;

	f->jobs = g_new0(struct job, img->manifest.n_layers + 1);
	for (size_t i = 0; i < img->manifest.n_layers; i++)
		f->jobs[n++] = (struct job){ .d = &img->manifest.layers[i], .diff_id = img->config.diff_ids[i] };
	qsort(f->jobs, n, sizeof *f->jobs, by_diff_id);
	for (size_t i = 0; i < n; i++) {
		struct job *to = &f->jobs[f->n];
		struct job from = f->jobs[i];
		int here;

		if (f->n && strcmp(to[-1].diff_id, from.diff_id) == 0)
			continue;
		here = layer_exists(f->s, from.diff_id);
		from.lock = here ? -1 : layer_lock(f->s, from.diff_id, e);
		if (here < 0)
			return err_set(e, -here, "layer %s", from.diff_id);
		if (!here && from.lock < 0)
			return -e->code;
		if (here || layer_exists(f->s, from.diff_id) > 0) {
			progress_say(f->p, "Copying blob %s skipped: already exists", from.d->digest);
			fd_close(&from.lock);
			continue;
		}
		from.stage_fd = from.stage_lock = -1;
		from.worker = (struct worker)WORKER_NONE;
		from.partial = (struct partial)PARTIAL_NONE;
		*to = from;
		f->n++;
	}
	qsort(f->jobs, f->n, sizeof *f->jobs, by_size);
	return 0;
}

/* Make complete layers durable and visible. */
static int publish(struct fetch *f, struct err *e)
{
	bool any = false;

	for (size_t i = 0; i < f->n; i++)
		any = any || f->jobs[i].state == JOB_COMPLETE;
	if (!any)
		return 0;
	if (syncfs(f->s->root_fd) < 0)
		return err_set(e, errno, "store %s", f->s->root);
	for (size_t i = 0; i < f->n; i++) {
		struct job *j = &f->jobs[i];
		int r = j->state == JOB_COMPLETE ? layer_publish(f->s, j->stage, j->diff_id, e) : 0;

		if (r < 0)
			return r;
		if (j->state == JOB_COMPLETE)
			g_clear_pointer(&j->stage, g_free);
	}
	return 0;
}

static void end(struct fetch *f, int result)
{
	/* A full disk gets back what it can, wrong bytes are no good to anybody. */
	bool keep = result != -ENOSPC && result != -EDQUOT;
	struct err ignored = ERR_INIT;

	if (result < 0 && result != -EINTR && keep)
		(void)publish(f, &ignored);
	for (size_t i = 0; i < f->n; i++) {
		job_stop(f, &f->jobs[i], keep);
		job_unstage(f, &f->jobs[i]);
		fd_close(&f->jobs[i].lock);
	}
	g_free(f->jobs);
}

static int catch_signals(sigset_t *ret_before)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigprocmask(SIG_BLOCK, &mask, ret_before);
	return signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
}

int layers_fetch(struct store *s, struct registry *g, const struct remote_image *img, struct progress *p,
		 int *ret_signal, struct err *e)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct fetch f = { .s = s, .g = g, .p = p };
	struct signalfd_siginfo si;
	sigset_t before;
	autofd signals = -1;
	int r = collect_jobs(&f, img, e);

	f.at_once = (size_t)CLAMP(cpus + 1, AT_ONCE_MIN, AT_ONCE_MAX);
	signals = catch_signals(&before);
	registry_interrupt_on(g, signals);
	partial_collect(s);
	if (r == 0)
		r = run(&f, e);
	if (r == 0)
		r = publish(&f, e);
	end(&f, r);
	registry_interrupt_on(g, -1);
	if (r == -EINTR && signals >= 0 && read(signals, &si, sizeof si) == (ssize_t)sizeof si)
		*ret_signal = (int)si.ssi_signo;
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

int layers_missing(struct store *s, const struct remote_image *img, struct err *e)
{
	int missing = 0;

	for (size_t i = 0; i < img->config.n_diff_ids; i++) {
		int here = layer_exists(s, img->config.diff_ids[i]);

		if (here < 0)
			return err_set(e, -here, "layer %s", img->config.diff_ids[i]);
		missing += !here;
	}
	return missing;
}
