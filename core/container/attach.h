/* attach.h - be a client of a container that another command started: its output, its input, its end. */
#ifndef CORACLE_CONTAINER_ATTACH_H
#define CORACLE_CONTAINER_ATTACH_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/container/container.h"

struct attach_options {
	bool stdin_too;                 /* our input goes to the program (where it takes any: run -i) */
	bool sig_proxy;
	const char *detach_keys;        /* "ctrl-p,ctrl-q"; NULL: that; "": none */
};

/* From now on until the container ends (its exit status), or the user detaches (0). -ESRCH when it does not run, or
 * another -errno. What it wrote before is in its log only. */
int container_attach(const struct container_place *p, const struct container_record *r, const struct attach_options *o,
		     struct err *e);

#endif
