/* credential.h - who we are to a registry, from the files that podman's and docker's users have.
 *
 * Searched in this order, the first entry for the host wins: --creds; --authfile, else $REGISTRY_AUTH_FILE, and
 * when neither is given $XDG_RUNTIME_DIR/containers/auth.json, ~/.config/containers/auth.json ($XDG_CONFIG_HOME),
 * ~/.docker/config.json ($DOCKER_CONFIG). Where registries.conf has credential-helpers those are asked in their order, and
 * the files are one of them ("containers-auth.json"). See containers-auth.json(5). Secrets are wiped when freed, and are in
 * no message, log or argument list.
 */
#ifndef CORACLE_NET_REGISTRY_CREDENTIAL_H
#define CORACLE_NET_REGISTRY_CREDENTIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"

#define DOCKER_HUB_KEY "https://index.docker.io/v1/"     /* docker.io in docker's files and helpers */
#define AUTH_FILE_MAX (1024 * 1024)     /* bytes of an auth.json */

struct credential {
	char *username, *password;
	char *identity_token;           /* a refresh token, used instead of a password */
	char *registry_token;           /* used as a bearer token as it is */
};

/* What one auth.json says about a repository. */
enum auth_found { AUTH_NONE, AUTH_ENTRY, AUTH_HELPER };
struct auth_answer {
	enum auth_found found;
	struct credential entry;        /* AUTH_ENTRY */
	char *helper;                   /* AUTH_HELPER: docker-credential-<helper> */
	char *helper_key;               /* what to ask it for */
};

/* Look `host` ("docker.io", "localhost:5000") and `path` ("library/debian") up in the text of an auth.json:
 * host/path, its parents, then the host; keys with a scheme or /v1/ count for their host. 0 or -errno. */
int auth_json_lookup(const char *text, size_t len, const char *host, const char *path, struct auth_answer *ret,
		     struct err *e);
void auth_answer_clear(struct auth_answer *a);

/* The host that an old key such as "https://index.docker.io/v1/" stands for (g_free); NULL when it is a plain key. */
char *auth_json_old_host(const char *key);
/* May the program docker-credential-<name> be run? Not a path, nothing odd. */
bool auth_json_helper_valid(const char *name);

/* Ask docker-credential-<helper> for `key` (the protocol of docker-credential-helpers). 1 found, 0 it knows
 * nothing, -errno. */
int credential_ask_helper(const char *helper, const char *key, struct credential *ret, struct err *e);

/* Have it keep `c` for `key`; have it forget `key` (1 done, 0 it had none). -errno. */
int credential_tell_helper(const char *helper, const char *key, const struct credential *c, struct err *e);
int credential_erase_helper(const char *helper, const char *key, struct err *e);

/* "user:password" as --creds has it (a missing password is empty). 0 or -EINVAL. */
int credential_from_text(const char *creds, struct credential *ret, struct err *e);

/* The whole search. `creds` and `authfile` are the options' values or NULL. 1 found, 0 none, -errno. */
int credential_find(const char *creds, const char *authfile, const char *const *helpers, const char *host,
		    const char *path, struct credential *ret, struct err *e);

/* For login: only the files, and one that was named need not be there yet. */
int credential_find_here(const char *authfile, const char *const *helpers, const char *host, const char *path,
			 struct credential *ret, struct err *e);

/* Wipe and free the strings. */
void credential_clear(struct credential *c);
/* Wipe and free one string. */
void wipe_free(char *s);
static inline void wipe_cleanup(char **s) { wipe_free(*s); }
#define autowiped __attribute__((cleanup(wipe_cleanup))) char

#endif
