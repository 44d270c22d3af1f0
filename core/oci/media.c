/* media.c - media types, digests and platforms: the small vocabulary of image_spec.h. */
#include <glib.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/oci/image_spec.h"

static const struct { const char *name; enum media_kind kind; } media_types[] = {
	{ "application/vnd.oci.image.index.v1+json", MEDIA_INDEX },
	{ "application/vnd.docker.distribution.manifest.list.v2+json", MEDIA_INDEX },
	{ "application/vnd.oci.image.manifest.v1+json", MEDIA_MANIFEST },
	{ "application/vnd.docker.distribution.manifest.v2+json", MEDIA_MANIFEST },
	{ "application/vnd.oci.image.config.v1+json", MEDIA_CONFIG },
	{ "application/vnd.docker.container.image.v1+json", MEDIA_CONFIG },
	{ "application/vnd.oci.image.layer.v1.tar", MEDIA_LAYER_TAR },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar", MEDIA_LAYER_TAR },
	{ "application/vnd.docker.image.rootfs.diff.tar", MEDIA_LAYER_TAR },
	{ "application/vnd.oci.image.layer.v1.tar+gzip", MEDIA_LAYER_GZIP },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", MEDIA_LAYER_GZIP },
	{ "application/vnd.docker.image.rootfs.diff.tar.gzip", MEDIA_LAYER_GZIP },
	{ "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", MEDIA_LAYER_GZIP },
	{ "application/vnd.oci.image.layer.v1.tar+zstd", MEDIA_LAYER_ZSTD },
	{ "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", MEDIA_LAYER_ZSTD },
	{ "application/vnd.docker.image.rootfs.diff.tar.zstd", MEDIA_LAYER_ZSTD },
};

enum media_kind media_kind_of(const char *media_type)
{
	for (size_t i = 0; media_type && i < G_N_ELEMENTS(media_types); i++)
		if (strcmp(media_types[i].name, media_type) == 0)
			return media_types[i].kind;
	return MEDIA_UNKNOWN;
}

bool digest_valid(const char *s)
{
	if (g_str_has_prefix(s, "sha256:"))
		return text_is_hex(s + 7, 64);
	if (g_str_has_prefix(s, "sha512:"))
		return text_is_hex(s + 7, 128);
	return false;
}

enum media_kind document_kind(const char *text, size_t len)
{
	json_t *doc = len <= MANIFEST_MAX ? json_loadb(text, len, 0, NULL) : NULL;
	const char *type = json_string_value(json_object_get(doc, "mediaType"));
	enum media_kind kind = media_kind_of(type);

	if (kind == MEDIA_UNKNOWN && !type) {
		if (json_is_array(json_object_get(doc, "manifests")))
			kind = MEDIA_INDEX;
		else if (json_is_object(json_object_get(doc, "config")) &&
			 json_is_array(json_object_get(doc, "layers")))
			kind = MEDIA_MANIFEST;
		else if (json_is_object(json_object_get(doc, "rootfs")))
			kind = MEDIA_CONFIG;
	}
	json_decref(doc);
	return kind;
}

struct platform platform_host(void)
{
#if defined(__x86_64__)
	static char arch[] = "amd64", variant[] = "";
#elif defined(__aarch64__)
	static char arch[] = "arm64", variant[] = "v8";
#elif defined(__arm__) && __ARM_ARCH >= 7
	static char arch[] = "arm", variant[] = "v7";
#elif defined(__arm__)
	static char arch[] = "arm", variant[] = "v6";
#elif defined(__i386__)
	static char arch[] = "386", variant[] = "";
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	static char arch[] = "ppc64le", variant[] = "";
#elif defined(__powerpc64__)
	static char arch[] = "ppc64", variant[] = "";
#elif defined(__s390x__)
	static char arch[] = "s390x", variant[] = "";
#elif defined(__riscv) && __riscv_xlen == 64
	static char arch[] = "riscv64", variant[] = "";
#elif defined(__loongarch64)
	static char arch[] = "loong64", variant[] = "";
#elif defined(__mips64) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	static char arch[] = "mips64le", variant[] = "";
#else
#error "name this architecture as Go does"
#endif
	static char os[] = "linux";

	return (struct platform){ .os = os, .architecture = arch, .variant = variant };
}

/* Names that people and uname(2) use, in Go's words. */
static const char *architecture_name(const char *s)
{
	static const char *const same[][2] = {
		{ "x86_64", "amd64" }, { "x86-64", "amd64" }, { "aarch64", "arm64" }, { "i386", "386" },
		{ "i686", "386" }, { "armhf", "arm" }, { "armel", "arm" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(same); i++)
		if (strcmp(same[i][0], s) == 0)
			return same[i][1];
	return s;
}

static bool word_valid(const char *s)
{
	return *s && strlen(s) <= 64 && s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_.-")] == '\0';
}

bool platform_parse(struct arena *a, const char *s, struct platform *ret)
{
	g_auto(GStrv) parts = g_strsplit(s, "/", 4);
	guint n = g_strv_length(parts);
	guint arch = n == 1 ? 0 : 1;    /* "arm64" alone is an architecture of Linux */

	if (n < 1 || n > 3)
		return false;
	for (guint i = 0; i < n; i++)
		if (!word_valid(parts[i]))
			return false;
	ret->os = arena_strdup(a, n == 1 ? "linux" : parts[0]);
	ret->architecture = arena_strdup(a, architecture_name(parts[arch]));
	ret->variant = arena_strdup(a, n == 3 ? parts[2] : "");
	return true;
}

/* "v7" -> 7; the variant that an architecture has when none is named. */
static int variant_number(const char *arch, const char *variant)
{
	if (!variant || !*variant)
		return strcmp(arch, "arm") == 0 ? 7 : strcmp(arch, "arm64") == 0 ? 8 : 1;
	return atoi(*variant == 'v' ? variant + 1 : variant);
}

/* How well an entry serves the wish: 0 not at all. */
static int platform_score(const struct platform *have, const struct platform *want)
{
	bool bare = !have->variant || !*have->variant;
	int n, wanted;

	if (!have->os || !have->architecture || strcmp(have->os, want->os) != 0 ||
	    strcmp(have->architecture, want->architecture) != 0)
		return 0;
	if (g_strcmp0(bare ? "" : have->variant, want->variant ? want->variant : "") == 0)
		return 1002;
	n = variant_number(have->architecture, have->variant);
	wanted = variant_number(want->architecture, want->variant);
	if (!bare && n == wanted)
		return 1001;
	if (bare)
		return 1000;
	return n >= 1 && n < wanted && n < 900 ? n : 0;
}

const struct descriptor *image_index_choose(const struct image_index *idx, const struct platform *want)
{
	const struct descriptor *best = NULL;
	int best_score = 0;

	for (size_t i = 0; i < idx->n_manifests; i++) {
		int score = platform_score(&idx->manifests[i].platform, want);

		if (score > best_score) {
			best = &idx->manifests[i];
			best_score = score;
		}
	}
	/* A list of one that does not say what it is for. */
	if (!best && idx->n_manifests == 1 && !idx->manifests[0].platform.os)
		best = &idx->manifests[0];
	return best;
}
