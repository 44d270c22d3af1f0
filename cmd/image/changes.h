/* changes.h - --change of import and commit: instructions of a Dockerfile that set an image's config. */
#ifndef CORACLE_CMD_IMAGE_CHANGES_H
#define CORACLE_CMD_IMAGE_CHANGES_H

#include <jansson.h>

#include "core/base/err.h"

/* Apply "CMD [...]", "ENV a=b" ... (or with '=' after the instruction) to the inner "config" object of an image's
 * config. 0 or -EINVAL; e names the instruction. */
int changes_apply(json_t *config, char *const *changes, struct err *e);

/* Set one variable in the object's Env, replacing one of that name. `pair`: "NAME=value". */
void config_set_env(json_t *config, const char *pair);

#endif
