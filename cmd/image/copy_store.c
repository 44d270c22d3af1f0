/* copy_store.c - see copy_store.h. */
#include "cmd/image/copy_store.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/image/copy_blob.h"
#include "cmd/image/new_layer.h"
#include "core/base/fd.h"
#include "storage/image_patch.h"
#include "storage/layer.h"

#define AT_ONCE_MAX 4

/* One layer on its way. */
struct coming {
	const struct descriptor *d;     /* NULL: none */
	struct new_layer layer;
	struct feeder feeder;
};

static int start(struct store *s, struct origin *from, const struct descriptor *d, const char *diff_id, struct coming *ret,
		 struct err *e)
{
	int r;

	*ret = (struct coming){ .d = d, .feeder = { -1, -1 } };
	r = new_layer_begin(s, d->digest, diff_id, &ret->layer, e);
	if (r == 0)
		r = feeder_start(from, d, ret->layer.in, &ret->feeder, e);
	/* The feeder's is the only end that is written to. */
	fd_close(&ret->layer.in);
	return r;
}

static void drop(struct coming *c)
{
	if (!c->d)
		return;
	feeder_kill(&c->feeder);
	new_layer_end(&c->layer);
	c->d = NULL;
}

static int finish(struct coming *c, struct err *e)
{
	struct err fed = ERR_INIT;
	int r, f;

	if (!c->d)
		return 0;
	r = new_layer_finish(&c->layer, e);
	/* It could not read: what the worker missed is only a consequence. Nobody reads it any more: the worker says why. */
	f = feeder_finish(&c->feeder, &fed);
	if (f < 0 && (r == 0 || f != -EPIPE)) {
		*e = fed;
		r = -e->code;
	}
	if (r < 0)
		err_wrap(e, "layer %s", c->d->digest);
	drop(c);
	return r;
}

/* Each takes the place of the one that came `at_once` before. */
static int bring_layers(struct store *s, struct origin *from, const struct remote_image *img, struct progress *p,
			struct err *e)
{
	const size_t at_once = (size_t)CLAMP(sysconf(_SC_NPROCESSORS_ONLN) + 1, 2, AT_ONCE_MAX);
	struct coming slots[AT_ONCE_MAX] = { 0 };
	size_t n = img->manifest.n_layers;
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		const char *diff_id = img->config.diff_ids[i];

		r = finish(&slots[i % at_once], e);
		if (r < 0)
			break;
		r = layer_exists(s, diff_id);
		if (r < 0)
			err_set(e, -r, "layer %s", diff_id);
		progress_say(p, r > 0 ? "Copying blob %s skipped: already exists" : "Copying blob %s",
			     img->manifest.layers[i].digest);
		if (r == 0)
			r = start(s, from, &img->manifest.layers[i], diff_id, &slots[i % at_once], e);
		r = MIN(r, 0);
	}
	for (size_t i = 0; i < at_once && r == 0; i++)
		r = finish(&slots[(n + i) % at_once], e);
	for (size_t i = 0; i < at_once; i++)
		drop(&slots[i]);
	return r;
}

int copy_to_store(struct store *s, struct origin *from, const struct remote_image *img, const char *name,
		  struct progress *p, struct err *e)
{
	const struct manifest *m = &img->manifest;
	struct descriptor d = {
		.media_type = m->media_type ? m->media_type : (char *)"application/vnd.oci.image.manifest.v1+json",
		.digest = (char *)img->manifest_doc.digest, .size = (int64_t)img->manifest_doc.len,
	};
	int r;

	if (img->config.n_diff_ids != m->n_layers)
		return err_msg(e, EBADMSG, "the config speaks of %zu layers, the manifest of %zu", img->config.n_diff_ids,
			       m->n_layers);
	r = bring_layers(s, from, img, p, e);
	if (r < 0)
		return r;
	progress_say(p, "Copying config %s", m->config.digest);
	r = image_put_blob(s, m->config.digest, img->config_doc.text, img->config_doc.len, e);
	if (r == 0)
		r = image_put_blob(s, d.digest, img->manifest_doc.text, img->manifest_doc.len, e);
	if (r == 0)
		r = image_patch_make(s, &img->config, m->config.digest, e);
	progress_say(p, "Writing manifest to image destination");
	if (r == 0)
		r = image_commit(s, name, &d, e);
	if (r == 0)
		image_event(s, "pull", strchr(m->config.digest, ':') + 1, name);
	return r;
}
