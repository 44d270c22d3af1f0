/* sources.c - see sources.h. */
#include "cmd/image/sources.h"

#include <glib.h>
#include <string.h>

static int open_endpoint(const struct registries *c, const struct registry_options *ro, const struct endpoint *at,
			 struct registry **ret, struct err *e)
{
	struct registry_options o = *ro;

	o.helpers = registries_helpers(c);
	if (at->insecure)
		o.tls_verify = false;
	/* --creds are for the registry that was named. */
	if (at->mirror)
		o.creds = NULL;
	return registry_open(&o, &at->ref, ret, e);
}

static int open_name(const struct registries *c, const struct registry_options *ro, const char *name,
		     struct sources *s, struct err *e)
{
	g_autofree struct endpoint *at = NULL;
	struct reference ref;
	size_t n = 0;
	int r = reference_parse(name, &ref, e);

	if (r == 0)
		r = registries_endpoints(c, &ref, false, &at, &n, e);
	for (size_t i = 0; i < n && r == 0; i++) {
		struct source *to;

		s->list = g_renew(struct source, s->list, s->n + 1);
		to = &s->list[s->n];
		*to = (struct source){ .ref = ref };
		r = open_endpoint(c, ro, &at[i], &to->registry, e);
		if (r == 0) {
			to->name = reference_name(&ref);
			s->n++;
		}
	}
	return r;
}

int sources_open(const struct registries *c, const struct registry_options *ro, const char *text, struct sources *ret,
		 struct err *e)
{
	g_autoptr(GPtrArray) names = NULL;
	int r = registries_names(c, text, &names, e);

	for (guint i = 0; r == 0 && i < names->len; i++)
		r = open_name(c, ro, names->pdata[i], ret, e);
	return r;
}

void sources_close(struct sources *s)
{
	for (size_t i = 0; i < s->n; i++) {
		registry_close(s->list[i].registry);
		g_free(s->list[i].name);
	}
	g_free(s->list);
	*s = (struct sources){ 0 };
}

int sources_open_push(const struct registry_options *ro, const struct reference *ref, struct registry **ret,
		      struct err *e)
{
	g_autofree struct endpoint *at = NULL;
	autoregistries *c = NULL;
	size_t n = 0;
	int r = registries_load(&c, e);

	if (r == 0)
		r = registries_endpoints(c, ref, true, &at, &n, e);
	return r == 0 ? open_endpoint(c, ro, &at[n - 1], ret, e) : r;
}

int sources_open_host(const struct registries *c, const struct registry_options *ro, const struct reference *ref,
		      struct registry **ret, struct err *e)
{
	struct endpoint at = { .ref = *ref };

	if (registries_host(c, ref->host, &at.insecure, e) < 0)
		return -e->code;
	return open_endpoint(c, ro, &at, ret, e);
}
