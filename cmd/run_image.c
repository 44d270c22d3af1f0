/* run_image.c - see run_image.h. */
#include "cmd/run_image.h"

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "net/registry/registries.h"

static void add(GPtrArray *args, const char *name, const char *value)
{
	if (value)
		g_ptr_array_add(args, g_strconcat("--", name, "=", value, NULL));
}

/* --platform, or what --os and --arch make of the host's. */
static bool wanted_platform(const struct run_options *o, struct arena *a, struct platform *ret)
{
	if (o->platform)
		return platform_parse(a, o->platform, ret);
	*ret = platform_host();
	if (o->os)
		ret->os = o->os;
	if (o->arch)
		ret->architecture = o->arch;
	if (o->os || o->arch)
		ret->variant = NULL;
	return true;
}

/* Does a present image serve the platform that was asked for? Without such options any image does. */
static int platform_fits(const struct run_options *o, const struct image *img, struct err *e)
{
	struct arena a = ARENA_INIT;
	struct platform want = { 0 };
	int r = 1;

	if ((!o->platform && !o->os && !o->arch) || img->host)
		return 1;
	if (!wanted_platform(o, &a, &want))
		r = err_msg(e, EINVAL, "--platform %s: os/architecture[/variant] is needed", o->platform);
	else if (g_strcmp0(want.os, img->config.os) || g_strcmp0(want.architecture, img->config.architecture) ||
		 (want.variant && *want.variant && g_strcmp0(want.variant, img->config.variant)))
		r = 0;
	arena_free(&a);
	return r;
}

static int pull(struct context *c, const struct run_options *o, const char *name, struct err *e)
{
	g_autoptr(GPtrArray) args = g_ptr_array_new_with_free_func(g_free);

	add(args, "platform", o->platform);
	add(args, "os", o->os);
	add(args, "arch", o->arch);
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
static int find(struct context *c, const char *name, struct image **ret, struct err *e)
{
	autoregistries *conf = NULL;
	g_autofree char *alias = NULL;
	int r = image_find(c->store, name, ret, e);

	if (r != 0 || !reference_is_short(name))
		return r;
	r = registries_load(&conf, e);
	if (r == 0)
		alias = registries_alias(conf, name);
	return alias ? image_find(c->store, alias, ret, e) : r;
}

int run_image_get(struct context *c, const struct run_options *o, const char *name, struct image **ret, struct err *e)
{
	const char *when = o->pull ? o->pull : "missing";
	autoimage *img = NULL;
	bool must = !strcmp(when, "always"), newer = !strcmp(when, "newer");
	int r = store_use_shared(c->store, e);

	if (r == 0)
		r = find(c, name, &img, e);
	if (r > 0)
		r = platform_fits(o, img, e);
	if (r < 0)
		return r;
	if (img && img->host)
		must = newer = false;
	if (r == 1 && !must && !newer) {
		*ret = img;
		img = NULL;
		return 0;
	}
	if (!strcmp(when, "never"))
		return err_msg(e, ENOENT, "%s: image not known", name);
	/* A pull may take long: nobody waits for it. */
	store_use_end(c->store);
	/* A registry that cannot be asked whether there is something newer is no reason not to run. */
	if (pull(c, o, name, e) < 0 && !(newer && r == 1))
		return -e->code;
	err_clear(e);
	if (img)
		image_free(img);
	img = NULL;
	r = store_use_shared(c->store, e);
	if (r == 0)
		r = find(c, name, &img, e);
	if (r == 0)
		return err_msg(e, ENOENT, "%s: image not known", name);
	if (r < 0)
		return r;
	*ret = img;
	img = NULL;
	return 0;
}
