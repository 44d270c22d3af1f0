/* token.c - answering a challenge: Basic, or a token from the server that the challenge names.
 *
 * The distribution project's "Token Authentication Specification" and its OAuth2 variant (used where we have a
 * refresh token instead of a password).
 */
#include "net/registry/registry.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/text.h"

#define TOKEN_MAX (256 * 1024)

static char *basic(const struct credential *c)
{
	autowiped *plain = g_strdup_printf("%s:%s", c->username, c->password ? c->password : "");
	autowiped *coded = g_base64_encode((const guchar *)plain, strlen(plain));

	return g_strconcat("Basic ", coded, NULL);
}

static void add_field(GString *out, const char *name, const char *value)
{
	g_autofree char *escaped = value ? g_uri_escape_string(value, NULL, FALSE) : NULL;

	if (!value)
		return;
	if (out->len && out->str[out->len - 1] != '?')
		g_string_append_c(out, '&');
	g_string_append_printf(out, "%s=%s", name, escaped);
}

/* The realm must be as safe as the registry itself. */
static int check_realm(struct registry *g, const char *realm, struct err *e)
{
	g_autofree char *shown = text_printable(realm);

	if (g_ascii_strncasecmp(realm, "https://", 8) == 0)
		return 0;
	if (g_ascii_strncasecmp(realm, "http://", 7) == 0 && !g->o.tls_verify)
		return 0;
	return err_msg(e, EACCES, "the registry names a token server that is not https: %.200s", shown);
}

static void ask_get(struct registry *g, const struct challenge *c, const char *scope, struct http_request *r)
{
	g_autoptr(GString) url = g_string_new(c->realm);

	g_string_append_c(url, strchr(c->realm, '?') ? '&' : '?');
	if (g->credential.username)
		add_field(url, "account", g->credential.username);
	add_field(url, "service", c->service);
	add_field(url, "scope", scope);
	r->method = "GET";
	r->url = g_strdup(url->str);
	if (g->credential.username)
		r->authorization = basic(&g->credential);
}

static void ask_post(struct registry *g, const struct challenge *c, const char *scope, struct http_request *r)
{
	g_autoptr(GString) form = g_string_new(NULL);

	add_field(form, "grant_type", "refresh_token");
	add_field(form, "refresh_token", g->credential.identity_token);
	add_field(form, "client_id", "coracle");
	add_field(form, "service", c->service);
	add_field(form, "scope", scope);
	r->method = "POST";
	r->url = g_strdup(c->realm);
	r->post = g_strdup(form->str);
	explicit_bzero(form->str, form->len);
}

static int take_token(struct registry *g, const struct http_request *r, struct err *e)
{
	json_t *root = json_loadb(r->body->str, r->body->len, 0, NULL);
	const char *token = json_string_value(json_object_get(root, "token"));
	int ret = 0;

	if (!token || !*token)
		token = json_string_value(json_object_get(root, "access_token"));
	if (!token || !*token || strpbrk(token, "\r\n")) {
		ret = err_msg(e, EBADMSG, "the token server's answer has no token");
	} else {
		wipe_free(g->authorization);
		g->authorization = g_strconcat("Bearer ", token, NULL);
	}
	json_decref(root);
	return ret;
}

static int refused(struct registry *g, const struct http_request *r, struct err *e)
{
	char code[64];
	g_autofree char *text = registry_error_text(r->body->str, r->body->len, r->status, code, sizeof code);

	if (r->status != 401 && r->status != 403)
		return err_msg(e, EIO, "unable to retrieve auth token: %s", text);
	err_msg(e, EACCES, "unable to retrieve auth token: %s%s",
		g->have_credential ? "invalid username/password: " : "", text);
	if (!*g->ref.path && g->have_credential)
		return err_hint(e, "check the user name and password");
	return err_hint(e, g->have_credential ? "check the user name and password, or coracle login %s" :
						"log in with coracle login %s, or give --creds USER:PASSWORD",
			g->ref.host);
}

/* Ask the token server, again after a short wait when it is the server that has a problem. */
static int ask_server(struct registry *g, const struct challenge *c, struct err *e)
{
	/* Without a repository (login) there is nothing to ask a right for but the token itself. */
	g_autofree char *scope = c->scope || !*g->ref.path ? g_strdup(c->scope) :
					    g_strdup_printf("repository:%s:pull", g->ref.path);
	struct exchange x = { .foreign = true };        /* its Authorization is its own, never the registry's */
	enum verdict v;
	int64_t wait;
	int r;

	if (g->credential.identity_token)
		ask_post(g, c, scope, &x.req);
	else
		ask_get(g, c, scope, &x.req);
	x.req.body_max = TOKEN_MAX;
	do {
		v = VERDICT_FAIL;
		http_reset(&x.req);
		r = http_perform(g->http, &x.req, e);
		if (r < 0)
			break;
		if (x.req.code == 0 && x.req.status == 200) {
			r = take_token(g, &x.req, e);
		} else if (x.req.code != 0 || x.req.status == 429 || x.req.status >= 500) {
			v = exchange_broken(g, &x, x.req.code ? x.req.text : "the token server is not well", &wait, e);
			r = -e->code;
			if (v == VERDICT_LATER)
				r = http_wait(g->http, wait, e);
		} else {
			r = refused(g, &x.req, e);
		}
	} while (v == VERDICT_LATER && r == 0);
	exchange_clear(&x);
	return r;
}

int registry_authorize(struct registry *g, const struct challenge *c, struct err *e)
{
	int r;

	if (c->scheme == CHALLENGE_BASIC) {
		if (!g->credential.username) {
			err_msg(e, EACCES, "authentication required");
			return err_hint(e, "log in with coracle login %s, or give --creds USER:PASSWORD",
					g->ref.host);
		}
		wipe_free(g->authorization);
		g->authorization = basic(&g->credential);
		return 0;
	}
	if (g->credential.registry_token && !g->authorization) {
		g->authorization = g_strconcat("Bearer ", g->credential.registry_token, NULL);
		return 0;
	}
	r = check_realm(g, c->realm, e);
	if (r < 0)
		return r;
	log_debug("getting a token for %s/%s", g->ref.host, g->ref.path);
	return ask_server(g, c, e);
}
