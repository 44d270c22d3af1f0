/* manifest.c - `coracle-image manifest ...`: see podman-manifest(1). */
#include "cmd/image/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/image/copy_image.h"
#include "cmd/image/origin.h"
#include "core/base/file.h"
#include "storage/compress.h"

struct registry_options manifest_access(const struct access_options *o)
{
	return (struct registry_options){ .creds = o->creds, .authfile = o->authfile, .cert_dir = o->cert_dir,
					  .tls_verify = o->tls_verify, .retry = (int)CLAMP(o->retry, 0, 1000),
					  .retry_delay_ms = -1 };
}

static int not_a_list(const char *name, struct err *e)
{
	return err_msg(e, EMEDIUMTYPE, "%s: image is not a manifest list", name);
}

int manifest_get(struct context *c, const char *name, struct manifest_list **ret, struct err *e)
{
	struct image *img = NULL;
	int r = context_store(c, e);

	if (r == 0)
		r = manifest_list_find(c->store, name, ret, e);
	if (r != 0)
		return MIN(r, 0);
	r = image_find(c->store, name, &img, e);
	if (img)
		image_free(img);
	if (r < 0)
		return r;
	return r > 0 ? not_a_list(name, e) :
		       err_msg(e, ENOENT, "%s: image not known", name);
}

/* --- create, add ------------------------------------------------------------------------------------------------- */

static int make(struct context *c, const char *text, bool amend, char **ret_id, struct err *e)
{
	g_autofree char *name = NULL;
	autolist *l = NULL;
	struct reference ref;
	int r = reference_parse_local(text, &ref, e);

	if (r == 0 && *ref.digest)
		r = err_msg(e, EINVAL, "%s: a name with a digest cannot be given to a list", text);
	if (r < 0)
		return r;
	if (amend) {
		r = manifest_list_find(c->store, text, &l, e);
		if (r > 0)
			*ret_id = g_strdup(l->id);
		if (r != 0)
			return MIN(r, 0);
	}
	name = reference_name(&ref);
	return manifest_list_create(c->store, name, ret_id, e);
}

static int create_run(struct context *c, void *values, int argc, char **argv)
{
	const struct manifest_create_options *o = values;
	struct manifest_add_options add = { .access = o->access, .all = o->all };
	g_autofree char *id = NULL;
	struct err e = ERR_INIT;
	int r = context_store(c, &e);

	if (r == 0)
		r = make(c, argv[0], o->amend, &id, &e);
	for (int i = 1; r == 0 && i < argc; i++)
		r = manifest_add_image(c, id, argv[i], &add, &e);
	if (r < 0)
		return fail(&e);
	puts(id);
	return 0;
}

static int add_run(struct context *c, void *values, int argc, char **argv)
{
	autolist *l = NULL;
	struct err e = ERR_INIT;
	int r = manifest_get(c, argv[0], &l, &e);

	for (int i = 1; r == 0 && i < argc; i++)
		r = manifest_add_image(c, l->id, argv[i], values, &e);
	if (r < 0)
		return fail(&e);
	puts(l->id);
	return 0;
}

/* --- annotate, remove -------------------------------------------------------------------------------------------- */

struct edit { const char *list, *digest; const struct manifest_add_options *o; };

static json_t *find_entry(json_t *doc, const struct edit *d, size_t *ret, struct err *e)
{
	json_t *list = json_object_get(doc, "manifests");

	for (*ret = 0; *ret < json_array_size(list); ++*ret) {
		json_t *entry = json_array_get(list, *ret);

		if (g_strcmp0(json_string_value(json_object_get(entry, "digest")), d->digest) == 0)
			return entry;
	}
	err_msg(e, ENOENT, "%s: no image with digest %s in the list", d->list, d->digest);
	return NULL;
}

static int annotate(json_t *doc, json_t *sources, void *data, struct err *e)
{
	const struct edit *d = data;
	size_t i;
	json_t *entry = find_entry(doc, d, &i, e);

	(void)sources;
	return entry ? manifest_entry_set(entry, d->o, e) : -e->code;
}

static int take_out(json_t *doc, json_t *sources, void *data, struct err *e)
{
	const struct edit *d = data;
	size_t i;

	if (!find_entry(doc, d, &i, e))
		return -e->code;
	json_array_remove(json_object_get(doc, "manifests"), i);
	json_object_del(sources, d->digest);
	return 0;
}

/* A digest, or an image of the store. g_free it. */
static int digest_meant(struct context *c, const char *text, char **ret, struct err *e)
{
	struct image *img = NULL;
	int r;

	if (digest_valid(text)) {
		*ret = g_strdup(text);
		return 0;
	}
	r = image_find(c->store, text, &img, e);
	if (r > 0)
		*ret = g_strdup(img->digest);
	if (img)
		image_free(img);
	return r != 0 ? MIN(r, 0) : err_msg(e, ENOENT, "%s: neither a digest nor an image of the store", text);
}

static int edit_list(struct context *c, char **argv, manifest_list_edit *how, const struct manifest_add_options *o)
{
	g_autofree char *digest = NULL;
	struct edit d = { .list = argv[0], .o = o };
	autolist *l = NULL;
	struct err e = ERR_INIT;
	int r = manifest_get(c, argv[0], &l, &e);

	if (r == 0)
		r = digest_meant(c, argv[1], &digest, &e);
	d.digest = digest;
	if (r == 0)
		r = manifest_list_change(c->store, l->id, how, &d, &e);
	if (r < 0)
		return fail(&e);
	puts(l->id);
	return 0;
}

static int annotate_run(struct context *c, void *values, int argc, char **argv)
{
	(void)argc;
	return edit_list(c, argv, annotate, values);
}

static int remove_run(struct context *c, void *values, int argc, char **argv)
{
	(void)values;
	(void)argc;
	return edit_list(c, argv, take_out, NULL);
}

/* --- exists, inspect, rm ------------------------------------------------------------------------------------------ */

static int exists_run(struct context *c, void *values, int argc, char **argv)
{
	autolist *l = NULL;
	struct err e = ERR_INIT;
	int r = context_store(c, &e);

	(void)values;
	(void)argc;
	if (r == 0)
		r = manifest_list_find(c->store, argv[0], &l, &e);
	return r < 0 ? fail(&e) : r > 0 ? 0 : 1;
}

static int print_list(const char *text, size_t len, struct err *e)
{
	json_t *doc = json_loadb(text, len, 0, NULL);
	char *shown = doc ? json_dumps(doc, JSON_INDENT(4)) : NULL;

	if (shown)
		puts(shown);
	free(shown);
	json_decref(doc);
	return shown ? 0 : err_msg(e, EBADMSG, "the list is not JSON");
}

/* What a registry has, where the store has no such list. `only_lists`: the store has an image of this name, which is not
 * asked for. */
static int inspect_elsewhere(struct context *c, const char *name, bool only_lists, const struct access_options *o,
			     struct err *e)
{
	g_autofree char *place = location_has_transport(name) ? g_strdup(name) : g_strconcat("docker://", name, NULL);
	struct registry_options ro = manifest_access(o);
	struct document doc = { 0 };
	struct origin *from = NULL;
	enum media_kind kind;
	int r = origin_open(c, place, &ro, &from, e);

	if (r == 0)
		r = origin_document(from, NULL, &doc, &kind, e);
	if (r < 0 && only_lists)
		(void)err_wrap(e, "%s: image is not a manifest list, and a list elsewhere", name);
	if (r == 0 && only_lists && kind != MEDIA_INDEX)
		r = not_a_list(name, e);
	if (r == 0)
		r = print_list(doc.text, doc.len, e);
	document_clear(&doc);
	origin_close(from);
	return r;
}

static int inspect_run(struct context *c, void *values, int argc, char **argv)
{
	autolist *l = NULL;
	struct err e = ERR_INIT;
	int r = manifest_get(c, argv[0], &l, &e);

	(void)argc;
	if (r == 0) {
		r = print_list(l->text, l->len, &e);
	} else if (r == -ENOENT || r == -EMEDIUMTYPE) {
		err_clear(&e);
		r = inspect_elsewhere(c, argv[0], r == -EMEDIUMTYPE, values, &e);
	}
	return r < 0 ? fail(&e) : 0;
}

static int rm_run(struct context *c, void *values, int argc, char **argv)
{
	int worst = 0;

	(void)values;
	for (int i = 0; i < argc; i++) {
		g_autoptr(GPtrArray) removed = g_ptr_array_new_with_free_func(g_free);
		autolist *l = NULL;
		struct err e = ERR_INIT;
		int r = manifest_get(c, argv[i], &l, &e);

		if (r == 0)
			r = manifest_list_remove(c->store, l, NULL, removed, &e);
		for (guint k = 0; k < removed->len; k++)
			puts(removed->pdata[k]);
		if (r < 0)
			fail_one(&e, err_status(&e), &worst);
	}
	return worst;
}

/* --- push --------------------------------------------------------------------------------------------------------- */

/* Where each image of the list lies. */
static char **places_of(const struct manifest_list *l, const struct image_index *idx)
{
	char **places = g_new0(char *, idx->n_manifests + 1);

	for (size_t i = 0; i < idx->n_manifests; i++) {
		const char *digest = idx->manifests[i].digest;
		const char *source = json_string_value(json_object_get(l->sources, digest));
		bool docker = source && g_str_has_prefix(source, "docker://");

		places[i] = !source ? g_strconcat("store:", digest, NULL) :
			    docker ? g_strconcat(source, "@", digest, NULL) : g_strdup(source);
	}
	return places;
}

static int push_list(struct context *c, const struct manifest_list *l, const char *to, const struct manifest_push_options *o,
		     struct copy_how *how, char digest[static DIGEST_MAX], struct err *e)
{
	g_autofree char *place = location_has_transport(to) ? g_strdup(to) : g_strconcat("docker://", to, NULL);
	struct document doc = { .text = l->text, .len = l->len };
	g_auto(GStrv) places = NULL;
	struct image_index idx;
	int r = image_index_parse(l->text, l->len, &idx, e);

	if (r < 0)
		return r;
	places = places_of(l, &idx);
	g_strlcpy(doc.digest, l->digest, sizeof doc.digest);
	how->lists = o->all ? COPY_ALL : COPY_INDEX_ONLY;
	r = copy_list_from(c, how, &doc, places, place, digest, e);
	arena_free(&idx.arena);
	return r;
}

int manifest_push(struct context *c, const char *list, const char *to, const struct manifest_push_options *o)
{
	struct copy_how how = {
		.src = { .tls_verify = o->access.tls_verify, .retry = (int)CLAMP(o->access.retry, 0, 1000), .retry_delay_ms = -1,
			 .authfile = o->access.authfile },
		.dest = manifest_access(&o->access), .format = o->format, .level = COMPRESS_LEVEL_DEFAULT,
		.kind = g_strcmp0(o->compression_format, "zstd") == 0 ? MEDIA_LAYER_ZSTD : MEDIA_LAYER_GZIP,
	};
	g_autoptr(GPtrArray) removed = g_ptr_array_new_with_free_func(g_free);
	char digest[DIGEST_MAX] = "";
	autolist *l = NULL;
	struct err e = ERR_INIT;
	int r = manifest_get(c, list, &l, &e);

	signal(SIGPIPE, SIG_IGN);
	how.progress = progress_new(o->quiet);
	if (r == 0 && (r = push_list(c, l, to, o, &how, digest, &e)) < 0)
		err_wrap(&e, "pushing %s to %s", list, to);
	if (r == 0 && o->digestfile)
		r = file_replace(AT_FDCWD, o->digestfile, digest, strlen(digest), 0644, false, &e);
	if (r == 0 && o->rm)
		r = manifest_list_remove(c->store, l, NULL, removed, &e);
	progress_free(how.progress);
	return r < 0 ? fail(&e) : 0;
}

static int push_run(struct context *c, void *values, int argc, char **argv)
{
	(void)argc;
	return manifest_push(c, argv[0], argv[1], values);
}

const struct command image_command_manifest_add = COMMAND_MANIFEST_ADD(add_run);
const struct command image_command_manifest_annotate = COMMAND_MANIFEST_ANNOTATE(annotate_run);
const struct command image_command_manifest_create = COMMAND_MANIFEST_CREATE(create_run);
const struct command image_command_manifest_exists = COMMAND_MANIFEST_EXISTS(exists_run);
const struct command image_command_manifest_inspect = COMMAND_MANIFEST_INSPECT(inspect_run);
const struct command image_command_manifest_push = COMMAND_MANIFEST_PUSH(push_run);
const struct command image_command_manifest_remove = COMMAND_MANIFEST_REMOVE(remove_run);
const struct command image_command_manifest_rm = COMMAND_MANIFEST_RM(rm_run);
