/* conf.h - coracle.conf: defaults for any option of any command. See coracle.conf(5).
 *
 *   [coracle]                options before the command
 *   storage-driver = vfs
 *   [run]                    options of run (and create)
 *   network = none
 *   env = A=1;B=2            lists are separated by semicolons
 *
 * Read in this order, a later file replacing values of an earlier one: SYSCONFDIR/coracle.conf, then
 * $XDG_CONFIG_HOME/coracle/coracle.conf (~/.config), then the file of --config or CORACLE_CONF.
 */
#ifndef CORACLE_CMD_CONF_H
#define CORACLE_CMD_CONF_H

#include <glib.h>

#include "cmd/opt.h"

struct conf_value {
	const char *section, *key, *value;
	const char *origin;             /* the file it came from */
};

struct conf {
	GArray *values;                 /* of struct conf_value, in effect */
	GPtrArray *files;               /* char *: the files that were read */
	GStringChunk *strings;
};

/* Read the files; `extra` is --config or NULL (then it must exist). 0 or -errno; e names file and line. */
int conf_load(const char *extra, struct conf *ret, struct err *e);

/* Apply section `section` to a command's values. An unknown key is an error that names the file. */
int conf_apply(const struct conf *c, const char *section, const struct opt *table, void *values, struct err *e);

void conf_free(struct conf *c);

#endif
