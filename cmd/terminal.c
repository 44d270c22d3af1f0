/* terminal.c - see terminal.h. */
#include "cmd/terminal.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/text.h"

#define WIDTH_USUAL 80
#define WIDTH_MAX 10000
#define ROOM_LEAST 24           /* narrower columns of text are harder to read than long lines */

int terminal_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize w = { 0 };
	int64_t n;

	if (!isatty(STDOUT_FILENO))
		return 0;
	if (columns && text_int(columns, 1, WIDTH_MAX, &n))
		return (int)n;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col ? w.ws_col : WIDTH_USUAL;
}

/* How many bytes of `text` go on a line of `room` characters; all of it when there is no place to break it. */
static size_t fitting(const char *text, int room)
{
	const char *last = NULL, *p = text;
	int column = 0;

	for (; *p; p = g_utf8_next_char(p), column++) {
		if (column > room && last)
			return (size_t)(last - text);
		if (*p == ' ')
			last = p;
		else if (*p == '|' && column < room)
			last = p + 1;
	}
	return column > room && last ? (size_t)(last - text) : strlen(text);
}

void terminal_wrap(const char *text, int indent, int width)
{
	int room = width - indent;

	if (width == 0 || room < ROOM_LEAST || !g_utf8_validate(text, -1, NULL)) {
		puts(text);
		return;
	}
	for (;;) {
		size_t n = fitting(text, room);

		printf("%.*s\n", (int)n, text);
		text += n;
		text += *text == ' ';
		if (!*text)
			return;
		printf("%*s", indent, "");
	}
}

bool terminal_colour(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && term && *term && strcmp(term, "dumb") != 0;
}
