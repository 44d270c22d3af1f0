/* listing.c - see listing.h. */
#include "net/registry/listing.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "net/registry/header.h"

#define PAGES_MAX 1000
#define PAGE 100

/* Takes one page: 1 go on, 0 enough, -errno. */
typedef int page_function(json_t *root, void *data, struct err *e);

/* Aim the exchange at the page after this one. 1, 0 when this was the last, -errno. */
static int next_page(struct registry *g, struct exchange *x, struct err *e)
{
	g_autofree char *link = x->req.link ? link_next(x->req.link) : NULL;
	g_autofree char *url = link ? http_resolve(x->req.url, link) : NULL;

	if (!link)
		return 0;
	if (!url || !http_same_origin(x->first_url, url))
		return err_msg(e, EPROTO, "%s: the next page of the answer is at another place", g->ref.host);
	g_free(x->first_url);
	g_free(x->req.url);
	x->first_url = g_strdup(url);
	x->req.url = g_steal_pointer(&url);
	return 1;
}

static int all_pages(struct registry *g, struct exchange *x, page_function *take, void *data, struct err *e)
{
	int r = 1;

	x->req.body_max = MANIFEST_MAX;
	for (unsigned page = 0; r > 0; page++) {
		json_t *root;

		if (page == PAGES_MAX)
			return err_msg(e, EFBIG, "%s: the answer does not end", g->ref.host);
		r = exchange_perform(g, x, e);
		if (r < 0)
			return r;
		root = json_loadb(x->req.body->str, x->req.body->len, 0, NULL);
		r = root ? take(root, data, e) : err_msg(e, EBADMSG, "%s: the answer is not JSON", g->ref.host);
		json_decref(root);
		if (r > 0)
			r = next_page(g, x, e);
	}
	return r;
}

/* --- tags ------------------------------------------------------------------------------------------------------- */

struct tags { GPtrArray *list; size_t max; };

static int take_tags(json_t *root, void *data, struct err *e)
{
	struct tags *t = data;
	json_t *one;
	size_t i;

	(void)e;
	json_array_foreach(json_object_get(root, "tags"), i, one) {
		if (t->list->len >= t->max)
			return 0;
		if (json_is_string(one) && tag_valid(json_string_value(one)))
			g_ptr_array_add(t->list, g_strdup(json_string_value(one)));
	}
	return t->list->len < t->max;
}

int registry_tags(struct registry *g, size_t max, GPtrArray *ret, struct err *e)
{
	g_autofree char *tail = g_strdup_printf("v2/%s/tags/list?n=%d", g->ref.path, PAGE);
	struct tags t = { ret, max ? MIN(max, LISTING_MAX) : LISTING_MAX };
	struct exchange x;
	int r;

	exchange_init_path(g, &x, "GET", tail);
	x.what = g_strdup_printf("listing the tags of %s/%s", g->ref.host, g->ref.path);
	r = all_pages(g, &x, take_tags, &t, e);
	exchange_clear(&x);
	return r;
}

/* --- search ------------------------------------------------------------------------------------------------------- */

struct search { const char *word; GPtrArray *list; size_t max; };

void found_free(void *found)
{
	struct found *f = found;

	g_free(f->name);
	g_free(f->description);
	g_free(f);
}

static void add(struct search *s, const char *name, json_t *more)
{
	struct found *f = g_new0(struct found, 1);
	const char *description = json_string_value(json_object_get(more, "description"));

	f->name = g_strdup(name);
	f->description = g_strdup(description ? description : "");
	f->stars = json_integer_value(json_object_get(more, "star_count"));
	f->official = json_is_true(json_object_get(more, "is_official"));
	f->automated = json_is_true(json_object_get(more, "is_automated"));
	g_ptr_array_add(s->list, f);
}

static int take_catalog(json_t *root, void *data, struct err *e)
{
	struct search *s = data;
	json_t *one;
	size_t i;

	(void)e;
	json_array_foreach(json_object_get(root, "repositories"), i, one) {
		const char *name = json_string_value(one);

		if (s->list->len < s->max && name && strstr(name, s->word))
			add(s, name, NULL);
	}
	return s->list->len < s->max;
}

static int take_results(json_t *root, void *data, struct err *e)
{
	struct search *s = data;
	json_t *one, *list = json_object_get(root, "results");
	size_t i;

	if (!json_is_array(list))
		return err_msg(e, ENOENT, "the answer has no results");
	json_array_foreach(list, i, one) {
		const char *name = json_string_value(json_object_get(one, "name"));

		if (s->list->len < s->max && name)
			add(s, name, one);
	}
	return 0;
}

static int ask(struct registry *g, const char *tail, page_function *take, struct search *s, struct err *e)
{
	struct exchange x;
	int r;

	exchange_init_path(g, &x, "GET", tail);
	x.what = g_strdup_printf("searching %s", g->ref.host);
	r = all_pages(g, &x, take, s, e);
	exchange_clear(&x);
	return r;
}

int registry_search(struct registry *g, const char *word, size_t max, GPtrArray *ret, struct err *e)
{
	g_autofree char *escaped = g_uri_escape_string(word, NULL, FALSE);
	g_autofree char *tail = g_strdup_printf("v1/search?q=%s&n=%zu", escaped, MIN(max, PAGE));
	struct search s = { word, ret, MIN(max, LISTING_MAX) };
	int r;

	if (strcmp(g->ref.host, "docker.io") == 0) {
		g_free(g->host);
		g->host = g_strdup("index.docker.io");
	}
	r = ask(g, tail, take_results, &s, e);
	if (r != -ENOENT || strcmp(g->ref.host, "docker.io") == 0)
		return r;
	/* No search there: all that it has, if it tells. */
	err_clear(e);
	return ask(g, "v2/_catalog?n=100", take_catalog, &s, e);
}
