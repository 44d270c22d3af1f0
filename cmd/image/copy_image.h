/* copy_image.h - an image, or all images of a list, from one place to another. */
#ifndef CORACLE_CMD_IMAGE_COPY_IMAGE_H
#define CORACLE_CMD_IMAGE_COPY_IMAGE_H

#include "cmd/command.h"
#include "cmd/image/progress.h"
#include "net/registry/registry.h"

enum copy_lists { COPY_SYSTEM, COPY_ALL, COPY_INDEX_ONLY };

struct copy_how {
	struct registry_options src, dest;
	enum copy_lists lists;
	struct platform want;           /* COPY_SYSTEM: which of a list's */
	const char *format;             /* "oci", "v2s2", or NULL */
	bool preserve;                  /* refuse to change anything */
	bool compress, decompress;      /* dir: */
	bool accept_plain;              /* oci: may have layers that are not compressed */
	enum media_kind kind;           /* what to compress to */
	int level;
	char *const *tags;              /* more names for docker-archive:, or NULL */
	struct progress *progress;
};

/* `from` and `to` are TRANSPORT:DETAILS. ret_digest: of what the destination's name now stands for. 0 or -errno. */
int copy_image(struct context *c, const struct copy_how *how, const char *from, const char *to,
	       char ret_digest[static DIGEST_MAX], struct err *e);

/* The list `list` of the store, whose images lie at `places` (one an entry, TRANSPORT:DETAILS): the images (COPY_ALL), then
 * the list. The same otherwise. */
int copy_list_from(struct context *c, const struct copy_how *how, const struct document *list, char *const *places,
		   const char *to, char ret_digest[static DIGEST_MAX], struct err *e);

#endif
