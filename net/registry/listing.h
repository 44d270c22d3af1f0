/* listing.h - what a registry has: tags of a repository, repositories by a word. All pages of an answer are read, within
 * bounds; a page on another host is refused.
 */
#ifndef CORACLE_NET_REGISTRY_LISTING_H
#define CORACLE_NET_REGISTRY_LISTING_H

#include "net/registry/registry.h"

#define LISTING_MAX 100000      /* names */

/* The repository's tags, as the registry sorts them: g_free'd strings. `max` stops earlier; 0: all. 0 or -errno. */
int registry_tags(struct registry *g, size_t max, GPtrArray *ret, struct err *e);

struct found { char *name, *description; int64_t stars; bool official, automated; };
void found_free(void *found);

/* Repositories whose name has `word`, at most `max`: by the registry's search where it has one (docker.io), else by its
 * catalogue. The session's reference needs a host only. 0 or -errno; `ret` gets struct found. */
int registry_search(struct registry *g, const char *word, size_t max, GPtrArray *ret, struct err *e);

#endif
