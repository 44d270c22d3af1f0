/* origin.h - where an image is read from: one face for registries, archives, directories and our store.
 *
 * What comes out of a place is verified against the digest by which it was asked for: documents here, layers by who
 * reads them. The store keeps layers unpacked, so it makes their compressed bytes anew (`remade`): those may have another
 * digest than its manifest says. See core/oci/location.h for the names.
 */
#ifndef CORACLE_CMD_IMAGE_ORIGIN_H
#define CORACLE_CMD_IMAGE_ORIGIN_H

#include "cmd/command.h"
#include "cmd/image/remote.h"
#include "core/oci/location.h"
#include "net/registry/registry.h"

struct origin;

struct origin_ops {
	/* The manifest or index with `digest`, or what the place's name stands for (NULL). */
	int (*manifest)(struct origin *p, const char *digest, struct document *ret, struct err *e);
	/* A small blob. */
	int (*blob)(struct origin *p, const struct descriptor *d, struct document *ret, struct err *e);
	/* A blob's bytes to `out_fd`, in a process of its own (it may use connections and descriptors of the caller's no
	 * more). -EPIPE: nobody reads them. */
	int (*send)(struct origin *p, const struct descriptor *d, int out_fd, struct err *e);
	void (*close)(struct origin *p);
};

struct origin {
	const struct origin_ops *ops;
	struct location name;
	struct reference ref;           /* docker; docker-archive where it was named; else empty */
	struct registry *registry;      /* docker: that which had the manifest, once one was asked for */
	bool remade;
	bool plain;                     /* the reader wants plain tars: send() leaves compressing (where it would) */
};

/* Open what `text` names ("docker://..."). No registry is asked yet. 0 or -errno; origin_close it. */
int origin_open(struct context *c, const char *text, const struct registry_options *ro, struct origin **ret, struct err *e);
void origin_close(struct origin *p);

/* The document that the name stands for, or the one with that digest, and its kind. 0 or -errno. */
int origin_document(struct origin *p, const char *digest, struct document *ret, enum media_kind *ret_kind, struct err *e);

/* The image for `want`: what the name stands for, or the manifest that its index has for that platform; with its
 * config document. remote_image_clear it. 0 or -errno. */
int origin_image(struct origin *p, const struct platform *want, struct remote_image *ret, struct err *e);

/* The openers, one a transport; `p` has its name. */
int origin_open_registry(struct context *c, const struct registry_options *ro, struct origin **p, struct err *e);
int origin_open_store(struct context *c, struct origin **p, struct err *e);
int origin_open_layout(struct context *c, struct origin **p, struct err *e);
int origin_open_docker_archive(struct context *c, struct origin **p, struct err *e);

#endif
