/* libslirp.h - libslirp's functions, loaded by the process that uses them.
 *
 * Every command but one start in a few would load the library, and GLib with it, for nothing: linked, it costs each of
 * them a twentieth of a start.
 */
#ifndef CORACLE_NET_LIBSLIRP_H
#define CORACLE_NET_LIBSLIRP_H

#include <libslirp.h>

#include "core/base/err.h"

struct libslirp {
	__typeof__(slirp_new) *new;
	__typeof__(slirp_input) *input;
	__typeof__(slirp_pollfds_fill) *pollfds_fill;
	__typeof__(slirp_pollfds_poll) *pollfds_poll;
	__typeof__(slirp_handle_timer) *handle_timer;
	__typeof__(slirp_connection_info) *connection_info;
};

/* Valid once libslirp_load() has returned 0. */
extern struct libslirp libslirp;

/* 0 or -errno: not installed, or too old. */
int libslirp_load(struct err *e);

#endif
