/* relay.h - the port process's parts: its event loop's watches, relayed connections, datagram flows. */
#ifndef CORACLE_NET_RELAY_H
#define CORACLE_NET_RELAY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "net/client.h"
#include "net/ports.h"

#define SCRATCH_SIZE (128 * 1024)       /* larger reads are not faster */

struct ports;

/* Something with a descriptor in the epoll set. Its memory must outlive the round in which it is closed:
 * events of the same round may still name it (see ports_bury). */
struct watch {
	void (*on_event)(struct ports *ports, struct watch *w, uint32_t events);
	int fd;
	uint32_t events;        /* asked for */
	bool in_set;
};

struct listener {
	struct watch w;
	uint16_t container_port;
	bool udp;
};

struct ports {
	const struct ports_params *p;
	int epoll;
	struct listener *listeners;
	size_t n_listeners;
	bool show_clients;              /* connections come from the clients' own addresses */
	bool listening;                 /* false while there are no descriptors for more connections */
	size_t n_relays;
	struct relay *dead;             /* closed in this round */
	GHashTable *flows;              /* struct flow by client and port */
	struct flow *oldest, *newest;   /* the same, by last use */
	struct flow *dead_flows;
	int64_t last_move;              /* CLOCK_MONOTONIC, ms */
	char scratch[SCRATCH_SIZE];
};

int64_t ports_now_ms(void);

/* Wait for these events (0: none) on w->fd. False when the kernel refuses. */
bool ports_watch(struct ports *ports, struct watch *w, uint32_t events);

/* Ask, or stop asking, for new connections. */
void ports_listen(struct ports *ports, bool on);

/* A listener is ready: take connections and relay each to the container. */
void relay_accept(struct ports *ports, struct watch *listener, uint32_t events);
/* Free the relays that were closed in this round. */
void relay_bury(struct ports *ports);

/* A datagram socket is ready: pass its datagrams on. */
void flow_receive(struct ports *ports, struct watch *listener, uint32_t events);
/* Close flows that nobody used for a while; milliseconds until the next one, or -1. */
int flow_expire(struct ports *ports);
void flow_bury(struct ports *ports);

#endif
