/* challenge.h - WWW-Authenticate: what a registry wants to see before it answers.
 *
 * RFC 9110 section 11.6.1 and the distribution project's token specification. Foreign bytes: lengths and counts
 * are bounded, control characters are refused, and a scheme that is not ours is skipped over.
 */
#ifndef CORACLE_NET_REGISTRY_CHALLENGE_H
#define CORACLE_NET_REGISTRY_CHALLENGE_H

#include <stdbool.h>
#include <stddef.h>

#define CHALLENGE_VALUE_MAX 8192        /* bytes of one header's value */
#define CHALLENGES_MAX 8

enum challenge_scheme { CHALLENGE_BASIC, CHALLENGE_BEARER };

struct challenge {
	enum challenge_scheme scheme;
	char *realm, *service, *scope;          /* NULL where absent */
	bool insufficient_scope;                /* error="insufficient_scope": a valid token that may not do this */
};

struct challenges {
	struct challenge list[CHALLENGES_MAX];
	size_t n;
};

/* Add what one header's value (`len` bytes, no newline) asks for to `c` (zeroed before the first). False when it
 * is malformed; what was understood before the fault stays. */
bool challenges_add(struct challenges *c, const char *value, size_t len);

/* The one to answer: Bearer before Basic; NULL when there is none. */
const struct challenge *challenges_choose(const struct challenges *c);

void challenges_clear(struct challenges *c);

#endif
