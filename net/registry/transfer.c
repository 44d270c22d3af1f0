/* transfer.c - one layer's compressed bytes, from the registry into a pipe. */
#include "net/registry/transfer.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "net/registry/header.h"

#define REPLAY_CHUNK (128 * 1024)
#define BULK_MIN (1024 * 1024)          /* a smaller blob fits the window of an HTTP/2 stream */
#define PROGRESS_MIN (1024 * 1024)      /* so many bytes between two breaks earn a fresh set of attempts */

enum transfer_state { REPLAY, RUN, WAIT, FLUSH, DONE };

struct transfer {
	struct registry *g;
	const struct descriptor *d;
	struct exchange x;
	enum transfer_state state;
	int out_fd, spool_fd;
	int64_t got;                    /* bytes taken, in order, from spool or network */
	int64_t network;
	int64_t replay_left, replay_at;
	int64_t skip;                   /* bytes of this answer that we have already */
	int64_t got_at_break;
	int64_t wait_until;             /* monotonic, us */
	bool checked;                   /* this answer's headers are as asked */
	bool paused;
	char *carry;                    /* what the pipe did not take: carry_len bytes from carry_at */
	size_t carry_len, carry_at, carry_room;
	struct err fault;               /* set by the sink: why it broke off */
};

struct transfer *transfer_new(struct registry *g, const struct descriptor *d, int out_fd, int spool_fd,
			      int64_t spooled)
{
	struct transfer *t = g_new0(struct transfer, 1);

	t->g = g;
	t->d = d;
	t->out_fd = out_fd;
	t->spool_fd = spool_fd;
	t->replay_left = MIN(spooled, d->size);
	t->state = REPLAY;
	return t;
}

void transfer_free(struct transfer *t)
{
	if (!t)
		return;
	exchange_clear(&t->x);
	fd_close(&t->out_fd);
	fd_close(&t->spool_fd);
	g_free(t->carry);
	g_free(t);
}

/* Write to the pipe what it takes; bytes written or -errno. */
static ssize_t push(struct transfer *t, const char *bytes, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = write(t->out_fd, bytes + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? (ssize_t)done : -errno;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

/* Hand bytes on; the carry must be empty. 0 or -errno. */
static int deliver(struct transfer *t, const char *bytes, size_t len)
{
	ssize_t n = push(t, bytes, len);

	if (n < 0)
		return (int)n;
	if ((size_t)n < len) {
		size_t rest = len - (size_t)n;

		if (t->carry_room < rest) {
			g_free(t->carry);
			t->carry = g_malloc(rest);
			t->carry_room = rest;
		}
		memcpy(t->carry, bytes + n, rest);
		t->carry_len = rest;
		t->carry_at = 0;
	}
	t->got += (int64_t)len;
	return 0;
}

/* 0 when the carry is empty now, -EAGAIN while the pipe is full, or -errno. */
static int flush_carry(struct transfer *t)
{
	ssize_t n;

	if (!t->carry_len)
		return 0;
	n = push(t, t->carry + t->carry_at, t->carry_len);
	if (n < 0)
		return (int)n;
	t->carry_at += (size_t)n;
	t->carry_len -= (size_t)n;
	return t->carry_len ? -EAGAIN : 0;
}

/* The spool is a convenience: without room for it the pull goes on (or fails where it must). */
static void spool(struct transfer *t, const char *bytes, size_t len)
{
	int r;

	if (t->spool_fd < 0)
		return;
	r = fd_write_all(t->spool_fd, bytes, len);
	if (r < 0) {
		log_debug("no copy of %s is kept for resuming: %s", t->d->digest, strerror(-r));
		(void)!ftruncate(t->spool_fd, 0);
		fd_close(&t->spool_fd);
	}
}

/* Is this answer what was asked for? Sets how much of it to skip. */
static int check_answer(struct transfer *t)
{
	const struct http_request *r = &t->x.req;
	struct content_range range;

	t->skip = 0;
	if (r->status == 200) {
		t->skip = t->got;
		return 0;
	}
	if (!r->content_range || !content_range_parse(r->content_range, &range))
		return err_msg(&t->fault, EPROTO, "part of a blob came without saying which part");
	if (range.first > t->got || (range.total >= 0 && range.total != t->d->size))
		return err_msg(&t->fault, EPROTO, "the registry sent a part of the blob that was not asked for");
	t->skip = t->got - range.first;
	return 0;
}

static size_t on_bytes(void *data, const char *bytes, size_t len)
{
	struct transfer *t = data;
	size_t given = len;
	int r;

	if (t->carry_len) {
		t->paused = true;
		return HTTP_PAUSE;
	}
	if (!t->checked && check_answer(t) < 0)
		return 0;
	t->checked = true;
	if (t->skip) {
		size_t n = (size_t)MIN((int64_t)len, t->skip);

		t->skip -= (int64_t)n;
		bytes += n;
		len -= n;
	}
	if ((int64_t)len > t->d->size - t->got) {
		err_msg(&t->fault, EBADMSG, "the registry sends more than the %lld bytes its manifest promised",
			(long long)t->d->size);
		return 0;
	}
	if (!len)
		return given;
	spool(t, bytes, len);
	t->network += (int64_t)len;
	r = deliver(t, bytes, len);
	if (r < 0) {
		err_set(&t->fault, -r, "unpacking");
		return 0;
	}
	return given;
}

static int start(struct transfer *t, struct err *e)
{
	if (!t->x.req.url) {
		exchange_init_blob(t->g, &t->x, t->d->digest);
		t->x.req.sink = on_bytes;
		t->x.req.sink_data = t;
		t->x.req.bulk = t->d->size >= BULK_MIN;
	}
	t->x.req.range_from = t->got;
	t->checked = t->paused = false;
	t->state = RUN;
	return exchange_send(t->g, &t->x, e);
}

/* Pieces of the spool until the pipe is full. */
static int replay(struct transfer *t, struct err *e)
{
	g_autofree char *piece = g_malloc(REPLAY_CHUNK);

	while (t->replay_left && !t->carry_len) {
		ssize_t n = pread(t->spool_fd, piece, (size_t)MIN(t->replay_left, REPLAY_CHUNK), t->replay_at);
		int r;

		if (n <= 0)
			return err_set(e, n < 0 ? errno : EIO, "what an earlier pull left of %s", t->d->digest);
		r = deliver(t, piece, (size_t)n);
		if (r < 0)
			return err_set(e, -r, "unpacking");
		t->replay_at += n;
		t->replay_left -= n;
	}
	if (t->carry_len)
		return 0;
	if (t->replay_at && lseek(t->spool_fd, t->replay_at, SEEK_SET) < 0)
		return err_set(e, errno, "what an earlier pull left of %s", t->d->digest);
	t->got_at_break = t->got;
	if (t->got == t->d->size) {
		t->state = FLUSH;
		return 0;
	}
	return start(t, e);
}

static int follow(struct transfer *t, enum verdict v, int64_t wait_ms, struct err *e)
{
	switch (v) {
	case VERDICT_NOW:
		return start(t, e);
	case VERDICT_LATER:
		t->wait_until = g_get_monotonic_time() + wait_ms * 1000;
		t->state = WAIT;
		/* Close the broken connection now, not after the wait. */
		http_reset(&t->x.req);
		return 0;
	default:
		return -e->code;
	}
}

/* The request is over, well or not. */
static int finished(struct transfer *t, struct err *e)
{
	int64_t wait = 0;
	enum verdict v;

	if (t->fault.code) {
		*e = t->fault;
		return err_wrap(e, "%s", t->x.what);
	}
	if (t->got == t->d->size) {
		t->state = FLUSH;
		return 0;
	}
	if (t->got - t->got_at_break >= PROGRESS_MIN) {
		t->x.attempts = 0;
		t->x.tokens = 0;
		t->got_at_break = t->got;
	}
	v = exchange_judge(t->g, &t->x, &wait, e);
	if (v == VERDICT_OK) {
		/* A whole answer that is too short. */
		v = exchange_broken(t->g, &t->x, "the blob ends too early", &wait, e);
		if (v == VERDICT_FAIL)
			err_wrap(e, "%s", t->x.what);
	}
	return follow(t, v, wait, e);
}

static int run(struct transfer *t, struct err *e)
{
	if (t->x.req.done)
		return finished(t, e);
	if (t->paused && !t->carry_len) {
		t->paused = false;
		http_resume(&t->x.req);
		if (t->fault.code) {
			*e = t->fault;
			return err_wrap(e, "%s", t->x.what);
		}
	}
	return 0;
}

int transfer_advance(struct transfer *t, struct err *e)
{
	int r = t->state == DONE ? 0 : flush_carry(t);

	if (r < 0 && r != -EAGAIN)
		return err_set(e, -r, "unpacking");
	switch (t->state) {
	case REPLAY:
		r = r == 0 ? replay(t, e) : 0;
		break;
	case RUN:
		r = run(t, e);
		break;
	case WAIT:
		r = g_get_monotonic_time() >= t->wait_until ? start(t, e) : 0;
		break;
	default:
		r = 0;
		break;
	}
	if (r < 0)
		return r;
	if (t->state == FLUSH && !t->carry_len) {
		exchange_clear(&t->x);
		fd_close(&t->out_fd);
		t->state = DONE;
	}
	return t->state == DONE;
}

int transfer_waits(const struct transfer *t, struct pollfd *ret)
{
	int64_t left;

	*ret = (struct pollfd){ .fd = -1 };
	if (t->carry_len)
		*ret = (struct pollfd){ .fd = t->out_fd, .events = POLLOUT };
	if (t->state != WAIT)
		return -1;
	left = (t->wait_until - g_get_monotonic_time()) / 1000 + 1;
	return (int)CLAMP(left, 0, 60000);
}

int64_t transfer_bytes(const struct transfer *t, int64_t *ret_network)
{
	if (ret_network)
		*ret_network = t->network;
	return t->got;
}
