/* import.c - `coracle-image import`: a tar of a root file system becomes an image of one layer. */
#include "cmd/image/import.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/archive_options.h"
#include "cmd/image/changes.h"
#include "cmd/image/download.h"
#include "cmd/image/new_image.h"
#include "cmd/image/new_layer.h"
#include "core/base/fd.h"
#include "core/base/text.h"
#include "core/oci/reference.h"
#include "net/registry/policy.h"
#include "storage/archive_in.h"
#include "storage/image.h"

struct import {
	struct context *c;
	const struct import_options *o;
	const char *path;       /* or a URL; NULL: standard input */
	char *name;             /* or NULL */
};

/* The config but for its layer, as --change says. */
static json_t *make_config(const struct import *i, struct err *e)
{
	const struct platform host = platform_host();
	const char *os = i->o->os ? i->o->os : host.os;
	const char *arch = i->o->arch ? i->o->arch : host.architecture;
	g_autofree char *created = text_time_rfc3339(new_image_time());
	json_t *doc = json_pack("{s:s,s:s,s:s,s:{}}", "created", created, "architecture", arch, "os", os, "config");

	if (i->o->variant)
		json_object_set_new(doc, "variant", json_string(i->o->variant));
	if (changes_apply(json_object_get(doc, "config"), i->o->changes, e) == 0)
		return doc;
	json_decref(doc);
	return NULL;
}

static int make_layer(const struct import *i, struct new_layer *n, struct err *e)
{
	int r = new_layer_begin(i->c->store, NULL, NULL, n, e), sent;

	if (r < 0)
		return r;
	sent = i->path && download_is_url(i->path) ? download(i->path, n->in, e) : archive_in_send_all(i->path, n->in, e);
	if (sent < 0 && sent != -EPIPE)
		return sent;
	err_clear(e);
	r = new_layer_finish(n, e);
	return r < 0 ? err_wrap(e, "importing %s", i->path ? i->path : "standard input") : 0;
}

static int make_image(const struct import *i, json_t *doc, char **ret_id, struct err *e)
{
	g_autofree char *comment = i->o->message ? g_strdup(i->o->message) :
					g_strdup_printf("Imported from %s", i->path ? i->path : "-");
	struct new_layer n;
	int64_t size;
	char *text;
	int r = make_layer(i, &n, e);

	size = n.result.tar_size;
	if (r == 0) {
		new_config_add_layer(doc, n.result.diff_id);
		new_config_add_history(doc, new_image_time(), "coracle import", comment, NULL, false);
		text = json_dumps(doc, JSON_COMPACT);
		r = new_image_commit(i->c->store, i->name, IMAGE_OCI, text, strlen(text), &size, ret_id, e);
		free(text);
	}
	new_layer_end(&n);
	return r;
}

/* A root file system has no scope of its own. */
static int check_policy(struct err *e)
{
	struct policy *p = NULL;
	int r = policy_load(&p, e);

	if (r == 0)
		r = policy_check_archive(p, "tarball", NULL, e);
	policy_free(p);
	return r;
}

static int prepare(struct import *i, int argc, char **argv, struct err *e)
{
	struct reference ref;

	i->path = strcmp(argv[0], "-") != 0 ? argv[0] : NULL;
	if (!i->path && isatty(STDIN_FILENO))
		return err_msg(e, EINVAL, "cannot read from terminal, use command-line redirection or name a file");
	if (i->path && !download_is_url(i->path) && access(i->path, R_OK) < 0)
		return err_set(e, errno, "%s", i->path);
	if (argc > 1 && reference_parse_local(argv[1], &ref, e) < 0)
		return -e->code;
	i->name = argc > 1 ? reference_name(&ref) : NULL;
	return check_policy(e) < 0 ? -e->code : context_store(i->c, e);
}

static int import_run(struct context *c, void *values, int argc, char **argv)
{
	struct import i = { .c = c, .o = values };
	g_autofree char *id = NULL;
	struct err e = ERR_INIT;
	autofd lock = -1;
	json_t *doc = NULL;
	int r = prepare(&i, argc, argv, &e);

	signal(SIGPIPE, SIG_IGN);
	if (r == 0 && !(doc = make_config(&i, &e)))
		r = -e.code;
	if (r == 0)
		r = idmap_enter(idmap_store(), &e);
	if (r == 0)
		r = MIN(lock = store_lock_shared(c->store, &e), 0);
	if (r == 0)
		r = make_image(&i, doc, &id, &e);
	if (r == 0)
		image_event(c->store, "import", id, i.name);
	if (r == 0)
		printf("sha256:%s\n", id);
	json_decref(doc);
	g_free(i.name);
	return r < 0 ? fail(&e) : 0;
}

const struct command image_command_import = COMMAND_IMPORT(import_run);
