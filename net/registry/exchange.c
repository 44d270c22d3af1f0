/* exchange.c - what an answer means: over, again now, again later, or an error in one line. */
#include "net/registry/registry.h"

#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <time.h>

#include "core/base/log.h"
#include "core/base/text.h"
#include "net/registry/header.h"

#define REDIRECTS_MAX 10
#define WAIT_MAX_S 120

/* Append `s` cleaned and cut to what a message can hold. */
static void add_clean(GString *out, const char *s)
{
	g_autofree char *clean = text_printable(s);
	g_autofree char *valid = g_utf8_make_valid(clean, (gssize)MIN(strlen(clean), 200));

	g_string_append(out, valid);
}

char *registry_error_text(const char *body, size_t len, long status, char *ret_code, size_t code_len)
{
	json_t *root = len ? json_loadb(body, len, 0, NULL) : NULL;
	json_t *first = json_array_get(json_object_get(root, "errors"), 0);
	const char *code = json_string_value(json_object_get(first, "code"));
	const char *message = json_string_value(json_object_get(first, "message"));
	GString *out = g_string_new(NULL);

	/* Hub's token server and some proxies have just this. */
	if (!message)
		message = json_string_value(json_object_get(root, "details"));
	if (!message)
		message = json_string_value(json_object_get(root, "message"));
	if (ret_code)
		g_strlcpy(ret_code, code ? code : "", code_len);
	if (code && *code) {
		g_autofree char *lower = g_ascii_strdown(code, (gssize)MIN(strlen(code), 60));

		add_clean(out, g_strdelimit(lower, "_", ' '));
		if (message && g_ascii_strcasecmp(message, lower) != 0)
			g_string_append(out, ": ");
		else
			message = NULL;
	}
	if (message && *message)
		add_clean(out, message);
	if (!out->len)
		g_string_printf(out, "HTTP status %ld", status);
	json_decref(root);
	return g_string_free(out, FALSE);
}

void exchange_clear(struct exchange *x)
{
	http_clear(&x->req);
	g_free(x->first_url);
	g_free(x->what);
	memset(x, 0, sizeof *x);
}

int exchange_send(struct registry *g, struct exchange *x, struct err *e)
{
	http_reset(&x->req);
	wipe_free(x->req.authorization);
	x->req.authorization = x->foreign ? NULL : g_strdup(g->authorization);
	return http_start(g->http, &x->req, e);
}

/* Start over at the registry itself: what a redirect named may have expired. */
static void back_to_start(struct exchange *x)
{
	if (!x->first_url)
		return;
	g_free(x->req.url);
	x->req.url = g_strdup(x->first_url);
	x->foreign = x->elsewhere;
	x->redirects = 0;
}

enum verdict exchange_broken(struct registry *g, struct exchange *x, const char *why, int64_t *ret_wait_ms,
			     struct err *e)
{
	int64_t asked = x->req.retry_after ? retry_after_parse(x->req.retry_after, time(NULL)) : -1;
	g_autofree char *origin = http_origin(x->req.url);
	g_autofree char *shown = text_printable(why);

	if (asked > WAIT_MAX_S) {
		err_msg(e, EBUSY, "%s: %s asks to wait %lld seconds", shown, origin, (long long)asked);
		return VERDICT_FAIL;
	}
	if (x->attempts >= (unsigned)MAX(g->o.retry, 0)) {
		err_msg(e, EIO, "%s: %s%s", origin, shown, x->attempts ? ", also when tried again" : "");
		return VERDICT_FAIL;
	}
	*ret_wait_ms = retry_wait_ms(++x->attempts, g->o.retry_delay_ms, asked);
	log_info("%s: %s: trying again in %lld ms", origin, shown, (long long)*ret_wait_ms);
	back_to_start(x);
	return VERDICT_LATER;
}

static enum verdict tls_failure(struct registry *g, const struct http_request *r, struct err *e)
{
	g_autofree char *text = text_printable(r->text);

	err_msg(e, EPROTO, "%s: %s", g->ref.host, text);
	if (strstr(text, "wrong version number") || strstr(text, "packet length"))
		err_hint(e, "the registry seems to speak plain HTTP, which --tls-verify=false allows");
	else
		err_hint(e, "put its authority's certificate into ~/.config/containers/certs.d/%s/ca.crt, "
			 "or use --cert-dir or --tls-verify=false", g->ref.host);
	return VERDICT_FAIL;
}

/* Without checking of certificates a registry may also speak plain HTTP: tried once, before it ever answered. */
static bool fall_back_to_http(struct registry *g, struct exchange *x)
{
	if (g->reached || g->o.tls_verify || strcmp(g->scheme, "http") == 0 || x->foreign)
		return false;
	if (!g_str_has_prefix(x->req.url, "https://"))
		return false;
	log_debug("%s: no HTTPS, trying plain HTTP", g->ref.host);
	g->scheme = "http";
	g_free(x->first_url);
	x->first_url = g_strconcat("http", x->req.url + strlen("https"), NULL);
	back_to_start(x);
	return true;
}

static enum verdict judge_failure(struct registry *g, struct exchange *x, int64_t *ret_wait_ms, struct err *e)
{
	struct http_request *r = &x->req;
	g_autofree char *text = text_printable(r->text);

	switch (r->code) {
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_COULDNT_CONNECT:
		if (fall_back_to_http(g, x))
			return VERDICT_NOW;
		if (r->code == CURLE_SSL_CONNECT_ERROR && !g->reached)
			return tls_failure(g, r, e);
		if (r->code != CURLE_COULDNT_CONNECT || g->reached)
			break;
		err_msg(e, ECONNREFUSED, "%s: %s", g->ref.host, text);
		return VERDICT_FAIL;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		if (g->reached)
			break;
		err_msg(e, EHOSTUNREACH, "%s: %s", g->ref.host, text);
		return VERDICT_FAIL;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
		return tls_failure(g, r, e);
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		err_msg(e, EINVAL, "%s: %s", g->ref.host, text);
		return VERDICT_FAIL;
	case CURLE_WRITE_ERROR:
		if (r->too_big)
			err_msg(e, EFBIG, "the document is larger than %zu bytes", r->body_max);
		else
			err_msg(e, EPROTO, "%s: the answer's headers are too long", g->ref.host);
		return VERDICT_FAIL;
	default:
		break;
	}
	return exchange_broken(g, x, r->text, ret_wait_ms, e);
}

static enum verdict judge_redirect(struct registry *g, struct exchange *x, struct err *e)
{
	g_autofree char *to = g_steal_pointer(&x->req.redirect);
	bool secure = g_str_has_prefix(x->req.url, "https://");

	if (!to || ++x->redirects > REDIRECTS_MAX) {
		err_msg(e, ELOOP, "%s: %s", g->ref.host, to ? "too many redirects" : "a redirect to nowhere");
		return VERDICT_FAIL;
	}
	if (secure && g->o.tls_verify && g_ascii_strncasecmp(to, "https://", 8) != 0) {
		g_autofree char *origin = http_origin(to);

		err_msg(e, EACCES, "%s redirects to %s, which is not https", g->ref.host, origin);
		return VERDICT_FAIL;
	}
	/* Once away, always away: a way back must not be able to collect the credentials' path. */
	x->foreign = x->foreign || !http_same_origin(x->first_url, to);
	g_free(x->req.url);
	x->req.url = g_steal_pointer(&to);
	return VERDICT_NOW;
}

static enum verdict unauthorized(struct registry *g, struct exchange *x, struct err *e)
{
	const struct challenge *c = challenges_choose(&x->req.challenges);
	char code[64];
	g_autofree char *text = registry_error_text(x->req.body->str, x->req.body->len, x->req.status, code,
						    sizeof code);
	bool basic_again = c && c->scheme == CHALLENGE_BASIC && x->req.authorization;

	if (c && !x->foreign && !x->tokens && !basic_again) {
		x->tokens++;
		if (registry_authorize(g, c, e) < 0)
			return VERDICT_FAIL;
		return VERDICT_NOW;
	}
	err_msg(e, EACCES, "%s%s", g->have_credential && basic_again ? "invalid username/password: " : "", text);
	/* Without a repository it is the login itself. */
	if (!x->foreign && !*g->ref.path && g->have_credential)
		err_hint(e, "check the user name and password");
	else if (!x->foreign)
		err_hint(e, g->have_credential ?
			    "these credentials may not do this: check them, or coracle login %s" :
			    "log in with coracle login %s, or give --creds USER:PASSWORD", g->ref.host);
	return VERDICT_FAIL;
}

static enum verdict judge_error(struct registry *g, struct exchange *x, int64_t *ret_wait_ms, struct err *e)
{
	struct http_request *r = &x->req;
	char code[64];
	g_autofree char *text = registry_error_text(r->body->str, r->body->len, r->status, code, sizeof code);

	if (r->status == 408 || r->status == 429 || r->status >= 500) {
		/* An answer, but no service: a status without words gets some. */
		g_autofree char *why = r->status == 429 && !code[0] ?
			g_strdup("too many requests (HTTP status 429)") :
			g_strdup_printf("%s%s", text, code[0] ? "" : " (the server has a problem)");

		return exchange_broken(g, x, why, ret_wait_ms, e);
	}
	if (r->status == 404 && !code[0])
		err_msg(e, ENOENT, "not found");
	else
		err_msg(e, r->status == 404 ? ENOENT : r->status == 403 ? EACCES : EPROTO, "%s", text);
	if (r->status == 403)
		err_hint(e, "log in with coracle login %s", g->ref.host);
	return VERDICT_FAIL;
}

static enum verdict judge(struct registry *g, struct exchange *x, int64_t *ret_wait_ms, struct err *e)
{
	struct http_request *r = &x->req;

	if (r->code != 0)
		return judge_failure(g, x, ret_wait_ms, e);
	g->reached = true;
	switch (r->status) {
	case 200: case 201: case 202: case 204: case 206:
		return VERDICT_OK;
	case 301: case 302: case 303: case 307: case 308:
		return judge_redirect(g, x, e);
	case 401:
		return unauthorized(g, x, e);
	default:
		return judge_error(g, x, ret_wait_ms, e);
	}
}

enum verdict exchange_judge(struct registry *g, struct exchange *x, int64_t *ret_wait_ms, struct err *e)
{
	enum verdict v = judge(g, x, ret_wait_ms, e);

	if (v == VERDICT_FAIL && x->what)
		err_wrap(e, "%s", x->what);
	return v;
}
