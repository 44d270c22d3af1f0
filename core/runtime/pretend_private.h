/* pretend_private.h - between pretend.c (filter, start) and pretend_serve.c (the process that answers). */
#ifndef CORACLE_RUNTIME_PRETEND_PRIVATE_H
#define CORACLE_RUNTIME_PRETEND_PRIVATE_H

#include <stdint.h>

/* What comes with the message of pretend_install. */
enum { PRETEND_LISTENER, PRETEND_USERNS, PRETEND_ROOT, PRETEND_FDS };

struct pretend_server {
	int sock;               /* the message comes here */
	int dir;                /* see pretend_params */
	int until;
	uint32_t uid, gid;      /* the container's single ids, as it has them */
};

/* The process's whole life. */
_Noreturn void pretend_serve(const struct pretend_server *s);

#endif
