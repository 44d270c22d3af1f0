/* event_reader.h - read the event log (event.h), and follow it by inotify.
 *
 *   event_reader_open(root_fd, true, follow, &r, e)
 *   while ((n = event_reader_next(r, &text, e)) > 0) ... one record's JSON, valid until the next call
 *   n == 0: nothing more now; poll event_reader_fd(r) for POLLIN and go on
 */
#ifndef CORACLE_BASE_EVENT_READER_H
#define CORACLE_BASE_EVENT_READER_H

#include <stdbool.h>

#include "core/base/err.h"

struct event_reader;

/* `from_start`: what is in the log already as well. `follow`: watch it. 0 or -errno. */
int event_reader_open(int root_fd, bool from_start, bool follow, struct event_reader **ret, struct err *e);
void event_reader_free(struct event_reader *r);

/* 1 and the text of the next record, 0: there is no more now, or -errno. Torn records are passed over. */
int event_reader_next(struct event_reader *r, const char **ret, struct err *e);

/* The descriptor that becomes readable when there may be more; -1 without `follow`. */
int event_reader_fd(const struct event_reader *r);

#endif
