/* oci_create.h - making a container from a bundle: what create and run have in common. */
#ifndef CORACLE_CMD_OCI_CREATE_H
#define CORACLE_CMD_OCI_CREATE_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/oci.h"
#include "cmd/opt.h"
#include "core/runtime/launch.h"

struct oci_create_options {
	bool unused;
	char *bundle, *config, *console_socket, *pid_file, *pidfd_socket;
	int64_t preserve_fds;
	bool no_pivot, no_new_keyring, detach, keep;
};

extern const struct opt oci_create_opts[];

/* Make the container up to where it waits for its start; `c` holds its lock, l->tty its terminal unless that was sent
 * to --console-socket. On error nothing is left. */
int oci_create(const char *id, const struct oci_create_options *o, struct bundle_container *c, struct launched *l,
	       struct err *e);

/* Start one that was created, with the hooks that belong to it. */
int oci_start(struct bundle_container *c, struct err *e);

/* End and remove one, with its poststop hooks; what is gone already is fine. */
int oci_delete(struct bundle_container *c, struct err *e);

#endif
