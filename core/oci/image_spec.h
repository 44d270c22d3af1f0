/* image_spec.h - the documents of the OCI image specification (and Docker's image manifest v2, schema 2)
 * as C structs: descriptor, manifest, index, image config. Foreign bytes: every field is checked.
 */
#ifndef CORACLE_OCI_IMAGE_SPEC_H
#define CORACLE_OCI_IMAGE_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/err.h"

#define MANIFEST_MAX (4 * 1024 * 1024)  /* bytes; the distribution specification's limit */
#define DIGEST_MAX 136                  /* "sha512:" + 128 hex digits + NUL */

enum media_kind {       /* what a media type means to us, whether OCI's or Docker's name is used */
	MEDIA_UNKNOWN, MEDIA_INDEX, MEDIA_MANIFEST, MEDIA_CONFIG,
	MEDIA_LAYER_TAR, MEDIA_LAYER_GZIP, MEDIA_LAYER_ZSTD, MEDIA_KIND_COUNT
};
enum media_kind media_kind_of(const char *media_type);

struct platform { char *os, *architecture, *variant; };

struct descriptor {
	char *media_type, *digest;      /* digest is checked: "sha256:" + 64 hex (or sha512) */
	int64_t size;
	struct platform platform;       /* fields NULL where absent */
	char **annotations;             /* "key=value" ... NULL, or NULL */
};

struct manifest {
	struct arena arena;
	char *media_type;
	struct descriptor config;
	struct descriptor *layers;
	size_t n_layers;
	char **annotations;
};

struct image_index {
	struct arena arena;
	char *media_type;
	struct descriptor *manifests;
	size_t n_manifests;
};

struct healthcheck {
	char **test;                    /* NULL: none given; {"NONE"} switches it off */
	int64_t interval, timeout, start_period, start_interval;        /* ns, 0: default */
	int retries;
};

struct image_history { char *created, *created_by, *author, *comment; bool empty_layer; };

struct image_config {
	struct arena arena;
	char *created, *author, *architecture, *os, *variant;
	char *user, *working_dir, *stop_signal;
	char **env, **entrypoint, **cmd;        /* NULL where absent */
	char **exposed_ports;                   /* "80/tcp" ... */
	char **volumes;                         /* paths */
	char **labels;                          /* "key=value" ..., sorted by key */
	char **onbuild, **shell;
	struct healthcheck healthcheck;
	char **diff_ids;                        /* checked digests, base first */
	size_t n_diff_ids;
	struct image_history *history;
	size_t n_history;
};

/* Is `s` a digest in canonical form of an algorithm that we verify (sha256, sha512)? */
bool digest_valid(const char *s);

/* Each parses a document of `len` bytes into a zeroed struct; free the struct's arena afterwards.
 * 0 or -errno; `e` names the field that is wrong. Too deep, too many (10,000 layers, 10,000 manifests) or
 * ill-typed documents are errors. */
int manifest_parse(const char *text, size_t len, struct manifest *ret, struct err *e);
int image_index_parse(const char *text, size_t len, struct image_index *ret, struct err *e);
int image_config_parse(const char *text, size_t len, struct image_config *ret, struct err *e);

/* The kind of a document by its mediaType field, else by its fields (manifests or config+layers). */
enum media_kind document_kind(const char *text, size_t len);

/* This machine's platform in Go's words ("linux", "amd64", ""); static strings. */
struct platform platform_host(void);

/* "linux/arm64/v8" -> platform in the arena; false when it is not one. */
bool platform_parse(struct arena *a, const char *s, struct platform *ret);

/* The manifest of an index that serves `want` best (exact variant first, then none, then lower arm
 * variants), or NULL. */
const struct descriptor *image_index_choose(const struct image_index *idx, const struct platform *want);

#endif
