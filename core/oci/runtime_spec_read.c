/* runtime_spec_read.c - config.json to struct rspec.
 *
 * Strict about types (a string where a number belongs is named with its path), deaf to keys that it does not know,
 * as the specification demands. Readers return early once an error is set, so callers check at the end.
 */
#include "core/oci/runtime_spec.h"

#include <errno.h>
#include <glib.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/oci/runtime_spec_private.h"
#include "core/oci/runtime_spec_reader.h"

static void read_mounts(struct reader *r, json_t *doc)
{
	json_t *a = reader_array(r, doc, "", "mounts");
	char at[64];

	for (size_t i = 0; i < json_array_size(a); i++) {
		json_t *o = reader_element(r, a, i, "mounts", at, sizeof at);
		struct rspec_mount *m = ARENA_PUSH(&r->s->arena, r->s->mounts, r->s->n_mounts);

		m->destination = reader_string(r, o, at, "destination");
		m->type = reader_string(r, o, at, "type");
		m->source = reader_string(r, o, at, "source");
		m->options = reader_strings(r, o, at, "options");
		if (!m->destination)
			reader_wrong(r, at, "destination", "is missing", NULL);
		reader_mappings(r, o, at, "uidMappings", &m->uid_mappings, &m->n_uid_mappings);
		reader_mappings(r, o, at, "gidMappings", &m->gid_mappings, &m->n_gid_mappings);
		/* "If one of them is set, the other MUST be set too." */
		if (!m->n_uid_mappings != !m->n_gid_mappings)
			reader_wrong(r, at, "uidMappings", "uidMappings and gidMappings go together only", NULL);
	}
}

static void read_hooks(struct reader *r, json_t *doc)
{
	json_t *hooks = reader_object(r, doc, "", "hooks");
	char name[48], at[64];
	int64_t n;

	for (int k = 0; k < HOOK_KIND_COUNT; k++) {
		json_t *a = reader_array(r, hooks, "hooks", rspec_hook_names[k]);

		snprintf(name, sizeof name, "hooks.%s", rspec_hook_names[k]);
		for (size_t i = 0; i < json_array_size(a); i++) {
			json_t *o = reader_element(r, a, i, name, at, sizeof at);
			struct rspec_hook *h = ARENA_PUSH(&r->s->arena, r->s->hooks[k], r->s->n_hooks[k]);

			h->path = reader_string(r, o, at, "path");
			h->args = reader_strings(r, o, at, "args");
			h->env = reader_strings(r, o, at, "env");
			if (reader_number(r, o, at, "timeout", 1, INT_MAX, &n))
				h->timeout = (int)n;
			if (!h->path || *h->path != '/')
				reader_wrong(r, at, "path", "is not an absolute path", json_object_get(o, "path"));
		}
	}
}

int rspec_from_json(json_t *doc, struct rspec **ret, struct err *e)
{
	autorspec *s = rspec_new();
	struct reader r = { s, e };
	json_t *root;

	err_clear(e);
	if (!json_is_object(doc))
		return err_msg(e, EINVAL, "config.json: not an object");
	s->oci_version = reader_string(&r, doc, "", "ociVersion");
	root = reader_object(&r, doc, "", "root");
	s->root_path = reader_string(&r, root, "root", "path");
	s->root_readonly = reader_flag(&r, root, "root", "readonly");
	s->hostname = reader_string(&r, doc, "", "hostname");
	s->domainname = reader_string(&r, doc, "", "domainname");
	reader_pairs(&r, doc, "", "annotations", &s->annotations, &s->n_annotations);
	read_process_object(&r, reader_object(&r, doc, "", "process"), "process");
	read_mounts(&r, doc);
	read_hooks(&r, doc);
	read_linux_object(&r, reader_object(&r, doc, "", "linux"));
	if (e->code)
		return -e->code;
	*ret = s;
	s = NULL;
	return 0;
}

/* "hard": 18446744073709551615 is valid, and more than jansson's integers hold. */
static json_t *load(const char *text, size_t len, const char *name, struct err *e)
{
	json_error_t why;
	json_t *doc = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);

	if (!doc && json_error_code(&why) == json_error_numeric_overflow)
		doc = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &why);
	if (!doc)
		err_msg(e, EINVAL, "%s: line %d: %s", name, why.line, why.text);
	return doc;
}

int rspec_parse(const char *text, size_t len, struct rspec **ret, struct err *e)
{
	json_t *doc = load(text, len, "config.json", e);
	int r = doc ? rspec_from_json(doc, ret, e) : -e->code;

	json_decref(doc);
	return r;
}

/* A document that is one part of config.json, into a spec that has nothing else. */
static int parse_part(const char *text, size_t len, const char *name, struct rspec **ret, struct err *e)
{
	json_t *doc = load(text, len, name, e);
	autorspec *s = rspec_new();
	struct reader r = { s, e };

	if (!doc)
		return -e->code;
	if (!json_is_object(doc))
		err_msg(e, EINVAL, "%s: not an object", name);
	else if (!strcmp(name, "process"))
		read_process_object(&r, doc, name);
	else
		read_resources_object(&r, doc, "linux.resources");
	json_decref(doc);
	if (e->code)
		return -e->code;
	*ret = s;
	s = NULL;
	return 0;
}

int rspec_parse_process(const char *text, size_t len, struct rspec **ret, struct err *e)
{
	err_clear(e);
	return parse_part(text, len, "process", ret, e);
}

int rspec_parse_resources(const char *text, size_t len, struct rspec **ret, struct err *e)
{
	err_clear(e);
	return parse_part(text, len, "resources", ret, e);
}
