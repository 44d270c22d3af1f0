/* run_image.c - see run_image.h. */
#include "cmd/run_image.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "net/registry/registries.h"

static void add(GPtrArray *args, const char *name, const char *value)
{
	if (value)
		g_ptr_array_add(args, g_strconcat("--", name, "=", value, NULL));
}

/* What is looked for: --platform, or what --os and --arch make of the host's. */
struct wanted {
	struct platform p;
	bool asked;
	struct arena arena;
};

static int find_wanted(const struct run_options *o, struct wanted *ret, struct err *e)
{
	*ret = (struct wanted){ .p = platform_host(), .asked = o->platform || o->os || o->arch || o->variant, .arena = ARENA_INIT };
	if (o->platform)
		return platform_parse(&ret->arena, o->platform, &ret->p) ? 0 :
		       err_msg(e, EINVAL, "--platform %s: os/architecture[/variant] is needed", o->platform);
	if (o->os)
		ret->p.os = o->os;
	if (o->arch)
		ret->p.architecture = o->arch;
	if (ret->asked)
		ret->p.variant = o->variant;
	return 0;
}

static bool is_of_platform(const struct wanted *w, const struct image *img)
{
	const struct image_config *c = &img->config;

	return g_strcmp0(w->p.os, c->os) == 0 && g_strcmp0(w->p.architecture, c->architecture) == 0 &&
	       (!w->asked || !w->p.variant || !*w->p.variant || g_strcmp0(w->p.variant, c->variant) == 0);
}

/* Does a present image serve the platform that was asked for? Without such options any image does. */
static bool platform_fits(const struct wanted *w, const struct image *img)
{
	return !w->asked || img->host || is_of_platform(w, img);
}

/* podman's words: Go's way of showing a platform. */
static void warn_of_platform(const struct wanted *w, const struct image *img)
{
	const struct image_config *c = &img->config;
	const struct platform *p = &w->p;

	if (img->host || !c->os || !c->architecture || is_of_platform(w, img))
		return;
	fprintf(stderr, "WARNING: image platform ({%s %s  [] %s}) does not match the expected platform ({%s %s  [] %s})\n",
		c->architecture, c->os, c->variant ? c->variant : "", p->architecture, p->os, p->variant ? p->variant : "");
}

static int pull(struct context *c, const struct run_options *o, const char *name, struct err *e)
{
	g_autoptr(GPtrArray) args = g_ptr_array_new_with_free_func(g_free);

	add(args, "platform", o->platform);
	add(args, "os", o->os);
	add(args, "arch", o->arch);
	add(args, "variant", o->variant);
	add(args, "authfile", o->authfile);
	add(args, "creds", o->creds);
	add(args, "cert-dir", o->cert_dir);
	add(args, "retry", o->retry);
	add(args, "retry-delay", o->retry_delay);
	if (o->tls_verify_set)
		add(args, "tls-verify", o->tls_verify ? "true" : "false");
	g_ptr_array_add(args, NULL);
	return pull_image(c, name, o->quiet, (const char *const *)args->pdata, e);
}

/* Find it; a short name that is not here may be an alias of one that is (registries.conf). */
static int find(struct context *c, const char *name, const struct platform *want, struct image **ret, struct err *e)
{
	autoregistries *conf = NULL;
	g_autofree char *alias = NULL;
	int r = image_find_for(c->store, name, want, ret, e);

	if (r != 0 || !reference_is_short(name))
		return r;
	r = registries_load(&conf, e);
	if (r == 0)
		alias = registries_alias(conf, name);
	return alias ? image_find_for(c->store, alias, want, ret, e) : r;
}

static int get(struct context *c, const struct run_options *o, const char *name, const struct wanted *w,
	       struct image **ret, struct err *e)
{
	const char *when = o->pull ? o->pull : "missing";
	autoimage *img = NULL;
	bool must = !strcmp(when, "always"), newer = !strcmp(when, "newer"), here;
	int r = store_use_shared(c->store, e);

	if (r == 0)
		r = find(c, name, &w->p, &img, e);
	if (r < 0)
		return r;
	here = r > 0 && platform_fits(w, img);
	if (img && img->host)
		must = newer = false;
	if (here && !must && !newer) {
		*ret = img;
		img = NULL;
		return 0;
	}
	if (!strcmp(when, "never"))
		return err_msg(e, ENOENT, "%s: image not known", name);
	/* A pull may take long: nobody waits for it. */
	store_use_end(c->store);
	/* A registry that cannot be asked whether there is something newer is no reason not to run. */
	if (pull(c, o, name, e) < 0 && !(newer && here))
		return -e->code;
	err_clear(e);
	r = store_use_shared(c->store, e);
	if (r == 0)
		r = find(c, name, &w->p, ret, e);
	return r != 0 ? MIN(r, 0) : err_msg(e, ENOENT, "%s: image not known", name);
}

int run_image_get(struct context *c, const struct run_options *o, const char *name, struct image **ret, struct err *e)
{
	struct wanted w;
	int r = find_wanted(o, &w, e);

	if (r == 0)
		r = get(c, o, name, &w, ret, e);
	if (r == 0)
		warn_of_platform(&w, *ret);
	arena_free(&w.arena);
	return r;
}
