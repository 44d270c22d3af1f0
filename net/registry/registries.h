/* registries.h - registries.conf: what image names mean, and where their images are fetched from.
 *
 * containers-registries.conf(5), version 2: [[registry]] with prefix (also *.example.org), location, insecure, blocked,
 * mirror-by-digest-only and [[registry.mirror]] with location, insecure, pull-from-mirror; [aliases],
 * unqualified-search-registries, short-name-mode. Files: $CONTAINERS_REGISTRIES_CONF alone, else
 * ~/.config/containers/registries.conf or /etc/containers/registries.conf, and on top the *.conf files
 * of registries.conf.d in /etc/containers and in ~/.config/containers, by name. Aliases are also in
 * ~/.cache/containers/short-name-aliases.conf, which podman writes and which counts most; root's is in /var/cache. Without
 * any of that, names mean what docker's rules say.
 */
#ifndef CORACLE_NET_REGISTRY_REGISTRIES_H
#define CORACLE_NET_REGISTRY_REGISTRIES_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#include "core/base/err.h"
#include "core/oci/reference.h"

struct registries;      /* opaque */

/* Read all files. 0 or -errno; e names the file. */
int registries_load(struct registries **ret, struct err *e);
void registries_free(struct registries *c);
static inline void registries_cleanup(struct registries **c) { registries_free(*c); }
#define autoregistries __attribute__((cleanup(registries_cleanup))) struct registries

/* Add one file's text on top; `file` is for messages. 0 or -errno. (Files do this; tests and the fuzzer too.) */
struct registries *registries_new(void);
int registries_add(struct registries *c, const char *file, const char *text, size_t len, struct err *e);

/* The full names that `name` may stand for, in the order in which they are to be tried: one, but for a short name that
 * several unqualified-search-registries may have. An array of g_free'd strings, never empty. 0 or -errno. */
int registries_names(const struct registries *c, const char *name, GPtrArray **ret, struct err *e);

/* Only the alias of a short name: its full name (g_free), or NULL. */
char *registries_alias(const struct registries *c, const char *name);

/* The registries that a search for a bare word asks: unqualified-search-registries, else docker.io. g_free'd strings. */
GPtrArray *registries_search(const struct registries *c);

/* credential-helpers, in their order; NULL-terminated, the caller's c owns it; NULL: only the files of auth.json. */
#define REGISTRIES_AUTH_FILE "containers-auth.json"     /* the files, among them */
const char *const *registries_helpers(const struct registries *c);

/* For login and search: is the registry itself insecure (*ret)? 0 or -EACCES: blocked. */
int registries_host(const struct registries *c, const char *host, bool *ret, struct err *e);

struct endpoint {
	struct reference ref;           /* what to ask for there */
	bool insecure;                  /* no HTTPS needed, no certificate checked */
	bool mirror;
};

/* Where the image `ref` is fetched from: mirrors first, the registry itself (or what it is rewritten to) last. `push`: only
 * the latter. 0 or -errno (EACCES: blocked). *ret is g_free'd. */
int registries_endpoints(const struct registries *c, const struct reference *ref, bool push, struct endpoint **ret,
			 size_t *ret_n, struct err *e);

#endif
