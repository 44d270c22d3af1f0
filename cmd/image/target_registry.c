/* target_registry.c - docker://: blobs and manifests to a registry. */
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "cmd/image/sources.h"
#include "cmd/image/target.h"
#include "net/registry/upload.h"

struct registry_target {
	struct target t;
	struct registry *g;
	struct upload *upload;          /* the blob in work, or what a refused mount has opened */
};

static struct registry_target *of(struct target *t)
{
	return (struct registry_target *)t;
}

static int has(struct target *t, const struct descriptor *d, struct err *e)
{
	struct registry_target *rt = of(t);
	int r = registry_has_blob(rt->g, d->digest, e);

	if (r != 0 || !t->mount_from)
		return r;
	g_clear_pointer(&rt->upload, upload_free);
	r = upload_begin(rt->g, d->digest, t->mount_from, &rt->upload, e);
	return r < 0 ? r : rt->upload == NULL;
}

static int begin(struct target *t, const char *digest, int64_t size, struct err *e)
{
	struct registry_target *rt = of(t);

	(void)digest;
	(void)size;
	return rt->upload ? 0 : upload_begin(rt->g, NULL, NULL, &rt->upload, e);
}

static int write_some(void *target, const void *bytes, size_t len)
{
	return upload_write(of(target)->upload, bytes, len);
}

static const struct err *fault(struct target *t)
{
	struct registry_target *rt = of(t);

	return rt->upload && upload_fault(rt->upload)->code ? upload_fault(rt->upload) : NULL;
}

static int end(struct target *t, const char *digest, struct err *e)
{
	struct registry_target *rt = of(t);
	int r = upload_finish(rt->upload, digest, e);

	g_clear_pointer(&rt->upload, upload_free);
	return r;
}

static void abandon(struct target *t)
{
	g_clear_pointer(&of(t)->upload, upload_free);
}

static int put_config(struct target *t, const char *digest, const char *text, size_t len, struct err *e)
{
	return registry_put_blob(of(t)->g, digest, text, len, e);
}

static int put_manifest(struct target *t, const struct push_manifest *m, bool top, struct err *e)
{
	if (top && *t->ref.digest && strcmp(t->ref.digest, m->digest) != 0)
		return err_msg(e, EINVAL, "the image has digest %s, not the one that the destination names", m->digest);
	return registry_put_manifest(of(t)->g, top && *t->ref.tag ? t->ref.tag : m->digest, m->media_type, m->text, m->len,
				     e);
}

static int finish(struct target *t, struct err *e)
{
	(void)t;
	(void)e;
	return 0;
}

static int renew(struct target *t, struct err *e)
{
	return registry_renew(of(t)->g, e);
}

static void close_target(struct target *t)
{
	abandon(t);
	if (of(t)->g)
		registry_close(of(t)->g);
}

static const struct target_ops ops = {
	has, begin, write_some, fault, end, abandon, put_config, put_manifest, finish, renew, close_target,
};

int target_open_registry(const struct registry_options *ro, struct target **t, struct err *e)
{
	struct registry_target *rt = g_new0(struct registry_target, 1);
	int r;

	rt->t = **t;
	rt->t.ops = &ops;
	rt->t.parallel = rt->t.lists = true;
	rt->t.layers = LAYERS_COMPRESSED;
	g_free(*t);
	*t = &rt->t;
	r = reference_parse(rt->t.name.ref, &rt->t.ref, e);
	return r < 0 ? r : sources_open_push(ro, &rt->t.ref, &rt->g, e);
}
