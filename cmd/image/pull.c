/* pull.c - `coracle-image pull`: images from registries into the store. */
#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/image/layers.h"
#include "cmd/image/pull.h"
#include "cmd/image/sources.h"
#include "cmd/pull_options.h"
#include "core/base/fd.h"
#include "net/registry/listing.h"
#include "net/registry/policy.h"
#include "storage/image.h"
#include "storage/image_patch.h"

/* One IMAGE argument. */
struct pull {
	struct sources sources;         /* empty: the registry is not asked */
	char *name;                     /* the full one, of `local` where that is there */
	struct image *local;            /* what the store has under that name, or NULL */
};

struct pulls {
	struct context *c;
	struct pull_options *o;
	struct registries *conf;
	struct policy *policy;
	struct platform want;
	bool asked;                     /* the platform was named */
	struct arena arena;
	struct progress *progress;
	bool entered;
	int signal;
};

static int choose_platform(struct pulls *ps, struct err *e)
{
	const struct pull_options *o = ps->o;

	ps->want = platform_host();
	ps->asked = o->platform || o->arch || o->os || o->variant;
	if (o->platform && (o->arch || o->os || o->variant))
		return err_msg(e, EINVAL, "--platform and --arch, --os or --variant exclude each other");
	if (o->platform) {
		if (!platform_parse(&ps->arena, o->platform, &ps->want))
			return err_msg(e, EINVAL, "--platform %s is not OS/ARCH[/VARIANT]", o->platform);
		return 0;
	}
	if (o->arch && strcmp(o->arch, ps->want.architecture) != 0)
		ps->want.variant = (char *)"";
	if (o->os)
		ps->want.os = o->os;
	if (o->arch)
		ps->want.architecture = o->arch;
	if (o->variant)
		ps->want.variant = o->variant;
	return 0;
}

/* The image that the store has under `name`, by docker's rules; p->name is the full name in any case. */
static int look_here(struct pulls *ps, const char *name, struct pull *p, struct err *e)
{
	struct reference ref;
	int r = reference_parse(name, &ref, e);

	if (r < 0)
		return r;
	g_free(p->name);
	p->name = reference_name(&ref);
	r = image_find_for(ps->c->store, p->name, &ps->want, &p->local, e);
	if (r < 0) {
		/* Damaged: it comes once more. */
		log_info("%s", e->msg);
		err_clear(e);
	}
	/* The built-in image is not what a registry has under its name. */
	if (p->local && p->local->host)
		g_clear_pointer(&p->local, image_free);
	return 0;
}

static struct registry_options registry_options_of(const struct pull_options *o)
{
	return (struct registry_options){
		.creds = o->creds, .authfile = o->authfile, .cert_dir = o->cert_dir,
		.tls_verify = o->tls_verify, .retry = (int)CLAMP(o->retry, 0, 1000),
		.retry_delay_ms = o->retry_delay_set ? o->retry_delay_ns / 1000000 : -1,
	};
}

static int open_one(struct pulls *ps, const char *text, struct pull *p, struct err *e)
{
	const struct pull_options *o = ps->o;
	struct registry_options ro = registry_options_of(o);
	g_autoptr(GPtrArray) names = NULL;
	int r = registries_names(ps->conf, text, &names, e);

	for (guint i = 0; r == 0 && i < names->len && !p->local; i++)
		r = look_here(ps, names->pdata[i], p, e);
	if (r < 0)
		return r;
	if (strcmp(o->policy, "never") == 0 || (strcmp(o->policy, "missing") == 0 && p->local && !ps->asked))
		return 0;
	r = sources_open(ps->conf, &ro, text, &p->sources, e);
	for (size_t i = 0; r == 0 && i < p->sources.n; i++)
		r = policy_check_name(ps->policy, &p->sources.list[i].ref, e);
	return r;
}

/* Is the local image what `digest` (of the name, as the registry says now) means? */
static bool is_current(const struct image *local, const char *digest)
{
	if (!digest[0])
		return false;
	if (strcmp(local->digest, digest) == 0)
		return true;
	for (char **d = local->repo_digests; d && *d; d++) {
		const char *at = strchr(*d, '@');

		if (at && strcmp(at + 1, digest) == 0)
			return true;
	}
	return false;
}

static bool same_platform(const struct pulls *ps, const struct image *local)
{
	const struct image_config *c = &local->config;

	return (!c->os || strcmp(c->os, ps->want.os) == 0) &&
	       (!c->architecture || strcmp(c->architecture, ps->want.architecture) == 0);
}

/* 1 when the store has what the registry has, after one HEAD at most; 0 when it has to be looked at closer. */
static int already_here(struct pulls *ps, struct source *from, const struct image *local, struct err *e)
{
	struct document head = { 0 };
	int r;

	if (!local || !same_platform(ps, local))
		return 0;
	if (from->ref.digest[0])
		return 1;
	r = registry_manifest_head(from->registry, from->ref.tag, &head, e);
	if (r == 0)
		r = is_current(local, head.digest);
	document_clear(&head);
	return r;
}

static int enter_store(struct pulls *ps, struct err *e)
{
	int r;

	if (ps->entered)
		return 0;
	r = idmap_enter(idmap_store(), e);
	ps->entered = r == 0;
	return r;
}

/* What the layers say only together. */
static int patch_image(struct pulls *ps, const struct remote_image *img, struct err *e)
{
	const char *digest = img->manifest.config.digest;
	int r = image_patch_wanted(ps->c->store, &img->config, digest, e);

	if (r > 0)
		r = enter_store(ps, e);
	return r == 0 ? image_patch_make(ps->c->store, &img->config, digest, e) : r;
}

static int store_image(struct pulls *ps, struct source *from, struct remote_image *img, struct err *e)
{
	struct store *s = ps->c->store;
	int missing = layers_missing(s, img, e), r = MIN(missing, 0);

	if (missing > 0)
		r = enter_store(ps, e);
	if (r == 0)
		r = layers_fetch(s, from->registry, img, ps->progress, &ps->signal, e);
	if (r == 0)
		r = patch_image(ps, img, e);
	if (r < 0)
		return r;
	progress_say(ps->progress, "Copying config %s", img->manifest.config.digest);
	r = image_put_blob(s, img->manifest.config.digest, img->config_doc.text, img->config_doc.len, e);
	if (r == 0)
		r = image_put_blob(s, img->manifest_doc.digest, img->manifest_doc.text, img->manifest_doc.len, e);
	if (r < 0)
		return r;
	progress_say(ps->progress, "Writing manifest to image destination");
	r = image_commit(s, from->name, &img->descriptor, e);
	if (r == 0)
		image_event(s, "pull", strchr(img->manifest.config.digest, ':') + 1, from->name);
	return r;
}

static int check_policy(struct pulls *ps, struct source *from, const struct remote_image *img, struct err *e)
{
	const char *digests[] = { img->manifest_doc.digest, img->top_digest, NULL };

	if (strcmp(digests[0], digests[1]) == 0)
		digests[1] = NULL;
	return policy_check_image(ps->policy, &from->ref, from->registry, digests, e);
}

/* From one place. *ret_id is the image's ID; *ret_found: it has the image, so no other place is tried. */
static int fetch_from(struct pulls *ps, struct source *from, const struct image *local, char **ret_id, bool *ret_found,
		      struct err *e)
{
	struct remote_image img = { 0 };
	autofd lock = -1;
	int r = already_here(ps, from, local, e);

	if (r > 0)
		*ret_id = g_strdup(local->id);
	if (r != 0)
		return MIN(r, 0);
	r = remote_manifest(from->registry, &from->ref, &ps->want, &img, e);
	*ret_found = r == 0;
	/* The name means an index, and what it has for the platform is here. */
	if (r == 0 && local && strcmp(local->digest, img.manifest_doc.digest) == 0) {
		*ret_id = g_strdup(local->id);
		goto out;
	}
	if (r == 0)
		r = check_policy(ps, from, &img, e);
	if (r == 0)
		r = remote_config(from->registry, &from->ref, &ps->want, ps->asked, &img, e);
	if (r == 0) {
		lock = store_lock_shared(ps->c->store, e);
		r = MIN(lock, 0);
	}
	if (r == 0)
		r = store_image(ps, from, &img, e);
	if (r == 0)
		*ret_id = g_strdup(strchr(img.manifest.config.digest, ':') + 1);
out:
	remote_image_clear(&img);
	return r;
}

/* From the first place that has it. */
static int fetch(struct pulls *ps, struct pull *p, char **ret_id, struct err *e)
{
	const char *said = "";
	int r = -ENOENT;

	for (size_t i = 0; i < p->sources.n; i++) {
		struct source *from = &p->sources.list[i];
		bool found = false, last = i + 1 == p->sources.n;

		if (strcmp(said, from->name) != 0)
			progress_say(ps->progress, "Trying to pull %s...", from->name);
		said = from->name;
		r = fetch_from(ps, from, p->local && strcmp(p->name, from->name) == 0 ? p->local : NULL, ret_id, &found, e);
		if (r == 0 || r == -EINTR || found || last) {
			g_free(p->name);
			p->name = g_strdup(from->name);
			break;
		}
		log_warn("%s: %s: trying the next place", from->name, e->msg);
		err_clear(e);
	}
	return r;
}

static int pull_one(struct pulls *ps, struct pull *p, struct err *e)
{
	g_autofree char *id = NULL;
	const char *policy = ps->o->policy;
	int r;

	if (!p->sources.n && !p->local) {
		err_msg(e, ENOENT, "%s: image not known, and --policy never forbids to pull it", p->name);
		return -e->code;
	}
	if (!p->sources.n) {
		puts(p->local->id);
		return 0;
	}
	r = strcmp(policy, "missing") == 0 && p->local && same_platform(ps, p->local) ? 1 : fetch(ps, p, &id, e);
	if (r < 0 && p->local && strcmp(policy, "newer") == 0 && r != -EINTR) {
		log_info("%s: using the local image: %s", p->name, e->msg);
		err_clear(e);
		r = 1;
	}
	if (r < 0)
		return r == -EINTR ? r : err_wrap(e, "unable to pull %s", p->name);
	puts(id ? id : p->local->id);
	return 0;
}

/* A signal ended it, and all is tidied up: end by it, as the shell expects. */
static int die_of(int signo)
{
	struct sigaction sa = { .sa_handler = SIG_DFL };

	sigaction(signo, &sa, NULL);
	raise(signo);
	return 128 + signo;
}

/* --- all tags ----------------------------------------------------------------------------------------------- */

/* Signatures and the like that lie beside the images: sha256-HEX.sig. */
static bool is_attachment(const char *tag)
{
	return g_str_has_prefix(tag, "sha256-") && strlen(tag) > 71 && tag[71] == '.';
}

/* NAME becomes NAME:TAG for each tag, by the first place that lists them. */
static int add_tags(struct pulls *ps, const char *name, GPtrArray *out, struct err *e)
{
	g_autoptr(GPtrArray) tags = g_ptr_array_new_with_free_func(g_free);
	struct registry_options ro = registry_options_of(ps->o);
	const char *slash = strrchr(name, '/');
	struct sources from = { 0 };
	size_t i = 0;
	int r;

	if (strpbrk(slash ? slash : name, ":@"))
		return err_msg(e, EINVAL, "%s: with --all-tags a name has no tag and no digest", name);
	r = sources_open(ps->conf, &ro, name, &from, e);
	for (; r == 0 && i < from.n; i++) {
		err_clear(e);
		if (registry_tags(from.list[i].registry, 0, tags, e) == 0)
			break;
	}
	if (r == 0 && e->code)
		r = -e->code;
	for (guint k = 0; r == 0 && k < tags->len; k++) {
		if (!is_attachment(tags->pdata[k]))
			g_ptr_array_add(out, g_strdup_printf("%s/%s:%s", from.list[i].ref.host, from.list[i].ref.path,
							     (char *)tags->pdata[k]));
	}
	sources_close(&from);
	return r;
}

static int names_to_pull(struct pulls *ps, int n, char **names, GPtrArray *out, struct err *e)
{
	int r = 0;

	for (int i = 0; i < n && r == 0; i++) {
		if (ps->o->all_tags)
			r = add_tags(ps, names[i], out, e);
		else
			g_ptr_array_add(out, g_strdup(names[i]));
	}
	return r;
}

static int prepare(struct pulls *ps, struct err *e)
{
	int r = choose_platform(ps, e);

	if (r == 0)
		r = context_store(ps->c, e);
	if (r == 0)
		(void)store_collect(ps->c->store, e);
	if (r == 0)
		err_clear(e);
	if (r == 0)
		r = registries_load(&ps->conf, e);
	if (r == 0)
		r = policy_load(&ps->policy, e);
	return r;
}

static void free_pull(struct pull *p)
{
	g_free(p->name);
	sources_close(&p->sources);
	if (p->local)
		image_free(p->local);
}

static int run_pulls(struct pulls *ps, int n, char **names, struct err *e)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(g_free);
	g_autofree struct pull *list = NULL;
	int r = prepare(ps, e);

	if (r == 0)
		r = names_to_pull(ps, n, names, all, e);
	list = g_new0(struct pull, all->len + 1);
	for (guint i = 0; i < all->len && r == 0; i++)
		r = open_one(ps, all->pdata[i], &list[i], e);
	for (guint i = 0; i < all->len && r == 0; i++)
		r = pull_one(ps, &list[i], e);
	for (guint i = 0; i < all->len; i++)
		free_pull(&list[i]);
	return r;
}

static int pull_run(struct context *c, void *values, int argc, char **argv)
{
	struct pulls ps = { .c = c, .o = values, .arena = ARENA_INIT };
	struct err e = ERR_INIT;
	int r;

	signal(SIGPIPE, SIG_IGN);
	ps.progress = progress_new(ps.o->quiet);
	r = run_pulls(&ps, argc, argv, &e);
	progress_free(ps.progress);
	arena_free(&ps.arena);
	registries_free(ps.conf);
	policy_free(ps.policy);
	if (r == -EINTR && ps.signal)
		return die_of(ps.signal);
	return r < 0 ? fail(&e) : 0;
}

const struct command image_command_pull = {
	.name = "pull",
	.alias = "image pull",
	.summary = "Pull an image from a registry",
	.usage = "[options] IMAGE [IMAGE...]",
	.opts = pull_opts,
	.values_size = sizeof(struct pull_options),
	.defaults = pull_defaults,
	.run = pull_run,
	.min_args = 1,
	.max_args = -1,
};
