/* login.c - `coracle-image login` and `logout`. */
#include "cmd/image/login.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "cmd/image/prompt.h"
#include "cmd/image/sources.h"
#include "cmd/login_options.h"
#include "net/registry/auth_store.h"
#include "net/registry/registries.h"
#include "net/registry/registry.h"

/* What is logged in to: a registry, or a part of it ("quay.io/team"). */
struct place {
	struct reference ref;           /* its host; no path */
	char *key;                      /* in auth.json */
	char *path;                     /* "" or "team" */
};

static void place_clear(struct place *p)
{
	g_free(p->key);
	g_free(p->path);
}

static int place_parse(const char *text, bool docker, struct place *ret, struct err *e)
{
	g_autofree char *clean = NULL, *probe = NULL, *host = NULL;
	struct reference ref;
	size_t len;
	int r;

	for (size_t i = 0; i < 2; i++)
		if (g_str_has_prefix(text, i ? "http://" : "https://"))
			text += strlen(i ? "http://" : "https://");
	clean = g_strdup(text);
	for (len = strlen(clean); len && clean[len - 1] == '/'; len--)
		clean[len - 1] = '\0';
	/* As if an image of it were named: the same rules, and the same name for docker.io. */
	probe = g_strconcat(clean, "/x", NULL);
	r = reference_parse(probe, &ref, e);
	if (r < 0)
		return err_wrap(e, "registry \"%s\"", text);
	host = g_strndup(clean, strcspn(clean, "/"));
	if (strcmp(ref.host, host) != 0 && !strchr(host, '.'))
		return err_msg(e, EINVAL, "\"%s\" is not a registry's host name: it needs a dot or a port", text);
	ret->path = strcmp(host, clean) == 0 ? g_strdup("") : g_strdup(clean + strlen(host) + 1);
	if (docker && *ret->path)
		return err_msg(e, EINVAL, "docker's file knows registries only, not \"%s\"", text);
	ret->ref = (struct reference){ 0 };
	g_strlcpy(ret->ref.host, ref.host, sizeof ret->ref.host);
	ret->key = *ret->path ? g_strdup_printf("%s/%s", ref.host, ret->path) : g_strdup(ref.host);
	return 0;
}

struct login {
	struct login_options *o;
	struct registries *conf;
	struct auth_file file;
	struct place place;
	struct credential have;         /* known before */
	struct credential given;
	bool known;
};

/* Does the registry take them? */
static int try_login(struct login *l, const struct credential *c, struct err *e)
{
	autowiped *creds = g_strdup_printf("%s:%s", c->username, c->password);
	struct registry_options ro = { .creds = creds, .cert_dir = l->o->cert_dir, .tls_verify = l->o->tls_verify,
				       .retry = 2, .retry_delay_ms = -1 };
	autoregistry *g = NULL;
	int r = sources_open_host(l->conf, &ro, &l->place.ref, &g, e);

	return r == 0 ? registry_ping(g, e) : r;
}

/* 1 when what is known already is good. */
static int still_good(struct login *l, struct err *e)
{
	int r;

	if (!l->known || !l->have.username || !l->have.password || l->o->username || l->o->password)
		return 0;
	fprintf(stderr, "Authenticating with existing credentials for %s\n", l->place.key);
	r = try_login(l, &l->have, e);
	if (r == 0) {
		printf("Existing credentials are valid. Already logged in to %s\n", l->place.key);
		return 1;
	}
	if (r != -EACCES)
		return r;
	err_clear(e);
	fprintf(stderr, "Existing credentials are invalid, please enter valid username and password\n");
	return 0;
}

static int ask_user(struct login *l, struct err *e)
{
	struct login_options *o = l->o;
	const char *before = l->known ? l->have.username : NULL;
	g_autofree char *question = before ? g_strdup_printf("Username (%s): ", before) : g_strdup("Username: ");
	int r = 0;

	if (o->username)
		l->given.username = g_strdup(o->username);
	else
		r = prompt_line(question, false, &l->given.username, e);
	if (r == 0 && !*l->given.username && before) {
		g_free(l->given.username);
		l->given.username = g_strdup(before);
	}
	if (r == 0 && (!*l->given.username || strpbrk(l->given.username, ":\r\n")))
		r = err_msg(e, EINVAL, "\"%s\" is not a user name", l->given.username);
	if (r == 0 && o->password)
		l->given.password = g_strdup(o->password);
	else if (r == 0 && !o->password_stdin)
		r = prompt_line("Password: ", true, &l->given.password, e);
	return r;
}

static int check_options(const struct login_options *o, struct err *e)
{
	if (o->password_stdin && o->password)
		return err_msg(e, EINVAL, "--password and --password-stdin exclude each other");
	if (o->password_stdin && !o->username)
		return err_msg(e, EINVAL, "--password-stdin needs --username");
	return 0;
}

static int get_login(struct login *l, struct err *e)
{
	if (!l->known || !l->have.username)
		return err_msg(e, ENOENT, "not logged into %s", l->place.key);
	puts(l->have.username);
	return 0;
}

/* Where credentials go to: the first of registries.conf's credential-helpers, which may be the file. NULL: the file. */
static const char *keeper_of(const struct registries *conf)
{
	const char *const *h = registries_helpers(conf);

	return h && strcmp(h[0], REGISTRIES_AUTH_FILE) != 0 ? h[0] : NULL;
}

static int keep(struct login *l, struct err *e)
{
	const char *helper = keeper_of(l->conf);
	int r;

	if (helper && *l->place.path)
		return err_msg(e, EINVAL, "credential helper %s knows registries only, not \"%s\"", helper, l->place.key);
	r = helper ? credential_tell_helper(helper, l->place.key, &l->given, e) :
		     auth_file_put(&l->file, l->place.key, &l->given, e);
	if (r == 0 && l->o->verbose)
		printf("Used: %s\n", helper ? helper : l->file.path);
	return r;
}

static int login(struct login *l, const char *registry, struct err *e)
{
	const struct login_options *o = l->o;
	const char *authfile = o->compat_auth_file ? o->compat_auth_file : o->authfile;
	int r = check_options(o, e);

	if (r == 0)
		r = auth_file_choose(o->authfile, o->compat_auth_file, &l->file, e);
	if (r == 0)
		r = place_parse(registry, l->file.docker, &l->place, e);
	if (r == 0)
		r = registries_load(&l->conf, e);
	if (r == 0)
		r = credential_find_here(authfile, registries_helpers(l->conf), l->place.ref.host, l->place.path, &l->have, e);
	if (r < 0)
		return r;
	l->known = r > 0;
	if (o->get_login)
		return get_login(l, e);
	r = o->password_stdin ? prompt_stdin(&l->given.password, e) : still_good(l, e);
	if (r != 0)
		return MIN(r, 0);
	r = ask_user(l, e);
	if (r == 0 && try_login(l, &l->given, e) < 0)
		r = err_wrap(e, "logging into \"%s\"", l->place.key);
	if (r == 0)
		r = keep(l, e);
	if (r == 0)
		puts("Login Succeeded!");
	return r;
}

static int login_run(struct context *c, void *values, int argc, char **argv)
{
	struct login l = { .o = values };
	struct err e = ERR_INIT;
	int r;

	(void)c;
	r = login(&l, argc ? argv[0] : "docker.io", &e);
	registries_free(l.conf);
	auth_file_clear(&l.file);
	place_clear(&l.place);
	credential_clear(&l.have);
	credential_clear(&l.given);
	wipe_free(l.o->password);
	return r < 0 ? fail(&e) : 0;
}

/* --- logout --------------------------------------------------------------------------------------------- */

/* From the file and every helper. 1 when one had it. */
static int forget(const struct registries *conf, const struct auth_file *f, const char *key, struct err *e)
{
	static const char *const file_only[] = { REGISTRIES_AUTH_FILE, NULL };
	const char *const *h = registries_helpers(conf) ? registries_helpers(conf) : file_only;
	int had = 0, r = 0;

	for (; *h && r >= 0; h++) {
		r = strcmp(*h, REGISTRIES_AUTH_FILE) == 0 ? auth_file_remove(f, key, e) : credential_erase_helper(*h, key, e);
		had |= r > 0;
	}
	return r < 0 ? r : had;
}

static int logout_one(const struct logout_options *o, const struct auth_file *f, const char *registry, struct err *e)
{
	const char *authfile = o->compat_auth_file ? o->compat_auth_file : o->authfile;
	struct credential other = { 0 };
	autoregistries *conf = NULL;
	struct place p = { 0 };
	int r = place_parse(registry, f->docker, &p, e);

	if (r == 0)
		r = registries_load(&conf, e);
	if (r == 0)
		r = forget(conf, f, p.key, e);
	if (r > 0) {
		printf("Removed login credentials for %s\n", p.key);
	} else if (r == 0) {
		r = credential_find_here(authfile, registries_helpers(conf), p.ref.host, p.path, &other, e);
		if (r >= 0)
			r = err_msg(e, ENOENT, "not logged into %s", p.key);
		if (other.username || other.identity_token)
			err_hint(e, "%s has nothing for it, but another file does: name that with --authfile", f->path);
	}
	credential_clear(&other);
	place_clear(&p);
	return MIN(r, 0);
}

static int logout_run(struct context *c, void *values, int argc, char **argv)
{
	const struct logout_options *o = values;
	struct auth_file f = { 0 };
	struct err e = ERR_INIT;
	int r = o->all && argc ? err_msg(&e, EINVAL, "--all and a registry exclude each other") : 0;

	(void)c;
	if (r == 0)
		r = auth_file_choose(o->authfile, o->compat_auth_file, &f, &e);
	if (r == 0)
		r = o->all ? auth_file_remove_all(&f, &e) : logout_one(o, &f, argc ? argv[0] : "docker.io", &e);
	if (r == 0 && o->all)
		puts("Removed login credentials for all registries");
	auth_file_clear(&f);
	return r < 0 ? fail(&e) : 0;
}

const struct command image_command_login = COMMAND_LOGIN(login_run);
const struct command image_command_logout = COMMAND_LOGOUT(logout_run);
