/* reference.h - image names by docker's rules: [host[:port]/]path[:tag][@digest].
 *
 * The host is there when the part before the first slash has a dot or a colon or is "localhost"; otherwise it is
 * docker.io, and one-word paths of docker.io are below library/. No tag and no digest means :latest. See
 * the distribution project's reference grammar.
 */
#ifndef CORACLE_OCI_REFERENCE_H
#define CORACLE_OCI_REFERENCE_H

#include <stdbool.h>

#include "core/base/err.h"

struct reference {
	char host[256];         /* "docker.io", "localhost:5000" */
	char path[256];         /* "library/debian" */
	char tag[129];          /* "" when only a digest is given */
	char digest[136];       /* "" or "sha256:..." */
};

/* Accepts an optional "docker://" in front. 0 or -EINVAL; e quotes what is wrong. */
int reference_parse(const char *s, struct reference *ret, struct err *e);

/* The same for a name that is given to an image here (tag, build, commit): without a host it belongs to
 * "localhost". */
int reference_parse_local(const char *s, struct reference *ret, struct err *e);

/* Is it a name without a registry? */
bool reference_is_short(const char *s);

/* Letters, digits, _ . -; at most 128, the first no . or -. */
bool tag_valid(const char *s);

/* "host/path:tag" or "host/path@digest" (the digest wins where there is one); g_free. */
char *reference_name(const struct reference *r);

#endif
