/* remote.c - from a name to the manifest and config of one platform. */
#include "cmd/image/remote.h"

#include <errno.h>
#include <string.h>

void remote_image_clear(struct remote_image *r)
{
	document_clear(&r->manifest_doc);
	document_clear(&r->config_doc);
	arena_free(&r->manifest.arena);
	arena_free(&r->config.arena);
	memset(r, 0, sizeof *r);
}

static bool is_schema1(const struct document *d)
{
	if (d->media_type && strstr(d->media_type, "docker.distribution.manifest.v1"))
		return true;
	return d->text && g_strstr_len(d->text, (gssize)MIN(d->len, 4096), "\"fsLayers\"") != NULL;
}

int remote_kind(const struct document *d, const char *promised, enum media_kind *ret, struct err *e)
{
	enum media_kind kind = document_kind(d->text, d->len);
	enum media_kind said[] = { d->media_type ? media_kind_of(d->media_type) : MEDIA_UNKNOWN,
				   promised ? media_kind_of(promised) : MEDIA_UNKNOWN };

	if (is_schema1(d))
		return err_msg(e, EPROTONOSUPPORT, "the image is in docker's schema 1 format, which is not supported: "
			       "push it again with a newer tool");
	if (kind != MEDIA_INDEX && kind != MEDIA_MANIFEST)
		return err_msg(e, EBADMSG, "what is there is neither an image manifest nor an index");
	for (size_t i = 0; i < G_N_ELEMENTS(said); i++)
		if (said[i] != MEDIA_UNKNOWN && said[i] != kind)
			return err_msg(e, EBADMSG, "the manifest is not of the media type that was promised");
	*ret = kind;
	return 0;
}

static void add_platform(GString *out, const struct platform *p)
{
	g_string_append_printf(out, "%s/%s", p->os && *p->os ? p->os : "?",
			       p->architecture && *p->architecture ? p->architecture : "?");
	if (p->variant && *p->variant)
		g_string_append_printf(out, "/%s", p->variant);
}

int remote_no_platform(const struct image_index *idx, const struct platform *want, struct err *e)
{
	g_autoptr(GString) wanted = g_string_new(NULL), have = g_string_new(NULL);

	add_platform(wanted, want);
	for (size_t i = 0; i < idx->n_manifests && have->len < 300; i++) {
		const struct platform *p = &idx->manifests[i].platform;

		if (!p->os || strcmp(p->os, "unknown") == 0)
			continue;       /* attestations and the like */
		if (have->len)
			g_string_append(have, ", ");
		add_platform(have, p);
	}
	err_msg(e, ENOENT, "there is no image for platform %s", wanted->str);
	return have->len ? err_hint(e, "there is one for %s (--platform)", have->str) : -e->code;
}

/* The document is an index: get the manifest it has for the platform instead. */
static int descend(struct registry *g, const struct platform *want, struct remote_image *ret, struct err *e)
{
	struct image_index idx = { .arena = ARENA_INIT };
	const struct descriptor *d;
	struct document doc = { 0 };
	enum media_kind kind;
	int r = image_index_parse(ret->manifest_doc.text, ret->manifest_doc.len, &idx, e);

	if (r < 0)
		goto out;
	d = image_index_choose(&idx, want);
	r = d ? registry_manifest(g, d->digest, d->size, &doc, e) : remote_no_platform(&idx, want, e);
	if (r < 0)
		goto out;
	r = remote_kind(&doc, d->media_type, &kind, e);
	if (r == 0 && kind != MEDIA_MANIFEST)
		r = err_msg(e, EBADMSG, "the index names another index");
	document_clear(&ret->manifest_doc);
	ret->manifest_doc = doc;
out:
	arena_free(&idx.arena);
	return r;
}

static int check_layers(const struct manifest *m, struct err *e)
{
	for (size_t i = 0; i < m->n_layers; i++) {
		enum media_kind kind = media_kind_of(m->layers[i].media_type);

		if (kind != MEDIA_LAYER_TAR && kind != MEDIA_LAYER_GZIP && kind != MEDIA_LAYER_ZSTD)
			return err_msg(e, EPROTONOSUPPORT, "layer %zu has media type %.100s, which is not a layer of a "
				       "container image", i + 1, m->layers[i].media_type);
	}
	return 0;
}

int remote_manifest(struct registry *g, const struct reference *ref, const struct platform *want,
		    struct remote_image *ret, struct err *e)
{
	enum media_kind kind;
	int r = registry_manifest(g, ref->digest[0] ? ref->digest : ref->tag, -1, &ret->manifest_doc, e);

	if (r < 0)
		return r;
	g_strlcpy(ret->top_digest, ret->manifest_doc.digest, sizeof ret->top_digest);
	r = remote_kind(&ret->manifest_doc, NULL, &kind, e);
	if (r == 0 && kind == MEDIA_INDEX)
		r = descend(g, want, ret, e);
	if (r == 0)
		r = manifest_parse(ret->manifest_doc.text, ret->manifest_doc.len, &ret->manifest, e);
	if (r == 0)
		r = check_layers(&ret->manifest, e);
	if (r < 0)
		return r;
	ret->descriptor = (struct descriptor){
		.media_type = arena_strdup(&ret->manifest.arena, ret->manifest.media_type ? ret->manifest.media_type :
					   "application/vnd.oci.image.manifest.v1+json"),
		.digest = arena_strdup(&ret->manifest.arena, ret->manifest_doc.digest),
		.size = (int64_t)ret->manifest_doc.len,
	};
	return 0;
}

static bool matches(const char *have, const char *want)
{
	return !have || !*have || !want || !*want || strcmp(have, want) == 0;
}

int remote_config(struct registry *g, const struct reference *ref, const struct platform *want, bool asked,
		  struct remote_image *img, struct err *e)
{
	struct image_config *c = &img->config;
	int r = registry_blob(g, &img->manifest.config, &img->config_doc, e);

	if (r < 0)
		return r;
	r = image_config_parse(img->config_doc.text, img->config_doc.len, c, e);
	if (r < 0)
		return err_wrap(e, "config of %s/%s", ref->host, ref->path);
	if (c->n_diff_ids != img->manifest.n_layers)
		return err_msg(e, EBADMSG, "%s/%s: the config speaks of %zu layers, the manifest of %zu", ref->host,
			       ref->path, c->n_diff_ids, img->manifest.n_layers);
	if (!matches(c->os, want->os) || !matches(c->architecture, want->architecture)) {
		err_msg(e, ENOEXEC, "%s/%s is an image for %.32s/%.32s, not for %s/%s", ref->host, ref->path,
			c->os ? c->os : "?", c->architecture ? c->architecture : "?", want->os, want->architecture);
		return asked ? -e->code : err_hint(e, "--platform %.32s/%.32s pulls it anyway", c->os ? c->os : "linux",
						   c->architecture ? c->architecture : "?");
	}
	img->descriptor.platform = (struct platform){ c->os, c->architecture, c->variant };
	return 0;
}
