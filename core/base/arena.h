/* arena.h - many small allocations with one lifetime.
 *
 * A spec, a record or a plan is a tree of strings and arrays that is built once and dropped whole: it
 * lives in one arena, so nobody frees its parts. Allocation never fails (g_malloc). Memory is zeroed.
 */
#ifndef CORACLE_BASE_ARENA_H
#define CORACLE_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena {
	struct arena_block *last;
};

#define ARENA_INIT { NULL }

void *arena_alloc(struct arena *a, size_t size);
char *arena_strdup(struct arena *a, const char *s);             /* NULL gives NULL */
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char **arena_strv_dup(struct arena *a, const char *const *v);    /* NULL gives NULL */

/* Append to a NULL-terminated string vector in the arena; *v may be NULL. `s` is not copied. */
void arena_strv_push(struct arena *a, char ***v, char *s);

/* Room for one more element in a counted array; returns the new zeroed element and counts it. */
void *arena_grow(struct arena *a, void **array, size_t *n, size_t element);
#define ARENA_PUSH(a, array, n) \
	((__typeof__(array))arena_grow((a), (void **)&(array), &(n), sizeof *(array)))

/* Free everything; the arena is empty and usable again. */
void arena_free(struct arena *a);

#endif
