/* names.h - names/<name>: a symbolic link whose text is the container's ID, claimed by exclusive creation.
 *
 * The order makes a crash harmless: containers/<id> is made and locked before its name is claimed, and the name is
 * given back before the directory goes. A claim whose container is gone, or half-made by somebody who is
 * gone, is free.
 */
#ifndef CORACLE_CONTAINER_NAMES_H
#define CORACLE_CONTAINER_NAMES_H

#include "core/container/container.h"

/* Claim `name` for `id`. -EEXIST names the holder. 0 or -errno. */
int name_claim(const struct container_place *p, const char *name, const char *id, struct err *e);

/* Give it back if `id` holds it: did it? */
bool name_release(const struct container_place *p, const char *name, const char *id);

/* Remove the claim when it is free, as above, with what a killed claimer left. */
void name_collect(const struct container_place *p, const char *name);

/* The ID that `name` stands for into ret_id[65]: 1, 0 (nobody's, or garbage) or -errno. */
int name_lookup(const struct container_place *p, const char *name, char *ret_id);

/* "adjective_noun", g_free. Not claimed. */
char *name_random(void);

#endif
