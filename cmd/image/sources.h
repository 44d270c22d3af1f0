/* sources.h - all places that an image name may be fetched from, in the order in which they are tried.
 *
 * Names come from short-name rules, places from mirrors (registries.conf). All sessions are opened at once, before
 * the first is used: credential helpers want to run as the user, not as root of a user namespace.
 */
#ifndef CORACLE_CMD_IMAGE_SOURCES_H
#define CORACLE_CMD_IMAGE_SOURCES_H

#include "net/registry/registries.h"
#include "net/registry/registry.h"

struct source {
	struct reference ref;           /* of the full name, which the image will have here */
	char *name;
	struct registry *registry;      /* where it is asked for: a mirror, or what the name is rewritten to */
};

struct sources {
	struct source *list;
	size_t n;
};

/* For `text` as the user wrote it. 0 or -errno. */
int sources_open(const struct registries *c, const struct registry_options *ro, const char *text, struct sources *ret,
		 struct err *e);
void sources_close(struct sources *s);

/* A session with where `ref` is pushed to. 0 or -errno. */
int sources_open_push(const struct registry_options *ro, const struct reference *ref, struct registry **ret,
		      struct err *e);

/* A session with the registry `ref->host` itself: what login and search talk to. No mirror, no rewriting. 0 or -errno. */
int sources_open_host(const struct registries *c, const struct registry_options *ro, const struct reference *ref,
		      struct registry **ret, struct err *e);

#endif
