/* header.h - values of HTTP response headers that a download depends on. */
#ifndef CORACLE_NET_REGISTRY_HEADER_H
#define CORACLE_NET_REGISTRY_HEADER_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct content_range {
	int64_t first, last;    /* inclusive */
	int64_t total;          /* -1: "*" */
};

/* "bytes 100-199/200" (RFC 9110 section 14.4). False for anything else, also "bytes" with a star for the range. */
bool content_range_parse(const char *value, struct content_range *ret);

/* The target of the link with rel="next" in a Link header (RFC 8288), g_free; NULL when there is none. */
char *link_next(const char *value);

/* Retry-After (RFC 9110 section 10.2.3): seconds from `now`, never negative; -1 when it is no such value. */
int64_t retry_after_parse(const char *value, time_t now);

/* What to wait in ms before attempt number `attempt` (1: the first repetition), doubling from one second up to
 * 30, or `fixed_ms` when that is >= 0; `asked_s` is Retry-After in seconds (-1: none) and the least to wait. */
int64_t retry_wait_ms(unsigned attempt, int64_t fixed_ms, int64_t asked_s);

#endif
