/* worker.c - the process that unpacks one layer. */
#include "cmd/image/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/proc.h"

#define PIPE_ROOM (1024 * 1024)         /* what the network may be ahead of the unpacking */

struct worker_result {                  /* smaller than PIPE_BUF: written in one piece */
	int code;
	struct unpack_result unpacked;
	struct err e;
};

static void __attribute__((noreturn)) work(int in_fd, int stage_fd, int result_fd, const struct descriptor *d,
					   const char *diff_id, pid_t parent)
{
	struct worker_result out = { 0 };
	int keep[] = { in_fd, stage_fd, result_fd };

	proc_die_with_parent(parent);
	proc_set_name("coracle-unpack");
	fd_close_all_but(keep, 3);
	unpack_confine(stage_fd);
	out.code = unpack_layer(in_fd, stage_fd, d, diff_id, &out.unpacked, &out.e);
	_exit(fd_write_all(result_fd, &out, sizeof out) == 0 && out.code == 0 ? 0 : 1);
}

int worker_start(int stage_fd, const struct descriptor *d, const char *diff_id, struct worker *ret, int *ret_in,
		 struct err *e)
{
	pid_t parent = getpid(), pid;
	int in[2], out[2], r;

	if (pipe2(in, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	if (pipe2(out, O_CLOEXEC) < 0) {
		r = err_set(e, errno, "pipe");
		close(in[0]);
		close(in[1]);
		return r;
	}
	/* Less room only means more switches between the two processes. */
	(void)fcntl(in[1], F_SETPIPE_SZ, PIPE_ROOM);
	pid = fork();
	if (pid == 0)
		work(in[0], stage_fd, out[1], d, diff_id, parent);
	r = pid < 0 ? err_set(e, errno, "fork") : 0;
	close(in[0]);
	close(out[1]);
	if (r == 0 && fd_set_nonblock(in[1], true) < 0)
		r = err_set(e, errno, "pipe");
	ret->pid = pid;
	ret->result_fd = out[0];
	if (r < 0) {
		close(in[1]);
		worker_kill(ret);
		return r;
	}
	*ret_in = in[1];
	return 0;
}

int worker_finish(struct worker *w, struct unpack_result *ret, struct err *e)
{
	struct worker_result out = { 0 };
	ssize_t n = fd_read_full(w->result_fd, &out, sizeof out);
	int status = proc_wait(w->pid);

	w->pid = -1;
	fd_close(&w->result_fd);
	if (n != (ssize_t)sizeof out)
		return err_msg(e, EIO, "the unpacking process died (status %d)", status);
	if (out.code < 0) {
		*e = out.e;
		e->msg[sizeof e->msg - 1] = '\0';
		return out.code;
	}
	*ret = out.unpacked;
	return 0;
}

void worker_kill(struct worker *w)
{
	fd_close(&w->result_fd);
	proc_kill_and_reap(&w->pid);
}
