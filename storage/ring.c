/* ring.c - see ring.h. */
#include "storage/ring.h"

#include <glib.h>

void ring_init(struct ring *r)
{
	*r = (struct ring){ .ended = false };
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
	for (size_t i = 0; i < RING_SLOTS; i++)
		r->slot[i] = g_malloc(RING_SLOT_SIZE);
}

void ring_free(struct ring *r)
{
	for (size_t i = 0; i < RING_SLOTS; i++)
		g_free(r->slot[i]);
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
}

uint8_t *ring_slot(struct ring *r)
{
	uint8_t *slot;

	pthread_mutex_lock(&r->lock);
	while (!r->aborted && r->filled - r->emptied == RING_SLOTS)
		pthread_cond_wait(&r->changed, &r->lock);
	slot = r->aborted ? NULL : r->slot[r->filled % RING_SLOTS];
	pthread_mutex_unlock(&r->lock);
	return slot;
}

void ring_push(struct ring *r, size_t len)
{
	if (len == 0)
		return;
	pthread_mutex_lock(&r->lock);
	r->len[r->filled % RING_SLOTS] = len;
	r->filled++;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

void ring_end(struct ring *r)
{
	pthread_mutex_lock(&r->lock);
	r->ended = true;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

size_t ring_peek(struct ring *r, const uint8_t **ret)
{
	size_t len = 0;

	pthread_mutex_lock(&r->lock);
	while (!r->aborted && !r->ended && r->filled == r->emptied)
		pthread_cond_wait(&r->changed, &r->lock);
	if (!r->aborted && r->filled != r->emptied) {
		*ret = r->slot[r->emptied % RING_SLOTS];
		len = r->len[r->emptied % RING_SLOTS];
	}
	pthread_mutex_unlock(&r->lock);
	return len;
}

void ring_pop(struct ring *r)
{
	pthread_mutex_lock(&r->lock);
	r->emptied++;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

void ring_abort(struct ring *r)
{
	pthread_mutex_lock(&r->lock);
	r->aborted = true;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}
