/* terminal.h - the client's terminal: raw mode and the detach keys. */
#ifndef CORACLE_CONTAINER_TERMINAL_H
#define CORACLE_CONTAINER_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#include "core/base/err.h"

#define DETACH_KEYS_DEFAULT "ctrl-p,ctrl-q"

struct terminal {
	int fd;                 /* -1: not in raw mode */
	struct termios saved;
};

/* Put `fd` in raw mode; nothing happens when it is no terminal. */
void terminal_raw(struct terminal *t, int fd);
void terminal_restore(struct terminal *t);

struct detach_keys {
	unsigned char keys[16];
	size_t n, matched;      /* n 0: none */
};

/* "ctrl-p,ctrl-q", "a,b"; NULL: the default; "": none. 0 or -EINVAL. */
int detach_keys_parse(const char *s, struct detach_keys *ret, struct err *e);

/* Look for the sequence in `len` typed bytes. `out` (room for len + 16) gets what is to be passed on, a part of the
 * sequence being held back until it is decided. True when the sequence is complete. */
bool detach_keys_filter(struct detach_keys *d, const char *in, size_t len, char *out, size_t *out_len);

#endif
