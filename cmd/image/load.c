/* load.c - `coracle-image load`: archives of docker, podman, skopeo and umoci into the store.
 *
 * What an archive is, is told by its members: manifest.json with a list (docker-archive), manifest.json with a manifest (the
 * `dir:` transport), or index.json (OCI layout). Config and manifest bytes are kept as they are, so the image ID is the one
 * that the archive's maker printed.
 */
#include "cmd/image/load.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/archive_options.h"
#include "cmd/image/load_layers.h"
#include "cmd/image/new_image.h"
#include "core/base/fd.h"
#include "core/oci/reference.h"
#include "net/registry/digest.h"
#include "net/registry/policy.h"
#include "storage/archive_in.h"
#include "storage/image.h"
#include "storage/image_patch.h"

struct load {
	struct store *s;
	struct archive_in *in;
	struct progress *progress;
	struct policy *policy;
	char *path;             /* absolute and without links; NULL: standard input */
	bool flat;              /* blobs lie at the top, by their hex digits */
};

static void free_wanted(struct wanted_layer *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		g_free(list[i].name);
	g_free(list);
}

static char *normalized(const char *name, struct err *e)
{
	struct reference ref;

	return reference_parse(name, &ref, e) < 0 ? NULL : reference_name(&ref);
}

static void loaded(const char *name, const char *id)
{
	if (name)
		printf("Loaded image: %s\n", name);
	else
		printf("Loaded image: sha256:%s\n", id);
}

/* --- docker-archive ------------------------------------------------------------------------------------------ */

static int load_docker_layers(struct load *l, json_t *layers, const struct image_config *config, int64_t *sizes,
			      struct err *e)
{
	size_t n = config->n_diff_ids;
	struct wanted_layer *list;
	int r = 0;

	if (json_array_size(layers) != n)
		return err_msg(e, EBADMSG, "manifest.json has %zu layers, the config %zu", json_array_size(layers), n);
	list = g_new0(struct wanted_layer, n + 1);
	for (size_t i = 0; i < n && r == 0; i++) {
		list[i].name = g_strdup(json_string_value(json_array_get(layers, i)));
		list[i].diff_id = config->diff_ids[i];
		if (!list[i].name)
			r = err_msg(e, EBADMSG, "manifest.json: Layers: not a list of names");
	}
	if (r == 0)
		r = load_layers(l->s, l->in, l->progress, list, n, e);
	for (size_t i = 0; i < n; i++)
		sizes[i] = list[i].size;
	free_wanted(list, n);
	return r;
}

static int name_docker_image(struct load *l, json_t *image, const char *config, size_t len, const int64_t *sizes,
			     struct err *e)
{
	json_t *tags = json_object_get(image, "RepoTags");
	size_t n = json_array_size(tags);
	int r = 0;

	for (size_t i = 0; i < MAX(n, 1) && r == 0; i++) {
		const char *tag = json_string_value(json_array_get(tags, i));
		g_autofree char *name = tag ? normalized(tag, e) : NULL, *id = NULL;

		if (tag && !name)
			return -e->code;
		r = new_image_commit(l->s, name, IMAGE_DOCKER, config, len, sizes, &id, e);
		if (r == 0)
			loaded(name, id);
	}
	return r;
}

static int load_docker_image(struct load *l, json_t *image, struct err *e)
{
	const char *name = json_string_value(json_object_get(image, "Config"));
	g_autofree int64_t *sizes = NULL;
	g_autofree char *config = NULL;
	struct image_config parsed;
	size_t len;
	int r = name ? archive_in_read(l->in, name, MANIFEST_MAX, &config, &len, e) :
		       err_msg(e, EBADMSG, "manifest.json: an image without Config");

	if (r == 0)
		r = image_config_parse(config, len, &parsed, e);
	if (r < 0)
		return r;
	sizes = g_new0(int64_t, parsed.n_diff_ids + 1);
	r = load_docker_layers(l, json_object_get(image, "Layers"), &parsed, sizes, e);
	arena_free(&parsed.arena);
	return r < 0 ? r : name_docker_image(l, image, config, len, sizes, e);
}

/* --- blobs by digest: OCI layouts and the dir: transport --------------------------------------------------- */

static char *blob_name(const struct load *l, const char *digest)
{
	const char *colon = strchr(digest, ':');

	return l->flat ? g_strdup(colon + 1) :
	       g_strdup_printf("blobs/%.*s/%s", (int)(colon - digest), digest, colon + 1);
}

static int read_blob(struct load *l, const struct descriptor *d, char **ret, size_t *ret_len, struct err *e)
{
	g_autofree char *name = blob_name(l, d->digest);
	char digest[DIGEST_MAX];
	int r = archive_in_read(l->in, name, MANIFEST_MAX, ret, ret_len, e);

	if (r < 0)
		return r;
	digest_of(d->digest, *ret, *ret_len, digest);
	if (strcmp(digest, d->digest) != 0)
		return err_msg(e, EBADMSG, "%s: its digest is %s", name, digest);
	return 0;
}

static int load_blob_layers(struct load *l, const struct manifest *m, const struct image_config *config, struct err *e)
{
	struct wanted_layer *list;
	int r;

	if (m->n_layers != config->n_diff_ids)
		return err_msg(e, EBADMSG, "the manifest has %zu layers, the config %zu", m->n_layers, config->n_diff_ids);
	list = g_new0(struct wanted_layer, m->n_layers + 1);
	for (size_t i = 0; i < m->n_layers; i++)
		list[i] = (struct wanted_layer){ .name = blob_name(l, m->layers[i].digest), .digest = m->layers[i].digest,
						 .diff_id = config->diff_ids[i] };
	r = load_layers(l->s, l->in, l->progress, list, m->n_layers, e);
	free_wanted(list, m->n_layers);
	return r;
}

/* The image of a manifest's bytes. */
static int load_manifest(struct load *l, const char *text, size_t len, const char *name, struct err *e)
{
	char digest[DIGEST_MAX];
	struct descriptor d = { .digest = digest, .size = (int64_t)len };
	g_autofree char *config = NULL;
	struct image_config parsed;
	struct manifest m;
	size_t config_len;
	int r = manifest_parse(text, len, &m, e);

	if (r < 0)
		return r;
	digest_of("sha256:", text, len, digest);
	d.media_type = m.media_type ? m.media_type : (char *)"application/vnd.oci.image.manifest.v1+json";
	r = read_blob(l, &m.config, &config, &config_len, e);
	if (r == 0)
		r = image_config_parse(config, config_len, &parsed, e);
	if (r == 0) {
		r = load_blob_layers(l, &m, &parsed, e);
		if (r == 0)
			r = image_patch_make(l->s, &parsed, m.config.digest, e);
		arena_free(&parsed.arena);
	}
	if (r == 0)
		r = image_put_blob(l->s, m.config.digest, config, config_len, e);
	if (r == 0)
		r = image_put_blob(l->s, digest, text, len, e);
	if (r == 0)
		r = image_commit(l->s, name, &d, e);
	if (r == 0)
		loaded(name, strchr(m.config.digest, ':') + 1);
	arena_free(&m.arena);
	return r;
}

static const char *annotation(const struct descriptor *d, const char *key)
{
	size_t len = strlen(key);

	for (char **a = d->annotations; a && *a; a++)
		if (!strncmp(*a, key, len) && (*a)[len] == '=')
			return *a + len + 1;
	return NULL;
}

/* containerd's annotation has the whole name; the other may be a mere tag, as umoci writes it, which then becomes the
 * image's name. NULL: none. */
static int oci_name(const struct descriptor *d, char **ret, struct err *e)
{
	const char *name = annotation(d, "io.containerd.image.name");
	struct reference ref;

	*ret = NULL;
	if (!name)
		name = annotation(d, "org.opencontainers.image.ref.name");
	if (!name)
		return 0;
	if (reference_parse_local(name, &ref, e) < 0)
		return -e->code;
	*ret = reference_name(&ref);
	return 0;
}

static int load_descriptor(struct load *l, const struct descriptor *d, const char *name, struct err *e)
{
	const struct platform want = platform_host();
	g_autofree char *text = NULL, *inner = NULL;
	const struct descriptor *chosen;
	struct image_index idx;
	size_t len;
	int r = read_blob(l, d, &text, &len, e);

	if (r < 0)
		return r;
	if (document_kind(text, len) != MEDIA_INDEX)
		return load_manifest(l, text, len, name, e);
	r = image_index_parse(text, len, &idx, e);
	if (r < 0)
		return r;
	chosen = image_index_choose(&idx, &want);
	r = chosen ? read_blob(l, chosen, &inner, &len, e) :
		     err_msg(e, ENOENT, "%s: nothing for %s/%s", d->digest, want.os, want.architecture);
	if (r == 0)
		r = load_manifest(l, inner, len, name, e);
	arena_free(&idx.arena);
	return r;
}

static int load_layout(struct load *l, struct err *e)
{
	g_autofree char *text = NULL;
	struct image_index idx;
	size_t len;
	int r = policy_check_archive(l->policy, archive_in_is_directory(l->in) ? "oci" : "oci-archive", l->path, e);

	if (r == 0)
		r = archive_in_read(l->in, "index.json", MANIFEST_MAX, &text, &len, e);
	if (r == 0)
		r = image_index_parse(text, len, &idx, e);
	if (r < 0)
		return r;
	if (idx.n_manifests == 0)
		r = err_msg(e, ENOENT, "index.json lists no image");
	for (size_t i = 0; i < idx.n_manifests && r == 0; i++) {
		g_autofree char *name = NULL;

		r = oci_name(&idx.manifests[i], &name, e);
		if (r == 0)
			r = load_descriptor(l, &idx.manifests[i], name, e);
	}
	arena_free(&idx.arena);
	return r;
}

static int load_manifest_json(struct load *l, struct err *e)
{
	g_autofree char *text = NULL;
	json_t *doc, *image;
	size_t len, i;
	int r = archive_in_read(l->in, "manifest.json", MANIFEST_MAX, &text, &len, e);

	if (r < 0)
		return r;
	doc = json_loadb(text, len, 0, NULL);
	/* Paths are no scopes of docker-archive. */
	r = json_is_object(doc) ? policy_check_archive(l->policy, "dir", l->path, e) :
				  policy_check_archive(l->policy, "docker-archive", NULL, e);
	if (r == 0 && json_is_object(doc)) {
		l->flat = true;
		r = load_manifest(l, text, len, NULL, e);
	} else if (r == 0 && json_array_size(doc) == 0) {
		r = err_msg(e, EBADMSG, "manifest.json lists no image");
	} else {
		json_array_foreach(doc, i, image)
			if (r == 0)
				r = load_docker_image(l, image, e);
	}
	json_decref(doc);
	return r;
}

static int load_all(struct load *l, struct err *e)
{
	/* docker writes both into one archive; its own says the names better. */
	if (archive_in_has(l->in, "manifest.json"))
		return load_manifest_json(l, e);
	if (archive_in_has(l->in, "index.json"))
		return load_layout(l, e);
	return err_msg(e, EINVAL, "neither a docker archive nor an OCI layout: no manifest.json and no index.json");
}

/* All that is read as the user: the store, the archive, the policy. */
static int open_load(struct load *l, struct context *c, const char *input, struct err *e)
{
	int r = context_store(c, e);

	l->s = c->store;
	if (r == 0 && store_collect(l->s, e) < 0)
		err_clear(e);
	if (r == 0)
		r = policy_load(&l->policy, e);
	if (r == 0)
		r = archive_in_open(l->s, input, &l->in, e);
	if (r == 0 && input && !(l->path = realpath(input, NULL)))
		r = err_set(e, errno, "%s", input);
	return r;
}

static int load_run(struct context *c, void *values, int argc, char **argv)
{
	const struct load_options *o = values;
	struct load l = { 0 };
	struct err e = ERR_INIT;
	autofd lock = -1;
	int r;

	(void)argc;
	(void)argv;
	signal(SIGPIPE, SIG_IGN);
	if (!o->input && isatty(STDIN_FILENO)) {
		err_msg(&e, EINVAL, "cannot read from terminal, use command-line redirection or the --input flag");
		return fail(&e);
	}
	r = open_load(&l, c, o->input, &e);
	if (r == 0)
		r = idmap_enter(idmap_store(), &e);
	if (r == 0)
		r = MIN(lock = store_lock_shared(l.s, &e), 0);
	l.progress = progress_new(o->quiet);
	if (r == 0 && (r = load_all(&l, &e)) < 0)
		err_wrap(&e, "loading %s", o->input ? o->input : "standard input");
	if (r == 0)
		image_event(l.s, "loadfromarchive", NULL, o->input);
	progress_free(l.progress);
	if (l.in)
		archive_in_close(l.in);
	policy_free(l.policy);
	free(l.path);
	return r < 0 ? fail(&e) : 0;
}

const struct command image_command_load = COMMAND_LOAD(load_run);
