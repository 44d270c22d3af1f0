/* remote_commands.c - `coracle-image image inspect`, `digest` and `delete`: images where they lie, without pulling them.
 * Output is skopeo's: see skopeo-inspect(1), skopeo-delete(1).
 */
#include "cmd/image/remote_commands.h"

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/image/origin.h"
#include "cmd/image_use.h"
#include "cmd/remote_options.h"
#include "cmd/template.h"
#include "net/registry/listing.h"
#include "net/registry/upload.h"

static struct registry_options registry_options_of(const struct access_options *o)
{
	return (struct registry_options){ .creds = o->creds, .authfile = o->authfile, .cert_dir = o->cert_dir,
					  .tls_verify = o->tls_verify, .retry = (int)CLAMP(o->retry, 0, 1000),
					  .retry_delay_ms = -1 };
}

/* A name without a transport is one of the store's. */
static int open_origin(struct context *c, const char *name, const struct access_options *o, struct origin **ret, struct err *e)
{
	struct registry_options ro = registry_options_of(o);
	g_autofree char *stored = location_has_transport(name) ? NULL : g_strconcat("store:", name, NULL);

	return origin_open(c, stored ? stored : name, &ro, ret, e);
}

/* --- inspect --------------------------------------------------------------------------------------------------- */

static json_t *layers_json(const struct manifest *m, bool data)
{
	json_t *list = json_array();

	for (size_t i = 0; i < m->n_layers; i++) {
		const struct descriptor *d = &m->layers[i];

		if (data)
			json_array_append_new(list, json_pack("{s:s,s:s,s:I,s:o}", "MIMEType", d->media_type, "Digest", d->digest,
							      "Size", (json_int_t)d->size, "Annotations",
							      d->annotations ? json_of_pairs(d->annotations) : json_null()));
		else
			json_array_append_new(list, json_string(d->digest));
	}
	return list;
}

static int add_tags(struct origin *p, const struct inspect_options *o, json_t *out, struct err *e)
{
	g_autoptr(GPtrArray) tags = g_ptr_array_new_with_free_func(g_free);
	int r = p->registry && !o->no_tags ? registry_tags(p->registry, 0, tags, e) : 0;

	g_ptr_array_add(tags, NULL);
	json_object_set_new(out, "RepoTags", json_of_strings((char *const *)tags->pdata));
	return r;
}

static json_t *member_or(json_t *config, const char *key, json_t *other)
{
	json_t *value = json_object_get(config, key);

	if (!value)
		return other;
	json_decref(other);
	return json_incref(value);
}

static int describe(struct origin *p, const struct remote_image *img, const struct inspect_options *o, json_t **ret,
		    struct err *e)
{
	json_t *config = json_loadb(img->config_doc.text, img->config_doc.len, 0, NULL), *out = json_object();
	json_t *run = json_object_get(config, "config");
	int r;

	if (*p->ref.host) {
		g_autofree char *name = g_strdup_printf("%s/%s", p->ref.host, p->ref.path);

		json_object_set_new(out, "Name", json_string(name));
	}
	json_object_set_new(out, "Digest", json_string(img->top_digest));
	r = add_tags(p, o, out, e);
	json_object_set_new(out, "Created", member_or(config, "created", json_null()));
	json_object_set_new(out, "DockerVersion", member_or(config, "docker_version", json_string("")));
	json_object_set_new(out, "Labels", member_or(run, "Labels", json_null()));
	json_object_set_new(out, "Architecture", member_or(config, "architecture", json_string("")));
	json_object_set_new(out, "Os", member_or(config, "os", json_string("")));
	json_object_set_new(out, "Layers", layers_json(&img->manifest, false));
	json_object_set_new(out, "LayersData", layers_json(&img->manifest, true));
	json_object_set_new(out, "Env", member_or(run, "Env", json_null()));
	json_decref(config);
	*ret = out;
	return r;
}

static int print_object(json_t *object, const char *format, struct err *e)
{
	json_t *list;
	char *text;
	int r = 0;

	if (format && strcmp(format, "json") != 0) {
		list = json_pack("[O]", object);
		r = show_objects(list, format, e);
		json_decref(list);
		return r;
	}
	text = json_dumps(object, JSON_INDENT(4));
	puts(text ? text : "");
	free(text);
	return r;
}

static int inspect_origin(struct origin *p, const struct inspect_options *o, struct err *e)
{
	const struct platform host = platform_host();
	struct remote_image img = { 0 };
	enum media_kind kind;
	json_t *out = NULL;
	int r;

	if (o->raw && !o->config) {
		r = origin_document(p, NULL, &img.manifest_doc, &kind, e);
		if (r == 0)
			fwrite(img.manifest_doc.text, 1, img.manifest_doc.len, stdout);
		goto out;
	}
	r = origin_image(p, &host, &img, e);
	if (r == 0)
		r = image_config_parse(img.config_doc.text, img.config_doc.len, &img.config, e);
	if (r < 0)
		goto out;
	if (o->raw)
		fwrite(img.config_doc.text, 1, img.config_doc.len, stdout);
	else if (o->config)
		out = json_loadb(img.config_doc.text, img.config_doc.len, 0, NULL);
	else
		r = describe(p, &img, o, &out, e);
	if (r == 0 && out)
		r = print_object(out, o->format, e);
out:
	json_decref(out);
	remote_image_clear(&img);
	return r;
}

static int inspect_run(struct context *c, void *values, int argc, char **argv)
{
	const struct inspect_options *o = values;
	int worst = 0;

	for (int i = 0; i < argc; i++) {
		struct err e = ERR_INIT;
		struct origin *p = NULL;
		int r = open_origin(c, argv[i], &o->access, &p, &e);

		if (r == 0)
			r = inspect_origin(p, o, &e);
		origin_close(p);
		if (r < 0)
			fail_one(&e, err_status(&e), &worst);
	}
	return worst;
}

/* --- digest ------------------------------------------------------------------------------------------------------ */

static int print_digest(struct origin *p, const struct platform *want, struct err *e)
{
	struct remote_image img = { 0 };
	struct document doc = { 0 };
	enum media_kind kind;
	int r;

	if (want) {
		r = origin_image(p, want, &img, e);
		if (r == 0)
			puts(img.manifest_doc.digest);
	} else {
		r = origin_document(p, NULL, &doc, &kind, e);
		if (r == 0)
			puts(doc.digest);
	}
	remote_image_clear(&img);
	document_clear(&doc);
	return r;
}

static int digest_run(struct context *c, void *values, int argc, char **argv)
{
	const struct digest_options *o = values;
	struct arena arena = ARENA_INIT;
	struct platform want = { 0 };
	struct err e = ERR_INIT;
	int worst = 0;

	if (o->platform && !platform_parse(&arena, o->platform, &want)) {
		err_msg(&e, EINVAL, "--platform %s is not OS/ARCH[/VARIANT]", o->platform);
		return fail(&e);
	}
	for (int i = 0; i < argc; i++) {
		struct origin *p = NULL;
		int r = open_origin(c, argv[i], &o->access, &p, &e);

		if (r == 0)
			r = print_digest(p, o->platform ? &want : NULL, &e);
		origin_close(p);
		if (r < 0)
			fail_one(&e, err_status(&e), &worst);
		err_clear(&e);
	}
	arena_free(&arena);
	return worst;
}

/* --- delete ------------------------------------------------------------------------------------------------------ */

static int check_deletable(const struct location *l, struct err *e)
{
	if (l->transport == TRANSPORT_DOCKER)
		return 0;
	if (l->transport != TRANSPORT_STORE)
		return err_msg(e, EOPNOTSUPP, "only images of registries can be deleted, not of %s:",
			       transport_word(l->transport));
	err_msg(e, EINVAL, "%s is in the store", l->ref);
	return err_hint(e, "coracle rmi removes it");
}

static int delete_there(struct origin *p, struct err *e)
{
	struct document doc = { 0 };
	enum media_kind kind;
	int r = origin_document(p, NULL, &doc, &kind, e);

	if (r == 0)
		r = registry_delete_manifest(p->registry, doc.digest, e);
	document_clear(&doc);
	return r;
}

static int delete_run(struct context *c, void *values, int argc, char **argv)
{
	struct registry_options ro = registry_options_of(values);
	struct origin *p = NULL;
	struct location l;
	struct err e = ERR_INIT;
	int r = location_parse(argv[0], &l, &e);

	(void)argc;
	if (r == 0) {
		r = check_deletable(&l, &e);
		location_clear(&l);
	}
	if (r == 0)
		r = origin_open(c, argv[0], &ro, &p, &e);
	if (r == 0)
		r = delete_there(p, &e);
	origin_close(p);
	return r < 0 ? fail(&e) : 0;
}

const struct command image_command_inspect = COMMAND_IMAGE_INSPECT(inspect_run);
const struct command image_command_digest = COMMAND_IMAGE_DIGEST(digest_run);
const struct command image_command_delete = COMMAND_IMAGE_DELETE(delete_run);
