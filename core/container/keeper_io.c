/* keeper_io.c - the program's input and output, in the keeper.
 *
 * One chunk of output is at hand at any time: it is logged at once, and no more is read until every attached client
 * has it. So nothing is lost and nothing piles up; a client that stops reading stops the program's output, as a
 * pipe would.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/text.h"
#include "core/container/keeper.h"

void keeper_hang_up(struct keeper *k, struct keeper_conn *c)
{
	(void)k;
	fd_close(&c->fd);
	c->attached = c->feeds = c->owed = false;
}

void keeper_send_chunk(struct keeper *k)
{
	bool owed = false;

	for (size_t i = 0; i < KEEPER_CONNS_MAX; i++) {
		struct keeper_conn *c = &k->conns[i];
		int r;

		if (c->fd < 0 || !c->owed)
			continue;
		r = ctl_send(c->fd, CTL_OUTPUT, k->chunk_stream, 0, 0, k->chunk, k->chunk_len);
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
}

void keeper_read_output(struct keeper *k, int *fd, int stream)
{
	ssize_t n = read(*fd, k->chunk, sizeof k->chunk);

	if (n < 0 && (errno == EINTR || (errno == EAGAIN && !k->ended)))
		return;
	if (n <= 0) {           /* the end (EIO of a pty), or nothing more will come of a program that is over */
		if (*fd == k->tty)
			k->tty = k->in = -1;
		fd_close(fd);
		return;
	}
	k->chunk_len = (size_t)n;
	k->chunk_stream = stream;
	logfile_write(&k->log, stream, k->chunk, k->chunk_len, text_now_ns());
	for (size_t i = 0; i < KEEPER_CONNS_MAX; i++)
		k->conns[i].owed = k->conns[i].fd >= 0 && k->conns[i].attached;
	keeper_send_chunk(k);
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
