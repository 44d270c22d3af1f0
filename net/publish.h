/* publish.h - the grammar of -p: [ip:][host]:container[/tcp|udp], with ranges on both sides. */
#ifndef CORACLE_NET_PUBLISH_H
#define CORACLE_NET_PUBLISH_H

#include "net/plan.h"

/* Append the ports of one -p value to the plan ("80", "8080:80", "127.0.0.1::80/udp", "[::1]:80-89:80-89").
 * A mapping that is there already is not added again. 0 or -errno; e quotes the value. */
int publish_parse(struct net_plan *p, const char *value, struct err *e);

/* Append an exposed port ("80", "80/udp", "8000-8010/tcp") with a random host port, where the container's
 * port is not published yet. */
int publish_exposed(struct net_plan *p, const char *value, struct err *e);

#endif
