/* origin.c - see origin.h. */
#include "cmd/image/origin.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

static int open_it(struct context *c, const struct registry_options *ro, struct origin **p, struct err *e)
{
	switch ((*p)->name.transport) {
	case TRANSPORT_DOCKER:
		return origin_open_registry(c, ro, p, e);
	case TRANSPORT_STORE:
		return origin_open_store(c, p, e);
	case TRANSPORT_DOCKER_ARCHIVE:
		return origin_open_docker_archive(c, p, e);
	default:
		return origin_open_layout(c, p, e);
	}
}

int origin_open(struct context *c, const char *text, const struct registry_options *ro, struct origin **ret, struct err *e)
{
	struct origin *p = g_new0(struct origin, 1);
	int r = location_parse(text, &p->name, e);

	if (r == 0)
		r = open_it(c, ro, &p, e);
	if (r < 0)
		origin_close(p);
	else
		*ret = p;
	return r;
}

void origin_close(struct origin *p)
{
	if (!p)
		return;
	if (p->ops)
		p->ops->close(p);
	location_clear(&p->name);
	g_free(p);
}

int origin_document(struct origin *p, const char *digest, struct document *ret, enum media_kind *ret_kind, struct err *e)
{
	int r = p->ops->manifest(p, digest, ret, e);

	return r < 0 ? r : remote_kind(ret, NULL, ret_kind, e);
}

/* The document is an index: get the manifest it has for the platform instead. */
static int descend(struct origin *p, const struct platform *want, struct remote_image *img, struct err *e)
{
	struct image_index idx = { .arena = ARENA_INIT };
	struct document inner = { 0 };
	const struct descriptor *d;
	enum media_kind kind;
	int r = image_index_parse(img->manifest_doc.text, img->manifest_doc.len, &idx, e);

	if (r < 0)
		return r;
	d = image_index_choose(&idx, want);
	r = d ? origin_document(p, d->digest, &inner, &kind, e) : remote_no_platform(&idx, want, e);
	if (r == 0 && kind != MEDIA_MANIFEST)
		r = err_msg(e, EBADMSG, "the index names another index");
	document_clear(&img->manifest_doc);
	img->manifest_doc = inner;
	arena_free(&idx.arena);
	return r;
}

int origin_image(struct origin *p, const struct platform *want, struct remote_image *ret, struct err *e)
{
	enum media_kind kind;
	int r = origin_document(p, NULL, &ret->manifest_doc, &kind, e);

	if (r < 0)
		return r;
	g_strlcpy(ret->top_digest, ret->manifest_doc.digest, sizeof ret->top_digest);
	if (kind == MEDIA_INDEX)
		r = descend(p, want, ret, e);
	if (r == 0)
		r = manifest_parse(ret->manifest_doc.text, ret->manifest_doc.len, &ret->manifest, e);
	return r < 0 ? r : p->ops->blob(p, &ret->manifest.config, &ret->config_doc, e);
}
