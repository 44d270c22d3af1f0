/* upload.h - blobs and manifests to a registry, as the distribution specification's "push" has it.
 *
 * A blob of unknown length and digest goes up in chunks: POST opens an upload, each PATCH brings the next UPLOAD_CHUNK
 * bytes, PUT closes it by naming the digest. A chunk stays in memory until the registry has it: when the connection
 * breaks, the registry is asked how far it got, and the rest is sent. What an upload's Location names may be
 * another host; no credentials go there.
 */
#ifndef CORACLE_NET_REGISTRY_UPLOAD_H
#define CORACLE_NET_REGISTRY_UPLOAD_H

#include "net/registry/registry.h"

#define UPLOAD_CHUNK (8 * 1024 * 1024)

struct upload;

/* Does the repository have it? 1, 0 or -errno. */
int registry_has_blob(struct registry *g, const char *digest, struct err *e);

/* Open an upload. With `from` (a repository of the same registry that has blob `digest`) the registry is asked to
 * take the blob from there: *ret is NULL when it did. 0 or -errno. */
int upload_begin(struct registry *g, const char *digest, const char *from, struct upload **ret, struct err *e);

/* Take bytes: a sink_function, `upload` is the struct. 0 or -errno; upload_fault() tells the story. */
int upload_write(void *upload, const void *bytes, size_t len);
const struct err *upload_fault(const struct upload *u);

/* All has been written: close it as `digest`. 0 or -errno. */
int upload_finish(struct upload *u, const char *digest, struct err *e);
void upload_free(struct upload *u);

/* A blob that is in memory, unless it is there. 0 or -errno. */
int registry_put_blob(struct registry *g, const char *digest, const void *data, size_t len, struct err *e);

/* Put a manifest or index under a tag or digest. 0 or -errno. */
int registry_put_manifest(struct registry *g, const char *what, const char *media_type, const void *data, size_t len,
			  struct err *e);

/* Remove the manifest with this digest, and all tags that mean it. 0 or -errno (ENOENT: there is none). */
int registry_delete_manifest(struct registry *g, const char *digest, struct err *e);

#endif
