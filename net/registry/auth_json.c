/* auth_json.c - one auth.json or config.json: containers-auth.json(5) and docker's config file. */
#include "net/registry/credential.h"

#include <errno.h>
#include <glib.h>
#include <jansson.h>
#include <string.h>

void wipe_free(char *s)
{
	if (s)
		explicit_bzero(s, strlen(s));
	g_free(s);
}

void credential_clear(struct credential *c)
{
	wipe_free(c->username);
	wipe_free(c->password);
	wipe_free(c->identity_token);
	wipe_free(c->registry_token);
	memset(c, 0, sizeof *c);
}

void auth_answer_clear(struct auth_answer *a)
{
	credential_clear(&a->entry);
	g_free(a->helper);
	g_free(a->helper_key);
	memset(a, 0, sizeof *a);
}

int credential_from_text(const char *creds, struct credential *ret, struct err *e)
{
	const char *colon = strchr(creds, ':');

	if (!*creds || colon == creds)
		return err_msg(e, EINVAL, "credentials must be USER:PASSWORD");
	ret->username = g_strndup(creds, colon ? (size_t)(colon - creds) : strlen(creds));
	ret->password = g_strdup(colon ? colon + 1 : "");
	return 0;
}

char *auth_json_old_host(const char *key)
{
	const char *p = key;
	bool old = false;
	char *host;

	for (size_t i = 0; i < 2; i++) {
		const char *scheme = i ? "http://" : "https://";

		if (g_str_has_prefix(key, scheme)) {
			p = key + strlen(scheme);
			old = true;
		}
	}
	if (!old && !g_str_has_suffix(key, "/v1/") && !g_str_has_suffix(key, "/v2/"))
		return NULL;
	host = g_strndup(p, strcspn(p, "/"));
	if (strcmp(host, "index.docker.io") == 0 || strcmp(host, "registry-1.docker.io") == 0) {
		g_free(host);
		host = g_strdup("docker.io");
	}
	return host;
}

/* Find in the object the value for the longest of host/a/b, host/a, host; else an old key of the host. */
static json_t *find_key(json_t *object, const char *host, const char *path, const char **ret_key)
{
	g_autofree char *key = g_strdup_printf("%s/%s", host, path);
	const char *name;
	json_t *value;

	if (!json_is_object(object))
		return NULL;
	for (;;) {
		char *slash;

		value = json_object_get(object, key);
		if (value) {
			*ret_key = json_object_iter_key(json_object_iter_at(object, key));
			return value;
		}
		if (strcmp(key, host) == 0)
			break;
		slash = strrchr(key, '/');
		if (!slash)
			break;
		*slash = '\0';
	}
	json_object_foreach(object, name, value) {
		g_autofree char *old = auth_json_old_host(name);

		if ((old && strcmp(old, host) == 0) ||
		    (strcmp(host, "docker.io") == 0 && strcmp(name, "index.docker.io") == 0)) {
			*ret_key = name;
			return value;
		}
	}
	return NULL;
}

bool auth_json_helper_valid(const char *name)
{
	return *name && strlen(name) < 64 && *name != '.' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == strlen(name);
}

static int answer_helper(const char *helper, const char *key, struct auth_answer *ret, struct err *e)
{
	if (!auth_json_helper_valid(helper))
		return err_msg(e, EINVAL, "not the name of a credential helper");
	ret->found = AUTH_HELPER;
	ret->helper = g_strdup(helper);
	ret->helper_key = g_strdup(key);
	return 0;
}

/* "auth": base64 of user:password. */
static int decode_auth(const char *text, struct credential *ret, struct err *e)
{
	size_t len = 0;
	guchar *raw = g_base64_decode(text, &len);
	autowiped *plain = NULL;
	char *colon;

	if (raw) {
		plain = g_strndup((const char *)raw, len);
		explicit_bzero(raw, len);
		g_free(raw);
	}
	/* docker pads the password with zero bytes in very old files: strndup has cut them off. */
	colon = plain ? strchr(plain, ':') : NULL;
	if (!colon || colon == plain)
		return err_msg(e, EINVAL, "an \"auth\" value is not the base64 of USER:PASSWORD");
	if (strpbrk(plain, "\r\n"))
		return err_msg(e, EINVAL, "an \"auth\" value has a line break");
	ret->username = g_strndup(plain, (size_t)(colon - plain));
	ret->password = g_strdup(colon + 1);
	return 0;
}

static char *string_of(json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s && *s && !strpbrk(s, "\r\n") ? g_strdup(s) : NULL;
}

static int answer_entry(json_t *entry, struct auth_answer *ret, struct err *e)
{
	struct credential *c = &ret->entry;
	const char *auth = json_string_value(json_object_get(entry, "auth"));
	int r = 0;

	if (!json_is_object(entry))
		return err_msg(e, EINVAL, "an entry of \"auths\" is not an object");
	c->identity_token = string_of(entry, "identitytoken");
	c->registry_token = string_of(entry, "registrytoken");
	if (auth && *auth) {
		r = decode_auth(auth, c, e);
	} else {
		c->username = string_of(entry, "username");
		c->password = string_of(entry, "password");
	}
	if (r < 0)
		return r;
	if (c->username || c->identity_token || c->registry_token)
		ret->found = AUTH_ENTRY;
	return 0;
}

static int lookup(json_t *root, const char *host, const char *path, struct auth_answer *ret, struct err *e)
{
	bool hub = strcmp(host, "docker.io") == 0;
	const char *key = NULL;
	json_t *value = find_key(json_object_get(root, "credHelpers"), host, path, &key);
	const char *store = json_string_value(json_object_get(root, "credsStore"));
	int r;

	if (json_is_string(value))
		return answer_helper(json_string_value(value), key, ret, e);
	value = find_key(json_object_get(root, "auths"), host, path, &key);
	if (value) {
		r = answer_entry(value, ret, e);
		if (r < 0 || ret->found != AUTH_NONE)
			return r;
	}
	/* docker keeps an empty entry in "auths" for what the store holds, but need not. */
	if (store && *store)
		return answer_helper(store, value ? key : hub ? DOCKER_HUB_KEY : host, ret, e);
	return 0;
}

int auth_json_lookup(const char *text, size_t len, const char *host, const char *path, struct auth_answer *ret,
		     struct err *e)
{
	json_error_t je;
	json_t *root;
	int r;

	if (len > AUTH_FILE_MAX)
		return err_set(e, EFBIG, "credentials");
	root = json_loadb(text, len, 0, &je);
	if (!root)
		return err_msg(e, EINVAL, "not JSON: line %d", je.line);
	r = json_is_object(root) ? lookup(root, host, path, ret, e) :
				   err_msg(e, EINVAL, "not a JSON object");
	json_decref(root);
	if (r < 0)
		auth_answer_clear(ret);
	return r;
}
