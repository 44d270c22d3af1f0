/* prompt.h - asking the user at the terminal. */
#ifndef CORACLE_CMD_IMAGE_PROMPT_H
#define CORACLE_CMD_IMAGE_PROMPT_H

#include <stdbool.h>

#include "core/base/err.h"

/* One line from stdin, which must be a terminal, after `question` on stderr; `hidden` without echo, which is switched on
 * again whatever signal comes. `ret` is secret_free'd. 0 or -errno. */
int prompt_line(const char *question, bool hidden, char **ret, struct err *e);

/* All of stdin without its last line break. 0 or -errno. */
int prompt_stdin(char **ret, struct err *e);

#endif
