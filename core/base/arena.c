/* arena.c - see arena.h. */
#include "core/base/arena.h"

#include <glib.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define FIRST_SIZE 1000         /* most arenas hold little, and lists have hundreds of them */
#define BLOCK_SIZE 4096
#define ALIGNMENT 16

struct arena_block {
	struct arena_block *prev;
	size_t size, used;
	char bytes[] __attribute__((aligned(ALIGNMENT)));
};

void *arena_alloc(struct arena *a, size_t size)
{
	struct arena_block *b = a->last;
	void *p;

	size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	if (!b || b->size - b->used < size) {
		size_t usual = !b ? FIRST_SIZE : b->size < BLOCK_SIZE / 2 ? 2 * b->size : BLOCK_SIZE;
		size_t room = size > usual ? size : usual;

		b = g_malloc0(sizeof *b + room);
		b->size = room;
		b->prev = a->last;
		a->last = b;
	}
	p = b->bytes + b->used;
	b->used += size;
	return p;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p = arena_alloc(a, n + 1);

	memcpy(p, s, n);
	return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return s ? arena_strndup(a, s, strlen(s)) : NULL;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	g_autofree char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	s = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	return arena_strdup(a, s);
}

char **arena_strv_dup(struct arena *a, const char *const *v)
{
	size_t n = 0, room = 2;
	char **copy;

	if (!v)
		return NULL;
	while (v[n])
		n++;
	/* A power of two, as grown() expects of a vector that is pushed to later. */
	while (room < n + 1)
		room *= 2;
	copy = arena_alloc(a, room * sizeof *copy);
	for (size_t i = 0; i < n; i++)
		copy[i] = arena_strdup(a, v[i]);
	return copy;
}

/* Arrays double when their length is a power of two, so no capacity is kept. */
static void *grown(struct arena *a, void *old, size_t n, size_t element)
{
	void *bigger;

	if (n != 0 && (n & (n - 1)) != 0)
		return old;
	bigger = arena_alloc(a, (n ? 2 * n : 1) * element);
	if (n)
		memcpy(bigger, old, n * element);
	return bigger;
}

void arena_strv_push(struct arena *a, char ***v, char *s)
{
	size_t n = *v ? g_strv_length(*v) : 0;

	/* n strings and the terminator: a vector of n + 1 elements that gets one more. */
	*v = n ? grown(a, *v, n + 1, sizeof **v) : arena_alloc(a, 2 * sizeof **v);
	(*v)[n] = s;
	(*v)[n + 1] = NULL;
}

void *arena_grow(struct arena *a, void **array, size_t *n, size_t element)
{
	*array = grown(a, *array, *n, element);
	return (char *)*array + (*n)++ * element;
}

void arena_free(struct arena *a)
{
	for (struct arena_block *b = a->last, *prev; b; b = prev) {
		prev = b->prev;
		g_free(b);
	}
	a->last = NULL;
}
