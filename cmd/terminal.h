/* terminal.h - what is shown differently where a person looks: never in a pipe or a file. */
#ifndef CORACLE_CMD_TERMINAL_H
#define CORACLE_CMD_TERMINAL_H

#include <stdbool.h>

/* Columns of the terminal on standard output (COLUMNS, when it is set, else what the terminal says, else 80); 0: that
 * is none. */
int terminal_width(void);

/* Are colours wanted on standard output: a terminal, not a dumb one, and no NO_COLOR (see no-color.org)? */
bool terminal_colour(void);

/* Print text and a newline, the cursor being in column `indent`: lines that would pass `width` columns are broken between
 * words, or behind a '|', and go on at `indent`. With width 0 (no terminal), or no room, it is one line. */
void terminal_wrap(const char *text, int indent, int width);

#endif
