/* auth_store.h - changing an auth.json: what login and logout write.
 *
 * One entry is put or removed; everything else in the file stays. The file is replaced as a whole (0600, through
 * symbolic links), under a lock of its directory, so two logins at once lose nothing. Where the file names a
 * credential helper for the registry, the secret goes to that and never into the file. See containers-auth.json(5).
 */
#ifndef CORACLE_NET_REGISTRY_AUTH_STORE_H
#define CORACLE_NET_REGISTRY_AUTH_STORE_H

#include "net/registry/credential.h"

struct auth_file {
	char *path;
	bool docker;            /* docker's config.json: docker.io is called https://index.docker.io/v1/ there */
};

/* Which file login and logout change: `compat` or `authfile` where given (both: -EINVAL), else $REGISTRY_AUTH_FILE, else
 * $XDG_RUNTIME_DIR/containers/auth.json, else ~/.config/containers/auth.json. 0 or -errno. */
int auth_file_choose(const char *authfile, const char *compat, struct auth_file *ret, struct err *e);
void auth_file_clear(struct auth_file *f);

/* `key`: HOST or HOST/PATH. 0 or -errno. */
int auth_file_put(const struct auth_file *f, const char *key, const struct credential *c, struct err *e);

/* 1 removed, 0 there was none, -errno. */
int auth_file_remove(const struct auth_file *f, const char *key, struct err *e);

/* Every entry, and what helpers named in it hold for those. 0 or -errno. */
int auth_file_remove_all(const struct auth_file *f, struct err *e);

#endif
