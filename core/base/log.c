/* log.c - see log.h. */
#include "core/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "core/base/err.h"

static enum log_level most_shown = LOG_LEVEL_WARN;
static log_sink *current_sink;

void log_set(enum log_level most, log_sink *sink)
{
	most_shown = most;
	current_sink = sink;
}

bool log_wanted(enum log_level level)
{
	return current_sink && level <= most_shown;
}

void log_at(enum log_level level, const char *fmt, ...)
{
	char line[1024];
	int saved = errno;
	va_list ap;

	if (!log_wanted(level))
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	err_one_line(line);
	current_sink(level, line);
	errno = saved;
}
