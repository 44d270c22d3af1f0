/* ring.h - a bounded queue of buffers between two threads: one fills, one empties. */
#ifndef CORACLE_STORAGE_RING_H
#define CORACLE_STORAGE_RING_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_SLOTS 8
#define RING_SLOT_SIZE (128 * 1024)

struct ring {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	uint8_t *slot[RING_SLOTS];
	size_t len[RING_SLOTS];
	unsigned filled, emptied;       /* how many slots ever were */
	bool ended, aborted;
};

void ring_init(struct ring *r);
void ring_free(struct ring *r);

/* Filling side: the next free slot of RING_SLOT_SIZE bytes, waited for; NULL once the other side has given
 * up. Then say how many bytes it holds (0: none, the slot stays free). ring_end: nothing more comes. */
uint8_t *ring_slot(struct ring *r);
void ring_push(struct ring *r, size_t len);
void ring_end(struct ring *r);

/* Emptying side: the next bytes, waited for; 0 at the end. They stay valid until ring_pop. */
size_t ring_peek(struct ring *r, const uint8_t **ret);
void ring_pop(struct ring *r);

/* Either side: nobody waits here any more. */
void ring_abort(struct ring *r);

#endif
