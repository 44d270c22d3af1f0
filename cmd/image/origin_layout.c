/* origin_layout.c - oci:, oci-archive: and dir:, blobs by their digests in a directory or tar. */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "cmd/image/origin.h"
#include "net/registry/digest.h"
#include "storage/archive_in.h"
#include "storage/image_index.h"

struct layout_origin {
	struct origin p;
	struct archive_in *in;
	char top[DIGEST_MAX];           /* of the entry of index.json that is meant; "" for dir: */
};

static const char *hex_of(const char *digest)
{
	return strchr(digest, ':') + 1;
}

static bool is_dir(const struct layout_origin *lp)
{
	return lp->p.name.transport == TRANSPORT_DIR;
}

static char *blob_name(const struct layout_origin *lp, const char *digest)
{
	const char *hex = hex_of(digest);

	return is_dir(lp) ? g_strdup(hex) : g_strdup_printf("blobs/%.*s/%s", (int)(hex - 1 - digest), digest, hex);
}

/* A document, held against `digest` where that is known. */
static int read_document(struct layout_origin *lp, const char *name, const char *digest, struct document *ret, struct err *e)
{
	int r = archive_in_read(lp->in, name, MANIFEST_MAX, &ret->text, &ret->len, e);

	if (r < 0)
		return r;
	digest_of(digest ? digest : "sha256:", ret->text, ret->len, ret->digest);
	if (digest && strcmp(ret->digest, digest) != 0)
		return err_msg(e, EBADMSG, "%s/%s: its digest is %s", lp->p.name.path, name, ret->digest);
	return 0;
}

static int get_manifest(struct origin *p, const char *digest, struct document *ret, struct err *e)
{
	struct layout_origin *lp = (struct layout_origin *)p;
	const char *which = digest ? digest : lp->top[0] ? lp->top : NULL;
	g_autofree char *name = NULL;

	if (!which)
		name = g_strdup("manifest.json");
	else if (is_dir(lp))
		name = g_strconcat(hex_of(which), ".manifest.json", NULL);
	else
		name = blob_name(lp, which);
	return read_document(lp, name, which, ret, e);
}

static int get_blob(struct origin *p, const struct descriptor *d, struct document *ret, struct err *e)
{
	struct layout_origin *lp = (struct layout_origin *)p;
	g_autofree char *name = blob_name(lp, d->digest);

	return read_document(lp, name, d->digest, ret, e);
}

static int send_blob(struct origin *p, const struct descriptor *d, int out_fd, struct err *e)
{
	struct layout_origin *lp = (struct layout_origin *)p;
	g_autofree char *name = blob_name(lp, d->digest);

	return archive_in_send(lp->in, name, out_fd, e);
}

static void close_origin(struct origin *p)
{
	struct layout_origin *lp = (struct layout_origin *)p;

	if (lp->in)
		archive_in_close(lp->in);
}

static const struct origin_ops ops = { get_manifest, get_blob, send_blob, close_origin };

/* The entry of index.json that the name means: by its annotation, or the only one. */
static int choose_entry(struct layout_origin *lp, const struct image_index *idx, struct err *e)
{
	const char *ref = lp->p.name.ref, *path = lp->p.name.path;
	const struct descriptor *found = NULL;
	size_t n = 0;

	for (size_t i = 0; i < idx->n_manifests; i++) {
		const char *name = descriptor_annotation(&idx->manifests[i], ANNOTATION_NAME);

		if (ref && g_strcmp0(name, ref) != 0)
			continue;
		found = &idx->manifests[i];
		n++;
	}
	if (n == 0 && ref)
		return err_msg(e, ENOENT, "%s: no descriptor found for reference \"%s\"", path, ref);
	if (n == 0)
		return err_msg(e, ENOENT, "%s: index.json lists no image", path);
	if (n > 1 && !ref) {
		err_msg(e, EINVAL, "%s has %zu images", path, n);
		return err_hint(e, "name one: %s:%s:REF", transport_word(lp->p.name.transport), path);
	}
	g_strlcpy(lp->top, found->digest, sizeof lp->top);
	return 0;
}

static int read_index(struct layout_origin *lp, struct err *e)
{
	g_autofree char *text = NULL;
	struct image_index idx;
	size_t len;
	int r = archive_in_read(lp->in, "index.json", MANIFEST_MAX, &text, &len, e);

	if (r == 0 && (r = image_index_parse(text, len, &idx, e)) < 0)
		err_wrap(e, "%s/index.json", lp->p.name.path);
	if (r < 0)
		return r;
	r = choose_entry(lp, &idx, e);
	arena_free(&idx.arena);
	return r;
}

int origin_open_layout(struct context *c, struct origin **p, struct err *e)
{
	struct layout_origin *lp = g_new0(struct layout_origin, 1);
	int r;

	lp->p = **p;
	lp->p.ops = &ops;
	g_free(*p);
	*p = &lp->p;
	r = context_store(c, e);
	if (r == 0)
		r = archive_in_open(c->store, lp->p.name.path, &lp->in, e);
	return r < 0 || is_dir(lp) ? r : read_index(lp, e);
}
