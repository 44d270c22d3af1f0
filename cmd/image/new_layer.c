/* new_layer.c - see new_layer.h. */
#include "cmd/image/new_layer.h"

#include <errno.h>
#include <glib.h>
#include <unistd.h>

#include "core/base/fd.h"
#include "core/base/log.h"
#include "storage/layer.h"

int new_layer_begin(struct store *s, const char *digest, const char *diff_id, struct new_layer *ret, struct err *e)
{
	int r;

	*ret = (struct new_layer){ .s = s, .stage_fd = -1, .stage_lock = -1, .in = -1, .worker = WORKER_NONE };
	ret->expected = (struct descriptor){ .digest = (char *)digest, .size = -1 };
	ret->stage_fd = store_stage(s, &ret->stage, &ret->stage_lock, e);
	if (ret->stage_fd < 0)
		return -e->code;
	r = worker_start(ret->stage_fd, &ret->expected, diff_id, &ret->worker, &ret->in, e);
	if (r == 0)
		(void)fd_set_nonblock(ret->in, false);
	return r;
}

int new_layer_finish(struct new_layer *n, struct err *e)
{
	autofd lock = -1;
	int r;

	fd_close(&n->in);
	r = worker_finish(&n->worker, &n->result, e);
	if (r < 0)
		return r;
	if (n->result.skipped_devices)
		log_info("%lld device nodes could not be made and are recorded", (long long)n->result.skipped_devices);
	fd_close(&n->stage_fd);
	lock = layer_lock(n->s, n->result.diff_id, e);
	if (lock < 0)
		return lock;
	if (syncfs(n->s->root_fd) < 0)
		return err_set(e, errno, "store %s", n->s->root);
	r = layer_publish(n->s, n->stage, n->result.diff_id, e);
	if (r == 0)
		g_clear_pointer(&n->stage, g_free);
	return r;
}

void new_layer_end(struct new_layer *n)
{
	struct err ignored = ERR_INIT;

	fd_close(&n->in);
	worker_kill(&n->worker);
	fd_close(&n->stage_fd);
	/* What cannot be removed now has a free lock soon and is collected by the next command. */
	if (n->stage && store_remove(n->s, n->s->tmp_fd, n->stage, &ignored) == 0)
		store_unstage(n->s, n->stage);
	g_clear_pointer(&n->stage, g_free);
	fd_close(&n->stage_lock);
}
