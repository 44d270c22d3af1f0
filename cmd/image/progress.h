/* progress.h - what a pull says on stderr while it works: a live block of lines on a terminal, plain lines (podman's)
 * elsewhere, nothing with --quiet. Text from outside is shown without control characters.
 */
#ifndef CORACLE_CMD_IMAGE_PROGRESS_H
#define CORACLE_CMD_IMAGE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress;

struct progress *progress_new(bool quiet);
void progress_free(struct progress *p);

/* One complete line, above the live block. */
void progress_say(struct progress *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A blob begins: returns its number. `size` is what it will have, `have` what is here of it already. */
unsigned progress_begin(struct progress *p, const char *digest, int64_t size, int64_t have);
void progress_update(struct progress *p, unsigned blob, int64_t bytes);
/* It has ended; `how` is "done", or NULL: it leaves without a word. */
void progress_finish(struct progress *p, unsigned blob, const char *how);

/* Draw the block when it is time to. */
void progress_draw(struct progress *p);

/* Milliseconds between drawings; -1: never. */
int progress_interval(const struct progress *p);

/* Take the block away. */
void progress_wipe(struct progress *p);

#endif
