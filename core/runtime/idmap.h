/* idmap.h - which ids of the host a container's user namespace holds, and writing its maps.
 *
 * The store's own map ("store map") is: 0 is the user, 1... are the user's subordinate ids. Layers on
 * disk are owned by ids seen through it. A user without subordinate ids has the one-id map. See
 * user_namespaces(7), newuidmap(1), subuid(5).
 */
#ifndef CORACLE_RUNTIME_IDMAP_H
#define CORACLE_RUNTIME_IDMAP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"

#define IDMAP_MAX 64    /* ranges on each side */

struct id_range { uint32_t inside, outside, count; };

struct idmap {
	bool none;              /* real root without a user namespace: nothing to map */
	bool one_id;            /* a single id on each side */
	size_t n_uid, n_gid;
	struct id_range uid[IDMAP_MAX], gid[IDMAP_MAX];
	char why_one_id[256];   /* the reason and the remedy, for the note to the user; "" otherwise */
	char mend_one_id[120];  /* the administrator's command alone; "" when there is none */
};

enum userns_mode { USERNS_HOST, USERNS_KEEP_ID, USERNS_NOMAP, USERNS_AUTO, USERNS_MAPS };

struct userns_request {
	enum userns_mode mode;
	uint32_t keep_uid, keep_gid;    /* keep-id:uid=,gid=; the default is the caller's own */
	uint32_t auto_first, auto_size; /* auto: the range of the store map's ids, see cmd/run_auto_ids.c */
	const char *const *uid_maps, *const *gid_maps;  /* --uidmap/--gidmap "inside:outside:count" */
	const char *subuid_name, *subgid_name;          /* --subuidname/--subgidname, NULL */
};

/* The store map of the caller (reads subuid(5) once and remembers). Never fails: falls back to one id,
 * saying why. With uid 0 and all ids available: the whole range, `none` set when no user namespace is needed. */
const struct idmap *idmap_store(void);

/* The administrator's command that grants the caller 65536 more ids, which nobody has. */
void idmap_more_ids(char *command, size_t size);

/* The map for a request. `uid_maps` are in podman's rootless meaning: "outside" is an id of the store
 * map (0 is the user), "@N" a host id. 0 or -errno. */
int idmap_plan(const struct userns_request *req, struct idmap *ret, struct err *e);

/* Would files stored through the store map show their right owners through `m`? */
bool idmap_shows_store(const struct idmap *m);

/* Write the maps of the user namespace of `pid`, a child that waits for it: newuidmap and newgidmap side
 * by side, or directly where that is enough. 0 or -errno. */
int idmap_write(const struct idmap *m, pid_t pid, struct err *e);

/* The map of the user namespace that `pid` is in, as /proc shows it to this process; empty when it cannot be read. */
void idmap_of(pid_t pid, struct idmap *ret);

/* Move the calling (single-threaded) process into a new user and mount namespace with map `m`, as its
 * root. For work on the store. A no-op when m->none. 0 or -errno. */
int idmap_enter(const struct idmap *m, struct err *e);

/* Host id of a container id, or -1. */
int64_t idmap_outside(const struct id_range *r, size_t n, uint32_t inside);
/* Container id of a host id, or -1. */
int64_t idmap_inside(const struct id_range *r, size_t n, uint32_t outside);

#endif
