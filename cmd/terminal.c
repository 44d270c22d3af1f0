/* terminal.c - see terminal.h. */
#include "cmd/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/text.h"

#define WIDTH_USUAL 80
#define WIDTH_MAX 10000

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

bool terminal_colour(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && term && *term && strcmp(term, "dumb") != 0;
}
