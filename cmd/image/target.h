/* target.h - where an image is copied to: one face for registries, archives and directories. (Layers for our store are
 * unpacked: copy_store.h.)
 *
 * Order: layers (has, or begin, write, end), config, manifest, for each image of a list; then the list; finish. A process
 * writes one blob at a time; where `parallel` says so, several forked processes may do that at once, each after `renew`.
 */
#ifndef CORACLE_CMD_IMAGE_TARGET_H
#define CORACLE_CMD_IMAGE_TARGET_H

#include "cmd/image/push_manifest.h"
#include "core/oci/location.h"
#include "net/registry/registry.h"
#include "storage/sink.h"

struct target;

enum target_layers { LAYERS_ANY, LAYERS_COMPRESSED, LAYERS_PLAIN };

struct target_ops {
	/* Is the blob there? 1, 0 or -errno. */
	int (*has)(struct target *t, const struct descriptor *d, struct err *e);
	/* A blob begins; `digest` NULL and `size` -1: known at its end only. 0 or -errno. */
	int (*begin)(struct target *t, const char *digest, int64_t size, struct err *e);
	/* sink_function; ctx is the target. */
	int (*write)(void *target, const void *bytes, size_t len);
	/* What write failed with, when that says more than its errno; or NULL. */
	const struct err *(*fault)(struct target *t);
	/* All is written: keep it as `digest`. */
	int (*end)(struct target *t, const char *digest, struct err *e);
	/* It failed. */
	void (*abandon)(struct target *t);
	int (*config)(struct target *t, const char *digest, const char *text, size_t len, struct err *e);
	/* A manifest or list; `top`: what the name stands for from now on. */
	int (*manifest)(struct target *t, const struct push_manifest *m, bool top, struct err *e);
	int (*finish)(struct target *t, struct err *e);
	int (*renew)(struct target *t, struct err *e);
	void (*close)(struct target *t);
};

struct target {
	const struct target_ops *ops;
	struct location name;
	bool parallel, lists;           /* lists: it can hold one */
	enum target_layers layers;      /* what it wants */
	const char *format;             /* the only manifest format it takes, or NULL */
	struct reference ref;           /* docker */
	char *mount_from;               /* docker: repository of the same registry that has the blobs, or NULL */
};

/* `tags`: more names for docker-archive (NULL-terminated), or NULL. 0 or -errno; target_close it. */
int target_open(const char *text, const struct registry_options *ro, char *const *tags, struct target **ret,
		struct err *e);
void target_close(struct target *t);

/* The openers; `t` has its name. */
int target_open_registry(const struct registry_options *ro, struct target **t, struct err *e);
int target_open_layout(struct target **t, struct err *e);
int target_open_docker_archive(char *const *tags, struct target **t, struct err *e);

#endif
