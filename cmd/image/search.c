/* search.c - `coracle-image search`: repositories of a registry, or the tags of one. */
#include "cmd/image/search.h"

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <string.h>

#include "cmd/docker.h"
#include "cmd/image/sources.h"
#include "cmd/search_options.h"
#include "cmd/template.h"
#include "core/base/text.h"
#include "net/registry/listing.h"

#define LIMIT 25
#define DESCRIPTION_MAX 44

static struct registry_options registry_options_of(const struct search_options *o)
{
	return (struct registry_options){ .creds = o->creds, .authfile = o->authfile, .cert_dir = o->cert_dir,
					  .tls_verify = o->tls_verify, .retry = 3, .retry_delay_ms = -1 };
}

static int list_tags(const struct search_options *o, const char *name, json_t *rows, struct err *e)
{
	struct registry_options ro = registry_options_of(o);
	g_autoptr(GPtrArray) tags = g_ptr_array_new_with_free_func(g_free);
	struct sources from = { 0 };
	autoregistries *conf = NULL;
	int r = registries_load(&conf, e);

	if (r == 0)
		r = sources_open(conf, &ro, name, &from, e);
	for (size_t i = 0; r == 0 && i < from.n; i++) {
		err_clear(e);
		r = registry_tags(from.list[i].registry, (size_t)o->limit, tags, e);
		for (guint k = 0; r == 0 && k < tags->len; k++) {
			g_autofree char *full = g_strdup_printf("%s/%s", from.list[i].ref.host, from.list[i].ref.path);

			json_array_append_new(rows, json_pack("{s:s,s:s}", "Name", full, "Tag", tags->pdata[k]));
		}
		if (r == 0 || i + 1 == from.n)
			break;
		r = 0;
	}
	sources_close(&from);
	return r;
}

static char *shown(const char *description, bool whole)
{
	g_autofree char *clean = text_printable(description);
	g_autofree char *valid = g_utf8_make_valid(clean, -1);

	if (whole || g_utf8_strlen(valid, -1) <= DESCRIPTION_MAX)
		return g_steal_pointer(&valid);
	*g_utf8_offset_to_pointer(valid, DESCRIPTION_MAX) = '\0';
	return g_strconcat(valid, "...", NULL);
}

/* 1 yes, 0 no, -EINVAL. */
static int passes(const struct found *f, char *const *filters, struct err *e)
{
	for (; filters && *filters; filters++) {
		g_auto(GStrv) kv = g_strsplit(*filters, "=", 2);
		const char *key = kv[0] ? kv[0] : "", *value = *key && kv[1] ? kv[1] : "true";
		bool yes = !strcmp(value, "true"), official = !strcmp(key, "is-official");
		int64_t stars;

		if (!strcmp(key, "stars") && text_int(value, 0, INT64_MAX, &stars)) {
			if (f->stars < stars)
				return 0;
		} else if ((official || !strcmp(key, "is-automated")) && (yes || !strcmp(value, "false"))) {
			if ((official ? f->official : f->automated) != yes)
				return 0;
		} else {
			return err_msg(e, EINVAL, "--filter %s: stars=NUMBER, is-official=true|false or "
				       "is-automated=true|false is needed", *filters);
		}
	}
	return 1;
}

static void add_row(json_t *rows, const struct search_options *o, const char *host, const struct found *f)
{
	g_autofree char *description = shown(f->description, o->no_trunc);
	g_autofree char *name = text_printable(f->name);
	/* docker.io's own images have no owner in the answer. */
	g_autofree char *full = g_strdup_printf("%s/%s%s", host,
						strcmp(host, "docker.io") == 0 && !strchr(name, '/') ? "library/" : "", name);

	json_array_append_new(rows, json_pack("{s:s,s:s,s:s,s:I,s:s,s:s}", "Index", host, "Name", full, "Description", description,
					      "Stars", (json_int_t)f->stars, "Official", f->official ? "[OK]" : "",
					      "Automated", f->automated ? "[OK]" : ""));
}

/* At one registry. */
static int search_at(const struct search_options *o, const struct registries *conf, const char *host, const char *word,
		     json_t *rows, struct err *e)
{
	g_autofree char *probe = g_strconcat(host, "/x", NULL);
	g_autoptr(GPtrArray) found = g_ptr_array_new_with_free_func(found_free);
	struct registry_options ro = registry_options_of(o);
	autoregistry *g = NULL;
	struct reference ref;
	int r = reference_parse(probe, &ref, e);

	*ref.path = '\0';
	if (r == 0)
		r = sources_open_host(conf, &ro, &ref, &g, e);
	if (r == 0)
		r = registry_search(g, word, o->limit ? (size_t)o->limit : LIMIT, found, e);
	for (guint i = 0; r == 0 && i < found->len; i++)
		if (passes(found->pdata[i], o->filter, e) > 0)
			add_row(rows, o, ref.host, found->pdata[i]);
	return r;
}

static int search(const struct search_options *o, const char *term, json_t *rows, struct err *e)
{
	const char *word = term + strcspn(term, "/");
	g_autofree char *host = g_strndup(term, strcspn(term, "/"));
	g_autoptr(GPtrArray) hosts = NULL;
	autoregistries *conf = NULL;
	struct err first = ERR_INIT;

	if (registries_load(&conf, e) < 0)
		return -e->code;
	if (!reference_is_short(term))
		return search_at(o, conf, host, *word == '/' ? word + 1 : word, rows, e);
	hosts = registries_search(conf);
	for (guint i = 0; i < hosts->len; i++) {
		if (search_at(o, conf, hosts->pdata[i], term, rows, e) < 0 && !first.code)
			first = *e;
		err_clear(e);
	}
	/* One that has something will have what is looked for. */
	if (json_array_size(rows) > 0 || !first.code)
		return 0;
	*e = first;
	return -e->code;
}

static int search_run(struct context *c, void *values, int argc, char **argv)
{
	static const char *const tag_columns[] = { "NAME={{.Name}}", "TAG={{.Tag}}", NULL };
	static const char *const columns[] = { "NAME={{.Name}}", "DESCRIPTION={{.Description}}", NULL };
	static const char *const more_columns[] = { "NAME={{.Name}}", "DESCRIPTION={{.Description}}", "STARS={{.Stars}}",
		"OFFICIAL={{.Official}}", "AUTOMATED={{.Automated}}", NULL };
	const struct found nothing = { 0 };
	const struct search_options *o = values;
	json_t *rows = json_array();
	struct err e = ERR_INIT;
	int r;

	(void)argc;
	show_whole(o->no_trunc);
	if (o->limit < 0)
		r = err_msg(&e, EINVAL, "--limit %lld: it is not a number of images", (long long)o->limit);
	else if (passes(&nothing, o->filter, &e) < 0)           /* wrong even if nothing is found */
		r = -e.code;
	else
		r = o->list_tags ? list_tags(o, argv[0], rows, &e) : search(o, argv[0], rows, &e);
	if (r == 0 && c->docker && o->format && !o->list_tags)
		docker_rows(DOCKER_SEARCH, rows);
	if (r == 0)
		r = show_rows(rows, o->list_tags ? tag_columns : o->compatible ? more_columns : columns, o->format, false, &e);
	json_decref(rows);
	return r < 0 ? fail(&e) : 0;
}

const struct command image_command_search = COMMAND_SEARCH(search_run);
