/* remote.h - what a registry has under a name, for one platform: manifest and config, all verified. */
#ifndef CORACLE_CMD_IMAGE_REMOTE_H
#define CORACLE_CMD_IMAGE_REMOTE_H

#include "net/registry/registry.h"
#include "storage/image.h"

struct remote_image {
	struct document manifest_doc, config_doc;       /* bytes as they came */
	struct manifest manifest;
	struct image_config config;             /* as many diff_ids as the manifest has layers */
	struct descriptor descriptor;           /* of the manifest; its strings are in manifest.arena */
	char top_digest[DIGEST_MAX];            /* what the name itself stands for: an index's or the manifest's */
};

void remote_image_clear(struct remote_image *r);

/* Ask for the manifest of `ref` for platform `want`. 0 or -errno. */
int remote_manifest(struct registry *g, const struct reference *ref, const struct platform *want,
		    struct remote_image *ret, struct err *e);

/* Then for its config. `asked`: the user named the platform, another one is an error without a hint. */
int remote_config(struct registry *g, const struct reference *ref, const struct platform *want, bool asked,
		  struct remote_image *img, struct err *e);

/* What the document is, a manifest or an index; its own word, the header's and the descriptor's media type (`promised`, NULL:
 * none) must not differ. 0 or -errno. */
int remote_kind(const struct document *d, const char *promised, enum media_kind *ret, struct err *e);

/* The error that the index has nothing for `want`, with what it has. */
int remote_no_platform(const struct image_index *idx, const struct platform *want, struct err *e);

#endif
