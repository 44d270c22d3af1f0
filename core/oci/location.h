/* location.h - where an image lies, as skopeo writes it: TRANSPORT:DETAILS.
 *
 *   docker://NAME[:TAG|@DIGEST]           a registry
 *   store:NAME                            our own store
 *   oci:DIRECTORY[:REF]                   an OCI layout; REF is the annotation org.opencontainers.image.ref.name
 *   oci-archive:FILE[:REF]                the same as a tar
 *   docker-archive:FILE[:NAME|:@INDEX]    what `docker save` writes
 *   dir:DIRECTORY                         manifest and blobs side by side
 *
 * See containers-transports(5). A path before a REF has no colon, as there.
 */
#ifndef CORACLE_OCI_LOCATION_H
#define CORACLE_OCI_LOCATION_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/oci/reference.h"

enum transport { TRANSPORT_DOCKER, TRANSPORT_STORE, TRANSPORT_OCI, TRANSPORT_OCI_ARCHIVE, TRANSPORT_DOCKER_ARCHIVE,
	TRANSPORT_DIR, TRANSPORT_COUNT };

struct location {
	enum transport transport;
	char *path;             /* of the file or directory, NULL for docker and store */
	char *ref;              /* NAME or REF as written, NULL: none */
	int index;              /* of docker-archive:FILE:@INDEX, else -1 */
};

/* 0 or -EINVAL; clear it afterwards. */
int location_parse(const char *text, struct location *ret, struct err *e);
void location_clear(struct location *n);

/* Does `text` begin with a transport of ours? (An image may have the name oci:1, so ask the store first.) */
bool location_has_transport(const char *text);

/* "docker", "oci-archive", ... */
const char *transport_word(enum transport t);

#endif
