/* origin_store.c - store: images of our own store. */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "cmd/image/origin.h"
#include "cmd/image_use.h"
#include "storage/compress.h"
#include "storage/layer_tar.h"

struct store_origin {
	struct origin p;
	struct store *s;
	struct image *img;
};

static int read_document(struct store *s, const char *digest, struct document *ret, struct err *e)
{
	int r = image_read_blob(s, digest, &ret->text, &ret->len, e);

	if (r == 0)
		g_strlcpy(ret->digest, digest, sizeof ret->digest);
	return r;
}

static int get_manifest(struct origin *p, const char *digest, struct document *ret, struct err *e)
{
	struct store_origin *sp = (struct store_origin *)p;

	return read_document(sp->s, digest ? digest : sp->img->digest, ret, e);
}

static int get_blob(struct origin *p, const struct descriptor *d, struct document *ret, struct err *e)
{
	return read_document(((struct store_origin *)p)->s, d->digest, ret, e);
}

static const char *diff_id_of(const struct image *img, const char *digest)
{
	for (size_t i = 0; i < img->manifest.n_layers && i < img->config.n_diff_ids; i++)
		if (strcmp(img->manifest.layers[i].digest, digest) == 0)
			return img->config.diff_ids[i];
	return NULL;
}

static int send_compressed(struct store *s, const char *diff_id, enum media_kind kind, int out_fd, struct layer_tar *given,
			   struct err *e)
{
	struct compress *z = NULL;
	int r = compress_new(kind, COMPRESS_LEVEL_DEFAULT, sink_to_fd, &out_fd, &z, e);

	if (r < 0)
		return r;
	r = layer_tar_stream(s, diff_id, compress_write, z, given, e);
	if (r == 0 && (r = compress_finish(z)) < 0)
		err_set(e, -r, "compressing layer %s", diff_id);
	compress_free(z);
	return r;
}

static int send_blob(struct origin *p, const struct descriptor *d, int out_fd, struct err *e)
{
	struct store_origin *sp = (struct store_origin *)p;
	enum media_kind kind = media_kind_of(d->media_type);
	const char *diff_id = diff_id_of(sp->img, d->digest);
	struct layer_tar given = { 0 };
	int r;

	if (!diff_id)
		return err_msg(e, ENOENT, "the image has no layer %s", d->digest);
	if (p->plain || kind == MEDIA_LAYER_TAR)
		r = layer_tar_stream(sp->s, diff_id, sink_to_fd, &out_fd, &given, e);
	else
		r = send_compressed(sp->s, diff_id, kind, out_fd, &given, e);
	if (r == 0 && !given.exact) {
		err_msg(e, EBADMSG, "layer %s was stored by an older version and cannot be given back as it was", diff_id);
		r = err_hint(e, "remove the image and pull it again");
	}
	return r;
}

static void close_origin(struct origin *p)
{
	struct store_origin *sp = (struct store_origin *)p;

	if (sp->img)
		image_free(sp->img);
}

static const struct origin_ops ops = { get_manifest, get_blob, send_blob, close_origin };

int origin_open_store(struct context *c, struct origin **p, struct err *e)
{
	struct store_origin *sp = g_new0(struct store_origin, 1);
	int r;

	sp->p = **p;
	sp->p.ops = &ops;
	sp->p.remade = true;
	g_free(*p);
	*p = &sp->p;
	r = context_store(c, e);
	sp->s = c->store;
	if (r == 0)
		r = image_get(c, sp->p.name.ref, &sp->img, e);
	if (r == 0 && sp->img->host)
		r = err_msg(e, EOPNOTSUPP, "the built-in image host is this machine: it has nothing to give");
	return r < 0 ? err_exit(e, EXIT_OURS) : 0;
}
