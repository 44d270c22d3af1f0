/* event.c - what is said of a container in the event log. */
#include "core/container/container.h"

struct event container_event_of(const struct container_record *r, const char *status)
{
	static char *none[] = { NULL };

	return (struct event){ .type = "container", .status = status, .id = r->id, .name = r->name,
			       .image = r->image_name ? r->image_name : "", .labels = r->labels ? r->labels : none };
}

void container_event(const struct container_place *p, const struct container_record *r, const char *status)
{
	const struct event v = container_event_of(r, status);

	event_write(p->root_fd, &v, 1);
}
