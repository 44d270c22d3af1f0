/* text.h - numbers, sizes and durations as people write them. */
#ifndef CORACLE_BASE_TEXT_H
#define CORACLE_BASE_TEXT_H

#include <stdbool.h>
#include <stdint.h>

/* The whole of `s` as a number in [min, max] (decimal; a leading 0 is not octal). */
bool text_int(const char *s, int64_t min, int64_t max, int64_t *ret);

/* Bytes: "512", "64k", "10m", "2g", "1t", with an optional b or ib; units are powers of 1024 as podman's. */
bool text_size(const char *s, int64_t *ret);

/* Nanoseconds of a Go duration: "10s", "1m30s", "1.5h", "500ms"; a bare number means seconds. */
bool text_duration(const char *s, int64_t *ret_ns);

/* 1234567 -> "1.23 MB", powers of 1000, three significant digits, as podman prints sizes. g_free it. */
char *text_human_size(int64_t bytes);

/* 3092000 -> "3.092MB", powers of 1000, as podman prints sizes elsewhere. g_free it. */
char *text_short_size(int64_t bytes);

/* Seconds ago -> "About a minute ago", "3 hours ago" …, as podman prints ages. g_free it. */
char *text_ago(int64_t seconds);

/* The same without " ago", for "Up 3 hours". g_free it. */
char *text_span(int64_t seconds);

/* RFC 3339 time with nanoseconds ("2026-11-23T01:02:03.000000004Z") of a unix time. g_free it. */
char *text_time_rfc3339(int64_t unix_ns);
/* The same as Go prints a time, which is what podman's templates show: "2026-11-23 01:02:03.5 +0000 UTC". */
char *text_time_go(int64_t unix_ns);

/* The other way round; false when it is not one. */
bool text_time_parse(const char *s, int64_t *ret_unix_ns);

/* A time as above, seconds since 1970, or a duration from now: into the past (sign -1) or the future (1). */
bool text_moment(const char *s, int sign, int64_t *ret_unix_ns);

/* The wall clock now, in nanoseconds since 1970: for what people read. It jumps when somebody sets it. */
int64_t text_now_ns(void);
/* A clock that only goes on, in nanoseconds: for how long something takes or may take. */
int64_t text_steady_ns(void);

/* `n` random bytes from the kernel as 2n lower-case hex digits. g_free it. */
char *text_random_hex(unsigned n);

/* Lower-case hex digits only, exactly `len` of them? */
bool text_is_hex(const char *s, unsigned len);

/* `s` with control characters shown as '?', for a terminal. g_free it. */
char *text_printable(const char *s);

/* How many letters must be put in, left out, changed or swapped with their neighbour to make `b` of `a` (the first
 * 63 of each). */
unsigned text_distance(const char *a, const char *b);

#endif
