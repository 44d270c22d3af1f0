/* attach.c - see attach.h. */
#include "core/container/attach.h"

#include <errno.h>

#include "core/base/fd.h"
#include "core/container/client.h"

int container_attach(const struct container_place *p, const struct container_record *r, const struct attach_options *o,
		     struct err *e)
{
	static struct client c;
	autofd sock = -1, signals = -1;
	sigset_t old;
	int status = detach_keys_parse(o->detach_keys, &c.keys, e);

	if (status < 0)
		return status;
	sock = ctl_connect(p, r->id);
	if (sock == -ENOENT)
		return err_msg(e, ESRCH, "you can only attach to running containers");
	if (sock < 0)
		return err_set(e, -sock, "connect to its keeper");
	signals = client_block_signals(&old, e);
	if (signals < 0)
		return signals;
	c.sock = sock;
	c.signals = signals;
	c.tty = r->tty;
	c.sig_proxy = o->sig_proxy && !r->tty;
	c.feed = o->stdin_too && r->interactive;
	if (!c.tty)
		c.keys.n = 0;
	c.terminal.fd = -1;
	/* EPIPE: it has just ended, and says so next. */
	status = ctl_send(sock, CTL_ATTACH, 0, 0, 0, NULL, 0);
	status = status == 0 || status == -EPIPE ? client_loop(&c, e) : err_set(e, -status, "attach");
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	return status;
}
