/* registry.c - manifests and small blobs. */
#include "net/registry/registry.h"

#include <errno.h>
#include <string.h>

#include "core/base/text.h"
#include "net/registry/digest.h"

#define MANIFEST_TYPES \
	"application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, " \
	"application/vnd.docker.distribution.manifest.v2+json, " \
	"application/vnd.docker.distribution.manifest.list.v2+json"
#define ERROR_PAGE_MAX (64 * 1024)

int registry_open(const struct registry_options *o, const struct reference *ref, struct registry **ret,
		  struct err *e)
{
	struct registry *g = g_new0(struct registry, 1);
	int r;

	g->o = *o;
	g->ref = *ref;
	g->certs.ca_fd = -1;
	g->scheme = "https";
	g->host = g_strdup(strcmp(ref->host, "docker.io") == 0 ? "registry-1.docker.io" : ref->host);
	r = credential_find(o->creds, o->authfile, o->helpers, ref->host, ref->path, &g->credential, e);
	g->have_credential = r > 0;
	if (r >= 0)
		r = certs_find(ref->host, o->cert_dir, http_system_ca(), &g->certs, e);
	if (r >= 0)
		r = http_open(&g->certs, o->tls_verify, &g->http, e);
	if (r < 0) {
		registry_close(g);
		return r;
	}
	*ret = g;
	return 0;
}

void registry_close(struct registry *g)
{
	http_close(g->http);
	credential_clear(&g->credential);
	certs_clear(&g->certs);
	wipe_free(g->authorization);
	g_free(g->host);
	g_free(g);
}

int registry_renew(struct registry *g, struct err *e)
{
	struct http *own;
	int r = http_open(&g->certs, g->o.tls_verify, &own, e);

	/* The old one is left as it is: to close it would say farewell on the parent's connections. */
	if (r == 0)
		g->http = own;
	return r;
}

int registry_step(struct registry *g, struct pollfd *fds, unsigned n, int timeout_ms, struct err *e)
{
	return http_step(g->http, fds, n, timeout_ms, e);
}

void registry_interrupt_on(struct registry *g, int fd)
{
	http_interrupt_on(g->http, fd);
}

void document_clear(struct document *d)
{
	g_free(d->text);
	g_free(d->media_type);
	memset(d, 0, sizeof *d);
}

void exchange_init_path(struct registry *g, struct exchange *x, const char *method, const char *tail)
{
	*x = (struct exchange){ 0 };
	x->first_url = g_strdup_printf("%s://%s/%s", g->scheme, g->host, tail);
	x->req.url = g_strdup(x->first_url);
	x->req.method = method;
	x->req.body_max = ERROR_PAGE_MAX;
}

static void exchange_init(struct registry *g, struct exchange *x, const char *kind, const char *what)
{
	g_autofree char *tail = g_strdup_printf("v2/%s/%s/%s", g->ref.path, kind, what);

	exchange_init_path(g, x, "GET", tail);
}

void exchange_init_blob(struct registry *g, struct exchange *x, const char *digest)
{
	exchange_init(g, x, "blobs", digest);
	x->what = g_strdup_printf("reading blob %s of %s/%s", digest, g->ref.host, g->ref.path);
}

/* The waits are for a server that asked for them or has broken down. */
int exchange_turn(struct registry *g, struct exchange *x, enum verdict *ret, struct err *e)
{
	int64_t wait = 0;
	int r = exchange_send(g, x, e);

	while (r == 0 && !x->req.done)
		r = http_step(g->http, NULL, 0, 1000, e);
	if (r < 0)
		return r;
	*ret = exchange_judge(g, x, &wait, e);
	if (*ret == VERDICT_FAIL)
		return -e->code;
	return *ret == VERDICT_LATER ? http_wait(g->http, wait, e) : 0;
}

int exchange_perform(struct registry *g, struct exchange *x, struct err *e)
{
	enum verdict v;
	int r;

	do
		r = exchange_turn(g, x, &v, e);
	while (r == 0 && v != VERDICT_OK);
	return r;
}

static char *media_type_of(const char *content_type)
{
	return content_type ? g_strchomp(g_strndup(content_type, strcspn(content_type, ";"))) : NULL;
}

/* Move a finished answer's body into `ret`, verified against `digest` (NULL: nothing to hold it against). */
static int take_document(struct exchange *x, const char *digest, int64_t size, struct document *ret,
			 struct err *e)
{
	GString *body = x->req.body;

	if (size >= 0 && body->len != (size_t)size)
		return err_msg(e, EBADMSG, "%zu bytes came where %lld were promised", body->len, (long long)size);
	digest_of(digest ? digest : "sha256:", body->str, body->len, ret->digest);
	if (digest && strcmp(ret->digest, digest) != 0)
		return err_msg(e, EBADMSG, "digest mismatch: the registry sent %s", ret->digest);
	ret->media_type = media_type_of(x->req.content_type);
	ret->len = body->len;
	ret->text = g_string_free(body, FALSE);
	x->req.body = NULL;
	return 0;
}

static void init_manifest(struct registry *g, struct exchange *x, const char *what)
{
	exchange_init(g, x, "manifests", what);
	x->what = g_strdup_printf("reading manifest %s in %s/%s", what, g->ref.host, g->ref.path);
	x->req.accept = g_strdup(MANIFEST_TYPES);
	x->req.body_max = MANIFEST_MAX;
}

int registry_manifest(struct registry *g, const char *what, int64_t size, struct document *ret, struct err *e)
{
	bool by_digest = digest_valid(what);
	struct exchange x;
	int r;

	init_manifest(g, &x, what);
	r = exchange_perform(g, &x, e);
	if (r == 0) {
		/* For a tag the registry's own word is all there is to find a damaged answer with. */
		const char *said = x.req.content_digest;

		r = take_document(&x, by_digest ? what : said && digest_valid(said) ? said : NULL, size, ret, e);
		if (r < 0)
			err_wrap(e, "%s", x.what);
	}
	exchange_clear(&x);
	return r;
}

int registry_manifest_head(struct registry *g, const char *what, struct document *ret, struct err *e)
{
	struct exchange x;
	int r;

	init_manifest(g, &x, what);
	x.req.method = "HEAD";
	r = exchange_perform(g, &x, e);
	if (r == 0) {
		const char *said = x.req.content_digest;

		g_strlcpy(ret->digest, said && digest_valid(said) ? said : "", sizeof ret->digest);
		ret->media_type = media_type_of(x.req.content_type);
	}
	exchange_clear(&x);
	return r;
}

int registry_blob(struct registry *g, const struct descriptor *d, struct document *ret, struct err *e)
{
	struct exchange x;
	int r;

	if (d->size > MANIFEST_MAX)
		return err_msg(e, EFBIG, "blob %s is to be read into memory but has %lld bytes", d->digest,
			       (long long)d->size);
	exchange_init_blob(g, &x, d->digest);
	x.req.body_max = MANIFEST_MAX;
	r = exchange_perform(g, &x, e);
	if (r == 0) {
		r = take_document(&x, d->digest, d->size, ret, e);
		if (r < 0)
			err_wrap(e, "%s", x.what);
	}
	exchange_clear(&x);
	return r;
}

int registry_ping(struct registry *g, struct err *e)
{
	struct exchange x;
	int r;

	exchange_init_path(g, &x, "GET", "v2/");
	x.what = g_strdup_printf("asking %s", g->ref.host);
	r = exchange_perform(g, &x, e);
	exchange_clear(&x);
	return r;
}
