/* client.h - the command in the foreground of a container: signals, terminal, output, until the end. */
#ifndef CORACLE_CONTAINER_CLIENT_H
#define CORACLE_CONTAINER_CLIENT_H

#include <signal.h>
#include <stdbool.h>

#include "core/base/err.h"
#include "core/container/ctl.h"
#include "core/container/terminal.h"

struct client {
	int sock;               /* to the keeper */
	int signals;            /* signalfd of all that client_block_signals blocked */
	bool tty;               /* the container has a terminal */
	bool feed;              /* our stdin goes to it through the keeper */
	bool sig_proxy;
	struct detach_keys keys;
	struct terminal terminal;

	struct ctl_msg in;      /* from the keeper: output not yet written */
	size_t in_at, in_len;
	char out[4096 + 32];    /* typed, not yet taken by the keeper */
	size_t out_len;
	bool closed[3], input_over, over, detached;
	int status;
	struct ctl_head exit;   /* once over: the keeper's last word */
};

/* Block every signal that a client forwards or acts on; a signalfd for them, or -errno. `old` gets the mask. */
int client_block_signals(sigset_t *old, struct err *e);

/* Relay until the container ends (its status), the user detaches (0), or the keeper is gone (-errno, `e`). The
 * terminal is restored on every return. */
int client_loop(struct client *c, struct err *e);

/* The terminal's size, for the start: false when `fd` is none. */
bool client_terminal_size(unsigned short *rows, unsigned short *cols);

#endif
