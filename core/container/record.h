/* record.h - what `create` decided and what the keeper said last, as JSON. */
#ifndef CORACLE_CONTAINER_RECORD_H
#define CORACLE_CONTAINER_RECORD_H

#include <stddef.h>

#include "core/container/container.h"

#define RECORD_FILE "record.json"
#define CONFIG_FILE "config.json"
#define HEALTH_FILE "health.json"
#define STATE_FILE "state.json"
#define LOCK_FILE "lock"
#define RECORD_MAX (16 * 1024 * 1024)   /* bytes */
#define STATE_MAX (64 * 1024)

/* The document of a record; free() it. NULL only when a string is not UTF-8. */
char *record_to_json(const struct container_record *r);

/* Fill `r` (zeroed) from `len` bytes. Unknown keys are ignored, ill-typed ones are errors that name the key; id
 * and name must be there. 0 or -EBADMSG. */
int record_from_json(const char *text, size_t len, struct container_record *r, struct err *e);

/* Is `s` a container name: [a-zA-Z0-9][a-zA-Z0-9_.-]*, at most 200 bytes? */
bool container_name_valid(const char *s);
/* 64 lower-case hex digits? */
bool container_id_valid(const char *s);

/* A state.json. `boot_id` may be NULL or "". */
char *state_to_json(const struct container_state *st, const char *boot_id);
/* `boot_id` (at least 40 bytes) gets the document's, or "". 0 or -EBADMSG. */
int state_from_json(const char *text, size_t len, struct container_state *st, char *boot_id, struct err *e);

#endif
