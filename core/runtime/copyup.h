/* copyup.h - the content of a directory into a new tmpfs that will cover it (tmpcopyup). */
#ifndef CORACLE_RUNTIME_COPYUP_H
#define CORACLE_RUNTIME_COPYUP_H

#include <stdbool.h>

#include "core/base/err.h"

/* Copy everything in directory `from` (may be O_PATH) into directory `to`: owners, modes, times and links; special
 * files and attributes that can't be made are left out. `keep`: owner and mode of `to` itself stay what they are.
 * 0 or -errno with the name of what failed. */
int copyup(int from, int to, bool keep, struct err *e);

#endif
