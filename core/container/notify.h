/* notify.h - what systemd is told about a service that is a container: sd_notify(3), without its library.
 *
 * The keeper is the main process of the service, and the only one that speaks to systemd. Mode "container": the program
 * gets a socket of the keeper's own, and what it says is passed on, line by line, if it is about its state; which process
 * is the main one, and descriptors to keep, are not its to say. Mode "conmon": it is ready as soon as it runs.
 */
#ifndef CORACLE_CONTAINER_NOTIFY_H
#define CORACLE_CONTAINER_NOTIFY_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/container/container.h"

/* The program's socket, inside. */
#define NOTIFY_INSIDE "/run/notify/notify.sock"
/* The same outside: in run/containers/<id>/. */
#define NOTIFY_SOCKET "notify"

struct notify {
	int manager;            /* connected to systemd's socket, or -1 */
	int program;            /* what the program writes to, or -1 */
};

/* Connect to the manager at `to` (a path, or "@name"), and with `listen` make the program's socket; the directory of the
 * control socket is there. 0 or -errno. */
int notify_open(struct notify *n, const struct container_place *p, const char *id, const char *to, bool listen, struct err *e);

/* The program runs: `main` is the keeper; `ready`: and so it is ready. What cannot be said is lost, as with sd_notify(3). */
void notify_started(const struct notify *n, pid_t main, bool ready);

/* Pass on what the program has said. */
void notify_relay(const struct notify *n);

/* Which lines of `text` (`len` bytes, terminated) may be passed on: they stay, the others go. The length. */
size_t notify_filter(char *text, size_t len);

#endif
