/* upload.c - see upload.h. */
#include "net/registry/upload.h"

#include <errno.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/text.h"

struct upload {
	struct registry *g;
	char *url;                      /* of the next request, as the last answer named it */
	char *buf;
	size_t len;
	int64_t sent;                   /* bytes that the registry has, before buf */
	struct err fault;
};

static void init(struct registry *g, struct exchange *x, const char *method, const char *kind, const char *what)
{
	g_autofree char *tail = g_strdup_printf("v2/%s/%s/%s", g->ref.path, kind, what);

	exchange_init_path(g, x, method, tail);
}

int registry_has_blob(struct registry *g, const char *digest, struct err *e)
{
	struct exchange x;
	int r;

	init(g, &x, "HEAD", "blobs", digest);
	x.what = g_strdup_printf("looking for blob %s in %s/%s", digest, g->ref.host, g->ref.path);
	r = exchange_perform(g, &x, e);
	/* A store behind the registry that takes no HEAD only means that the blob is sent once more. */
	if (r == -ENOENT || (r < 0 && x.foreign && r != -EINTR)) {
		err_clear(e);
		r = 0;
	} else if (r == 0) {
		r = 1;
	}
	exchange_clear(&x);
	return r;
}

/* Where the answer says that the upload goes on. */
static int take_location(struct upload *u, const struct http_request *r, struct err *e)
{
	g_autofree char *to = r->location ? http_resolve(r->url, r->location) : NULL;

	if (!to)
		return err_msg(e, EPROTO, "%s: the registry does not say where to send the blob", u->g->ref.host);
	if (u->g->o.tls_verify && g_ascii_strncasecmp(to, "https://", 8) != 0)
		return err_msg(e, EACCES, "%s wants the blob sent to a place that is not https", u->g->ref.host);
	g_free(u->url);
	u->url = g_steal_pointer(&to);
	return 0;
}

/* A request to the upload itself. */
static void init_here(const struct upload *u, struct exchange *x, const char *method, const char *url)
{
	g_autofree char *registry = g_strdup_printf("%s://%s/", u->g->scheme, u->g->host);

	*x = (struct exchange){ .first_url = g_strdup(url) };
	x->req.url = g_strdup(url);
	x->req.method = method;
	x->req.body_max = 65536;
	x->what = g_strdup_printf("sending a blob to %s/%s", u->g->ref.host, u->g->ref.path);
	x->elsewhere = x->foreign = !http_same_origin(registry, url);
}

int upload_begin(struct registry *g, const char *digest, const char *from, struct upload **ret, struct err *e)
{
	g_autofree char *name = from ? g_uri_escape_string(from, "/", FALSE) : NULL;
	g_autofree char *tail = from ? g_strdup_printf("uploads/?mount=%s&from=%s", digest, name) : g_strdup("uploads/");
	struct upload *u = NULL;
	struct exchange x;
	int r;

	*ret = NULL;
	init(g, &x, "POST", "blobs", tail);
	x.what = g_strdup_printf("sending a blob to %s/%s", g->ref.host, g->ref.path);
	r = exchange_perform(g, &x, e);
	if (r == 0 && !(from && x.req.status == 201)) {
		u = g_new0(struct upload, 1);
		u->g = g;
		r = take_location(u, &x.req, e);
	}
	exchange_clear(&x);
	if (r < 0)
		g_clear_pointer(&u, upload_free);
	*ret = u;
	return r;
}

void upload_free(struct upload *u)
{
	if (!u)
		return;
	g_free(u->url);
	g_free(u->buf);
	g_free(u);
}

/* How much of the chunk the registry has already: "0-N" is the answer's Range. */
static int ask_progress(struct upload *u, size_t *ret_have, struct err *e)
{
	struct exchange x;
	int64_t last = 0;
	int r;

	init_here(u, &x, "GET", u->url);
	r = exchange_perform(u->g, &x, e);
	if (r == 0 && x.req.range) {
		const char *dash = strchr(x.req.range, '-');

		/* "0-0" is what registries say of an empty upload too. */
		if (!dash || !text_int(dash + 1, 0, INT64_MAX - 1, &last))
			r = err_msg(e, EPROTO, "%s: a Range that is none", u->g->ref.host);
		last = last > 0 ? last + 1 : 0;
	}
	if (r == 0 && x.req.location)
		r = take_location(u, &x.req, e);
	if (r == 0 && (last < u->sent || last - u->sent > (int64_t)u->len))
		r = err_msg(e, ESTALE, "%s has lost a part of the blob", u->g->ref.host);
	if (r == -ENOENT) {
		err_clear(e);
		r = err_msg(e, ESTALE, "%s has forgotten the upload", u->g->ref.host);
	}
	exchange_clear(&x);
	*ret_have = r == 0 ? (size_t)(last - u->sent) : 0;
	return r;
}

static void aim(struct upload *u, struct exchange *x, size_t from)
{
	g_autofree char *registry = g_strdup_printf("%s://%s/", u->g->scheme, u->g->host);

	g_free(x->first_url);
	g_free(x->req.url);
	g_free(x->req.upload_range);
	x->first_url = g_strdup(u->url);
	x->req.url = g_strdup(u->url);
	x->req.upload = u->buf + from;
	x->req.upload_len = u->len - from;
	x->elsewhere = x->foreign = !http_same_origin(registry, u->url);
	x->req.upload_range = g_strdup_printf("%lld-%lld", (long long)(u->sent + (int64_t)from),
					      (long long)(u->sent + (int64_t)u->len - 1));
}

/* Send the chunk. 0 or -errno: ESTALE when only a new upload can help. */
static int flush(struct upload *u, struct err *e)
{
	enum verdict v = VERDICT_LATER;
	struct exchange x;
	size_t from = 0;
	int r = 0;

	init_here(u, &x, "PATCH", u->url);
	x.req.upload_type = g_strdup("application/octet-stream");
	x.req.bulk = true;
	aim(u, &x, 0);
	while (r == 0 && v != VERDICT_OK && from < u->len) {
		r = exchange_turn(u->g, &x, &v, e);
		/* 416: it has another idea of how far we are. */
		if (r < 0 && x.req.status == 416 && x.attempts++ < 2) {
			err_clear(e);
			v = VERDICT_LATER;
			r = 0;
		}
		if (r == 0 && v == VERDICT_OK)
			r = take_location(u, &x.req, e);
		if (r == 0 && v == VERDICT_LATER)
			r = ask_progress(u, &from, e);
		if (r == 0 && v == VERDICT_LATER)
			aim(u, &x, from);
	}
	exchange_clear(&x);
	if (r == -ENOENT)
		e->code = ESTALE;
	if (r == 0) {
		u->sent += (int64_t)u->len;
		u->len = 0;
	}
	return r < 0 ? -e->code : 0;
}

int upload_write(void *upload, const void *bytes, size_t len)
{
	struct upload *u = upload;
	const char *from = bytes;
	int r = 0;

	if (!u->buf)
		u->buf = g_malloc(UPLOAD_CHUNK);
	while (len && r == 0) {
		size_t n = MIN(len, UPLOAD_CHUNK - u->len);

		memcpy(u->buf + u->len, from, n);
		u->len += n;
		from += n;
		len -= n;
		if (u->len == UPLOAD_CHUNK)
			r = flush(u, &u->fault);
	}
	return r;
}

const struct err *upload_fault(const struct upload *u)
{
	return &u->fault;
}

int upload_finish(struct upload *u, const char *digest, struct err *e)
{
	g_autofree char *url = NULL;
	struct exchange x;
	int r = u->len ? flush(u, e) : 0;

	if (r < 0)
		return r;
	url = g_strdup_printf("%s%cdigest=%s", u->url, strchr(u->url, '?') ? '&' : '?', digest);
	init_here(u, &x, "PUT", url);
	x.req.patient = true;
	r = exchange_perform(u->g, &x, e);
	/* A first answer may have been lost. */
	if (r == -ENOENT && x.attempts) {
		struct err again = ERR_INIT;

		if (registry_has_blob(u->g, digest, &again) > 0) {
			err_clear(e);
			r = 0;
		}
	}
	exchange_clear(&x);
	return r;
}

int registry_put_blob(struct registry *g, const char *digest, const void *data, size_t len, struct err *e)
{
	struct upload *u = NULL;
	int r = registry_has_blob(g, digest, e);

	if (r != 0)
		return MIN(r, 0);
	r = upload_begin(g, digest, NULL, &u, e);
	if (r < 0)
		return r;
	r = upload_write(u, data, len);
	if (r < 0)
		*e = u->fault;
	else
		r = upload_finish(u, digest, e);
	upload_free(u);
	return r;
}

int registry_put_manifest(struct registry *g, const char *what, const char *media_type, const void *data, size_t len,
			  struct err *e)
{
	struct exchange x;
	int r;

	init(g, &x, "PUT", "manifests", what);
	x.what = g_strdup_printf("writing manifest %s to %s/%s", what, g->ref.host, g->ref.path);
	x.req.upload = data;
	x.req.upload_len = len;
	x.req.upload_type = g_strdup(media_type);
	x.req.patient = true;
	r = exchange_perform(g, &x, e);
	exchange_clear(&x);
	return r;
}

int registry_delete_manifest(struct registry *g, const char *digest, struct err *e)
{
	struct exchange x;
	int r;

	init(g, &x, "DELETE", "manifests", digest);
	x.what = g_strdup_printf("deleting %s/%s@%s", g->ref.host, g->ref.path, digest);
	r = exchange_perform(g, &x, e);
	if (r < 0 && (x.req.status == 405 || x.req.status == 400))
		err_hint(e, "registries may forbid deletion in their configuration");
	exchange_clear(&x);
	return r;
}
