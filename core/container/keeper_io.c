/* keeper_io.c - the program's input and output, in the keeper.
 *
 * One chunk of output is at hand at any time: it is logged at once, and no more is read until the client in whose
 * foreground the container runs has it. So nothing is lost and nothing piles up; when that client stops reading it stops
 * the program's output, as a pipe would. Any other client that has not read for a while (its socket is full) misses
 * what comes then, and is told how much when it reads again: it stops neither the program nor anybody else.
 *
 * While only the log listens to a program that says much, more is read and written at once, and its pipe is larger.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/text.h"
#include "core/container/keeper.h"

#define PATIENCE_NS (200 * INT64_C(1000000))

#define BULK_READ (64 * 1024)
#define BULK_LOG (192 * 1024)   /* what is formatted of it: lines of 60 bytes become of 100 */
#define BULK_TURN 8             /* reads before clients and signals are served again */
#define BULK_PIPE (256 * 1024)  /* the user has 64 MiB for all pipes beyond the usual size */
#define USUAL_PIPE (64 * 1024)
#define BULK_NS INT64_C(1000000000)

void keeper_hang_up(struct keeper *k, struct keeper_conn *c)
{
	(void)k;
	fd_close(&c->fd);
	*c = (struct keeper_conn){ .fd = -1 };
}

int keeper_tell_missed(struct keeper_conn *c)
{
	char text[96];
	int n, r;

	if (!c->missed)
		return 0;
	n = snprintf(text, sizeof text, "%llu bytes of output are missing here: this terminal or pipe was too slow",
		     (unsigned long long)c->missed);
	r = ctl_send(c->fd, CTL_NOTE, 0, 0, 0, text, (size_t)n);
	if (r == 0)
		c->missed = 0;
	return r;
}

/* 0, -EAGAIN: it has no room, or another error: it is gone. */
static int send_to(struct keeper *k, struct keeper_conn *c)
{
	int r = keeper_tell_missed(c);

	if (r == 0)
		r = ctl_send(c->fd, CTL_OUTPUT, k->chunk_stream, 0, 0, k->chunk, k->chunk_len);
	if (r == 0)
		c->late = false;
	if (r != -EAGAIN || !c->late)
		return r;
	c->missed += k->chunk_len;
	return 0;
}

void keeper_send_chunk(struct keeper *k)
{
	bool owed = false;

	for (size_t i = 0; i < k->n_conns; i++) {
		struct keeper_conn *c = &k->conns[i];
		int r;

		if (c->fd < 0 || !c->owed)
			continue;
		r = send_to(k, c);
		if (r == -EAGAIN) {
			owed = true;
			continue;
		}
		c->owed = false;
		if (r < 0)
			keeper_hang_up(k, c);
	}
	if (!owed)
		k->chunk_len = 0;
	if (!owed || !k->late_at)
		k->late_at = owed ? keeper_now() + PATIENCE_NS : 0;
}

void keeper_be_late(struct keeper *k)
{
	k->late_at = 0;
	for (size_t i = 0; i < k->n_conns; i++)
		if (k->conns[i].owed && !k->conns[i].owner)
			k->conns[i].late = true;
	keeper_send_chunk(k);
}

static bool listens(const struct keeper_conn *c, int stream)
{
	return c->fd >= 0 && c->attached && c->deaf_to != stream;
}

static bool is_watched(const struct keeper *k, int stream)
{
	for (size_t i = 0; i < k->n_conns; i++)
		if (listens(&k->conns[i], stream))
			return true;
	return false;
}

/* Without memory it goes on as before. */
static void begin_bulk(struct keeper *k, int fd)
{
	void *p = k->bulk ? k->bulk : mmap(NULL, BULK_READ + BULK_LOG, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return;
	k->bulk = p;
	k->bulk_until = keeper_now() + BULK_NS;
	logfile_lend(&k->log, k->bulk + BULK_READ, BULK_LOG);
	(void)fcntl(fd, F_SETPIPE_SZ, BULK_PIPE);
}

void keeper_end_bulk(struct keeper *k)
{
	k->bulk_until = 0;
	logfile_lend(&k->log, NULL, 0);
	(void)munmap(k->bulk, BULK_READ + BULK_LOG);
	k->bulk = NULL;
	for (int i = 0; i < 2; i++)
		if (k->out[i] >= 0)
			(void)fcntl(k->out[i], F_SETPIPE_SZ, USUAL_PIPE);
}

static void keep(struct keeper *k, int stream, const char *data, size_t len)
{
	if (k->log.fd >= 0)
		logfile_write(&k->log, stream, data, len, text_now_ns());
	journal_write(&k->journal, stream, data, len);
}

/* What is read as long as there is much. The last read()'s result, and errno. */
static ssize_t read_bulk(struct keeper *k, int fd, int stream)
{
	ssize_t n = 0;

	for (int i = 0; i < BULK_TURN; i++) {
		n = read(fd, k->bulk, BULK_READ);
		if (n > 0)
			keep(k, stream, k->bulk, (size_t)n);
		if (n < BULK_READ / 4)
			break;
		k->bulk_until = keeper_now() + BULK_NS;
	}
	return n;
}

static ssize_t read_chunk(struct keeper *k, int fd, int stream)
{
	ssize_t n = read(fd, k->chunk, sizeof k->chunk);
	bool watched = false;

	if (n <= 0)
		return n;
	keep(k, stream, k->chunk, (size_t)n);
	for (size_t i = 0; i < k->n_conns; i++)
		watched |= k->conns[i].owed = listens(&k->conns[i], stream);
	if (!watched) {
		if (n == sizeof k->chunk && k->tty < 0)
			begin_bulk(k, fd);
		return n;
	}
	k->chunk_len = (size_t)n;
	k->chunk_stream = stream;
	keeper_send_chunk(k);
	return n;
}

void keeper_read_output(struct keeper *k, int *fd, int stream)
{
	ssize_t n = k->bulk && !is_watched(k, stream) ? read_bulk(k, *fd, stream) : read_chunk(k, *fd, stream);

	if (n > 0 || (n < 0 && (errno == EINTR || (errno == EAGAIN && !k->ended))))
		return;
	/* The end (EIO of a pty), or nothing more will come of a program that is over. */
	if (*fd == k->tty)
		k->tty = k->in = -1;
	fd_close(fd);
}

void keeper_close_output(struct keeper *k, int stream)
{
	if ((stream == 1 || stream == 2) && k->tty < 0)
		fd_close(&k->out[stream - 1]);
}

/* A pipe is closed; a terminal is told by its own end-of-file character, twice when a line is unfinished
 * (the first then only delivers the line). */
static void finish_input(struct keeper *k)
{
	struct termios t;
	char eof[2];

	if (k->tty < 0) {
		fd_close(&k->in);
		return;
	}
	if (tcgetattr(k->tty, &t) < 0)
		return;
	eof[0] = eof[1] = (char)t.c_cc[VEOF];
	(void)!write(k->tty, eof, k->last_newline ? 1 : 2);
	k->in = -1;
}

void keeper_push_input(struct keeper *k)
{
	while (k->in >= 0 && k->input_at < k->input_len) {
		ssize_t n = write(k->in, k->input + k->input_at, k->input_len - k->input_at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {    /* nobody reads it any more */
			k->input_at = k->input_len = 0;
			if (k->tty < 0)
				fd_close(&k->in);
			return;
		}
		k->input_at += (size_t)n;
	}
	k->input_at = k->input_len = 0;
	if (k->input_ending && k->in >= 0) {
		k->input_ending = false;
		finish_input(k);
	}
}

void keeper_take_input(struct keeper *k, const char *data, size_t len)
{
	if (k->in < 0 || len == 0)
		return;
	memcpy(k->input, data, len);    /* empty before: clients are not read while it is not */
	k->input_at = 0;
	k->input_len = len;
	k->last_newline = data[len - 1] == '\n';
	keeper_push_input(k);
}

void keeper_end_input(struct keeper *k)
{
	k->input_ending = true;
	keeper_push_input(k);
}
