/* copy_image.c - see copy_image.h. */
#include "cmd/image/copy_image.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "cmd/image/copy_blob.h"
#include "cmd/image/copy_list.h"
#include "cmd/image/copy_store.h"
#include "cmd/image/push.h"
#include "core/base/fd.h"
#include "core/base/proc.h"

#define AT_ONCE 3

struct copy {
	struct context *c;
	const struct copy_how *how;
	struct origin *from;
	struct origin **places;         /* of a list's images, where those lie in several; else NULL */
	struct target *to;              /* NULL: our store */
	char *name;                     /* there */
	const char *format;
	char *digest;                   /* DIGEST_MAX */
};

/* --- layers ------------------------------------------------------------------------------------------------------------ */

static enum blob_change change_for(const struct copy *cp, const struct descriptor *d)
{
	const struct copy_how *how = cp->how;
	enum media_kind kind = media_kind_of(d->media_type);
	bool packed = kind == MEDIA_LAYER_GZIP || kind == MEDIA_LAYER_ZSTD;

	if (how->preserve)
		return BLOB_KEEP;
	switch (cp->to->layers) {
	case LAYERS_PLAIN:
		return packed && !cp->from->plain ? BLOB_PLAIN : BLOB_KEEP;
	case LAYERS_COMPRESSED:
		return kind == MEDIA_LAYER_TAR && !how->accept_plain ? BLOB_COMPRESS : BLOB_KEEP;
	default:
		if (how->decompress && packed)
			return BLOB_PLAIN;
		return how->compress && kind == MEDIA_LAYER_TAR ? BLOB_COMPRESS : BLOB_KEEP;
	}
}

static void say(const struct copy *cp, const struct push_result *r)
{
	progress_say(cp->how->progress, r->how == PUSH_SENT ? "Copying blob %s done" : "Copying blob %s skipped: already exists",
		     r->digest);
}

/* An equal layer before number `i`, or i. */
static size_t twin(const struct manifest *m, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(m->layers[k].digest, m->layers[i].digest) == 0)
			return k;
	return i;
}

struct job { pid_t pid; int fd; size_t layer; };

static int finish(const struct copy *cp, const struct manifest *m, struct job *job, struct push_result *results,
		  struct err *e)
{
	int r;

	if (job->fd < 0)
		return 0;
	r = push_layer_finish(&job->pid, &job->fd, &results[job->layer], e);
	if (r < 0)
		return err_wrap(e, "layer %s", m->layers[job->layer].digest);
	say(cp, &results[job->layer]);
	return 0;
}

static int start(const struct copy *cp, const struct manifest *m, const char *diff_id, struct job *job,
		 struct push_result *results, struct err *e)
{
	const struct descriptor *d = &m->layers[job->layer];
	struct blob b = { .from = cp->from, .to = cp->to, .d = d, .change = change_for(cp, d), .kind = cp->how->kind,
			  .level = cp->how->level, .plain_digest = diff_id };
	int r;

	if (cp->to->parallel)
		return copy_blob_start(&b, &job->pid, &job->fd, e);
	r = copy_blob(&b, &results[job->layer], e);
	if (r < 0)
		return err_wrap(e, "layer %s", d->digest);
	say(cp, &results[job->layer]);
	return 0;
}

/* Several at once where the target can; each takes the place of the one that was begun AT_ONCE before. */
static int copy_layers(const struct copy *cp, const struct remote_image *img, struct push_result *results, struct err *e)
{
	const struct manifest *m = &img->manifest;
	struct job jobs[AT_ONCE];
	size_t started = 0;
	int r = 0;

	for (size_t k = 0; k < AT_ONCE; k++)
		jobs[k] = (struct job){ .pid = -1, .fd = -1 };
	for (size_t i = 0; i < m->n_layers && r == 0; i++) {
		struct job *job = &jobs[started % AT_ONCE];

		if (twin(m, i) != i)
			continue;
		r = finish(cp, m, job, results, e);
		job->layer = i;
		if (r == 0)
			r = start(cp, m, i < img->config.n_diff_ids ? img->config.diff_ids[i] : NULL, job, results, e);
		started++;
	}
	for (size_t k = 0; k < AT_ONCE && r == 0; k++)
		r = finish(cp, m, &jobs[(started + k) % AT_ONCE], results, e);
	for (size_t k = 0; k < AT_ONCE; k++) {
		fd_close(&jobs[k].fd);
		proc_kill_and_reap(&jobs[k].pid);
	}
	for (size_t i = 0; i < m->n_layers && r == 0; i++)
		results[i] = results[twin(m, i)];
	return r;
}

/* --- one image ---------------------------------------------------------------------------------------------------------- */

/* What is not a layer has no name in the other format. */
static int check_format(const struct copy *cp, const struct remote_image *img, struct err *e)
{
	const struct document *doc = &img->manifest_doc;
	bool docker = cp->format && strcmp(cp->format, "v2s2") == 0;

	if (!cp->format || push_manifest_is_docker(doc->text, doc->len) == docker)
		return 0;
	if (cp->how->preserve)
		return err_msg(e, EINVAL, "%s takes manifests of format %s, and --preserve-digests forbids to change this one",
			       transport_word(cp->to->name.transport), cp->format);
	for (size_t i = 0; i < img->manifest.n_layers; i++)
		if (media_kind_of(img->manifest.layers[i].media_type) == MEDIA_UNKNOWN)
			return err_msg(e, EOPNOTSUPP, "layer %zu has media type %.100s, which format %s does not have", i + 1,
				       img->manifest.layers[i].media_type, cp->format);
	return 0;
}

static int to_target(const struct copy *cp, const struct remote_image *img, bool top, struct push_manifest *ret, struct err *e)
{
	const struct document *doc = &img->manifest_doc;
	g_autofree struct push_result *results = g_new0(struct push_result, img->manifest.n_layers + 1);
	const char *config = img->manifest.config.digest;
	int r = check_format(cp, img, e);

	if (r == 0)
		r = copy_layers(cp, img, results, e);
	if (r == 0)
		r = push_manifest_make(doc->text, doc->len, cp->format, results, img->manifest.n_layers, ret, e);
	if (r == 0 && cp->how->preserve && strcmp(ret->digest, doc->digest) != 0)
		r = err_msg(e, EINVAL, "the digest would change from %s, and --preserve-digests forbids that", doc->digest);
	if (r < 0)
		return r;
	progress_say(cp->how->progress, "Copying config %s", config);
	r = cp->to->ops->config(cp->to, config, img->config_doc.text, img->config_doc.len, e);
	if (r < 0)
		return r;
	progress_say(cp->how->progress, "Writing manifest to image destination");
	return cp->to->ops->manifest(cp->to, ret, top, e);
}

static int to_store(const struct copy *cp, struct remote_image *img, struct push_manifest *ret, struct err *e)
{
	g_strlcpy(ret->digest, img->manifest_doc.digest, sizeof ret->digest);
	return copy_to_store(cp->c->store, cp->from, img, cp->name, cp->how->progress, e);
}

/* `img` has its documents; `top`: it is what the name stands for. */
static int copy_one(const struct copy *cp, struct remote_image *img, bool top, struct push_manifest *ret, struct err *e)
{
	bool is_image = media_kind_of(img->manifest.config.media_type) == MEDIA_CONFIG;
	int r = 0;

	if (!cp->to || cp->to->layers == LAYERS_PLAIN || is_image)
		r = image_config_parse(img->config_doc.text, img->config_doc.len, &img->config, e);
	if (r < 0)
		return err_wrap(e, "config %s", img->manifest.config.digest);
	return cp->to ? to_target(cp, img, top, ret, e) : to_store(cp, img, ret, e);
}

static int copy_system(const struct copy *cp, struct err *e)
{
	struct push_manifest made = { 0 };
	struct remote_image img = { 0 };
	int r = origin_image(cp->from, &cp->how->want, &img, e);

	if (r == 0)
		r = copy_one(cp, &img, true, &made, e);
	if (r == 0)
		g_strlcpy(cp->digest, made.digest, DIGEST_MAX);
	push_manifest_clear(&made);
	remote_image_clear(&img);
	return r;
}

/* --- lists ---------------------------------------------------------------------------------------------------------------- */

static int copy_instance(const struct copy *cp, const struct descriptor *d, struct push_manifest *ret, struct err *e)
{
	struct remote_image img = { 0 };
	enum media_kind kind;
	int r = origin_document(cp->from, d->digest, &img.manifest_doc, &kind, e);

	if (r == 0 && kind != MEDIA_MANIFEST)
		r = err_msg(e, EBADMSG, "the list names another list, %s", d->digest);
	if (r == 0 && (int64_t)img.manifest_doc.len != d->size)
		r = err_msg(e, EBADMSG, "manifest %s has not the size that the list promises", d->digest);
	if (r == 0)
		r = manifest_parse(img.manifest_doc.text, img.manifest_doc.len, &img.manifest, e);
	if (r == 0)
		r = cp->from->ops->blob(cp->from, &img.manifest.config, &img.config_doc, e);
	if (r == 0)
		r = copy_one(cp, &img, false, ret, e);
	remote_image_clear(&img);
	return r;
}

/* Attestations and the like are nothing that runs. */
static bool is_runnable(const struct descriptor *d)
{
	return d->platform.os && strcmp(d->platform.os, "unknown") != 0;
}

/* Blobs can be mounted from a repository of the same registry. */
static void set_mount(const struct copy *cp)
{
	const struct origin *from = cp->from;

	if (!cp->to)
		return;
	g_clear_pointer(&cp->to->mount_from, g_free);
	if (from->name.transport == TRANSPORT_DOCKER && strcmp(from->ref.host, cp->to->ref.host) == 0 &&
	    strcmp(from->ref.path, cp->to->ref.path) != 0)
		cp->to->mount_from = g_strdup(from->ref.path);
}

static int copy_instances(struct copy *cp, const struct image_index *idx, struct push_manifest *made, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < idx->n_manifests && r == 0; i++) {
		if (!cp->to && !is_runnable(&idx->manifests[i]))
			continue;
		if (cp->places)
			cp->from = cp->places[i];
		set_mount(cp);
		progress_say(cp->how->progress, "Copying image %s (%zu/%zu)", idx->manifests[i].digest, i + 1, idx->n_manifests);
		r = copy_instance(cp, &idx->manifests[i], &made[i], e);
	}
	return r;
}

static int copy_list(struct copy *cp, const struct document *doc, struct err *e)
{
	struct push_manifest list = { 0 }, *made;
	struct image_index idx;
	int r = image_index_parse(doc->text, doc->len, &idx, e);

	if (r < 0)
		return r;
	made = g_new0(struct push_manifest, idx.n_manifests + 1);
	if (cp->how->lists == COPY_ALL)
		r = copy_instances(cp, &idx, made, e);
	if (r == 0)
		r = copy_list_make(doc, cp->to ? cp->format : NULL, cp->how->lists == COPY_ALL && cp->to ? made : NULL, &list, e);
	if (r == 0 && cp->how->preserve && strcmp(list.digest, doc->digest) != 0)
		r = err_msg(e, EINVAL, "the list's digest would change, and --preserve-digests forbids that");
	if (r == 0)
		progress_say(cp->how->progress, "Writing manifest list to image destination");
	if (r == 0 && cp->to)
		r = cp->to->ops->manifest(cp->to, &list, true, e);
	if (r == 0)
		g_strlcpy(cp->digest, list.digest, DIGEST_MAX);
	for (size_t i = 0; i < idx.n_manifests; i++)
		push_manifest_clear(&made[i]);
	g_free(made);
	push_manifest_clear(&list);
	arena_free(&idx.arena);
	return r;
}

/* --- all of it -------------------------------------------------------------------------------------------------------------- */

static int open_target(struct copy *cp, const char *to, struct err *e)
{
	const struct copy_how *how = cp->how;
	struct location there;
	struct reference ref;
	int r = location_parse(to, &there, e);

	if (r < 0)
		return r;
	if (there.transport != TRANSPORT_STORE) {
		r = target_open(to, &how->dest, how->tags, &cp->to, e);
	} else {
		r = how->format || how->compress || how->decompress || how->tags || how->lists == COPY_INDEX_ONLY ?
			err_msg(e, EINVAL, "the store keeps images as they are: no --format, compression, tags or bare index") :
			reference_parse_local(there.ref, &ref, e);
		if (r == 0)
			cp->name = reference_name(&ref);
		if (r == 0)
			r = context_store(cp->c, e);
	}
	location_clear(&there);
	if (r < 0 || !cp->to)
		return r;
	if (how->format && cp->to->format && strcmp(how->format, cp->to->format) != 0)
		return err_msg(e, EINVAL, "%s takes manifests of format %s only", transport_word(cp->to->name.transport),
			       cp->to->format);
	if ((how->compress || how->decompress) && cp->to->name.transport != TRANSPORT_DIR)
		return err_msg(e, EINVAL, "--dest-compress and --dest-decompress are for dir: only");
	if (how->lists != COPY_SYSTEM && !cp->to->lists)
		return err_msg(e, EINVAL, "docker-archive: holds one image, not a list");
	cp->format = how->format ? how->format : cp->to->format;
	return 0;
}

static bool reads_store(const struct copy *cp)
{
	for (struct origin **p = cp->places; p && *p; p++)
		if ((*p)->name.transport == TRANSPORT_STORE)
			return true;
	return cp->from && cp->from->name.transport == TRANSPORT_STORE;
}

/* The store's files may belong to anybody, and nobody may collect meanwhile. */
static int enter_store(const struct copy *cp, int *lock, struct err *e)
{
	int r;

	if (cp->to && !reads_store(cp))
		return 0;
	*lock = store_lock_shared(cp->c->store, e);
	r = MIN(*lock, 0);
	return r < 0 ? r : idmap_enter(idmap_store(), e);
}

static int copy(struct copy *cp, struct err *e)
{
	struct document doc = { 0 };
	enum media_kind kind;
	int r;

	/* The store makes whatever is wanted. */
	cp->from->plain = cp->to && cp->to->layers == LAYERS_PLAIN && cp->from->remade;
	r = origin_document(cp->from, NULL, &doc, &kind, e);
	if (r < 0)
		return r;
	set_mount(cp);
	if (kind == MEDIA_INDEX && cp->how->lists != COPY_SYSTEM)
		r = copy_list(cp, &doc, e);
	else
		r = copy_system(cp, e);
	document_clear(&doc);
	return r == 0 && cp->to ? cp->to->ops->finish(cp->to, e) : r;
}

static int copy_between(struct context *c, const struct copy_how *how, const char *from, const char *to,
			char ret_digest[static DIGEST_MAX], struct err *e)
{
	struct copy cp = { .c = c, .how = how, .digest = ret_digest };
	autofd lock = -1;
	int r = origin_open(c, from, &how->src, &cp.from, e);

	if (r == 0)
		r = open_target(&cp, to, e);
	if (r == 0)
		r = enter_store(&cp, &lock, e);
	if (r == 0)
		r = copy(&cp, e);
	target_close(cp.to);
	origin_close(cp.from);
	g_free(cp.name);
	return r;
}

/* From the store to a registry is what push does best: it knows what it packed before, and where blobs can be mounted from. */
static bool is_push(const struct copy_how *how, const char *from, const char *to)
{
	return g_str_has_prefix(from, "store:") && g_str_has_prefix(to, "docker://") && how->lists == COPY_SYSTEM &&
	       !how->preserve && !strchr(to, '@');
}

static int push_it(struct context *c, const struct copy_how *how, const char *from, const char *to, char *ret_digest,
		   struct err *e)
{
	const struct registry_options *ro = &how->dest;
	struct push_options o = {
		.tls_verify = ro->tls_verify, .retry = ro->retry, .level_set = how->level > 0, .compression_level = how->level,
		.creds = (char *)ro->creds, .authfile = (char *)ro->authfile, .cert_dir = (char *)ro->cert_dir,
		.format = (char *)how->format, .compression_format = how->kind == MEDIA_LAYER_ZSTD ? (char *)"zstd" : NULL,
	};

	if (how->compress || how->decompress || how->tags)
		return err_msg(e, EINVAL, "--dest-compress, --dest-decompress and --additional-tag are not for docker:");
	return push_image(c, &o, how->progress, from + strlen("store:"), to, ret_digest, e);
}

int copy_image(struct context *c, const struct copy_how *how, const char *from, const char *to,
	       char ret_digest[static DIGEST_MAX], struct err *e)
{
	if (is_push(how, from, to))
		return push_it(c, how, from, to, ret_digest, e);
	return copy_between(c, how, from, to, ret_digest, e);
}

/* Credentials are looked for before the store is entered. */
static int open_places(struct copy *cp, char *const *places, struct err *e)
{
	size_t n = g_strv_length((char **)places);
	int r = 0;

	cp->places = g_new0(struct origin *, n + 1);
	for (size_t i = 0; i < n && r == 0 && cp->how->lists == COPY_ALL; i++)
		r = origin_open(cp->c, places[i], &cp->how->src, &cp->places[i], e);
	return r;
}

int copy_list_from(struct context *c, const struct copy_how *how, const struct document *list, char *const *places,
		   const char *to, char ret_digest[static DIGEST_MAX], struct err *e)
{
	struct copy cp = { .c = c, .how = how, .digest = ret_digest };
	autofd lock = -1;
	int r = open_target(&cp, to, e);

	if (r == 0 && !cp.to)
		r = err_msg(e, EINVAL, "the list is in the store already");
	if (r == 0)
		r = open_places(&cp, places, e);
	if (r == 0)
		r = enter_store(&cp, &lock, e);
	if (r == 0)
		r = copy_list(&cp, list, e);
	if (r == 0)
		r = cp.to->ops->finish(cp.to, e);
	target_close(cp.to);
	for (struct origin **p = cp.places; p && *p; p++)
		origin_close(*p);
	g_free(cp.places);
	g_free(cp.name);
	return r;
}
