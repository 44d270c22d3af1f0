/* log.h - what is worth saying besides errors; where it goes is decided by cmd/. */
#ifndef CORACLE_BASE_LOG_H
#define CORACLE_BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG, LOG_LEVEL_TRACE, LOG_LEVEL_COUNT };

/* Receives one complete line without a newline. */
typedef void log_sink(enum log_level level, const char *line);

/* Set by cmd/ (--log-level); the default is warn, to nowhere. */
void log_set(enum log_level most, log_sink *sink);

/* Would a line of this level be shown? Cheap: ask before preparing a costly one. */
bool log_wanted(enum log_level level);

void log_at(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3), cold));

/* A survivable failure or a note for the user ("WARN" as podman's): one line on stderr. */
#define log_warn(...) log_at(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) do { if (log_wanted(LOG_LEVEL_INFO)) log_at(LOG_LEVEL_INFO, __VA_ARGS__); } while (0)
#define log_debug(...) do { if (log_wanted(LOG_LEVEL_DEBUG)) log_at(LOG_LEVEL_DEBUG, __VA_ARGS__); } while (0)
#define log_trace(...) do { if (log_wanted(LOG_LEVEL_TRACE)) log_at(LOG_LEVEL_TRACE, __VA_ARGS__); } while (0)

#endif
